#include "controller-manager/daemonset/daemonset_plan.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "controller-manager/framework/pod_control.h"
#include "controller-manager/history/revisions.h"

namespace controller_manager {
namespace {

using k8s::core::v1::NodeSelectorTerm;
using k8s::core::v1::PodSpec;
using k8s::core::v1::Toleration;

struct DaemonToleration {
  const char* key;
  const char* effect;
};
// Daemons stay on and go to nodes that other pods avoid.
constexpr DaemonToleration kTolerations[] = {{"node.kubernetes.io/not-ready", "NoExecute"},
                                             {"node.kubernetes.io/unreachable", "NoExecute"},
                                             {"node.kubernetes.io/disk-pressure", "NoSchedule"},
                                             {"node.kubernetes.io/memory-pressure", "NoSchedule"},
                                             {"node.kubernetes.io/pid-pressure", "NoSchedule"},
                                             {"node.kubernetes.io/unschedulable", "NoSchedule"}};

void AddTolerations(PodSpec& spec) {
  const auto add = [&](const char* key, const char* effect) {
    for (const Toleration& t : spec.tolerations()) {
      if (t.key() == key && t.effect() == effect && t.operator_() == "Exists" && !t.has_tolerationseconds()) return;
    }
    Toleration& toleration = *spec.add_tolerations();
    toleration.set_key(key);
    toleration.set_operator_("Exists");
    toleration.set_effect(effect);
  };
  for (const DaemonToleration& t : kTolerations) add(t.key, t.effect);
  if (spec.hostnetwork()) add("node.kubernetes.io/network-unavailable", "NoSchedule");
}

bool Matches(const k8s::core::v1::NodeSelectorRequirement& want, const std::string* value) {
  const auto& values = want.values();
  const bool in = value != nullptr && std::find(values.begin(), values.end(), *value) != values.end();
  const std::string& op = want.operator_();
  if (op == "In") return in;
  if (op == "NotIn") return !in;
  if (op == "Exists") return value != nullptr;
  if (op == "DoesNotExist") return value == nullptr;
  int64_t have = 0, limit = 0;
  if (value == nullptr || values.size() != 1 || !absl::SimpleAtoi(*value, &have) ||
      !absl::SimpleAtoi(values[0], &limit)) {
    return false;
  }
  return op == "Gt" ? have > limit : have < limit;
}

bool Matches(const NodeSelectorTerm& term, const Node& node) {
  if (term.matchexpressions().empty() && term.matchfields().empty()) return false;
  for (const auto& want : term.matchexpressions()) {
    const auto found = node.metadata().labels().find(want.key());
    if (!Matches(want, found == node.metadata().labels().end() ? nullptr : &found->second)) return false;
  }
  for (const auto& want : term.matchfields()) {
    if (!Matches(want, &node.metadata().name())) return false;
  }
  return true;
}

bool Tolerates(const PodSpec& spec, const k8s::core::v1::Taint& taint) {
  return std::any_of(spec.tolerations().begin(), spec.tolerations().end(), [&](const Toleration& t) {
    if (!t.effect().empty() && t.effect() != taint.effect()) return false;
    if (!t.key().empty() && t.key() != taint.key()) return false;
    return t.operator_() == "Exists" || t.value() == taint.value();
  });
}

// An IntOrString against the number of nodes, rounded up.
int Resolve(const k8s::intstr::IntOrString& value, int total) {
  if (value.type() == 0) return value.intval();
  double percent = 0;
  if (!absl::SimpleAtod(absl::StripSuffix(value.strval(), "%"), &percent)) return 0;
  return static_cast<int>(std::ceil(percent * total / 100));
}

std::string HashLabel(const Pod& pod) {
  const auto found = pod.metadata().labels().find(kRevisionHash);
  return found == pod.metadata().labels().end() ? "" : found->second;
}

}  // namespace

Placement PlaceOn(const DaemonSet& set, const Node& node) {
  PodSpec spec = set.spec().template_().spec();
  AddTolerations(spec);
  Placement placement;
  if (!spec.nodename().empty() && spec.nodename() != node.metadata().name()) return placement;
  if (!MatchesSet(spec.nodeselector(), node.metadata().labels())) return placement;
  const auto& affinity = spec.affinity().nodeaffinity();
  if (affinity.has_requiredduringschedulingignoredduringexecution()) {
    const auto& terms = affinity.requiredduringschedulingignoredduringexecution().nodeselectorterms();
    if (std::none_of(terms.begin(), terms.end(), [&](const auto& term) { return Matches(term, node); })) {
      return placement;
    }
  }
  placement.run = placement.stay = true;
  for (const auto& taint : node.spec().taints()) {
    if (taint.effect() == "PreferNoSchedule" || Tolerates(spec, taint)) continue;
    placement.run = false;
    if (taint.effect() == "NoExecute") placement.stay = false;
  }
  return placement;
}

std::string TargetNode(const Pod& pod) {
  if (!pod.spec().nodename().empty()) return pod.spec().nodename();
  const auto& affinity = pod.spec().affinity().nodeaffinity().requiredduringschedulingignoredduringexecution();
  for (const NodeSelectorTerm& term : affinity.nodeselectorterms()) {
    for (const auto& field : term.matchfields()) {
      if (field.key() == "metadata.name" && field.values_size() == 1) return field.values(0);
    }
  }
  return "";
}

Pod MakeDaemonPod(const DaemonSet& set, const std::string& node, const std::string& hash) {
  Pod pod = PodFromTemplate(set.spec().template_(), set.metadata(), ControllerRefTo(set));
  auto& labels = *pod.mutable_metadata()->mutable_labels();
  labels[kRevisionHash] = hash;
  labels["pod-template-generation"] = absl::StrCat(set.metadata().generation());
  if (const std::string generation = Annotation(set.metadata(), "deprecated.daemonset.template.generation");
      !generation.empty()) {
    labels["pod-template-generation"] = generation;
  }
  AddTolerations(*pod.mutable_spec());
  auto& required = *pod.mutable_spec()
                        ->mutable_affinity()
                        ->mutable_nodeaffinity()
                        ->mutable_requiredduringschedulingignoredduringexecution();
  // The template's terms were judged already; the pod is for this node and no other.
  if (required.nodeselectorterms().empty()) required.add_nodeselectorterms();
  for (NodeSelectorTerm& term : *required.mutable_nodeselectorterms()) {
    term.clear_matchfields();
    auto& field = *term.add_matchfields();
    field.set_key("metadata.name");
    field.set_operator_("In");
    field.add_values(node);
  }
  return pod;
}

DaemonPlan PlanDaemons(const DaemonSet& set, const std::vector<NodePtr>& nodes, const std::vector<PodPtr>& pods,
                       const std::string& hash, absl::Time now) {
  DaemonPlan plan;
  std::map<std::string, std::vector<PodPtr>> by_node;
  for (const PodPtr& pod : pods) by_node[TargetNode(*pod)].push_back(pod);
  int desired = 0, current = 0, misscheduled = 0, ready = 0, available = 0, updated = 0;
  std::vector<PodPtr> old_available, old_unavailable;
  int unavailable = 0;
  const int min_ready = set.spec().minreadyseconds();
  for (const NodePtr& node : nodes) {
    const Placement placement = PlaceOn(set, *node);
    std::vector<PodPtr> here;
    if (const auto found = by_node.find(node->metadata().name()); found != by_node.end()) {
      for (const PodPtr& pod : found->second) {
        if (IsTerminal(*pod) && !IsDeleting(pod->metadata())) {
          plan.remove.push_back(pod);  // a daemon does not end: it is started again
        } else if (!IsDeleting(pod->metadata())) {
          here.push_back(pod);
        }
      }
      by_node.erase(found);
    }
    if (!placement.run && !placement.stay) {
      if (!here.empty()) ++misscheduled;
      plan.remove.insert(plan.remove.end(), here.begin(), here.end());
      continue;
    }
    if (placement.run) ++desired;
    if (here.empty()) {
      if (placement.run) {
        plan.create.push_back(node->metadata().name());
        ++unavailable;
      }
      continue;
    }
    if (!placement.run) ++misscheduled;
    // One a node: the oldest stays, during a surge beside a newer one.
    std::sort(here.begin(), here.end(), [](const PodPtr& a, const PodPtr& b) {
      return CreatedAt(a->metadata()) < CreatedAt(b->metadata());
    });
    PodPtr old, fresh;
    for (const PodPtr& pod : here) {
      PodPtr& slot = HashLabel(*pod) == hash ? fresh : old;
      if (slot == nullptr) {
        slot = pod;
      } else {
        plan.remove.push_back(pod);
      }
    }
    if (fresh != nullptr && old != nullptr && IsAvailable(*fresh, min_ready, now)) {
      plan.remove.push_back(old);
      old = nullptr;
    }
    const Pod& shown = fresh != nullptr ? *fresh : *old;
    if (placement.run) {
      ++current;
      if (IsReady(shown)) ++ready;
      if (IsAvailable(shown, min_ready, now)) {
        ++available;
      } else {
        ++unavailable;
      }
      if (fresh != nullptr) ++updated;
    }
    if (old != nullptr && fresh == nullptr) {
      (IsAvailable(*old, min_ready, now) ? old_available : old_unavailable).push_back(old);
    }
  }
  for (const auto& [node, left] : by_node) {  // the node is gone
    if (node.empty()) continue;
    for (const PodPtr& pod : left) {
      if (!IsDeleting(pod->metadata())) plan.remove.push_back(pod);
    }
  }
  if (set.spec().updatestrategy().type() == "RollingUpdate") {
    const auto& rolling = set.spec().updatestrategy().rollingupdate();
    const int max_surge = Resolve(rolling.maxsurge(), desired);
    int max_unavailable = Resolve(rolling.maxunavailable(), desired);
    if (max_surge == 0) {
      max_unavailable = std::max(1, max_unavailable);
      for (const PodPtr& pod : old_unavailable) plan.remove.push_back(pod);  // nothing is lost with these
      for (const PodPtr& pod : old_available) {
        if (unavailable >= max_unavailable) break;
        ++unavailable;
        plan.remove.push_back(pod);
      }
    } else {
      int surging = 0;
      for (const auto* list : {&old_unavailable, &old_available}) {
        for (const PodPtr& pod : *list) {
          if (surging >= max_surge) break;
          ++surging;
          plan.create.push_back(TargetNode(*pod));
        }
      }
    }
  }
  plan.status = set.status();
  plan.status.set_desirednumberscheduled(desired);
  plan.status.set_currentnumberscheduled(current);
  plan.status.set_numbermisscheduled(misscheduled);
  plan.status.set_numberready(ready);
  plan.status.set_updatednumberscheduled(updated);
  plan.status.set_numberavailable(available);
  plan.status.set_numberunavailable(desired - available);
  plan.status.set_observedgeneration(set.metadata().generation());
  return plan;
}

}  // namespace controller_manager
