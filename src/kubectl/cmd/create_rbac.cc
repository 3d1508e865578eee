// kubectl create role, rolebinding, clusterrole, clusterrolebinding and token.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/create_generators.h"

namespace kubectl {
namespace {

constexpr char kRbac[] = "rbac.authorization.k8s.io/v1";
constexpr char kRbacGroup[] = "rbac.authorization.k8s.io";

struct RoleOptions {
  std::vector<std::string> verbs, resources, names, urls, aggregation;
};

// One rule for each API group, by name.
absl::StatusOr<Value> Rules(Factory& factory, const RoleOptions& o) {
  if (o.verbs.empty()) return Error("at least one verb must be specified");
  std::vector<std::string> verbs;
  for (const std::string& verb : o.verbs) {
    if (verb == "*") {
      verbs = {"*"};
      break;
    }
    if (std::find(verbs.begin(), verbs.end(), verb) == verbs.end()) verbs.push_back(verb);
  }
  for (const std::string& url : o.urls) {
    if (url != "*" && !absl::StartsWith(url, "/")) return Error("nonResourceURL should start with /");
  }
  constexpr absl::string_view kKnownVerbs[] = {"*", "get", "delete", "list", "create", "update", "patch", "watch", "proxy",
                                               "deletecollection", "use", "bind", "escalate", "impersonate", "approve", "sign",
                                               "attest"};
  for (const std::string& verb : verbs) {
    if (!o.resources.empty() && std::find(std::begin(kKnownVerbs), std::end(kKnownVerbs), verb) == std::end(kKnownVerbs))
      factory.io.Err(absl::StrCat("Warning: '", verb, "' is not a standard resource verb\n"));
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const std::string& text : o.resources) {
    const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits('/', 1));
    std::string group, plural = parts[0];
    if (plural == "*") {
      group = "*";
    } else {
      ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
      absl::StatusOr<ApiResource> resource = discovery->ForArgument(parts[0]);
      if (!resource.ok()) return Rendered(resource.status().message());
      group = resource->group;
      plural = resource->name;
    }
    if (parts.size() == 2) absl::StrAppend(&plural, "/", parts[1]);
    auto entry =
        std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == group; });
    if (entry == groups.end()) entry = groups.insert(groups.end(), {group, {}});
    if (std::find(entry->second.begin(), entry->second.end(), plural) == entry->second.end())
      entry->second.push_back(plural);
  }
  std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Value rules = Value::MakeArray();
  for (const auto& [group, plurals] : groups) {
    Value rule;
    rule.Set("verbs", StringArray(verbs));
    rule["apiGroups"].Append(group);
    rule.Set("resources", StringArray(plurals));
    if (!o.names.empty()) rule.Set("resourceNames", StringArray(o.names));
    rules.Append(std::move(rule));
  }
  if (!o.urls.empty()) {
    Value rule;
    rule.Set("verbs", StringArray(verbs));
    rule.Set("nonResourceURLs", StringArray(o.urls));
    rules.Append(std::move(rule));
  }
  return rules;
}

struct BindingOptions {
  std::string role, cluster_role;
  std::vector<std::string> users, groups, accounts;
};

absl::StatusOr<Value> MakeBinding(const BindingOptions& o, absl::string_view kind,
                                  const std::string& name) {
  if (kind == "RoleBinding" && o.role.empty() == o.cluster_role.empty())
    return Error("exactly one of clusterrole or role must be specified");
  Value object = NewObject(kRbac, kind, name);
  const auto subject = [&](absl::string_view subject_kind, const std::string& subject_name) {
    Value entry;
    entry.Set("kind", subject_kind);
    entry.Set("apiGroup", kRbacGroup);
    entry.Set("name", subject_name);
    object["subjects"].Append(std::move(entry));
  };
  for (const std::string& user : o.users) subject("User", user);
  for (const std::string& group : o.groups) subject("Group", group);
  for (const std::string& account : o.accounts) {
    const std::vector<std::string> parts = absl::StrSplit(account, ':');
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty())
      return Error("serviceaccount must be <namespace>:<name>");
    Value entry;
    entry.Set("kind", "ServiceAccount");
    entry.Set("name", parts[1]);
    entry.Set("namespace", parts[0]);
    object["subjects"].Append(std::move(entry));
  }
  object["roleRef"].Set("apiGroup", kRbacGroup);
  object["roleRef"].Set("kind", o.role.empty() ? "ClusterRole" : "Role");
  object["roleRef"].Set("name", o.role.empty() ? o.cluster_role : o.role);
  return object;
}

void AddBinding(Factory& factory, Command* create, const char* name, const char* kind,
                const char* usage) {
  auto o = std::make_shared<BindingOptions>();
  const std::string kind_name = kind;
  Command& command = AddGenerator(
      factory, create, name, {}, absl::StrCat("Create a ", name, " for roles and subjects"), usage,
      name, [o, kind_name](const std::string& object, const FlagSet::Parsed&) {
        return MakeBinding(*o, kind_name, object);
      });
  FlagSet& f = command.flags;
  const bool cluster = kind_name == "ClusterRoleBinding";
  f.String(&o->cluster_role, "clusterrole", "", "The cluster role to bind.").required = cluster;
  if (!cluster) f.String(&o->role, "role", "", "The role to bind.");
  f.Array(&o->users, "user", "", "A user; may be repeated.");
  f.Array(&o->groups, "group", "", "A group; may be repeated.");
  f.Array(&o->accounts, "serviceaccount", "",
          "A service account as namespace:name; may be repeated.");
}

void AddRole(Factory& factory, Command* create, const char* name, const char* kind,
             const char* usage) {
  auto o = std::make_shared<RoleOptions>();
  const std::string kind_name = kind;
  Command& command = AddGenerator(
      factory, create, name, {}, absl::StrCat("Create a ", name, " from verbs and resources"),
      usage, name,
      [o, kind_name, &factory](const std::string& object_name,
                               const FlagSet::Parsed&) -> absl::StatusOr<Value> {
        Value object = NewObject(kRbac, kind_name, object_name);
        if (!o->aggregation.empty()) {
          if (!(o->verbs.empty() && o->resources.empty() && o->names.empty() && o->urls.empty())) {
            return Error("aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames");
          }
          Value selector;
          for (const std::string& pair : o->aggregation) {
            ASSIGN_OR_RETURN(const auto label, ParseLiteral(pair));
            selector["matchLabels"].Set(label.first, label.second);
          }
          object.Set("rules", Value());
          object["aggregationRule"]["clusterRoleSelectors"].Append(std::move(selector));
          return object;
        }
        if (o->resources.empty() && o->urls.empty())
          return Error("at least one resource must be specified");
        ASSIGN_OR_RETURN(Value rules, Rules(factory, *o));
        object.Set("rules", std::move(rules));
        return object;
      });
  FlagSet& f = command.flags;
  f.List(&o->verbs, "verb", "", "What may be done: get, list, ...");
  f.List(&o->resources, "resource", "",
         "To which resources: pods, deployments.apps, pods/log, ...");
  f.Array(&o->names, "resource-name", "", "Only to objects of this name; may be repeated.");
  if (kind_name == "ClusterRole") {
    f.List(&o->urls, "non-resource-url", "", "Paths that are no resources.");
    f.List(&o->aggregation, "aggregation-rule", "",
           "Take the rules of cluster roles with these labels.");
  }
}

void AddToken(Factory& factory, Command* create) {
  struct TokenOptions {
    PrintOptions print;
    std::vector<std::string> audiences;
    absl::Duration duration;
    std::string bound_kind, bound_name, bound_uid;
  };
  auto o = std::make_shared<TokenOptions>();
  Command& command =
      create->Add(NewCommand("token", "Request a service account token", "SERVICE_ACCOUNT_NAME"));
  AddPrintFlags(&command.flags, &o->print);
  command.flags.Array(&o->audiences, "audience", "", "Who the token is for; may be repeated.");
  command.flags.Duration(&o->duration, "duration", "",
                         "How long it shall be valid; 0 leaves it to the server.");
  command.flags.String(&o->bound_kind, "bound-object-kind", "",
                       "Kind of the object the token dies with: Pod, Secret, Node.");
  command.flags.String(&o->bound_name, "bound-object-name", "", "Name of that object.");
  command.flags.String(&o->bound_uid, "bound-object-uid", "", "UID of that object.");
  command.run = [&factory, &command, o](const FlagSet::Parsed& parsed) -> absl::Status {
    if (parsed.args.size() != 1) {
      return UsageError(command.Path(),
                        absl::StrCat("exactly one NAME is required, got ", parsed.args.size()));
    }
    if (!o->bound_kind.empty() && o->bound_name.empty())
      return Error("--bound-object-name is required if --bound-object-kind is provided");
    if (const std::string& kind = o->bound_kind; !kind.empty() && kind != "Node" && kind != "Pod" && kind != "Secret")
      return Error("supported --bound-object-kind values are Node, Pod, Secret");
    ASSIGN_OR_RETURN(const std::string ns, factory.Namespace());
    ASSIGN_OR_RETURN(RestClient * client, factory.Client());
    Value body;
    body.Set("kind", "TokenRequest");
    body.Set("apiVersion", "authentication.k8s.io/v1");
    body["spec"].Set("audiences", StringArray(o->audiences));
    if (o->duration > absl::ZeroDuration())
      body["spec"].Set("expirationSeconds", absl::ToInt64Seconds(o->duration));
    if (!o->bound_kind.empty()) {
      body["spec"]["boundObjectRef"].Set("kind", o->bound_kind);
      body["spec"]["boundObjectRef"].Set("apiVersion", "v1");
      body["spec"]["boundObjectRef"].Set("name", o->bound_name);
      if (!o->bound_uid.empty()) body["spec"]["boundObjectRef"].Set("uid", o->bound_uid);
    }
    Request request;
    request.method = "POST";
    request.path = absl::StrCat("/api/v1/namespaces/", ns, "/serviceaccounts/",
                                UrlEscape(parsed.args[0]), "/token");
    request.body = WriteJson(body);
    absl::StatusOr<Value> answer = client->Json(request);
    if (!answer.ok()) {
      if (!IsApiError(answer.status())) return answer.status();
      return Error(absl::StrCat("failed to create token: ", answer.status().message()));
    }
    if (o->print.output.empty()) {
      factory.io.Out(answer->GetString("status.token"));
      return absl::OkStatus();
    }
    return PrintResult(factory, o->print, "", *answer);
  };
}

}  // namespace

void AddRbacGenerators(Factory& factory, Command* create) {
  AddRole(factory, create, "role", "Role",
          "NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] "
          "[--dry-run=server|client|none]");
  AddRole(factory, create, "clusterrole", "ClusterRole",
          "NAME --verb=verb --resource=resource.group [--resource-name=resourcename] "
          "[--dry-run=server|client|none]");
  AddBinding(factory, create, "rolebinding", "RoleBinding",
             "NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] "
             "[--serviceaccount=namespace:serviceaccountname] "
             "[--dry-run=server|client|none]");
  AddBinding(factory, create, "clusterrolebinding", "ClusterRoleBinding",
             "NAME --clusterrole=NAME [--user=username] [--group=groupname] "
             "[--serviceaccount=namespace:serviceaccountname] "
             "[--dry-run=server|client|none]");
  AddToken(factory, create);
}

}  // namespace kubectl
