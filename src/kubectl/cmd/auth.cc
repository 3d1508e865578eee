// kubectl auth can-i and whoami.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "kubectl/cli/tabwriter.h"
#include "kubectl/cmd/auth_reconcile.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/describe/parts.h"

namespace kubectl {
namespace {

struct CanOptions {
  std::string subresource;
  bool all_namespaces = false, list = false, no_headers = false, quiet = false;
};

absl::StatusOr<Value> Review(Factory& factory, const std::string& group, const std::string& plural,
                             Value body) {
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  Request request;
  request.method = "POST";
  request.path = absl::StrCat("/apis/", group, "/v1/", plural);
  request.body = WriteJson(body);
  return client->Json(request);
}

absl::Status ListRules(Factory& factory, const CanOptions& o, const std::string& ns) {
  Value body;
  body.Set("kind", "SelfSubjectRulesReview");
  body.Set("apiVersion", "authorization.k8s.io/v1");
  body["spec"].Set("namespace", ns);
  ASSIGN_OR_RETURN(const Value answer, Review(factory, "authorization.k8s.io",
                                              "selfsubjectrulesreviews", std::move(body)));
  if (answer.GetBool("status.incomplete")) {
    factory.io.Err(absl::StrCat(
        "warning: the list may be incomplete: ", answer.GetString("status.evaluationError"), "\n"));
  }
  TabWriter table(factory.io.out, {6, 3, true});
  if (!o.no_headers) table.Write("Resources\tNon-Resource URLs\tResource Names\tVerbs\n");
  Array rules = answer.GetArray("status.resourceRules");
  for (const Value& rule : answer.GetArray("status.nonResourceRules")) rules.push_back(rule);
  for (const PolicyRow& row : PolicyRows(rules)) {
    table.Write(absl::StrCat(row.resource, "\t[", row.url, "]\t[", row.name, "]\t[",
                             absl::StrJoin(row.verbs, " "), "]\n"));
  }
  table.Flush();
  return absl::OkStatus();
}

absl::Status NeedTwo() {
  return Rendered(
      "error: you must specify two arguments: verb resource or verb resource/resourceName.\nSee "
      "'kubectl auth can-i -h' for help and examples.");
}

absl::Status CanI(Factory& factory, const CanOptions& o, const std::vector<std::string>& args) {
  ASSIGN_OR_RETURN(std::string ns, factory.Namespace());
  if (o.list) {
    if (!args.empty()) return Error("list option must be specified with no arguments");
    return ListRules(factory, o, ns);
  }
  const bool named = args.size() == 2 || (args.size() == 3 && !absl::StrContains(args[1], '/') && !o.all_namespaces);
  if (args.size() == 3 && named) {
    ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
    if (!discovery->ForArgument(args[1]).ok()) return NeedTwo();
  }
  if (!named) return NeedTwo();
  constexpr absl::string_view kVerbs[] = {"*", "get", "list", "watch", "create", "update", "patch", "delete",
                                          "deletecollection", "use", "bind", "impersonate", "escalate", "approve", "sign",
                                          "attest", "proxy", "post", "put", "head", "options"};
  if (std::find(std::begin(kVerbs), std::end(kVerbs), args[0]) == std::end(kVerbs))
    factory.io.Err(absl::StrCat("Warning: verb '", args[0], "' is not a known verb\n\n"));
  Value body;
  body.Set("kind", "SelfSubjectAccessReview");
  body.Set("apiVersion", "authorization.k8s.io/v1");
  if (absl::StartsWith(args[1], "/")) {
    body["spec"]["nonResourceAttributes"].Set("path", args[1]);
    body["spec"]["nonResourceAttributes"].Set("verb", args[0]);
  } else {
    const std::vector<std::string> parts = absl::StrSplit(args[1], absl::MaxSplits('/', 1));
    Value& attributes = body["spec"]["resourceAttributes"];
    std::string group, plural = parts[0];
    if (parts[0] == "*") {
      group = "*";
    } else {
      ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
      const absl::StatusOr<ApiResource> resource = discovery->ForArgument(parts[0]);
      if (resource.ok()) {
        group = resource->group;
        plural = resource->name;
        if (!resource->namespaced && !o.all_namespaces) {
          factory.io.Err(absl::StrCat(
              "Warning: resource '", resource->name, "' is not namespace scoped",
              resource->group.empty() ? "" : absl::StrCat(" in group '", resource->group, "'"),
              "\n\n"));
        }
      } else {
        const std::vector<std::string> names = absl::StrSplit(parts[0], absl::MaxSplits('.', 1));
        plural = names[0];
        if (names.size() > 1) group = names[1];
        factory.io.Err(
            absl::StrCat("Warning: the server doesn't have a resource type '", plural, "'",
                         group.empty() ? "" : absl::StrCat(" in group '", group, "'"), "\n\n"));
      }
    }
    if (!o.all_namespaces) attributes.Set("namespace", ns);
    attributes.Set("verb", args[0]);
    attributes.Set("group", group);
    attributes.Set("resource", plural);
    if (!o.subresource.empty()) attributes.Set("subresource", o.subresource);
    const std::string name = parts.size() > 1 ? parts[1] : args.size() > 2 ? args[2] : "";
    if (!name.empty()) attributes.Set("name", name);
  }
  ASSIGN_OR_RETURN(const Value answer, Review(factory, "authorization.k8s.io",
                                              "selfsubjectaccessreviews", std::move(body)));
  const bool allowed = answer.GetBool("status.allowed");
  if (!o.quiet) {
    std::string text = allowed ? "yes" : "no";
    const std::string reason = answer.GetString("status.reason"),
                      error = answer.GetString("status.evaluationError");
    if (!allowed && !reason.empty()) absl::StrAppend(&text, " - ", reason);
    if (!allowed && !error.empty()) absl::StrAppend(&text, " - ", error);
    factory.io.Out(text + "\n");
  }
  return allowed ? absl::OkStatus() : Rendered("");
}

absl::Status WhoAmI(Factory& factory, const PrintOptions& print) {
  Value body;
  body.Set("kind", "SelfSubjectReview");
  body.Set("apiVersion", "authentication.k8s.io/v1");
  if (const absl::Status resolved = factory.Resolved().status(); !resolved.ok())
    return Error(absl::StripPrefix(resolved.message(), "Error in configuration: "));
  ASSIGN_OR_RETURN(const Value answer,
                   Review(factory, "authentication.k8s.io", "selfsubjectreviews", std::move(body)));
  if (!print.output.empty()) return PrintResult(factory, print, "", answer);
  TabWriter table(factory.io.out, {6, 3, true});
  table.Write("ATTRIBUTE\tVALUE\n");
  const Value* user = answer.At("status.userInfo");
  if (user != nullptr) {
    if (!user->GetString("username").empty())
      table.Write(absl::StrCat("Username\t", user->GetString("username"), "\n"));
    if (!user->GetString("uid").empty())
      table.Write(absl::StrCat("UID\t", user->GetString("uid"), "\n"));
    if (!user->GetArray("groups").empty())
      table.Write(absl::StrCat("Groups\t[", JoinStrings(user->GetArray("groups"), " "), "]\n"));
    for (const auto* member : SortedMembers(user->Find("extra"))) {
      table.Write(absl::StrCat(
          "Extra: ", member->key, "\t[",
          member->value.is_array() ? JoinStrings(member->value.array(), " ") : "", "]\n"));
    }
  }
  table.Flush();
  return absl::OkStatus();
}

}  // namespace

CommandPtr MakeAuth(Factory& factory) {
  auto group = NewCommand("auth", "Inspect authorization", "[flags]");
  Command& can = group->Add(NewCommand(
      "can-i", "Check whether an action is allowed", "VERB [TYPE | TYPE/NAME | NONRESOURCEURL]",
      "  # May I create pods here?\n  kubectl auth can-i create pods"));
  auto o = std::make_shared<CanOptions>();
  can.flags.String(&o->subresource, "subresource", "", "A subresource, such as log or status.");
  can.flags.Bool(&o->all_namespaces, "all-namespaces", "A", "In all namespaces.");
  can.flags.Bool(&o->list, "list", "", "Show everything that is allowed.");
  can.flags.Bool(&o->no_headers, "no-headers", "", "Leave the line of headings out.");
  can.flags.Bool(&o->quiet, "quiet", "q", "Only the exit code answers.");
  can.run = [&factory, o](const FlagSet::Parsed& parsed) { return CanI(factory, *o, parsed.args); };
  Command& who =
      group->Add(NewCommand("whoami", "Experimental: Check self subject attributes", ""));
  auto print = std::make_shared<PrintOptions>();
  AddPrintFlags(&who.flags, print.get());
  print->json_order = KeyOrder::kAsIs;
  who.run = [&factory, print](const FlagSet::Parsed&) { return WhoAmI(factory, *print); };
  AddReconcile(factory, group.get());
  return group;
}

}  // namespace kubectl
