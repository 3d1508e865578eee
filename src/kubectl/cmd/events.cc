// kubectl events: what happened, oldest first.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "kubectl/cli/tabwriter.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/printers/table.h"

namespace kubectl {
namespace {

struct Options {
  PrintOptions print;
  std::string for_object;
  std::vector<std::string> types;
  bool all_namespaces = false, no_headers = false, watch = false;
  int64_t chunk_size = 500;
};

std::string LastSeen(const Value& e) {
  if (const Value* series = e.Find("series"); series != nullptr && series->is_object())
    return series->GetString("lastObservedTime");
  if (!e.GetString("lastTimestamp").empty()) return e.GetString("lastTimestamp");
  return e.GetString("eventTime");
}

std::string Interval(const Value& e) {
  const std::string first =
      AgeOf(e.GetString("firstTimestamp").empty() ? e.GetString("eventTime")
                                                  : e.GetString("firstTimestamp"));
  if (const Value* series = e.Find("series"); series != nullptr && series->is_object()) {
    return absl::StrCat(AgeOf(series->GetString("lastObservedTime")), " (x",
                        series->GetInt("count"), " over ", first, ")");
  }
  if (e.GetInt("count") > 1)
    return absl::StrCat(AgeOf(e.GetString("lastTimestamp")), " (x", e.GetInt("count"), " over ",
                        first, ")");
  return first;
}

bool Wanted(const Options& o, const Value& e) {
  if (o.types.empty()) return true;
  for (const std::string& type : o.types) {
    if (absl::EqualsIgnoreCase(type, e.GetString("type"))) return true;
  }
  return false;
}

void Row(const Options& o, const Value& e, TabWriter& table) {
  table.Write(absl::StrCat(o.all_namespaces ? e.GetString("metadata.namespace") + "\t" : "",
                           Interval(e), "\t", e.GetString("type"), "\t", e.GetString("reason"),
                           "\t", e.GetString("involvedObject.kind"), "/",
                           e.GetString("involvedObject.name"), "\t",
                           absl::StripAsciiWhitespace(e.GetString("message"))));
  table.Write("\n");
}

absl::Status Run(Factory& factory, Options& o) {
  for (const std::string& type : o.types) {
    if (!absl::EqualsIgnoreCase(type, "Normal") && !absl::EqualsIgnoreCase(type, "Warning"))
      return Error(absl::StrCat("valid --types are Normal or Warning"));
  }
  ASSIGN_OR_RETURN(const std::string ns, factory.Namespace());
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  std::string query;
  if (!o.for_object.empty()) {
    const std::vector<std::string> parts = absl::StrSplit(o.for_object, '/');
    if (parts.size() != 2) return Error("--for must be in resource/name form");
    ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
    const absl::StatusOr<ApiResource> found = discovery->ForArgument(parts[0]);
    if (!found.ok()) return Rendered(found.status().message());
    const ApiResource& resource = *found;
    query = absl::StrCat(
        "fieldSelector=",
        UrlEscape(absl::StrCat("involvedObject.kind=", resource.kind, ",involvedObject.name=",
                               parts[1], ",involvedObject.apiVersion=", resource.ApiVersion())));
  }
  const std::string path =
      o.all_namespaces ? "/api/v1/events" : absl::StrCat("/api/v1/namespaces/", ns, "/events");
  std::string version;
  std::vector<Value> events;
  RETURN_IF_ERROR(
      ListPages(*client, path, query, "application/json", o.chunk_size, [&](Value page) {
        version = page.GetString("metadata.resourceVersion");
        for (Value item : page.GetArray("items")) {
          item.Set("kind", "Event");
          item.Set("apiVersion", "v1");
          if (Wanted(o, item)) events.push_back(std::move(item));
        }
        return absl::OkStatus();
      }));
  std::stable_sort(events.begin(), events.end(),
                   [](const Value& a, const Value& b) { return LastSeen(a) < LastSeen(b); });
  if (events.empty() && !o.watch) {
    factory.io.Err(o.all_namespaces ? "No events found.\n"
                                    : absl::StrCat("No events found in ", ns, " namespace.\n"));
    return absl::OkStatus();
  }
  if (!o.print.output.empty()) {
    Value list;
    list.Set("apiVersion", "v1");
    list["items"] = Value::MakeArray();
    for (Value& event : events) list["items"].Append(std::move(event));
    list.Set("kind", "EventList");
    list["metadata"].Set("resourceVersion", version);
    return PrintResult(factory, o.print, "", list);
  }
  TabWriter table(factory.io.out, {6, 3, true});
  if (!o.no_headers)
    table.Write(absl::StrCat(o.all_namespaces ? "NAMESPACE\t" : "",
                             "LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n"));
  for (const Value& event : events) Row(o, event, table);
  table.Flush();
  if (!o.watch) return absl::OkStatus();
  factory.io.out->Flush();
  Request request;
  request.path = absl::StrCat(path, "?", query, query.empty() ? "" : "&",
                              "resourceVersion=", version, "&watch=true");
  const absl::Status status = client->StreamLines(request, [&](absl::string_view line) {
    const absl::StatusOr<Value> event = ParseJson(line);
    const Value* object = event.ok() ? event->Find("object") : nullptr;
    if (object != nullptr && event->GetString("type") != "DELETED" &&
        object->GetString("kind") == "Event" && Wanted(o, *object)) {
      Row(o, *object, table);
      table.Flush();
      factory.io.out->Flush();
    }
    return true;
  });
  return absl::IsUnavailable(status) ? absl::OkStatus() : status;
}

}  // namespace

CommandPtr MakeEvents(Factory& factory) {
  auto command = NewCommand("events", "List events",
                            "[(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|"
                            "template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file] "
                            "[--for TYPE/NAME] [--watch] [--types=Normal,Warning]",
                            "  # What happened to a pod\n  kubectl events --for pod/web-0");
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  AddPrintFlags(&f, &o->print);
  f.String(&o->for_object, "for", "", "Only events about this object, TYPE/NAME.");
  f.List(&o->types, "types", "", "Only these types: Normal, Warning.");
  f.Bool(&o->all_namespaces, "all-namespaces", "A", "Across all namespaces.");
  f.Bool(&o->no_headers, "no-headers", "", "Leave the line of headings out.");
  f.Bool(&o->watch, "watch", "w", "Keep printing new events.");
  f.Int(&o->chunk_size, "chunk-size", "",
        "Fetch long lists in pages of this size; 0 for all at once.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Run(factory, *o);
  };
  return command;
}

}  // namespace kubectl
