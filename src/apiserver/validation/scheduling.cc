// Where a pod may run: affinity, tolerations, spread constraints.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation {
namespace {

void NodeRequirement(FieldErrors& e, const Path& p, const Value& r, bool check_values) {
  const absl::string_view op = Text(r, "operator");
  const Array& values = Items(r, "values");
  if (In(op, {"In", "NotIn"})) {
    if (values.empty()) e.Required(p / "values", "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (In(op, {"Exists", "DoesNotExist"})) {
    if (!values.empty()) {
      e.Forbidden(p / "values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
  } else if (In(op, {"Gt", "Lt"})) {
    if (values.size() != 1) e.Required(p / "values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else {
    e.Invalid(p / "operator", Value(op), "not a valid selector operator");
  }
  LabelName(e, p / "key", Text(r, "key"));
  if (!check_values) return;
  const Path values_path = p / "values";
  for (size_t i = 0; i < values.size(); ++i) {
    Named(e, values_path[i], values[i].as_string(), apimachinery::IsValidLabelValue(values[i].as_string()));
  }
}

void NodeField(FieldErrors& e, const Path& p, const Value& r) {
  const absl::string_view op = Text(r, "operator"), key = Text(r, "key");
  const Array& values = Items(r, "values");
  if (!In(op, {"In", "NotIn"})) {
    e.Invalid(p / "operator", Value(op), "not a valid selector operator");
  } else if (values.size() != 1) {
    e.Required(p / "values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  }
  if (key != "metadata.name") return e.Invalid(p / "key", Value(key), "not a valid field selector key");
  const Path values_path = p / "values";
  for (size_t i = 0; i < values.size(); ++i) {
    Named(e, values_path[i], values[i].as_string(), SubdomainName(values[i].as_string(), false));
  }
}

void NodeTerm(FieldErrors& e, const Path& p, const Value& term, bool check_values) {
  const Path expressions = p / "matchExpressions", fields = p / "matchFields";
  for (size_t i = 0; i < Items(term, "matchExpressions").size(); ++i) {
    NodeRequirement(e, expressions[i], Items(term, "matchExpressions")[i], check_values);
  }
  for (size_t i = 0; i < Items(term, "matchFields").size(); ++i) NodeField(e, fields[i], Items(term, "matchFields")[i]);
}

void LabelKeys(FieldErrors& e, const Path& p, const Array& keys, const Value* selector) {
  if (keys.empty()) return;
  if (selector == nullptr) return e.Forbidden(p, "must not be specified when labelSelector is not set");
  for (size_t i = 0; i < keys.size(); ++i) LabelName(e, p[i], keys[i].as_string());
}

void MatchKeys(FieldErrors& e, const Path& p, const Value& term) {
  const Value* selector = term.Find("labelSelector");
  const Array& match = Items(term, "matchLabelKeys");
  const Array& mismatch = Items(term, "mismatchLabelKeys");
  LabelKeys(e, p / "matchLabelKeys", match, selector);
  LabelKeys(e, p / "mismatchLabelKeys", mismatch, selector);
  if (selector != nullptr) {
    std::map<std::string, size_t> keys;
    for (size_t i = 0; i < match.size(); ++i) keys[match[i].as_string()] = i;
    std::set<std::string> seen;
    for (const auto& [key, value] : Entries(*selector, "matchLabels")) seen.insert(key);
    for (const Value& expression : Items(*selector, "matchExpressions")) {
      const std::string key(Text(expression, "key"));
      const auto it = keys.find(key);
      if (it != keys.end() && seen.count(key)) {
        e.Invalid(p[it->second], key, "exists in both matchLabelKeys and labelSelector");
      }
      seen.insert(key);
    }
  }
  const Path match_path = p / "matchLabelKeys";
  for (size_t i = 0; i < match.size(); ++i) {
    for (const Value& other : mismatch) {
      if (other == match[i]) e.Invalid(match_path[i], match[i], "exists in both matchLabelKeys and mismatchLabelKeys");
    }
  }
}

void PodTerm(FieldErrors& e, const Path& p, const Value& term) {
  LabelSelectorObject(e, p / "labelSelector", term.Find("labelSelector"));
  LabelSelectorObject(e, p / "namespaceSelector", term.Find("namespaceSelector"));
  for (const Value& ns : Items(term, "namespaces")) {
    Named(e, p / "namespace", ns.as_string(), apimachinery::IsDns1123Label(ns.as_string()));
  }
  MatchKeys(e, p, term);
  if (Text(term, "topologyKey").empty()) e.Required(p / "topologyKey", "can not be empty");
  LabelName(e, p / "topologyKey", Text(term, "topologyKey"));
}

void PodTerms(FieldErrors& e, const Path& p, const Value& affinity) {
  const Path required = p / "requiredDuringSchedulingIgnoredDuringExecution",
             preferred = p / "preferredDuringSchedulingIgnoredDuringExecution";
  const Array& must = Items(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
  for (size_t i = 0; i < must.size(); ++i) PodTerm(e, required[i], must[i]);
  const Array& may = Items(affinity, "preferredDuringSchedulingIgnoredDuringExecution");
  for (size_t i = 0; i < may.size(); ++i) {
    const Path at = preferred[i];
    const int64_t weight = Int(may[i], "weight");
    if (weight <= 0 || weight > 100) e.Invalid(at / "weight", weight, "must be in the range 1-100");
    PodTerm(e, at / "podAffinityTerm", Sub(may[i], "podAffinityTerm"));
  }
}

}  // namespace

void NodeSelector(FieldErrors& e, const Path& p, const Value& selector, bool check_values) {
  const Path terms_path = p / "nodeSelectorTerms";
  const Array& terms = Items(selector, "nodeSelectorTerms");
  if (terms.empty()) return e.Required(terms_path, "must have at least one node selector term");
  for (size_t i = 0; i < terms.size(); ++i) NodeTerm(e, terms_path[i], terms[i], check_values);
}

void Affinity(FieldErrors& e, const Path& p, const Value& affinity) {
  if (const Value* node = affinity.Find("nodeAffinity")) {
    const Path at = p / "nodeAffinity";
    if (const Value* must = node->Find("requiredDuringSchedulingIgnoredDuringExecution")) {
      NodeSelector(e, at / "requiredDuringSchedulingIgnoredDuringExecution", *must);
    }
    const Path preferred = at / "preferredDuringSchedulingIgnoredDuringExecution";
    const Array& may = Items(*node, "preferredDuringSchedulingIgnoredDuringExecution");
    for (size_t i = 0; i < may.size(); ++i) {
      const Path here = preferred[i];
      const int64_t weight = Int(may[i], "weight");
      if (weight <= 0 || weight > 100) e.Invalid(here / "weight", weight, "must be in the range 1-100");
      NodeTerm(e, here / "preference", Sub(may[i], "preference"), false);
    }
  }
  if (const Value* pods = affinity.Find("podAffinity")) PodTerms(e, p / "podAffinity", *pods);
  if (const Value* pods = affinity.Find("podAntiAffinity")) PodTerms(e, p / "podAntiAffinity", *pods);
}

void TaintEffect(FieldErrors& e, const Path& p, absl::string_view effect, bool may_be_empty) {
  if (effect.empty() && !may_be_empty) return e.Required(p);
  OneOf(e, p, effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"});
}

void Tolerations(FieldErrors& e, const Path& p, const Array& tolerations) {
  for (size_t i = 0; i < tolerations.size(); ++i) {
    const Path at = p[i];
    const Value& t = tolerations[i];
    const absl::string_view key = Text(t, "key"), op = Text(t, "operator"), value = Text(t, "value"),
                            effect = Text(t, "effect");
    if (!key.empty()) LabelName(e, at / "key", key);
    if (key.empty() && op != "Exists") {
      e.Invalid(at / "operator", Value(op),
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
    }
    if (t.Has("tolerationSeconds") && effect != "NoExecute") {
      e.Invalid(at / "effect", Value(effect), "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    if (op == "Equal" || op.empty()) {
      const Problems problems = apimachinery::IsValidLabelValue(value);
      if (!problems.empty()) e.Invalid(at / "operator", Value(value), absl::StrJoin(problems, ";"));
    } else if (op == "Exists") {
      if (!value.empty()) e.Invalid(at / "operator", Value(value), "value must be empty when `operator` is 'Exists'");
    } else if (op == "Lt" || op == "Gt") {  // known, but behind a gate that is off
      e.NotSupported(at / "operator", Value(op), {"Equal", "Exists", "Lt", "Gt"});
    } else {
      OneOf(e, at / "operator", op, {"Equal", "Exists"});
    }
    if (!effect.empty()) TaintEffect(e, at / "effect", effect, true);
  }
}

void TopologySpread(FieldErrors& e, const Path& p, const Array& constraints) {
  for (size_t i = 0; i < constraints.size(); ++i) {
    const Path at = p[i];
    const Value& c = constraints[i];
    const absl::string_view key = Text(c, "topologyKey"), action = Text(c, "whenUnsatisfiable");
    if (Int(c, "maxSkew") <= 0) e.Invalid(at / "maxSkew", Int(c, "maxSkew"), kNotPositive);
    if (key.empty()) e.Required(at / "topologyKey", "can not be empty");
    OneOf(e, at / "whenUnsatisfiable", action, {"DoNotSchedule", "ScheduleAnyway"});
    for (size_t k = i + 1; k < constraints.size(); ++k) {
      if (Text(constraints[k], "topologyKey") != key || Text(constraints[k], "whenUnsatisfiable") != action) continue;
      e.Duplicate(at / "{topologyKey, whenUnsatisfiable}", absl::StrCat("{", key, ", ", action, "}"));
      break;
    }
    if (const Value* domains = c.Find("minDomains")) {
      if (domains->as_int() <= 0) e.Invalid(at / "minDomains", *domains, kNotPositive);
      if (action != "DoNotSchedule") {
        e.Invalid(at / "minDomains", *domains,
                  absl::StrCat("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ", action));
      }
    }
    for (const char* policy : {"nodeAffinityPolicy", "nodeTaintsPolicy"}) {
      if (c.Has(policy)) OneOf(e, at / policy, Text(c, policy), {"Honor", "Ignore"});
    }
    MatchKeys(e, at, c);
    LabelSelectorObject(e, at / "labelSelector", c.Find("labelSelector"));
  }
}

}  // namespace apiserver::validation
