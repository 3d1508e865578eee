// One event of the audit log: a request at a stage. Pure values.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "apimachinery/value.h"
#include "apiserver/audit/policy.h"
#include "apiserver/pipeline/request.h"

namespace apiserver::audit {

struct ObjectReference {
  std::string resource, ns, name, uid, group, version, resource_version, subresource;
};

struct Event {
  Level level = Level::kMetadata;
  Stage stage = Stage::kRequestReceived;
  std::string id, uri, verb, user_agent;
  std::optional<pipeline::UserInfo> user, acts_as;
  std::vector<std::string> source_ips;
  std::optional<ObjectReference> object;
  std::optional<apimachinery::Value> response_status;  // members of a meta.v1.Status in their order, metadata first
  std::string request_object, response_object;         // JSON; "": none
  absl::Time received, at;
  std::map<std::string, std::string> annotations;
};

std::string ToJson(const Event& event);    // audit.k8s.io/v1, compact, one line, no newline
std::string ToLegacy(const Event& event);  // the line of --audit-log-format=legacy

// Where a request came from, by its X-Forwarded-For and X-Real-Ip headers and the address of the connection.
std::vector<std::string> SourceIps(absl::string_view forwarded_for, absl::string_view real_ip, absl::string_view remote);
// At most 1,024 bytes of it.
std::string TruncateUserAgent(absl::string_view user_agent);

}  // namespace apiserver::audit
