// Prints meta/v1 Tables, the server's answer for people, and makes simple ones where a server has
// none.
#pragma once
#include <string>
#include <vector>

#include "apimachinery/value.h"
#include "kubectl/cli/streams.h"
#include "kubectl/cli/tabwriter.h"

namespace kubectl {

using apimachinery::Value;

struct TableOptions {
  bool no_headers = false;
  bool wide = false;
  bool with_namespace = false;
  bool show_labels = false;
  std::vector<std::string> label_columns;
  std::string kind_prefix;   // "deployment.apps": put before each name; empty: not
  std::string event_column;  // "EVENT": a first column with the watch event's type
};

// Writes rows of one kind through `writer`; the header goes before the first row only. An empty
// table prints nothing.
class TablePrinter {
 public:
  explicit TablePrinter(TableOptions options) : options_(std::move(options)) {}
  void Print(const Value& table, TabWriter& writer, const std::string& event = "");

 private:
  const TableOptions options_;
  bool header_done_ = false;
  Value columns_;  // later events of a watch may leave them out
};

// NAME and AGE for objects that came as they are.
Value TableForObjects(const std::vector<Value>& objects);

// "3d4h": how long ago an RFC 3339 time was; "<unknown>" for none, "<invalid>" for the future.
std::string AgeOf(const std::string& time);

}  // namespace kubectl
