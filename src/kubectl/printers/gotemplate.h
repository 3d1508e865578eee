// The part of Go's text/template that people use with kubectl: fields, variables, range, if, with,
// pipelines and the common functions. Pure.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/value.h"

namespace kubectl {

using apimachinery::Value;

class GoTemplate {
 public:
  static absl::StatusOr<std::unique_ptr<GoTemplate>> Parse(absl::string_view text);
  ~GoTemplate();
  // A field that is not there prints "<no value>", or is an error without `allow_missing`.
  absl::StatusOr<std::string> Execute(const Value& data, bool allow_missing = true) const;

  struct Node;

 private:
  GoTemplate();
  std::unique_ptr<Node> root_;
};

}  // namespace kubectl
