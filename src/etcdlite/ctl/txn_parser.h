// The lines of `etcdctl txn`: conditions like mod("key") > "3", operations like put key "a value". Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace etcdserverpb {
class Compare;
class RequestOp;
}  // namespace etcdserverpb

namespace etcdlite::ctl {

// InvalidArgument with etcdctl's text.
absl::Status ParseCompare(absl::string_view line, etcdserverpb::Compare* compare);
absl::Status ParseOperation(absl::string_view line, etcdserverpb::RequestOp* op);

// Splits at blanks outside quotes; quotes are taken off and escapes in double quotes resolved.
std::vector<std::string> SplitWords(absl::string_view line);

}  // namespace etcdlite::ctl
