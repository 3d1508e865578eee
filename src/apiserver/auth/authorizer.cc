#include "apiserver/auth/authorizer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "apimachinery/api_error.h"
#include "apiserver/auth/quote.h"
#include "apiserver/auth/rules.h"
#include "base/metrics/metrics.h"

namespace apiserver::auth {
namespace {

using apimachinery::Value;

constexpr char kRbac[] = "rbac.authorization.k8s.io";

bool HasGroup(const UserInfo& user, absl::string_view group) {
  return std::find(user.groups.begin(), user.groups.end(), group) != user.groups.end();
}

// What each mode has decided.
void Count(const Mode& mode, absl::string_view decision) {
  static auto* const decisions = new base::CounterFamily("apiserver_authorization_decisions_total", "Decisions of authorization modes.",
                                                         {"decision", "name", "type"});
  decisions->With({decision, mode.name, mode.type}).Add();
}

std::string Joined(const std::vector<std::string>& errors) {
  return errors.size() < 2 ? absl::StrJoin(errors, "") : absl::StrCat("[", absl::StrJoin(errors, ", "), "]");
}

class Chain final : public Authorizer {
 public:
  Chain(std::vector<Mode> modes, const ObjectReader& reader) : modes_(std::move(modes)), rbac_(reader), node_(reader) {}

  Decision Authorize(const Attributes& attributes) const override {
    if (HasGroup(attributes.user, kMastersGroup)) return {Decision::Kind::kAllow, ""};  // no mode is asked
    std::vector<std::string> reasons, errors;
    for (const Mode& mode : modes_) {
      Decision decision;
      if (mode.type == "Node") decision = node_.Authorize(attributes);
      if (mode.type == "RBAC") decision = rbac_.Authorize(attributes);
      if (mode.type == "AlwaysAllow") decision.kind = Decision::Kind::kAllow;
      if (mode.type == "AlwaysDeny") decision.reason = "Everything is forbidden.";
      if (mode.foreign != nullptr) decision = mode.foreign->Authorize(attributes);
      if (decision.kind != Decision::Kind::kNoOpinion) {
        Count(mode, decision.allowed() ? "allowed" : "denied");
        return decision;
      }
      if (!decision.reason.empty()) reasons.push_back(decision.reason);
      if (!decision.error.empty()) errors.push_back(decision.error);
    }
    return {Decision::Kind::kNoOpinion, absl::StrJoin(reasons, "\n"), Joined(errors)};
  }

  bool waits() const override {
    return std::any_of(modes_.begin(), modes_.end(), [](const Mode& mode) { return mode.foreign != nullptr; });
  }

  std::vector<PolicyRule> RulesFor(const UserInfo& user, absl::string_view ns,
                                   std::vector<std::string>* errors) const override {
    std::vector<PolicyRule> out;
    for (const Mode& mode : modes_) {
      std::string node;
      if (mode.type == "Node" && errors != nullptr && IsNode(user, &node)) {
        errors->push_back("node authorizer does not support user rule resolution");
      }
      constexpr char kNoRules[] = "webhook authorizer does not support user rule resolution";
      if (mode.foreign != nullptr && errors != nullptr && std::find(errors->begin(), errors->end(), kNoRules) == errors->end()) {
        errors->push_back(kNoRules);
      }
      if (mode.type != "RBAC") continue;
      for (PolicyRule& rule : rbac_.RulesFor(user, ns, errors)) out.push_back(std::move(rule));
    }
    return out;
  }

  const RbacAuthorizer& rbac() const { return rbac_; }

 private:
  const std::vector<Mode> modes_;
  const RbacAuthorizer rbac_;
  const NodeAuthorizer node_;
};

// True when the update touches nothing but what the garbage collector edits.
bool OnlyCollectorFields(const Value& wanted, const Value* old) {
  if (old == nullptr) return false;
  Value a = wanted, b = *old;
  for (Value* v : {&a, &b}) {
    v->EraseAt("metadata.ownerReferences");
    v->EraseAt("metadata.finalizers");
    v->EraseAt("metadata.managedFields");
    v->EraseAt("metadata.selfLink");
  }
  return a == b;
}

// Empty: the user holds all of `rules` itself.
std::string Lacking(const Authorizer& authorizer, const UserInfo& user, absl::string_view plural, absl::string_view ns,
                    absl::Span<const PolicyRule> rules) {
  std::vector<std::string> errors;
  const std::vector<PolicyRule> held = authorizer.RulesFor(user, ns, &errors);
  std::vector<PolicyRule> missing;
  if (Covers(held, rules, &missing)) return "";
  std::string out = absl::StrCat("user ", Quote(user.name), " (groups=", QuoteList(user.groups),
                                 ") is attempting to grant RBAC permissions not currently held:\n",
                                 DescribeMissing(missing));
  if (errors.empty()) return out;
  // Upstream names what is written here, not the role that is missing.
  const std::string here = absl::StrCat(plural, ".rbac.");
  const std::string text = absl::StrReplaceAll(absl::StrJoin(errors, ", "), {{"clusterrole.rbac.", here}, {"role.rbac.", here}});
  absl::StrAppend(&out, "; resolution errors: [", text, "]");
  return out;
}

bool Authorized(const Authorizer& authorizer, const UserInfo& user, absl::string_view verb, absl::string_view resource,
                absl::string_view ns, absl::string_view name, absl::string_view group = kRbac) {
  pipeline::RequestInfo request;
  request.is_resource_request = true;
  request.verb = std::string(verb);
  request.group = std::string(group);
  request.version = "*";
  request.resource = std::string(resource);
  request.ns = std::string(ns);
  request.name = std::string(name);
  return authorizer.Authorize({user, request}).allowed();
}

}  // namespace

std::unique_ptr<Authorizer> NewAuthorizer(std::vector<Mode> modes, const ObjectReader& reader) {
  return std::make_unique<Chain>(std::move(modes), reader);
}

std::unique_ptr<Authorizer> NewAuthorizer(absl::Span<const std::string> modes, const ObjectReader& reader) {
  std::vector<Mode> named;
  for (const std::string& mode : modes) named.push_back({mode, absl::AsciiStrToLower(mode), nullptr});
  return NewAuthorizer(std::move(named), reader);
}

std::string ForbiddenMessage(const Attributes& attributes, absl::string_view reason) {
  const pipeline::RequestInfo& r = attributes.request;
  std::string said = absl::StrCat("User ", Quote(attributes.user.name), " cannot ", r.verb);
  std::string prefix = "forbidden: ";
  if (!r.is_resource_request) {
    absl::StrAppend(&said, " path ", Quote(r.path));
  } else {
    const std::string resource = r.subresource.empty() ? r.resource : absl::StrCat(r.resource, "/", r.subresource);
    absl::StrAppend(&said, " resource ", Quote(resource), " in API group ", Quote(r.group));
    absl::StrAppend(&said, r.ns.empty() ? " at the cluster scope" : absl::StrCat(" in the namespace ", Quote(r.ns)));
    prefix = r.group.empty() ? r.resource : absl::StrCat(r.resource, ".", r.group);
    if (!r.name.empty()) absl::StrAppend(&prefix, " ", Quote(r.name));
    absl::StrAppend(&prefix, " is forbidden: ");
  }
  said = absl::StrReplaceAll(said, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
  return absl::StrCat(prefix, said, reason.empty() ? "" : ": ", reason);
}

std::string CheckImpersonation(const Authorizer& authorizer, const UserInfo& user, const UserInfo& wanted) {
  const auto ask = [&](pipeline::RequestInfo request) -> std::string {
    request.is_resource_request = true;
    request.verb = "impersonate";
    const Attributes attributes{user, request};
    const Decision decision = authorizer.Authorize(attributes);
    return decision.allowed() ? "" : ForbiddenMessage(attributes, decision.reason);
  };
  pipeline::RequestInfo whom;
  constexpr absl::string_view kAccount = "system:serviceaccount:";
  const absl::string_view name = wanted.name;
  const size_t colon = name.find(':', kAccount.size());
  if (name.substr(0, kAccount.size()) == kAccount && colon != absl::string_view::npos) {
    whom.version = "v1";
    whom.resource = "serviceaccounts";
    whom.ns = std::string(name.substr(kAccount.size(), colon - kAccount.size()));
    whom.name = std::string(name.substr(colon + 1));
  } else {
    whom.version = "v1";
    whom.resource = "users";
    whom.name = wanted.name;
  }
  if (std::string no = ask(whom); !no.empty()) return no;
  for (const std::string& group : wanted.groups) {
    if (group == kAuthenticatedGroup || group == kUnauthenticatedGroup || whom.resource == "serviceaccounts") continue;
    pipeline::RequestInfo request;
    request.version = "v1";
    request.resource = "groups";
    request.name = group;
    if (std::string no = ask(request); !no.empty()) return no;
  }
  for (const auto& [key, values] : wanted.extra) {
    for (const std::string& value : values) {
      pipeline::RequestInfo request;
      request.group = "authentication.k8s.io";
      request.version = "v1";
      request.resource = "userextras";
      request.subresource = key;
      request.name = value;
      if (std::string no = ask(request); !no.empty()) return no;
    }
  }
  if (wanted.uid.empty()) return "";
  pipeline::RequestInfo request;
  request.group = "authentication.k8s.io";
  request.version = "v1";
  request.resource = "uids";
  request.name = wanted.uid;
  return ask(request);
}

absl::Status CheckEscalation(const Authorizer& authorizer, const ObjectReader& reader, const UserInfo& user,
                             absl::string_view kind, absl::string_view ns, const Value& wanted, const Value* old) {
  if (HasGroup(user, kMastersGroup) || OnlyCollectorFields(wanted, old)) return absl::OkStatus();
  const std::string plural = absl::AsciiStrToLower(absl::StrCat(kind, "s")), name = wanted.GetString("metadata.name");
  const auto refuse = [&](absl::string_view why) { return apimachinery::Forbidden(kRbac, plural, name, why).ToStatus(); };
  if (kind == "Role" || kind == "ClusterRole") {
    if (Authorized(authorizer, user, "escalate", plural, ns, old == nullptr ? "" : name)) return absl::OkStatus();
    if (const std::string no = Lacking(authorizer, user, plural, ns, RulesOf(wanted)); !no.empty()) return refuse(no);
    const auto aggregates = [](const Value& role) {
      return !role.GetArray("aggregationRule.clusterRoleSelectors").empty();
    };
    if (kind == "ClusterRole" && (aggregates(wanted) || (old != nullptr && aggregates(*old)))) {
      const PolicyRule everything[] = {{.verbs = {"*"}, .api_groups = {"*"}, .resources = {"*"}},
                                       {.verbs = {"*"}, .non_resource_urls = {"*"}}};
      if (!Covers(authorizer.RulesFor(user, ns, nullptr), everything, nullptr)) {
        return refuse("must have cluster-admin privileges to use the aggregationRule");
      }
    }
    return absl::OkStatus();
  }
  const Value* ref = wanted.Find("roleRef");
  if (ref == nullptr) return absl::OkStatus();
  const std::string role_kind = ref->GetString("kind"), role = ref->GetString("name");
  if (role_kind != "Role" && role_kind != "ClusterRole") return absl::OkStatus();
  if (Authorized(authorizer, user, "bind", role_kind == "Role" ? "roles" : "clusterroles", ns, role,
                 ref->GetString("apiGroup"))) {
    return absl::OkStatus();
  }
  std::vector<PolicyRule> rules;
  std::string error;
  if (!RbacAuthorizer(reader).RulesOfReference(*ref, ns, &rules, &error)) {
    return apimachinery::NotFound(kRbac, plural, role).ToStatus();
  }
  const std::string no = Lacking(authorizer, user, plural, ns, rules);
  return no.empty() ? absl::OkStatus() : refuse(no);
}

}  // namespace apiserver::auth
