// Kinds that upstream serves in two shapes: events (core and events.k8s.io) and autoscalers (v1 and v2).
#include "apiserver/defaults/autoscaler_versions.h"
#include "apiserver/registry/resource.h"

namespace apiserver::registry {
namespace {

using apimachinery::Kind;
using apimachinery::Value;

void Rename(Value& object, absl::string_view from, absl::string_view to) {
  const Value* present = object.Find(from);
  if (present == nullptr) return;
  Value moved = *present;
  object.Erase(from);
  object.Set(to, std::move(moved));
}

struct Pair {
  absl::string_view core, events;
};
constexpr Pair kEventFields[] = {
    {"involvedObject", "regarding"},       {"message", "note"},
    {"source", "deprecatedSource"},        {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"}, {"count", "deprecatedCount"},
    {"reportingComponent", "reportingController"},
};

}  // namespace

void Convert(const Kind& from, const Kind& to, Value& object) {
  if (&from == &to) return;
  if (to.custom != nullptr) return apimachinery::structural::ConvertTo(*to.custom, &object);
  object.Set("apiVersion", to.api_version);
  object.Set("kind", to.kind);
  if (from.kind == "Event") {
    const bool to_core = to.group.empty();
    for (const Pair& p : kEventFields) Rename(object, to_core ? p.events : p.core, to_core ? p.core : p.events);
    if (Value* series = object.Find("series"); series != nullptr && series->is_object()) {
      series->Erase("state");
    }
  } else if (from.kind == "HorizontalPodAutoscaler") {
    if (to.version == "v1") {
      defaults::AutoscalerToV1(object);
    } else {
      defaults::AutoscalerToV2(object);
    }
  }
}

std::function<const apimachinery::Message*(absl::string_view, Value*)> ConverterOf(const Kind& kind) {
  if (kind.group != "autoscaling" || kind.kind != "HorizontalPodAutoscaler") return {};
  return [&kind](absl::string_view api_version, Value* object) -> const apimachinery::Message* {
    const Kind* other = apimachinery::Schema::Builtin().FindKind(api_version, kind.kind);
    if (other == nullptr) return nullptr;
    Convert(kind, *other, *object);
    return other->message;
  };
}

}  // namespace apiserver::registry
