// FlowSchema and PriorityLevelConfiguration.
#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apiserver/flowcontrol/default_objects.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

using apimachinery::FieldError;

bool HasStar(const Array& items) {
  return std::any_of(items.begin(), items.end(), [](const Value& v) { return v.as_string() == "*"; });
}

void Verbs(FieldErrors& e, const Path& p, const Value& rule) {
  const Array& verbs = Items(rule, "verbs");
  static constexpr Strings kVerbs = {"create", "delete", "deletecollection", "get", "list",
                                     "patch",  "proxy",  "update",           "watch"};
  if (verbs.empty()) {
    e.Required(p / "verbs", "verbs must contain at least one value");
  } else if (HasStar(verbs)) {
    if (verbs.size() > 1) {
      e.Invalid(p / "verbs", Get(rule, "verbs"), "if '*' is present, must not specify other verbs");
    }
  } else if (!std::all_of(verbs.begin(), verbs.end(), [](const Value& v) { return In(v.as_string(), kVerbs); })) {
    e.NotSupported(p / "verbs", Get(rule, "verbs"), absl::MakeConstSpan(kVerbs.begin(), kVerbs.size()));
  }
}

void StarAlone(FieldErrors& e, const Path& p, const Value& rule, absl::string_view key, const char* none,
               const char* others) {
  const Array& items = Items(rule, key);
  if (items.empty()) {
    e.Required(p / key, none);
  } else if (items.size() > 1 && HasStar(items)) {
    e.Invalid(p / key, Get(rule, key), others);
  }
}

void UrlPath(FieldErrors& e, const Path& p, const std::string& path) {
  if (path.empty()) return e.Invalid(p, path, "must not be empty");
  if (path == "/") return;
  if (path[0] != '/') return e.Invalid(p, path, "must start with slash");
  if (absl::StrContains(path, " ")) return e.Invalid(p, path, "must not contain white-space");
  if (absl::StrContains(path, "//")) return e.Invalid(p, path, "must not contain double slash");
  const auto stars = std::count(path.begin(), path.end(), '*');
  if (stars > 1 || (stars == 1 && !absl::EndsWith(path, "/*"))) e.Invalid(p, path, "wildcard can only do suffix matching");
}

void FlowSubject(FieldErrors& e, const Path& p, const Value& subject) {
  const absl::string_view kind = Text(subject, "kind");
  const std::pair<const char*, const char*> members[] = {
      {"ServiceAccount", "serviceAccount"}, {"User", "user"}, {"Group", "group"}};
  if (!In(kind, {"ServiceAccount", "User", "Group"})) {
    return OneOf(e, p / "kind", kind, {"Group", "ServiceAccount", "User"});
  }
  for (const auto& [name, member] : members) {
    if (kind != name) continue;
    const Path at = p / member;
    const Value* value = subject.Find(member);
    if (value == nullptr) {
      e.Required(at, absl::StrCat(member, " is required when subject kind is '", name, "'"));
      break;
    }
    const absl::string_view who = Text(*value, "name");
    if (who.empty()) {
      e.Required(at / "name");
    } else if (kind == "ServiceAccount" && who != "*") {
      Named(e, at / "name", who, SubdomainName(who, false));
    }
    if (kind == "ServiceAccount") {
      const absl::string_view ns = Text(*value, "namespace");
      if (ns.empty()) {
        e.Required(at / "namespace", "must specify namespace for service account");
      } else {
        Named(e, at / "namespace", ns, apimachinery::IsDns1123Label(ns));
      }
    }
  }
  // The others, in upstream's order for each kind.
  const std::vector<int> order = kind == "ServiceAccount" ? std::vector<int>{1, 2}
                                 : kind == "User"         ? std::vector<int>{0, 2}
                                                          : std::vector<int>{0, 1};
  for (int i : order) {
    const auto& [name, member] = members[i];
    if (!subject.Has(member)) continue;
    e.Forbidden(p / member, absl::StrCat(member, " is forbidden when subject kind is not '", name, "'"));
  }
}

void FlowConditions(FieldErrors& e, const Value& object) {
  const Path p("status.conditions");
  const Array& conditions = Items(Sub(object, "status"), "conditions");
  std::set<std::string> seen;
  for (size_t i = 0; i < conditions.size(); ++i) {
    const Path at = p[i];
    const std::string type(Text(conditions[i], "type"));
    if (!seen.insert(type).second) e.Duplicate(at / "type", type);
    if (type.empty()) e.Required(at / "type");
  }
}

// exempt and catch-all are the cluster's own. What a priority level exempts may change.
void Mandatory(FieldErrors& e, const Value& object, absl::string_view kind) {
  const std::string name = object.GetString("metadata.name");
  const Value* fixed = flowcontrol::MandatorySpec(kind, name);
  if (fixed == nullptr) return;
  const bool exempt = kind == "PriorityLevelConfiguration" && name == "exempt";
  Value spec = Sub(object, "spec");
  if (exempt) spec.Set("exempt", *fixed->Find("exempt"));
  if (SameValue(&spec, fixed)) return;
  e.Add({FieldError::Type::kInvalid, "spec",
         GoJson(absl::StrCat("flowcontrol.", kind, "Spec"), Sub(object, "spec")),
         absl::StrCat("spec of '", name, exempt ? "' except the 'spec.exempt' field must" : "' must",
                      " equal the fixed value")});
}

void FlowSchemaCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  const int64_t precedence = Int(spec, "matchingPrecedence");
  if (precedence <= 0) e.Invalid(p / "matchingPrecedence", precedence, "must be a positive value");
  if (precedence > 10000) e.Invalid(p / "matchingPrecedence", precedence, "must not be greater than 10000");
  if (precedence == 1 && object.GetString("metadata.name") != "exempt") {
    e.Invalid(p / "matchingPrecedence", precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
  }
  if (const Value* method = spec.Find("distinguisherMethod")) {
    const absl::string_view type = Text(*method, "type");
    if (!In(type, {"ByNamespace", "ByUser"})) {
      Value shown = Value::MakeObject();  // as upstream prints its inner type
      shown.Set("Type", Value(type));
      e.NotSupported(p / "distinguisherMethod.type", shown, {"ByNamespace", "ByUser"});
    }
  }
  const absl::string_view level = Text(Sub(spec, "priorityLevelConfiguration"), "name");
  if (level.empty()) {
    e.Required(p / "priorityLevelConfiguration.name", "must reference a priority level");
  } else {
    Named(e, p / "priorityLevelConfiguration.name", level, SubdomainName(level, false));
  }
  const Path rules_path = p / "rules";
  const Array& rules = Items(spec, "rules");
  for (size_t i = 0; i < rules.size(); ++i) {
    const Path at = rules_path[i];
    const Path subjects = at / "subjects", resource_path = at / "resourceRules", other_path = at / "nonResourceRules";
    if (Items(rules[i], "subjects").empty()) e.Required(subjects, "subjects must contain at least one value");
    for (size_t k = 0; k < Items(rules[i], "subjects").size(); ++k) {
      FlowSubject(e, subjects[k], Items(rules[i], "subjects")[k]);
    }
    const Array& resource_rules = Items(rules[i], "resourceRules");
    const Array& other_rules = Items(rules[i], "nonResourceRules");
    if (resource_rules.empty() && other_rules.empty()) {
      e.Required(at, "at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    for (size_t k = 0; k < resource_rules.size(); ++k) {
      const Path here = resource_path[k];
      const Value& rule = resource_rules[k];
      Verbs(e, here, rule);
      StarAlone(e, here, rule, "apiGroups", "resource rules must supply at least one api group",
                "if '*' is present, must not specify other api groups");
      StarAlone(e, here, rule, "resources", "resource rules must supply at least one resource",
                "if '*' is present, must not specify other resources");
      const Array& spaces = Items(rule, "namespaces");
      const Path spaces_path = here / "namespaces";
      if (spaces.empty() && !Flag(rule, "clusterScope")) {
        e.Required(spaces_path, "resource rules that are not cluster scoped must supply at least one namespace");
      } else if (HasStar(spaces)) {
        if (spaces.size() > 1) {
          e.Invalid(spaces_path, Get(rule, "namespaces"), "if '*' is present, must not specify other namespaces");
        }
      } else {
        for (size_t n = 0; n < spaces.size(); ++n) {
          for (const std::string& problem : apimachinery::IsDns1123Label(spaces[n].as_string())) {
            e.Invalid(spaces_path[n], spaces[n],
                      absl::StrCat("each member of this list must be '*' or a DNS-1123 label; ", problem));
          }
        }
      }
    }
    for (size_t k = 0; k < other_rules.size(); ++k) {
      const Path here = other_path[k];
      const Value& rule = other_rules[k];
      Verbs(e, here, rule);
      const Array& urls = Items(rule, "nonResourceURLs");
      const Path urls_path = here / "nonResourceURLs";
      if (urls.empty()) {
        e.Required(urls_path, "nonResourceURLs must contain at least one value");
      } else if (HasStar(urls)) {
        if (urls.size() > 1) {
          e.Invalid(urls_path, Get(rule, "nonResourceURLs"),
                    "if '*' is present, must not specify other non-resource URLs");
        }
      } else {
        for (size_t n = 0; n < urls.size(); ++n) UrlPath(e, urls_path[n], urls[n].as_string());
      }
    }
  }
  Mandatory(e, object, "FlowSchema");
  FlowConditions(e, object);
}
void FlowSchemaUpdate(FieldErrors& e, const Value& object, const Value&) { FlowSchemaCreate(e, object); }
void FlowStatus(FieldErrors& e, const Value& object, const Value&) { FlowConditions(e, object); }

void Percent(FieldErrors& e, const Path& p, const Value& level) {
  const Value* percent = level.Find("lendablePercent");
  if (percent != nullptr && (percent->as_int() < 0 || percent->as_int() > 100)) {
    e.Invalid(p / "lendablePercent", *percent, RangeText(0, 100));
  }
}

// Bits of hash that dealing `hand` cards from a deck of `deck` takes.
int EntropyBits(int64_t deck, int64_t hand) {
  return static_cast<int>(std::ceil(std::log2(static_cast<double>(deck)) * static_cast<double>(hand)));
}

void PriorityLevelCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  constexpr char kPreserve[] = "flowcontrol.k8s.io/preserve-zero-concurrency-shares";
  if (Sub(Sub(object, "metadata"), "annotations").Has(kPreserve)) {
    e.Forbidden(Path("metadata.annotations"), absl::StrCat("annotation '", kPreserve, "' is forbidden"));
  }
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  const absl::string_view type = Text(spec, "type");
  const Value* exempt = spec.Find("exempt");
  const Value* limited = spec.Find("limited");
  if ((object.GetString("metadata.name") == "exempt") != (type == "Exempt")) {
    e.Invalid(p / "type", Value(type), "must be 'Exempt' if and only if `name` is 'exempt'");
  }
  if (type == "Exempt") {
    if (limited != nullptr) e.Forbidden(p / "limited", "must be nil if the type is not Limited");
    if (exempt != nullptr) {
      const Path at = p / "exempt";
      if (Int(*exempt, "nominalConcurrencyShares") < 0) {
        e.Invalid(at / "nominalConcurrencyShares", Int(*exempt, "nominalConcurrencyShares"),
                  "must be a non-negative integer");
      }
      Percent(e, at, *exempt);
    }
  } else if (type == "Limited") {
    if (exempt != nullptr) e.Forbidden(p / "exempt", "must be nil if the type is Limited");
    const Path at = p / "limited";
    if (limited == nullptr) {
      e.Required(at, "must not be empty when type is Limited");
    } else {
      if (Int(*limited, "nominalConcurrencyShares") < 0) {
        e.Invalid(at / "nominalConcurrencyShares", Int(*limited, "nominalConcurrencyShares"),
                  "must be a non-negative integer");
      }
      const Value& response = Sub(*limited, "limitResponse");
      const Path response_path = at / "limitResponse";
      const absl::string_view kind = Text(response, "type");
      const Value* queuing = response.Find("queuing");
      const Path queuing_path = response_path / "queuing";
      if (kind == "Reject") {
        if (queuing != nullptr) {
          e.Forbidden(queuing_path, "must be nil if limited.limitResponse.type is not Limited");
        }
      } else if (kind == "Queue") {
        if (queuing == nullptr) {
          e.Required(queuing_path, "must not be empty if limited.limitResponse.type is Limited");
        } else {
          const int64_t length = Int(*queuing, "queueLengthLimit"), queues = Int(*queuing, "queues"),
                        hand = Int(*queuing, "handSize");
          if (length <= 0) e.Invalid(queuing_path / "queueLengthLimit", length, "must be positive");
          if (queues <= 0) {
            e.Invalid(queuing_path / "queues", queues, "must be positive");
          } else if (queues > 10000000) {
            e.Invalid(queuing_path / "queues", queues, "must not be greater than 10000000");
          }
          if (hand <= 0) {
            e.Invalid(queuing_path / "handSize", hand, "must be positive");
          } else if (hand > queues) {
            e.Invalid(queuing_path / "handSize", hand, absl::StrCat("should not be greater than queues (", queues, ")"));
          } else if (EntropyBits(queues, hand) > 60) {
            e.Invalid(queuing_path / "handSize", hand,
                      absl::StrCat("required entropy bits of deckSize ", queues, " and handSize ", hand,
                                   " should not be greater than 60"));
          }
        }
      } else {
        OneOf(e, response_path / "type", kind, {"Queue", "Reject"});
      }
      Percent(e, at, *limited);
      if (const Value* percent = limited->Find("borrowingLimitPercent"); percent && percent->as_int() < 0) {
        e.Invalid(at / "borrowingLimitPercent", *percent, "if specified, must be a non-negative integer");
      }
    }
  } else {
    OneOf(e, p / "type", type, {"Exempt", "Limited"});
  }
  Mandatory(e, object, "PriorityLevelConfiguration");
  FlowConditions(e, object);
}
void PriorityLevelUpdate(FieldErrors& e, const Value& object, const Value&) { PriorityLevelCreate(e, object); }

}  // namespace

absl::Span<const KindRules> FlowControlKinds() {
  static constexpr absl::string_view kGroup = "flowcontrol.apiserver.k8s.io";
  static constexpr KindRules kRules[] = {
      {kGroup, "FlowSchema", FlowSchemaCreate, FlowSchemaUpdate, FlowStatus},
      {kGroup, "PriorityLevelConfiguration", PriorityLevelCreate, PriorityLevelUpdate, FlowStatus},
  };
  return kRules;
}

}  // namespace apiserver::validation
