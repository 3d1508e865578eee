#include "controller-manager/nodelifecycle/node_health.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "controller-manager/framework/metadata.h"

namespace controller_manager {
namespace {

const char* const kWatchedConditions[] = {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};

Taint MakeTaint(const char* key, const char* effect) {
  Taint taint;
  taint.set_key(key);
  taint.set_effect(effect);
  return taint;
}

bool IsManaged(const Taint& taint, const std::string& effect) {
  static const char* const kSchedule[] = {kNotReadyTaint,
                                          kUnreachableTaint,
                                          "node.kubernetes.io/unschedulable",
                                          "node.kubernetes.io/memory-pressure",
                                          "node.kubernetes.io/disk-pressure",
                                          "node.kubernetes.io/pid-pressure",
                                          "node.kubernetes.io/network-unavailable"};
  if (taint.effect() != effect) return false;
  if (effect == "NoExecute") return taint.key() == kNotReadyTaint || taint.key() == kUnreachableTaint;
  return std::any_of(std::begin(kSchedule), std::end(kSchedule), [&](const char* key) { return taint.key() == key; });
}

}  // namespace

const NodeCondition* FindCondition(const Node& node, const std::string& type) {
  for (const NodeCondition& condition : node.status().conditions()) {
    if (condition.type() == type) return &condition;
  }
  return nullptr;
}

HealthVerdict JudgeNode(const Node& node, const std::string& lease_renewed, const HealthLimits& limits, absl::Time now,
                        NodeHealth& health) {
  HealthVerdict verdict;
  const NodeCondition* ready = FindCondition(node, "Ready");
  const std::string heartbeat =
      ready == nullptr ? "" : absl::StrCat(ready->lastheartbeattime().seconds(), "/", ready->status());
  absl::Duration grace = limits.grace;
  if (health.last_sign == absl::Time()) {
    // Seen for the first time: the clock starts at its creation when it never spoke, else now.
    health.last_sign = ready == nullptr ? CreatedAt(node.metadata()) : now;
    health.ready = ready == nullptr ? "" : ready->status();
  } else if (heartbeat != health.heartbeat || lease_renewed != health.lease) {
    health.last_sign = now;
  }
  health.heartbeat = heartbeat;
  health.lease = lease_renewed;
  if (ready == nullptr || (ready->reason() == "NodeStatusNeverUpdated")) grace = limits.startup_grace;

  verdict.ready = ready == nullptr ? "Unknown" : ready->status();
  if (now > health.last_sign + grace) {
    verdict.node = node;
    for (const char* type : kWatchedConditions) {
      NodeCondition* condition = nullptr;
      for (NodeCondition& c : *verdict.node.mutable_status()->mutable_conditions()) {
        if (c.type() == type) condition = &c;
      }
      if (condition == nullptr) {
        condition = verdict.node.mutable_status()->add_conditions();
        condition->set_type(type);
        condition->set_status("Unknown");
        condition->set_reason("NodeStatusNeverUpdated");
        condition->set_message("Kubelet never posted node status.");
        *condition->mutable_lastheartbeattime() = node.metadata().creationtimestamp();
      } else if (condition->status() != "Unknown") {
        condition->set_status("Unknown");
        condition->set_reason("NodeStatusUnknown");
        condition->set_message("Kubelet stopped posting node status.");
      } else {
        continue;
      }
      SetTime(now, condition->mutable_lasttransitiontime());
      verdict.changed = true;
    }
    verdict.ready = "Unknown";
    if (const NodeCondition* unknown = FindCondition(verdict.node, "Ready"); unknown != nullptr) {
      health.heartbeat = absl::StrCat(unknown->lastheartbeattime().seconds(), "/Unknown");  // our own change is no sign
    }
  }
  verdict.lost_ready = health.ready == "True" && verdict.ready != "True";
  health.ready = verdict.ready;
  return verdict;
}

std::vector<Taint> NoScheduleTaints(const Node& node) {
  struct Rule {
    const char* condition;
    const char* status;
    const char* taint;
  };
  static const Rule kRules[] = {{"Ready", "False", kNotReadyTaint},
                                {"Ready", "Unknown", kUnreachableTaint},
                                {"MemoryPressure", "True", "node.kubernetes.io/memory-pressure"},
                                {"DiskPressure", "True", "node.kubernetes.io/disk-pressure"},
                                {"NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"},
                                {"PIDPressure", "True", "node.kubernetes.io/pid-pressure"}};
  std::vector<Taint> taints;
  for (const Rule& rule : kRules) {
    const NodeCondition* condition = FindCondition(node, rule.condition);
    if (condition != nullptr && condition->status() == rule.status) {
      taints.push_back(MakeTaint(rule.taint, "NoSchedule"));
    }
  }
  if (node.spec().unschedulable()) taints.push_back(MakeTaint("node.kubernetes.io/unschedulable", "NoSchedule"));
  return taints;
}

bool ReplaceTaints(const Node& node, const std::string& effect, const std::vector<Taint>& wanted, absl::Time now,
                   std::vector<Taint>& out) {
  bool changed = false;
  out.clear();
  const auto in = [](const Taint& taint, const auto& list) {
    return std::any_of(list.begin(), list.end(),
                       [&](const Taint& t) { return t.key() == taint.key() && t.effect() == taint.effect(); });
  };
  for (const Taint& taint : node.spec().taints()) {
    if (IsManaged(taint, effect) && !in(taint, wanted)) {
      changed = true;
    } else {
      out.push_back(taint);
    }
  }
  for (const Taint& taint : wanted) {
    if (in(taint, out)) continue;
    out.push_back(taint);
    SetTime(now, out.back().mutable_timeadded());
    changed = true;
  }
  return changed;
}

ZoneState StateOf(const ZoneCount& zone, double unhealthy_threshold) {
  if (zone.ready == 0 && zone.not_ready > 0) return ZoneState::kFull;
  const double share = static_cast<double>(zone.not_ready) / std::max(1, zone.ready + zone.not_ready);
  return zone.not_ready > 2 && share >= unhealthy_threshold ? ZoneState::kPartial : ZoneState::kNormal;
}

std::map<std::string, double> EvictionRatesOf(const std::map<std::string, ZoneCount>& zones,
                                              const EvictionRates& rates, bool& all_down) {
  all_down = !zones.empty();
  for (const auto& [name, zone] : zones) {
    all_down &= StateOf(zone, rates.unhealthy_threshold) == ZoneState::kFull;
  }
  std::map<std::string, double> out;
  for (const auto& [name, zone] : zones) {
    double rate = rates.normal;
    if (all_down) {
      rate = 0;
    } else if (StateOf(zone, rates.unhealthy_threshold) == ZoneState::kPartial) {
      rate = zone.ready + zone.not_ready > rates.large_cluster ? rates.secondary : 0;
    }
    out[name] = rate;
  }
  return out;
}

}  // namespace controller_manager
