// Elastic tab stops, the rule behind all of kubectl's tables: a cell is text ended by a tab; a
// column is a run of consecutive lines that have a cell there, as wide as its widest cell plus
// padding. Text after the last tab of a line belongs to no column.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "kubectl/cli/streams.h"

namespace kubectl {

class TabWriter {
 public:
  struct Options {
    int min_width = 0;
    int padding = 2;
    bool remember_widths =
        false;  // columns keep their width over Flush: a watch that prints row by row
  };
  TabWriter(Writer* out, Options options) : out_(out), options_(options) {}

  void Write(absl::string_view text);
  void Flush();  // also ends every column

 private:
  using Line = std::vector<std::string>;
  void Format(size_t begin, size_t end, std::vector<int>& widths, std::string* out);

  Writer* const out_;
  const Options options_;
  std::vector<Line> lines_ = {{""}};
  std::vector<int> remembered_;
};

// Characters, not bytes.
int TextWidth(absl::string_view text);

}  // namespace kubectl
