// Which requests the audit log tells of, and how much: --audit-policy-file. Pure; immutable once read.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apiserver/pipeline/request.h"

namespace apiserver::audit {

enum class Level : uint8_t { kNone, kMetadata, kRequest, kRequestResponse };
inline constexpr absl::string_view kLevelNames[] = {"None", "Metadata", "Request", "RequestResponse"};
inline absl::string_view LevelName(Level level) { return kLevelNames[static_cast<int>(level)]; }

enum class Stage : uint8_t { kRequestReceived, kResponseStarted, kResponseComplete, kPanic };
inline constexpr absl::string_view kStageNames[] = {"RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"};
inline absl::string_view StageName(Stage stage) { return kStageNames[static_cast<int>(stage)]; }

struct StageSet {
  uint8_t bits = 0;
  void Add(Stage stage) { bits |= static_cast<uint8_t>(1u << static_cast<int>(stage)); }
  bool Has(Stage stage) const { return (bits & (1u << static_cast<int>(stage))) != 0; }
};

struct GroupResources {
  std::string group;
  std::vector<std::string> resources;       // "pods", "pods/log", "*/status", "pods/*", "*"; none: all of the group
  std::vector<std::string> resource_names;  // none: any
};

// What is empty does not restrict.
struct Rule {
  Level level = Level::kNone;
  std::vector<std::string> users, user_groups, verbs, namespaces, non_resource_urls;
  std::vector<GroupResources> resources;
  StageSet omit_stages;            // the policy's are in it
  bool omit_managed_fields = false;  // what the policy says where the rule says nothing
};

// How a request is told of.
struct Decision {
  Level level = Level::kNone;
  StageSet omit_stages;
  bool omit_managed_fields = false;
};

struct Policy {
  std::vector<Rule> rules;
  StageSet omit_stages;
  bool omit_managed_fields = false;

  // The first rule that matches decides; without one nothing is told. `user` nullptr: nobody was authenticated.
  Decision Decide(const pipeline::UserInfo* user, const pipeline::RequestInfo& request) const;
};

// An audit.k8s.io/v1 Policy, YAML or JSON. InvalidArgument in upstream's words, without the name of the file.
absl::StatusOr<Policy> ParsePolicy(absl::string_view text);

}  // namespace apiserver::audit
