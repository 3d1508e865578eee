// The text of an expression, positions in it, and the errors found there in upstream's form.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace apimachinery::cel {

constexpr int kNowhere = -1;  // as an offset: the error is about the expression as a whole

class Source {
 public:
  explicit Source(absl::string_view text);

  const std::vector<char32_t>& runes() const { return runes_; }
  std::string Text(int begin, int end) const;  // code points [begin, end) as UTF-8
  int Line(int offset) const;                  // 1-based
  int Column(int offset) const;                // 0-based, in code points
  std::string LineText(int line) const;

 private:
  std::vector<char32_t> runes_;
  std::vector<int> line_starts_;
};

// Errors in the order they were found; printed in the order of the text, at most 100.
class Errors {
 public:
  void Add(int offset, std::string message) { errors_.push_back({offset, std::move(message)}); }
  void Append(const Errors& other) { errors_.insert(errors_.end(), other.errors_.begin(), other.errors_.end()); }
  bool empty() const { return errors_.empty(); }
  size_t size() const { return errors_.size(); }
  std::string ToString(const Source& source) const;

 private:
  struct Entry {
    int offset;
    std::string message;
  };
  std::vector<Entry> errors_;
};

void AppendRune(char32_t rune, std::string* out);

}  // namespace apimachinery::cel
