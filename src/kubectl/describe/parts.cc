#include "kubectl/describe/parts.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "apimachinery/labels.h"
#include "apimachinery/quantity.h"
#include "base/status_macros.h"
#include "kubectl/printers/table.h"
#include "kubectl/rest/client.h"

namespace kubectl {
namespace {

constexpr size_t kMaxAnnotation = 140;

std::string Shorten(absl::string_view text, size_t length) {
  return text.size() > length ? absl::StrCat(text.substr(0, length), "...") : std::string(text);
}

}  // namespace

std::string OrNone(const std::string& text) { return text.empty() ? "<none>" : text; }
std::string OrDefault(const std::string& text, absl::string_view other) {
  return text.empty() ? std::string(other) : text;
}
std::string BoolText(bool value) { return value ? "True" : "False"; }

std::string TimeText(const std::string& rfc3339) {
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, rfc3339, &time, nullptr))
    return "Mon, 01 Jan 0001 00:00:00 +0000";
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S %z", time, absl::LocalTimeZone());
}

std::vector<const apimachinery::Member*> SortedMembers(const Value* object) {
  std::vector<const apimachinery::Member*> members;
  if (object == nullptr || !object->is_object()) return members;
  for (const apimachinery::Member& member : object->object()) members.push_back(&member);
  std::sort(members.begin(), members.end(),
            [](const auto* a, const auto* b) { return a->key < b->key; });
  return members;
}

std::string LabelsText(const Value* labels) {
  std::vector<std::string> parts;
  for (const auto* member : SortedMembers(labels))
    parts.push_back(absl::StrCat(member->key, "=", member->value.as_string()));
  return parts.empty() ? "<none>" : absl::StrJoin(parts, ",");
}

std::string SelectorText(const Value* selector) {
  const auto parsed = apimachinery::LabelSelector::FromObject(selector);
  if (!parsed.ok()) return "<error>";
  return OrNone(parsed->ToString());
}

std::string JoinStrings(const Array& strings, absl::string_view separator) {
  return absl::StrJoin(strings, separator,
                       [](std::string* out, const Value& v) { out->append(v.as_string()); });
}

std::string IntOrString(const Value* value, absl::string_view absent) {
  if (value == nullptr) return std::string(absent);
  return value->is_string() ? value->as_string() : absl::StrCat(value->as_int());
}

std::string ControllerOf(const Value& object) {
  for (const Value& owner : object.GetArray("metadata.ownerReferences")) {
    if (owner.GetBool("controller"))
      return absl::StrCat(owner.GetString("kind"), "/", owner.GetString("name"));
  }
  return "";
}

void WriteLabels(DescribeWriter& w, absl::string_view title, const Value* labels,
                 absl::string_view indent, absl::string_view inner) {
  w.Write(0, indent, title, ":", inner);
  const auto members = SortedMembers(labels);
  if (members.empty()) w.Write(0, "<none>\n");
  for (size_t i = 0; i < members.size(); ++i) {
    if (i > 0) w.Write(0, inner);
    w.Write(0, members[i]->key, "=", members[i]->value.as_string(), "\n");
  }
}

void WriteAnnotations(DescribeWriter& w, const Value* annotations, absl::string_view title) {
  w.Write(0, title, ":\t");
  bool first = true;
  for (const auto* member : SortedMembers(annotations)) {
    if (member->key == "kubectl.kubernetes.io/last-applied-configuration") continue;
    if (!first) w.Write(0, "\t");
    first = false;
    absl::string_view value = member->value.as_string();
    absl::ConsumeSuffix(&value, "\n");
    if (value.size() + member->key.size() + 2 > kMaxAnnotation || absl::StrContains(value, "\n")) {
      w.Write(0, member->key, ":\n");
      for (const absl::string_view line : absl::StrSplit(value, '\n')) {
        w.Write(0, "\t  ", Shorten(line, kMaxAnnotation - 2), "\n");
      }
    } else {
      w.Write(0, member->key, ": ", value, "\n");
    }
  }
  if (first) w.Write(0, "<none>\n");
}

void WriteNameAndLabels(DescribeWriter& w, const Value& object, bool namespaced) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  if (namespaced) w.Write(0, "Namespace:\t", object.GetString("metadata.namespace"), "\n");
  WriteLabels(w, "Labels", object.At("metadata.labels"));
  WriteAnnotations(w, object.At("metadata.annotations"));
}

void WriteTolerations(DescribeWriter& w, const Value* tolerations, absl::string_view indent) {
  w.Write(0, indent, "Tolerations:\t");
  if (tolerations == nullptr || tolerations->empty()) {
    w.Write(0, "<none>\n");
    return;
  }
  Array sorted = tolerations->array();
  std::stable_sort(sorted.begin(), sorted.end(), [](const Value& a, const Value& b) {
    return a.GetString("key") < b.GetString("key");
  });
  bool first = true;
  for (const Value& toleration : sorted) {
    if (!first) w.Write(0, indent, "\t");
    first = false;
    const std::string key = toleration.GetString("key"), value = toleration.GetString("value"),
                      effect = toleration.GetString("effect");
    std::string text = key;
    if (!value.empty()) absl::StrAppend(&text, "=", value);
    if (!effect.empty()) absl::StrAppend(&text, ":", effect);
    if (toleration.GetString("operator") == "Exists" && value.empty()) {
      absl::StrAppend(&text, key.empty() && effect.empty() ? "" : " ", "op=Exists");
    }
    if (toleration.Has("tolerationSeconds"))
      absl::StrAppend(&text, " for ", toleration.GetInt("tolerationSeconds"), "s");
    w.Write(0, text, "\n");
  }
}

void WriteTopologySpread(DescribeWriter& w, const Array& constraints, absl::string_view space) {
  if (constraints.empty()) return;
  Array sorted = constraints;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Value& a, const Value& b) {
    return a.GetString("topologyKey") < b.GetString("topologyKey");
  });
  w.Write(0, space, "Topology Spread Constraints:\t");
  bool first = true;
  for (const Value& c : sorted) {
    if (!first) w.Write(0, space, "\t");
    first = false;
    w.Write(0, c.GetString("topologyKey"), ":", c.GetString("whenUnsatisfiable"), " when max skew ",
            c.GetInt("maxSkew"), " is exceeded");
    if (const Value* selector = c.Find("labelSelector"); selector != nullptr)
      w.Write(0, " for selector ", SelectorText(selector));
    w.Write(0, "\n");
  }
}

void WriteEvents(DescribeWriter& w, Events events) {
  if (events == nullptr) return;
  if (events->empty()) {
    w.Write(0, "Events:\t<none>\n");
    return;
  }
  w.Flush();
  std::vector<const Value*> sorted;
  for (const Value& event : *events) sorted.push_back(&event);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Value* a, const Value* b) {
    return a->GetString("lastTimestamp") < b->GetString("lastTimestamp");
  });
  w.Write(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage\n");
  w.Write(1, "----\t------\t----\t----\t-------\n");
  for (const Value* e : sorted) {
    const std::string first =
        AgeOf(e->GetString("eventTime").empty() ? e->GetString("firstTimestamp")
                                                : e->GetString("eventTime"));
    std::string interval = first;
    const Value* series = e->Find("series");
    if (series != nullptr && series->is_object()) {
      interval = absl::StrCat(AgeOf(series->GetString("lastObservedTime")), " (x",
                              series->GetInt("count"), " over ", first, ")");
    } else if (e->GetInt("count") > 1) {
      interval = absl::StrCat(AgeOf(e->GetString("lastTimestamp")), " (x", e->GetInt("count"),
                              " over ", first, ")");
    }
    const std::string source =
        OrDefault(e->GetString("source.component"), e->GetString("reportingComponent"));
    // Events about a part of the object name it: "spec.containers{a}: Container started".
    const std::string part = e->GetString("involvedObject.fieldPath");
    w.Write(1, e->GetString("type"), "\t", e->GetString("reason"), "\t", interval, "\t", source,
            "\t", part, part.empty() ? "" : ": ",
            absl::StripAsciiWhitespace(e->GetString("message")), "\n");
  }
}

void WritePodTemplate(DescribeWriter& w, const Value& pod_template) {
  w.Write(0, "Pod Template:\n");
  WriteLabels(w, "Labels", pod_template.At("metadata.labels"), "  ");
  const Value* annotations = pod_template.At("metadata.annotations");
  if (annotations != nullptr && !annotations->empty())
    WriteAnnotations(w, annotations, "  Annotations");
  const std::string account = pod_template.GetString("spec.serviceAccountName");
  if (!account.empty()) w.Write(0, "  Service Account:\t", account, "\n");
  const Array& init = pod_template.GetArray("spec.initContainers");
  if (!init.empty()) WriteContainers(w, "Init Containers", init, {}, nullptr, "  ");
  WriteContainers(w, "Containers", pod_template.GetArray("spec.containers"), {}, nullptr, "  ");
  WriteVolumes(w, pod_template.GetArray("spec.volumes"), "  ");
  WriteTopologySpread(w, pod_template.GetArray("spec.topologySpreadConstraints"), "  ");
  const std::string priority = pod_template.GetString("spec.priorityClassName");
  if (!priority.empty()) w.Write(0, "  Priority Class Name:\t", priority, "\n");
  WriteLabels(w, "Node-Selectors", pod_template.At("spec.nodeSelector"), "  ", "\t");
  WriteTolerations(w, pod_template.At("spec.tolerations"), "  ");
}

std::string QosClass(const Value& pod) {
  const std::string told = pod.GetString("status.qosClass");
  if (!told.empty()) return told;
  bool any = false, guaranteed = true;
  for (const char* list : {"spec.containers", "spec.initContainers"}) {
    for (const Value& container : pod.GetArray(list)) {
      for (const char* name : {"cpu", "memory"}) {
        const std::string limit = container.GetString(absl::StrCat("resources.limits.", name));
        const std::string request = container.GetString(absl::StrCat("resources.requests.", name));
        any = any || !limit.empty() || !request.empty();
        guaranteed = guaranteed && !limit.empty() &&
                     (request.empty() || apimachinery::Quantity::ParseOrZero(limit) ==
                                             apimachinery::Quantity::ParseOrZero(request));
      }
    }
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

absl::StatusOr<PodCounts> CountPods(const Cluster& cluster, const Value& owner,
                                    const Value* selector) {
  ASSIGN_OR_RETURN(const auto parsed, apimachinery::LabelSelector::FromObject(selector));
  ASSIGN_OR_RETURN(
      const std::vector<Value> pods,
      cluster.list(absl::StrCat("/api/v1/namespaces/", owner.GetString("metadata.namespace"),
                                "/pods?labelSelector=", UrlEscape(parsed.ToString()))));
  PodCounts counts;
  for (const Value& pod : pods) {
    bool owned = false;
    for (const Value& reference : pod.GetArray("metadata.ownerReferences")) {
      owned = owned || (reference.GetBool("controller") &&
                        reference.GetString("uid") == owner.GetString("metadata.uid"));
    }
    if (!owned) continue;
    const std::string phase = pod.GetString("status.phase");
    if (phase == "Running") ++counts.running;
    if (phase == "Pending") ++counts.waiting;
    if (phase == "Succeeded") ++counts.succeeded;
    if (phase == "Failed") ++counts.failed;
  }
  return counts;
}

}  // namespace kubectl
