#include "scheduler/framework/convert.h"

#include <algorithm>

#include "apimachinery/quantity.h"
#include "k8s/core/v1/node.pb.h"
#include "k8s/core/v1/pod.pb.h"
#include "scheduler/framework/convert_selectors.h"

namespace scheduler {
namespace {

using apimachinery::Quantity;
using QuantityMap = google::protobuf::Map<std::string, k8s::resource::Quantity>;

// What scoring assumes of a container that asks for nothing: it will use something.
constexpr int64_t kDefaultMilliCpu = 100;
constexpr int64_t kDefaultMemory = 200 * 1024 * 1024;

Labels ToLabels(const google::protobuf::Map<std::string, std::string>& map) { return Labels(map.begin(), map.end()); }

Resources ToResources(const QuantityMap& map) {
  Resources out;
  for (const auto& [name, quantity] : map) {
    const Quantity q = Quantity::ParseOrZero(quantity.string());
    if (name == "cpu") {
      out.milli_cpu = q.MilliValue();
    } else if (name == "memory") {
      out.memory = q.Value();
    } else if (name == "ephemeral-storage") {
      out.ephemeral_storage = q.Value();
    } else if (name != "pods" && name != "storage") {
      out.scalars[name] = q.Value();
    }
  }
  return out;
}

template <typename Proto>
Requirement ToRequirement(const Proto& from) {
  return {from.key(), from.operator_(), {from.values().begin(), from.values().end()}};
}

// Containers run together; init containers one after the other, but sidecars (restartPolicy Always) stay.
// The request is the largest sum that is ever needed at once, plus the runtime's overhead.
template <typename RequestOf>
Resources Aggregate(const k8s::core::v1::PodSpec& spec, RequestOf request_of) {
  Resources running;
  for (const auto& container : spec.containers()) running.Add(request_of(container));
  Resources sidecars, init_peak;
  for (const auto& container : spec.initcontainers()) {
    Resources request = request_of(container);
    if (container.restartpolicy() == "Always") {
      running.Add(request);
      sidecars.Add(request);
      init_peak.Max(sidecars);
    } else {
      request.Add(sidecars);
      init_peak.Max(request);
    }
  }
  running.Max(init_peak);
  running.Add(ToResources(spec.overhead()));
  return running;
}

// Adds "same as / other than my own value of this label" to a selector.
template <typename Keys>
void AddOwnLabels(const Keys& keys, const char* op, const Labels& labels, Selector& selector) {
  for (const std::string& key : keys) {
    if (const auto own = labels.find(key); own != labels.end()) selector.requirements.push_back({key, op, {own->second}});
  }
}

PodAffinityTerm ToTerm(const k8s::core::v1::PodAffinityTerm& from, const PodInfo& pod, int weight = 0) {
  PodAffinityTerm out;
  if (from.has_labelselector()) {
    out.selector = ToSelector(from.labelselector());
    AddOwnLabels(from.matchlabelkeys(), "In", pod.labels, *out.selector);
    AddOwnLabels(from.mismatchlabelkeys(), "NotIn", pod.labels, *out.selector);
  }
  out.namespaces.assign(from.namespaces().begin(), from.namespaces().end());
  if (from.has_namespaceselector()) out.namespace_selector = ToSelector(from.namespaceselector());
  if (out.namespaces.empty() && !out.namespace_selector.has_value()) out.namespaces.push_back(pod.ns);
  out.topology_key = from.topologykey();
  out.weight = weight;
  return out;
}

void ConvertAffinity(const k8s::core::v1::Affinity& affinity, PodInfo& out) {
  const auto& node = affinity.nodeaffinity();
  if (node.has_requiredduringschedulingignoredduringexecution()) {
    out.required_node_terms.emplace();
    for (const auto& term : node.requiredduringschedulingignoredduringexecution().nodeselectorterms()) {
      out.required_node_terms->push_back(ToNodeTerm(term));
    }
  }
  for (const auto& term : node.preferredduringschedulingignoredduringexecution()) {
    out.preferred_node_terms.push_back({term.weight(), ToNodeTerm(term.preference())});
  }
  const auto& together = affinity.podaffinity();
  for (const auto& term : together.requiredduringschedulingignoredduringexecution()) {
    out.required_affinity.push_back(ToTerm(term, out));
  }
  for (const auto& term : together.preferredduringschedulingignoredduringexecution()) {
    out.preferred_affinity.push_back(ToTerm(term.podaffinityterm(), out, term.weight()));
  }
  const auto& apart = affinity.podantiaffinity();
  for (const auto& term : apart.requiredduringschedulingignoredduringexecution()) {
    out.required_anti_affinity.push_back(ToTerm(term, out));
  }
  for (const auto& term : apart.preferredduringschedulingignoredduringexecution()) {
    out.preferred_anti_affinity.push_back(ToTerm(term.podaffinityterm(), out, term.weight()));
  }
}

// Image names as nodes report them: with a tag, always.
std::string NormalizedImage(const std::string& image) {
  const size_t slash = image.rfind('/');
  const size_t colon = image.rfind(':');
  const bool tagged = colon != std::string::npos && (slash == std::string::npos || colon > slash);
  return tagged ? image : image + ":latest";
}

}  // namespace

Selector ToSelector(const k8s::meta::v1::LabelSelector& from) {
  Selector out{ToLabels(from.matchlabels()), {}};
  for (const auto& expression : from.matchexpressions()) out.requirements.push_back(ToRequirement(expression));
  return out;
}

NodeTerm ToNodeTerm(const k8s::core::v1::NodeSelectorTerm& from) {
  NodeTerm out;
  for (const auto& e : from.matchexpressions()) out.expressions.push_back(ToRequirement(e));
  for (const auto& f : from.matchfields()) out.fields.push_back(ToRequirement(f));
  return out;
}

PodInfo ToPodInfo(const k8s::core::v1::Pod& pod) {
  PodInfo out;
  const auto& metadata = pod.metadata();
  const auto& spec = pod.spec();
  out.ns = metadata.namespace_();
  out.name = metadata.name();
  out.uid = metadata.uid();
  out.resource_version = metadata.resourceversion();
  out.node_name = spec.nodename();
  out.labels = ToLabels(metadata.labels());
  out.priority = spec.priority();
  out.preempts = spec.preemptionpolicy() != "Never";
  out.terminating = metadata.has_deletiontimestamp();
  out.nominated_node = pod.status().nominatednodename();
  out.scheduler = pod.spec().schedulername();
  out.created = absl::FromUnixSeconds(metadata.creationtimestamp().seconds());
  out.started = absl::FromUnixSeconds(pod.status().starttime().seconds());

  out.request = Aggregate(spec, [](const auto& container) { return ToResources(container.resources().requests()); });
  const Resources scoring = Aggregate(spec, [](const auto& container) {
    const auto& requests = container.resources().requests();
    Resources request = ToResources(requests);
    if (!requests.contains("cpu")) request.milli_cpu = kDefaultMilliCpu;
    if (!requests.contains("memory")) request.memory = kDefaultMemory;
    return request;
  });
  if (spec.resources().requests_size() > 0) {  // pod-level requests stand for all containers
    const Resources level = ToResources(spec.resources().requests());
    if (spec.resources().requests().contains("cpu")) out.request.milli_cpu = level.milli_cpu;
    if (spec.resources().requests().contains("memory")) out.request.memory = level.memory;
  }
  out.score_cpu = scoring.milli_cpu;
  out.score_memory = scoring.memory;
  for (const auto& t : spec.tolerations()) out.tolerations.push_back({t.key(), t.operator_(), t.value(), t.effect()});
  out.node_selector = ToLabels(spec.nodeselector());
  if (spec.has_affinity()) ConvertAffinity(spec.affinity(), out);
  for (const auto& c : spec.topologyspreadconstraints()) {
    SpreadConstraint constraint;
    constraint.max_skew = c.maxskew();
    constraint.topology_key = c.topologykey();
    constraint.hard = c.whenunsatisfiable() == "DoNotSchedule";
    constraint.selector = ToSelector(c.labelselector());
    AddOwnLabels(c.matchlabelkeys(), "In", out.labels, constraint.selector);
    constraint.min_domains = c.mindomains();
    constraint.honor_node_affinity = c.nodeaffinitypolicy() != "Ignore";
    constraint.honor_node_taints = c.nodetaintspolicy() == "Honor";
    out.spread.push_back(std::move(constraint));
  }
  const auto add_ports = [&](const auto& container) {
    for (const auto& port : container.ports()) {
      if (port.hostport() > 0) {
        out.ports.push_back({port.hostip(), port.protocol().empty() ? "TCP" : port.protocol(), port.hostport()});
      }
    }
  };
  for (const auto& container : spec.containers()) {
    add_ports(container);
    out.images.push_back(NormalizedImage(container.image()));
  }
  for (const auto& container : spec.initcontainers()) {
    if (container.restartpolicy() == "Always") add_ports(container);
  }
  for (const auto& volume : spec.volumes()) {
    if (volume.volumesource().has_persistentvolumeclaim()) {
      out.claims.push_back(volume.volumesource().persistentvolumeclaim().claimname());
    } else if (volume.volumesource().has_ephemeral()) {  // a claim of its own, named after it
      out.claims.push_back(out.name + "-" + volume.name());
      out.ephemeral_claims.insert(out.claims.back());
    }
  }
  return out;
}

NodeSpec ToNodeSpec(const k8s::core::v1::Node& node) {
  NodeSpec out;
  out.name = node.metadata().name();
  out.labels = ToLabels(node.metadata().labels());
  for (const auto& t : node.spec().taints()) out.taints.push_back({t.key(), t.value(), t.effect()});
  out.unschedulable = node.spec().unschedulable();
  const auto& allocatable = node.status().allocatable();
  out.allocatable = ToResources(allocatable);
  if (const auto pods = allocatable.find("pods"); pods != allocatable.end()) {
    out.max_pods = Quantity::ParseOrZero(pods->second.string()).Value();
  }
  for (const auto& image : node.status().images()) {
    for (const std::string& name : image.names()) out.images[name] = image.sizebytes();
  }
  return out;
}

}  // namespace scheduler
