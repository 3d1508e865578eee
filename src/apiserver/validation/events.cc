// Event, of core/v1 and of events.k8s.io/v1: two faces of one thing, which upstream's messages name by its inner names.
#include "absl/strings/str_cat.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

// The members of either face.
struct Face {
  const char *involved, *message, *controller, *source, *first, *last, *count;
  const char* controller_path;
};
constexpr Face kCore = {"involvedObject", "message", "reportingComponent", "source", "firstTimestamp",
                        "lastTimestamp",  "count",   "reportingComponent"};
constexpr Face kEvents = {"regarding",
                          "note",
                          "reportingController",
                          "deprecatedSource",
                          "deprecatedFirstTimestamp",
                          "deprecatedLastTimestamp",
                          "deprecatedCount",
                          "reportingController"};

void AtMost(FieldErrors& e, const Path& p, absl::string_view text, size_t most) {
  if (text.size() > most) e.Invalid(p, "", absl::StrCat("can have at most ", most, " characters"));
}

// What every event has to obey.
void Legacy(FieldErrors& e, const Value& event, const Face& face) {
  const Path p;
  const std::string ns = event.GetString("metadata.namespace");
  const absl::string_view of = Text(Sub(event, face.involved), "namespace");
  const bool timed = event.Has("eventTime");
  // Cluster-scoped objects have their events in the default namespace.
  const bool agrees = of.empty() ? ns == "default" || (timed ? ns == "kube-system" : ns.empty()) : timed || ns == of;
  if (!agrees) e.Invalid(p / "involvedObject.namespace", Value(of), "does not match event.namespace");
  if (timed) {
    const absl::string_view controller = Text(event, face.controller);
    if (controller.empty()) e.Required(p / face.controller_path);
    LabelName(e, p / face.controller_path, controller);
    for (const char* key : {"reportingInstance", "action", "reason"}) {
      Required(e, p, event, key);
      AtMost(e, p / key, Text(event, key), 128);
    }
    AtMost(e, p / "message", Text(event, face.message), 1024);
  }
  Named(e, p / "namespace", ns, apimachinery::IsDns1123Subdomain(ns));
}

void Series(FieldErrors& e, const Value& event) {
  const Value* series = event.Find("series");
  if (series == nullptr) return;
  if (Int(*series, "count") < 2) e.Invalid(Path("series.count"), "", "should be at least 2");
  Required(e, Path("series"), *series, "lastObservedTime");
}

void CoreCreate(FieldErrors& e, const Value& event) { Legacy(e, event, kCore); }
void CoreUpdate(FieldErrors& e, const Value& event, const Value&) { Legacy(e, event, kCore); }

void StrictCreate(FieldErrors& e, const Value& event) {
  Legacy(e, event, kEvents);
  Metadata(e, event, true, SubdomainName);
  Series(e, event);
  const Path p;
  constexpr char kUnset[] = "needs to be unset";
  if (!event.Has("eventTime")) e.Required(p / "eventTime");
  if (const absl::string_view type = Text(event, "type"); !In(type, {"Normal", "Warning"})) {
    e.Invalid(p / "type", "", absl::StrCat("has invalid value: ", type));
  }
  if (event.Has(kEvents.first)) e.Invalid(p / "firstTimestamp", "", kUnset);
  if (event.Has(kEvents.last)) e.Invalid(p / "lastTimestamp", "", kUnset);
  if (Int(event, kEvents.count) != 0) e.Invalid(p / "count", "", kUnset);
  if (!IsUnset(event.Find(kEvents.source))) e.Invalid(p / "source", "", kUnset);
}

void StrictUpdate(FieldErrors& e, const Value& event, const Value& old) {
  Legacy(e, event, kEvents);
  MetadataUpdate(e, event, old);
  if (!SameMember(event, old, "series")) Series(e, event);
  static constexpr struct {
    const char *member, *path, *type;
  } kFixed[] = {
      {kEvents.involved, "involvedObject", "core.ObjectReference"},
      {"reason", "reason", "s"},
      {kEvents.message, "message", "s"},
      {kEvents.source, "source", "core.EventSource"},
      {kEvents.first, "firstTimestamp", "t"},
      {kEvents.last, "lastTimestamp", "t"},
      {kEvents.count, "count", "n"},
      {"reason", "reason", "s"},
      {"type", "type", "s"},
      {"eventTime", "eventTime", "t"},
      {"action", "action", "s"},
      {"related", "related", "*core.ObjectReference"},
      {kEvents.controller, "reportingController", "s"},
      {"reportingInstance", "reportingInstance", "s"},
  };
  const Path p;
  for (const auto& fixed : kFixed) {
    ImmutableAs(e, p / fixed.path, fixed.type, event.Find(fixed.member), old.Find(fixed.member));
  }
}

}  // namespace

absl::Span<const KindRules> EventKinds() {
  static constexpr KindRules kRules[] = {
      {"", "Event", CoreCreate, CoreUpdate},
      {"events.k8s.io", "Event", StrictCreate, StrictUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
