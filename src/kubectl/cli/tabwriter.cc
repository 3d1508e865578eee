#include "kubectl/cli/tabwriter.h"

#include <algorithm>

namespace kubectl {

int TextWidth(absl::string_view text) {
  int width = 0;
  for (const char c : text) width += (c & 0xC0) != 0x80;
  return width;
}

void TabWriter::Write(absl::string_view text) {
  for (const char c : text) {
    if (c == '\t') {
      lines_.back().emplace_back();
    } else if (c == '\n' || c == '\f') {
      lines_.push_back({""});
      if (c == '\f') Flush();
    } else {
      lines_.back().back() += c;
    }
  }
}

// Writes lines [begin, end); `widths` are the columns already fixed by the caller. A line that has
// a further cell opens a block: the run of lines with that cell, formatted with one more width.
void TabWriter::Format(size_t begin, size_t end, std::vector<int>& widths, std::string* out) {
  const size_t column = widths.size();
  const auto write_lines = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) {
      const Line& line = lines_[i];
      for (size_t j = 0; j < line.size(); ++j) {
        out->append(line[j]);
        if (j + 1 < line.size() && j < widths.size())
          out->append(std::max(0, widths[j] - TextWidth(line[j])), ' ');
      }
      if (i + 1 < lines_.size()) out->append("\n");
    }
  };
  size_t written = begin;
  for (size_t at = begin; at < end; ++at) {
    if (column + 1 >= lines_[at].size()) continue;
    write_lines(written, at);
    size_t stop = at;
    int width = options_.min_width;
    bool all_empty = true;
    while (stop < end && column + 1 < lines_[stop].size()) {
      const int cell = TextWidth(lines_[stop][column]);
      width = std::max(width, cell + options_.padding);
      all_empty = all_empty && cell == 0;
      ++stop;
    }
    (void)all_empty;
    if (options_.remember_widths) {
      if (remembered_.size() <= column) remembered_.resize(column + 1, 0);
      width = std::max(width, remembered_[column]);
      remembered_[column] = width;
    }
    widths.push_back(width);
    Format(at, stop, widths, out);
    widths.pop_back();
    written = stop;
    at = stop - 1;
  }
  write_lines(written, end);
}

void TabWriter::Flush() {
  std::string text;
  std::vector<int> widths;
  Format(0, lines_.size(), widths, &text);
  out_->Write(text);
  lines_.assign(1, Line{""});
}

}  // namespace kubectl
