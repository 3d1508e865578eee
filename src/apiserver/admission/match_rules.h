// Which writes a policy, a binding or a webhook is about: rules and selectors. Pure.
#pragma once
#include "absl/status/statusor.h"
#include "apimachinery/labels.h"
#include "apiserver/admission/admission.h"

namespace apiserver::admission {

// The MatchResources of a policy or binding, or the rules of a webhook, read once.
class Matcher {
 public:
  // `match` has resourceRules, excludeResourceRules, namespaceSelector, objectSelector; a webhook's `rules` stand for
  // the first. Absent selectors match everything. `any_without_rules`: bindings without rules take all.
  Matcher(const Value& match, absl::string_view rules_member, bool any_without_rules);

  // NotFound and the like, when the namespace whose labels are needed cannot be found.
  // `as` gets the group and version that the rules name when they name another than the one asked for (matchPolicy
  // Equivalent); it stays nullptr when they name that one.
  absl::StatusOr<bool> Matches(const Attributes& attributes, const pipeline::ObjectReader& reader,
                               pipeline::KindPtr* as = nullptr) const;

 private:
  struct Rule {
    std::vector<std::string> operations, groups, versions, resources, names;
    std::string scope;
    bool Matches(const Attributes& attributes, absl::string_view group, absl::string_view version,
                 absl::string_view resource) const;
  };
  static std::vector<Rule> ReadRules(const Value& match, absl::string_view member);
  bool Any(const std::vector<Rule>& rules, const Attributes& attributes, const pipeline::ObjectReader& reader,
           pipeline::KindPtr* as) const;

  std::vector<Rule> rules_, excluded_;
  apimachinery::LabelSelector namespaces_, objects_;
  bool any_without_rules_;
  bool equivalent_;  // matchPolicy
};

// The six kinds that would lock themselves out.
bool IsAdmissionConfiguration(const Attributes& attributes);
// What no policy sees: policies and their bindings, reviews.
bool IsBeyondPolicies(const Attributes& attributes);

}  // namespace apiserver::admission
