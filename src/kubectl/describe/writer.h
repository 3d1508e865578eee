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
  DescribeWriter() : tabs_(&text_, {0, 2, false}) {}

  // `level` times two spaces, then the parts as they are: line ends and tabs are the caller's.
  template <typename... Parts>
  void Write(int level, const Parts&... parts) {
    tabs_.Write(absl::StrCat(std::string(2 * level, ' '), parts...));
  }
  void Flush() { tabs_.Flush(); }  // columns before and after do not align
  std::string Text() {
    tabs_.Flush();
    return text_.text();
  }

 private:
  StringWriter text_;
  TabWriter tabs_;
};

}  // namespace kubectl
