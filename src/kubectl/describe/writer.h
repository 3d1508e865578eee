// The text of kubectl describe: lines at an indentation level, columns by tabs.
#pragma once
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"
#include "kubectl/cli/streams.h"
#include "kubectl/cli/tabwriter.h"

namespace kubectl {

using apimachinery::Array;
using apimachinery::Object;
using apimachinery::Value;

class DescribeWriter {
 public:
  // `raw`: tabs stay tabs.
  explicit DescribeWriter(bool raw = false) : tabs_(&text_, {0, 2, false}), raw_(raw) {}

  // `level` times two spaces, then the parts as they are: line ends and tabs are the caller's.
  template <typename... Parts>
  void Write(int level, const Parts&... parts) {
    const std::string line = absl::StrCat(std::string(2 * level, ' '), parts...);
    if (raw_)
      text_.Write(line);
    else
      tabs_.Write(line);
  }
  void Flush() { tabs_.Flush(); }  // columns before and after do not align
  std::string Text() {
    tabs_.Flush();
    return text_.text();
  }

 private:
  StringWriter text_;
  TabWriter tabs_;
  const bool raw_;
};

}  // namespace kubectl
