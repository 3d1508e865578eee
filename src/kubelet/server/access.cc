#include "kubelet/server/access.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "k8s/authentication/v1/tokenreview.pb.h"
#include "k8s/authorization/v1/accessreview.pb.h"

namespace kubelet {
namespace {

std::string Subresource(const std::string& path) {
  if (absl::StartsWith(path, "/stats")) return "stats";
  if (absl::StartsWith(path, "/metrics")) return "metrics";
  if (absl::StartsWith(path, "/logs")) return "log";
  return "proxy";
}

std::string Verb(const std::string& method) {
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return "delete";
  return "get";
}

template <typename Message>
absl::Status Ask(const client::ApiClient& api, const char* group, const char* resource, const char* kind, Message* review) {
  const std::string version = absl::StrCat(group, "/v1");
  ASSIGN_OR_RETURN(const client::Object answer,
                   api.transport().Create({.group = group, .version = "v1", .resource = resource},
                                          {version, kind, review->SerializeAsString()}));
  if (!review->ParseFromString(answer.bytes)) return absl::DataLossError("malformed review");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> Access::Review(const User& user, const std::string& verb, const std::string& subresource) {
  const std::string key = absl::StrCat(user.name, "\n", absl::StrJoin(user.groups, ","), "\n", verb, "\n", subresource);
  {
    absl::MutexLock lock(&mu_);
    auto found = cache_.find(key);
    if (found != cache_.end() && absl::Now() < found->second.second) return found->second.first;
    if (cache_.size() > 1000) cache_.clear();
  }
  k8s::authorization::v1::SubjectAccessReview review;
  auto* spec = review.mutable_spec();
  spec->set_user(user.name);
  for (const std::string& group : user.groups) spec->add_groups(group);
  auto* resource = spec->mutable_resourceattributes();
  resource->set_verb(verb);
  resource->set_version("v1");
  resource->set_resource("nodes");
  resource->set_subresource(subresource);
  resource->set_name(node_name_);
  RETURN_IF_ERROR(Ask(api_, "authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview", &review));
  const bool allowed = review.status().allowed();
  absl::MutexLock lock(&mu_);
  cache_[key] = {allowed, absl::Now() + (allowed ? absl::Minutes(5) : absl::Seconds(30))};
  return allowed;
}

AccessVerdict Access::Check(const base::http::Request& request) {
  if (always_allow_) return {};
  User user;
  if (request.peer != nullptr && request.peer->verified) {
    user = {request.peer->common_name, request.peer->organizations};
  } else if (absl::string_view header = request.header("authorization"); absl::StartsWith(header, "Bearer ")) {
    k8s::authentication::v1::TokenReview review;
    review.mutable_spec()->set_token(std::string(header.substr(7)));
    const absl::Status asked = Ask(api_, "authentication.k8s.io", "tokenreviews", "TokenReview", &review);
    if (!asked.ok() || !review.status().authenticated()) return {401, "Unauthorized"};
    user.name = review.status().user().username();
    user.groups.assign(review.status().user().groups().begin(), review.status().user().groups().end());
  } else if (anonymous_) {
    user = {"system:anonymous", {"system:unauthenticated"}};
  } else {
    return {401, "Unauthorized"};
  }
  if (std::find(user.groups.begin(), user.groups.end(), "system:masters") != user.groups.end()) return {};
  const std::string verb = Verb(request.method), subresource = Subresource(request.path);
  const absl::StatusOr<bool> allowed = Review(user, verb, subresource);
  if (!allowed.ok()) {
    return {500, absl::StrCat("Authorization error (user=", user.name, ", verb=", verb, ", resource=nodes, subresource(s)=[", subresource, "])")};
  }
  if (*allowed) return {};
  return {403, absl::StrCat("Forbidden (user=", user.name, ", verb=", verb, ", resource=nodes, subresource(s)=[", subresource, "])")};
}

}  // namespace kubelet
