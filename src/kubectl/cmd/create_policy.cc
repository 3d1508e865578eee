// kubectl create ingress and poddisruptionbudget.
#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/create_generators.h"

namespace kubectl {
namespace {

struct IngressOptions {
  std::string class_name, default_backend;
  std::vector<std::string> rules, annotations;
};

// "svc:80" or "svc:http" -> a backend.
absl::StatusOr<Value> ServiceBackend(const std::string& text, absl::string_view refusal) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) return Error(refusal);
  Value backend;
  Value& service = backend["service"];
  service.Set("name", parts[0]);
  int64_t number = 0;
  if (absl::SimpleAtoi(parts[1], &number))
    service["port"].Set("number", number);
  else
    service["port"].Set("name", parts[1]);
  return backend;
}

struct Rule {
  std::string host, path, backend;
  bool tls = false;
  std::string secret;
};

// host/path=svcname:svcport[,tls[=secret]]
absl::StatusOr<Rule> ParseRule(const std::string& text) {
  const absl::Status refusal = Error(absl::StrCat(
      "rule ", text, " is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"));
  Rule rule;
  const std::vector<std::string> halves = absl::StrSplit(text, absl::MaxSplits(',', 1));
  if (halves.size() == 2) {
    if (halves[1] != "tls" && !absl::StartsWith(halves[1], "tls=")) return refusal;
    rule.tls = true;
    if (halves[1].size() > 4) rule.secret = halves[1].substr(4);
  }
  const size_t slash = halves[0].find('/'), equals = halves[0].find('=');
  if (slash == std::string::npos || equals == std::string::npos || slash > equals) return refusal;
  rule.host = halves[0].substr(0, slash);
  rule.path = halves[0].substr(slash, equals - slash);
  rule.backend = halves[0].substr(equals + 1);
  RETURN_IF_ERROR(ServiceBackend(rule.backend, refusal.message()).status());
  return rule;
}

absl::StatusOr<Value> MakeIngress(const IngressOptions& o, const std::string& name) {
  if (o.default_backend.empty() && o.rules.empty()) {
    return Error(
        "not enough information provided: every ingress has to either specify a default-backend "
        "(which catches all traffic) or a list of rules (which catch specific paths)");
  }
  Value object = NewObject("networking.k8s.io/v1", "Ingress", name);
  for (const std::string& annotation : o.annotations) {
    const size_t equals = annotation.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error(absl::StrCat("annotation ", annotation,
                                " is invalid and should be in format key=[value]"));
    object["metadata"]["annotations"].Set(annotation.substr(0, equals),
                                          annotation.substr(equals + 1));
  }
  Value& spec = object["spec"];
  if (!o.class_name.empty()) spec.Set("ingressClassName", o.class_name);
  if (!o.default_backend.empty()) {
    ASSIGN_OR_RETURN(Value backend,
                     ServiceBackend(o.default_backend,
                                    "default-backend should be in format servicename:serviceport"));
    spec.Set("defaultBackend", std::move(backend));
  }
  std::vector<Rule> rules;
  for (const std::string& text : o.rules) {
    ASSIGN_OR_RETURN(Rule rule, ParseRule(text));
    rules.push_back(std::move(rule));
  }
  std::vector<std::string> with_tls;
  for (const Rule& rule : rules) {  // a host names one secret only
    if (!rule.tls || std::find(with_tls.begin(), with_tls.end(), rule.host) != with_tls.end())
      continue;
    with_tls.push_back(rule.host);
    Value& tls = spec["tls"];
    if (!tls.is_array()) tls = Value::MakeArray();
    auto same = std::find_if(tls.array().begin(), tls.array().end(), [&](const Value& entry) {
      return entry.GetString("secretName") == rule.secret;
    });
    if (same != tls.array().end()) {
      (*same)["hosts"].Append(rule.host);
      continue;
    }
    Value entry = Value::MakeObject();
    if (!rule.host.empty()) entry["hosts"].Append(rule.host);
    if (!rule.secret.empty()) entry.Set("secretName", rule.secret);
    if (!entry.empty()) tls.Append(std::move(entry));
  }
  for (Rule& rule : rules) {
    Value path;
    const bool prefix = absl::EndsWith(rule.path, "*");
    if (prefix) rule.path.pop_back();
    path.Set("path", rule.path);
    path.Set("pathType", prefix ? "Prefix" : "Exact");
    ASSIGN_OR_RETURN(Value backend, ServiceBackend(rule.backend, ""));
    path.Set("backend", std::move(backend));
    Value& list = spec["rules"];
    if (!list.is_array()) list = Value::MakeArray();
    auto same = std::find_if(list.array().begin(), list.array().end(), [&](const Value& entry) {
      return entry.GetString("host") == rule.host;
    });
    if (same == list.array().end()) {
      Value entry = Value::MakeObject();
      if (!rule.host.empty()) entry.Set("host", rule.host);
      list.Append(std::move(entry));
      same = std::prev(list.array().end());
    }
    (*same)["http"]["paths"].Append(std::move(path));
  }
  object["status"].Set("loadBalancer", Value::MakeObject());
  return object;
}

struct BudgetOptions {
  std::string min_available, max_unavailable, selector;
};

Value NumberOrText(const std::string& text) {
  int64_t number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  return text;
}

absl::StatusOr<Value> MakeBudget(const BudgetOptions& o, const std::string& name) {
  if (o.selector.empty()) return Error("a selector must be specified");
  if (o.min_available.empty() && o.max_unavailable.empty())
    return Error("one of min-available or max-unavailable must be specified");
  if (!o.min_available.empty() && !o.max_unavailable.empty())
    return Error("min-available and max-unavailable cannot be both specified");
  Value object = NewObject("policy/v1", "PodDisruptionBudget", name);
  if (!o.min_available.empty())
    object["spec"].Set("minAvailable", NumberOrText(o.min_available));
  for (const absl::string_view pair : absl::StrSplit(o.selector, ',', absl::SkipEmpty())) {
    ASSIGN_OR_RETURN(const auto label, ParseLiteral(std::string(pair)));
    object["spec"]["selector"]["matchLabels"].Set(label.first, label.second);
  }
  if (!o.max_unavailable.empty())
    object["spec"].Set("maxUnavailable", NumberOrText(o.max_unavailable));
  for (const char* count : {"disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"})
    object["status"].Set(count, 0);
  return object;
}

}  // namespace

void AddPolicyGenerators(Factory& factory, Command* create) {
  auto i = std::make_shared<IngressOptions>();
  Command& ingress = AddGenerator(
      factory, create, "ingress", {"ing"}, "Create an ingress with the specified name",
      "NAME --rule=host/path=service:port[,tls[=secret]] ", "ingress",
      [i](const std::string& name, const FlagSet::Parsed&) { return MakeIngress(*i, name); });
  ingress.flags.String(&i->class_name, "class", "", "The ingress class.");
  ingress.flags.Array(&i->rules, "rule", "",
                      "host/path=service:port[,tls=secret]; a path that ends in * is a prefix. May "
                      "be repeated.");
  ingress.flags.String(&i->default_backend, "default-backend", "",
                       "service:port for what no rule matches.");
  ingress.flags.Array(&i->annotations, "annotation", "", "key=value; may be repeated.");
  auto b = std::make_shared<BudgetOptions>();
  Command& budget = AddGenerator(
      factory, create, "poddisruptionbudget", {"pdb"},
      "Create a pod disruption budget with the specified name",
      "NAME --selector=SELECTOR --min-available=N [--dry-run=server|client|none]",
      "poddisruptionbudgets",
      [b](const std::string& name, const FlagSet::Parsed&) { return MakeBudget(*b, name); });
  budget.flags.String(&b->min_available, "min-available", "",
                      "How many pods must stay, as a number or a share.");
  budget.flags.String(&b->max_unavailable, "max-unavailable", "",
                      "How many pods may be missing, as a number or a share.");
  budget.flags.String(&b->selector, "selector", "", "Labels of the pods, key=value,...");
}

}  // namespace kubectl
