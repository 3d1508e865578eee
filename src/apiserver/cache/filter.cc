#include "apiserver/cache/filter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"
#include "apiserver/cache/object_bytes.h"
#include "base/status_macros.h"

namespace apiserver::cache {
namespace {

struct Selectable {
  absl::string_view group, kind;
  std::vector<absl::string_view> fields;
};

// Upstream's field label conversions (pkg/apis/*/conversion.go) and strategies.
const std::vector<Selectable>& Table() {
  static const auto* table = new std::vector<Selectable>{
      {"", "Pod",
       {"spec.nodeName", "spec.host", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName"}},
      {"", "Node", {"spec.unschedulable"}},
      {"", "Namespace", {"status.phase"}},
      {"", "Secret", {"type"}},
      {"", "Service", {"spec.clusterIP", "spec.type"}},
      {"", "ReplicationController", {"status.replicas"}},
      {"", "Event",
       {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source", "type"}},
      {"events.k8s.io", "Event",
       {"regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "regarding.apiVersion",
        "regarding.resourceVersion", "regarding.fieldPath", "reason", "reportingController", "type"}},
      {"batch", "Job", {"status.successful"}},
      {"certificates.k8s.io", "CertificateSigningRequest", {"spec.signerName"}},
      {"resource.k8s.io", "ResourceSlice", {"spec.nodeName", "spec.driver"}},
  };
  return *table;
}

// Kinds with a list of fields of their own that leaves this one out; other cluster-scoped kinds have it, always empty.
bool LacksNamespaceField(const apimachinery::Kind& kind) {
  return kind.kind == "Node" || kind.kind == "Namespace" || kind.kind == "CertificateSigningRequest" ||
         kind.kind == "ResourceSlice";
}

std::string FieldOf(const Entry& entry, absl::string_view field) {
  if (field == "metadata.name") return std::string(entry.name());
  if (field == "metadata.namespace") return std::string(entry.ns());
  if (entry.custom()) return entry.FieldText(field);
  const apimachinery::Message& message = *entry.kind->message;
  if (field == "spec.host") return FieldText(message, entry.bytes, "spec.nodeName");  // its name in the first versions
  if (field == "source" && entry.kind->kind == "Event") {
    std::string component = FieldText(message, entry.bytes, "source.component");
    return component.empty() ? FieldText(message, entry.bytes, "reportingComponent") : component;
  }
  if (field == "status.successful") return FieldText(message, entry.bytes, "status.succeeded");
  if (entry.kind->group.empty() && entry.kind->kind == "Event") {  // asked by the names of events.k8s.io
    if (field.substr(0, 10) == "regarding.") {
      return FieldText(message, entry.bytes, absl::StrCat("involvedObject.", field.substr(10)));
    }
    if (field == "reportingController") return FieldText(message, entry.bytes, "reportingComponent");
  }
  return FieldText(message, entry.bytes, field);
}

}  // namespace

bool Filter::Matches(const Entry& entry) const {
  if (!ns.empty() && entry.ns() != ns) return false;
  if (!name.empty() && entry.name() != name) return false;
  if (!labels.MatchesEverything() &&
      !labels.Matches([&entry](absl::string_view key) { return entry.LabelValue(key); })) {
    return false;
  }
  return fields.empty() || fields.Matches([&entry](absl::string_view field) { return FieldOf(entry, field); });
}

std::vector<absl::string_view> SelectableFields(const apimachinery::Kind& kind) {
  std::vector<absl::string_view> fields = {"metadata.name"};
  if (kind.custom != nullptr) {
    fields.push_back("metadata.namespace");
    fields.insert(fields.end(), kind.custom->selectable_fields.begin(), kind.custom->selectable_fields.end());
    return fields;
  }
  if (!LacksNamespaceField(kind)) fields.push_back("metadata.namespace");
  for (const Selectable& s : Table()) {
    if (s.group == kind.group && s.kind == kind.kind) fields.insert(fields.end(), s.fields.begin(), s.fields.end());
  }
  return fields;
}

namespace {

// Upstream's conversions each have words of their own.
std::string Unsupported(const apimachinery::Kind& kind, absl::string_view field, bool generic) {
  if (kind.custom != nullptr) return absl::StrCat("field label not supported: ", field);
  if (kind.kind == "Job") return absl::StrCat("field label \"", field, "\" not supported for Job");
  if (kind.kind == "ResourceSlice") {
    return absl::StrCat("field label not supported for ", kind.group, "/", kind.version, ", Kind=", kind.kind, ": ", field);
  }
  if (generic) {
    return absl::StrCat("\"", field, "\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
  }
  return absl::StrCat("field label not supported: ", field);
}

}  // namespace

absl::StatusOr<Filter> ParseFilter(const apimachinery::Kind& kind, absl::string_view ns, absl::string_view label_selector,
                                   absl::string_view field_selector) {
  Filter filter;
  filter.ns = std::string(ns);
  auto labels = apimachinery::LabelSelector::Parse(label_selector);
  if (!labels.ok()) return apimachinery::BadRequest(labels.status().message());
  filter.labels = *std::move(labels);
  auto fields = apimachinery::FieldSelector::Parse(field_selector);
  if (!fields.ok()) return apimachinery::BadRequest(fields.status().message());
  filter.fields = *std::move(fields);
  const std::vector<absl::string_view> known = SelectableFields(kind);
  for (const apimachinery::FieldTerm& term : filter.fields.terms()) {
    if (std::find(known.begin(), known.end(), term.field) == known.end()) {
      return apimachinery::BadRequest(Unsupported(kind, term.field, known == std::vector<absl::string_view>{"metadata.name", "metadata.namespace"}));
    }
  }
  return filter;
}

}  // namespace apiserver::cache
