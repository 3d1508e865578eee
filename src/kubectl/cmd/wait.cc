// kubectl wait.
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "apimachinery/jsonpath.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/waiting.h"

namespace kubectl {

using apimachinery::JsonPath;
using apimachinery::PlainText;
namespace {

struct Options {
  PrintOptions print;
  FileOptions files;
  Selection selection;
  std::string wait_for;
  bool all = false, local = false;
  absl::Duration timeout = absl::Seconds(30);
};

// What --for asks; true when the object fits.
using Condition = std::function<absl::StatusOr<bool>(const Value* object)>;

absl::StatusOr<Condition> ParseCondition(const std::string& text) {
  if (absl::AsciiStrToLower(text) == "delete")
    return Condition([](const Value* object) -> absl::StatusOr<bool> { return object == nullptr; });
  if (absl::AsciiStrToLower(text) == "create")
    return Condition([](const Value* object) -> absl::StatusOr<bool> { return object != nullptr; });
  if (absl::StartsWith(text, "condition=")) {
    const std::vector<std::string> parts = absl::StrSplit(text.substr(10), absl::MaxSplits('=', 1));
    const std::string name = absl::AsciiStrToLower(parts[0]),
                      wanted = absl::AsciiStrToLower(parts.size() > 1 ? parts[1] : "true");
    return Condition([name, wanted](const Value* object) -> absl::StatusOr<bool> {
      if (object == nullptr) return false;
      for (const Value& condition : object->GetArray("status.conditions")) {
        if (absl::AsciiStrToLower(condition.GetString("type")) != name) continue;
        // A condition of an older generation says nothing about this one.
        if (condition.Has("observedGeneration") &&
            condition.GetInt("observedGeneration") < object->GetInt("metadata.generation"))
          return false;
        return absl::AsciiStrToLower(condition.GetString("status")) == wanted;
      }
      return false;
    });
  }
  if (absl::StartsWith(text, "jsonpath=")) {
    const std::string rest = text.substr(9);
    const size_t close = rest.rfind('}');
    const size_t equals = rest.find('=', close == std::string::npos ? 0 : close);
    std::string expression = rest.substr(0, equals);
    const bool has_value = equals != std::string::npos;
    std::string value = has_value ? rest.substr(equals + 1) : "";
    if (has_value && value.empty())
      return Error(
          "jsonpath wait has to have a value after equal sign, like "
          "--for=jsonpath='{.status.readyReplicas}'=3");
    if (value.size() > 1 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0])
      value = value.substr(1, value.size() - 2);
    absl::StatusOr<JsonPath> path = JsonPath::ParseRelaxed(expression);
    if (!path.ok()) return Error(path.status().message());
    return Condition([path = *path, value, has_value](const Value* object) -> absl::StatusOr<bool> {
      if (object == nullptr) return false;
      ASSIGN_OR_RETURN(const auto results, path.FindResults(*object));
      if (results.empty() || results[0].empty()) return false;
      if (!has_value) return true;
      if (results[0].size() > 1)
        return Error("given jsonpath expression matches more than one value");
      if (results[0][0]->is_array() || results[0][0]->is_object())
        return Error("jsonpath leads to a nested object or list which is not supported");
      return PlainText(*results[0][0]) == value;
    });
  }
  return Error(absl::StrCat("unrecognized condition: \"", text, "\""));
}

absl::Status Run(Factory& factory, Options o, const std::vector<std::string>& args) {
  ASSIGN_OR_RETURN(const Condition condition, ParseCondition(o.wait_for));
  const bool deletion = absl::AsciiStrToLower(o.wait_for) == "delete",
             creation = absl::AsciiStrToLower(o.wait_for) == "create";
  if (args.empty() && o.files.empty()) {
    return Error(
        "You must provide one or more resources by argument or filename.\nExample resource "
        "specifications include:\n   '-f "
        "rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");
  }
  const absl::Duration timeout = o.timeout < absl::ZeroDuration() ? absl::Hours(24 * 7) : o.timeout;
  const absl::Time deadline = absl::Now() + timeout;
  o.selection.args = args;
  o.selection.files = o.files;
  o.selection.select_all_param = o.all;
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  std::vector<Info> infos;
  std::vector<absl::Status> errors;
  for (;;) {
    errors.clear();
    ASSIGN_OR_RETURN(infos, FetchObjects(factory, o.selection, &errors));
    bool missing = false;
    for (const absl::Status& error : errors) missing = missing || ApiNotFound(error);
    if (deletion) {
      std::vector<absl::Status> others;
      for (const absl::Status& error : errors) {
        if (!ApiNotFound(error)) others.push_back(error);
      }
      errors = others;
    }
    if (!creation || (!missing && !infos.empty()) || absl::Now() >= deadline) break;
    absl::SleepFor(absl::Milliseconds(200));
  }
  if (creation && infos.empty()) return Error("timed out waiting for the condition");
  if (infos.empty() && errors.empty() && !deletion) return Error("no matching resources found");
  for (const Info& info : infos) {
    Value last = info.object;
    const std::string uid = info.object.GetString("metadata.uid");
    absl::Status status;
    const auto check = [&](const Value* object) -> absl::StatusOr<bool> {
      if (object != nullptr) {
        last = *object;
        last.Set("kind", info.resource.kind);  // items of a list go without
        last.Set("apiVersion", info.resource.ApiVersion());
      }
      if (deletion && object != nullptr && object->GetString("metadata.uid") != uid) return true;
      if (object == nullptr && !deletion) return false;
      return condition(object);
    };
    absl::StatusOr<bool> now = check(&info.object);
    if (!now.ok())
      status = now.status();
    else if (!*now)
      status = timeout == absl::ZeroDuration()
                   ? absl::DeadlineExceededError("")
                   : WaitForObject(*client, info,
                                   std::max(absl::Milliseconds(1), deadline - absl::Now()), check);
    if (absl::IsDeadlineExceeded(status)) {
      errors.push_back(Error(absl::StrCat(timeout == absl::ZeroDuration()
                                              ? "condition not met for "
                                              : "timed out waiting for the condition on ",
                                          info.resource.name, "/", info.name)));
      continue;
    }
    if (!status.ok()) {
      errors.push_back(status);
      continue;
    }
    RETURN_IF_ERROR(
        PrintResult(factory, o.print, deletion ? "condition met" : "condition met", last));
  }
  return Aggregate(errors);
}

}  // namespace

CommandPtr MakeWait(Factory& factory) {
  auto command = NewCommand(
      "wait", "Wait for a specific condition on one or many resources",
      "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) "
      "[--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]]",
      "  # Until a pod is ready\n  kubectl wait --for=condition=Ready pod/web-0\n\n  # Until it is "
      "gone\n"
      "  kubectl wait --for=delete pod/web-0 --timeout=60s");
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->print);
  f.List(&o->files.filenames, "filename", "f",
         "Files, folders or URLs with the objects to wait for.");
  o->files.recursive = true;
  f.Bool(&o->files.recursive, "recursive", "R",
         "Read the directories named by -f with everything below them.");
  f.String(&o->selection.selector, "selector", "l", "Label query that chooses the objects.");
  f.String(&o->selection.field_selector, "field-selector", "",
           "Field query that chooses the objects.");
  f.String(
      &o->wait_for, "for", "",
      "What to wait for: create, delete, condition=NAME[=VALUE], jsonpath='{EXPRESSION}'[=VALUE].");
  f.Bool(&o->selection.all_namespaces, "all-namespaces", "A", "Across all namespaces.");
  f.Bool(&o->all, "all", "", "All objects of the types in the namespace.");
  f.Bool(&o->local, "local", "", "Look at the files only; no server is asked.");
  f.Duration(&o->timeout, "timeout", "", "How long to wait; 0 checks once, negative waits a week.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Run(factory, *o, parsed.args);
  };
  return command;
}

}  // namespace kubectl
