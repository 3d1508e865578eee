// Reads what is asked for from method, path and query, by upstream's rules. Pure; any thread.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apiserver/pipeline/request.h"

namespace apiserver::pipeline {

using Query = std::vector<std::pair<std::string, std::string>>;

// `path` is percent-decoded.
RequestInfo ParseRequestInfo(absl::string_view method, absl::string_view path, const Query& query);

absl::string_view Param(const Query& query, absl::string_view name);  // the first value; "" when absent
bool HasParam(const Query& query, absl::string_view name);
bool IsTrue(absl::string_view text);  // of boolean parameters: everything but an explicit no

// Each verb reads the parameters it has. BadRequest: values that do not parse; Invalid: values that are not among the valid
// ones (dryRun, fieldValidation). The options of deletions are registry/delete_options'.
absl::StatusOr<RequestOptions> ParseOptions(const RequestInfo& info, const Query& query);

}  // namespace apiserver::pipeline
