// What FlowSchemas and PriorityLevelConfigurations say, in the form that requests are sorted by. Pure.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "apimachinery/value.h"
#include "apiserver/pipeline/objects.h"
#include "apiserver/pipeline/request.h"

namespace apiserver::flowcontrol {

struct PriorityLevel {
  std::string name, uid;
  bool exempt = false;         // never waits, never refused
  int shares = 0;              // of the server's seats
  int lendable_percent = 0;    // of its seats, while it does not need them
  int borrowing_percent = -1;  // of its seats, at most, from others; -1: any number
  int queues = 0;              // 0: what finds no seat is refused
  int hand_size = 0;           // queues that one flow may use
  int queue_length = 0;        // requests in one queue
};

struct FlowSchema {
  enum class Distinguisher : uint8_t { kNone, kUser, kNamespace };
  struct Subject {
    enum class Kind : uint8_t { kUser, kGroup, kServiceAccount } kind;
    std::string name, ns;
  };
  struct ResourceRule {
    std::vector<std::string> verbs, groups, resources, namespaces;
    bool cluster_scope = false;
  };
  struct PathRule {
    std::vector<std::string> verbs, urls;
  };
  struct Rules {
    std::vector<Subject> subjects;
    std::vector<ResourceRule> resources;
    std::vector<PathRule> paths;
  };
  std::string name, uid;
  size_t level = 0;  // in FlowConfig::levels
  int64_t precedence = 0;
  Distinguisher distinguisher = Distinguisher::kNone;
  std::vector<Rules> rules;

  bool Matches(const pipeline::UserInfo& user, const pipeline::RequestInfo& request) const;
};

struct FlowConfig {
  std::vector<PriorityLevel> levels;
  std::vector<FlowSchema> schemas;  // in the order to try them
  // nullptr: none matches (a cluster that is only starting).
  const FlowSchema* Classify(const pipeline::UserInfo& user, const pipeline::RequestInfo& request) const;
};

// Schemas of levels that do not exist are left out.
FlowConfig ReadFlowConfig(absl::Span<const pipeline::ObjectPtr> levels, absl::Span<const pipeline::ObjectPtr> schemas);

// Which flow of its schema a request belongs to: requests of one flow wait for each other, not for other flows.
std::string FlowOf(const FlowSchema& schema, const pipeline::UserInfo& user, const pipeline::RequestInfo& request);

}  // namespace apiserver::flowcontrol
