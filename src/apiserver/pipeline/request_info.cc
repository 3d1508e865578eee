#include "apiserver/pipeline/request_info.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/api_error.h"
#include "apimachinery/fields.h"
#include "apiserver/pipeline/go_numbers.h"

namespace apiserver::pipeline {

absl::string_view Param(const Query& query, absl::string_view name) {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return "";
}

bool HasParam(const Query& query, absl::string_view name) {
  for (const auto& [key, value] : query) {
    if (key == name) return true;
  }
  return false;
}

bool IsTrue(absl::string_view text) { return !(text == "0" || absl::EqualsIgnoreCase(text, "false")); }

namespace {

bool BoolParam(const Query& query, absl::string_view name) { return HasParam(query, name) && IsTrue(Param(query, name)); }

std::string VerbOf(absl::string_view method) {
  if (method == "POST") return "create";
  if (method == "GET" || method == "HEAD") return "get";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return "delete";
  return "";
}

}  // namespace

RequestInfo ParseRequestInfo(absl::string_view method, absl::string_view path, const Query& query) {
  RequestInfo info;
  info.path = std::string(path);
  info.verb = absl::AsciiStrToLower(method);
  std::vector<std::string> parts;
  for (absl::string_view p : absl::StrSplit(path, '/')) {
    if (!p.empty() || !parts.empty()) parts.emplace_back(p);
  }
  if (!parts.empty() && parts.back().empty()) parts.pop_back();
  if (parts.size() < 3 || (parts[0] != "api" && parts[0] != "apis")) return info;
  size_t at = 1;
  info.api_prefix = parts[0];
  if (parts[0] == "apis") {
    if (parts.size() < 4) {
      info.api_prefix.clear();
      return info;
    }
    info.group = parts[at++];
  }
  info.is_resource_request = true;
  info.version = parts[at++];
  std::vector<std::string> rest(parts.begin() + at, parts.end());
  bool watch_prefix = false;
  if (rest[0] == "watch" || rest[0] == "proxy") {
    if (rest.size() < 2) {
      info.is_resource_request = false;
      info.verb = rest[0];
      return info;
    }
    watch_prefix = rest[0] == "watch";
    info.verb = rest[0];
    rest.erase(rest.begin());
  } else {
    info.verb = VerbOf(method);
  }
  if (rest[0] == "namespaces") {
    if (rest.size() > 1) {
      info.ns = rest[1];
      // What follows the name is a resource in the namespace, but for the namespace's own subresources.
      if (rest.size() > 2 && rest[2] != "status" && rest[2] != "finalize") rest.erase(rest.begin(), rest.begin() + 2);
    }
  }
  info.parts = rest;
  if (rest.size() >= 3) info.subresource = rest[2];
  if (rest.size() >= 2) info.name = rest[1];
  if (!rest.empty()) info.resource = rest[0];
  if (info.name.empty() && (info.verb == "get" || watch_prefix)) {
    info.verb = BoolParam(query, "watch") || watch_prefix ? "watch" : "list";
    // A list of one object by name is authorized as one.
    const auto fields = apimachinery::FieldSelector::Parse(Param(query, "fieldSelector"));
    if (fields.ok()) {
      if (const std::string* name = fields->RequiresExactMatch("metadata.name")) info.name = *name;
    }
  } else if (info.name.empty() && info.verb == "delete") {
    info.verb = "deletecollection";
  }
  info.label_selector = std::string(Param(query, "labelSelector"));
  info.field_selector = std::string(Param(query, "fieldSelector"));
  return info;
}

namespace {

// A watch of whatever there is means one that begins with the state, unless it says how it begins.
absl::Status ParseListOptions(const Query& query, RequestOptions* o) {
  o->watch = BoolParam(query, "watch");
  o->label_selector = std::string(Param(query, "labelSelector"));
  o->field_selector = std::string(Param(query, "fieldSelector"));
  o->resource_version_match = std::string(Param(query, "resourceVersionMatch"));
  o->continue_token = std::string(Param(query, "continue"));
  o->allow_bookmarks = BoolParam(query, "allowWatchBookmarks");
  o->has_send_initial_events = HasParam(query, "sendInitialEvents");
  o->send_initial_events = BoolParam(query, "sendInitialEvents");
  const bool any_version = o->resource_version.empty() || o->resource_version == "0";
  if (o->watch && any_version && !o->has_send_initial_events && o->resource_version_match.empty()) {
    o->has_send_initial_events = o->send_initial_events = true;
    o->resource_version_match = "NotOlderThan";
  }
  for (const char* name : {"limit", "timeoutSeconds"}) {
    if (!HasParam(query, name)) continue;
    const absl::StatusOr<int64_t> number = ParseInt(Param(query, name));
    if (!number.ok()) return apimachinery::BadRequest(number.status().message());
    (absl::string_view(name) == "limit" ? o->limit : o->timeout_seconds) = *number;
  }
  return absl::OkStatus();
}

absl::Status ParseWriteOptions(absl::string_view kind, const Query& query, RequestOptions* o) {
  o->field_manager = std::string(Param(query, "fieldManager"));
  o->force = BoolParam(query, "force");
  apimachinery::FieldErrors errors;
  apimachinery::Value dry_run = apimachinery::Value::MakeArray();
  bool wrong = false;
  for (const auto& [key, value] : query) {
    if (key != "dryRun") continue;
    dry_run.Append(value);
    wrong |= value != "All";
    o->dry_run = true;
  }
  if (wrong) {
    static constexpr absl::string_view kValid[] = {"All"};
    errors.NotSupported(apimachinery::FieldPath("dryRun"), dry_run, kValid);
  }
  if (const absl::string_view v = Param(query, "fieldValidation"); !v.empty()) {
    static constexpr absl::string_view kValid[] = {"", "Ignore", "Strict", "Warn"};
    o->field_validation_text = std::string(v);
    if (v == "Ignore") {
      o->field_validation = FieldValidation::kIgnore;
    } else if (v == "Strict") {
      o->field_validation = FieldValidation::kStrict;
    } else if (v != "Warn") {
      errors.NotSupported(apimachinery::FieldPath("fieldValidation"), apimachinery::Value(v), kValid);
    }
  }
  return errors.empty() ? absl::OkStatus() : apimachinery::Invalid("meta.k8s.io", kind, "", errors).ToStatus();
}

}  // namespace

absl::StatusOr<RequestOptions> ParseOptions(const RequestInfo& info, const Query& query) {
  RequestOptions o;
  o.resource_version = std::string(Param(query, "resourceVersion"));
  absl::Status status;
  if (info.verb == "list" || info.verb == "watch" || info.verb == "deletecollection") {
    status = ParseListOptions(query, &o);
  } else if (info.verb == "create") {
    status = ParseWriteOptions("CreateOptions", query, &o);
  } else if (info.verb == "update") {
    status = ParseWriteOptions("UpdateOptions", query, &o);
  } else if (info.verb == "patch") {
    status = ParseWriteOptions("PatchOptions", query, &o);
  }
  if (!status.ok()) return status;
  return o;
}

}  // namespace apiserver::pipeline
