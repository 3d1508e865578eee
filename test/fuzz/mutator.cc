#include "fuzz/mutator.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"

namespace fuzz {
namespace {

// What parsers stumble over: ends of number ranges, and what opens, closes, escapes or ends.
constexpr const char* kAwkward[] = {
    "0", "-1", "1e999", "-0", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "0.1", "1e-400", "NaN",
    "{", "}", "[", "]", "(", ")", "\"", "'", "\\", "\\u0000", "\\ud800", "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
    "\r\n", "\n", "\t", ":", ",", "=", "!=", "&", "*", "!", "|", ">", "-", "%", "%00", "..", "/", "//", "#", "$", "null", "true",
    "---\n", "...\n", "&a ", "*a", "<<: ", "!!binary "};

// Words, numbers and single marks of a text.
void AddWords(const std::string& text, std::set<std::string>& words) {
  constexpr size_t kMostWords = 2000;
  size_t at = 0;
  while (at < text.size() && words.size() < kMostWords) {
    size_t end = at;
    while (end < text.size() && (absl::ascii_isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) ++end;
    if (end == at) ++end;
    if (end - at <= 40) words.insert(text.substr(at, end - at));
    at = end;
  }
}

}  // namespace

Mutator::Mutator(std::vector<std::string> seeds, size_t max_size, uint64_t seed)
    : seeds_(std::move(seeds)), max_size_(max_size), rng_(seed) {
  std::set<std::string> words(std::begin(kAwkward), std::end(kAwkward));
  for (const std::string& text : seeds_) AddWords(text, words);
  words_.assign(words.begin(), words.end());
}

size_t Mutator::Below(size_t bound) { return bound == 0 ? 0 : static_cast<size_t>(rng_.Next() % bound); }

std::string Mutator::Piece(const std::string& of, size_t most) {
  const size_t from = Below(of.size());
  return of.substr(from, 1 + Below(std::min(most, of.size() - std::min(from, of.size()))));
}

void Mutator::Change(std::string& input) {
  const size_t at = Below(input.size() + 1);
  const bool has = at < input.size();
  switch (Below(11)) {
    case 0:
      if (has) input[at] = static_cast<char>(input[at] ^ (1 << Below(8)));
      break;
    case 1:
      if (has) input[at] = static_cast<char>(Below(256));
      break;
    case 2: input.insert(at, 1 + Below(4), static_cast<char>(Below(256))); break;
    case 3: input.erase(at, 1 + Below(16)); break;
    case 4: input.erase(at); break;
    case 5: input.insert(at, words_[Below(words_.size())]); break;
    case 6: {
      const std::string& word = words_[Below(words_.size())];
      input.replace(at, word.size(), word);
      break;
    }
    case 7: input.insert(at, Piece(input, 64)); break;
    case 8: input.insert(at, Piece(seeds_[Below(seeds_.size())], 256)); break;
    case 9: {  // depth
      const std::string piece = Piece(input, 8);
      std::string deep;
      for (size_t n = 1 + Below(200); n > 0; --n) deep += piece;
      input.insert(at, deep);
      break;
    }
    case 10: {  // the tail of another
      const std::string& other = seeds_[Below(seeds_.size())];
      input = input.substr(0, at) + other.substr(Below(other.size()));
      break;
    }
  }
}

std::string Mutator::Next() {
  std::string input = seeds_[Below(seeds_.size())];
  for (size_t n = 1 + Below(8); n > 0; --n) {
    Change(input);
    if (input.size() > max_size_) input.resize(max_size_);
  }
  return input;
}

}  // namespace fuzz
