#include "scheduler/framework/pod_info.h"

#include <algorithm>

#include "absl/strings/numbers.h"

namespace scheduler {

void Resources::Add(const Resources& other) {
  milli_cpu += other.milli_cpu;
  memory += other.memory;
  ephemeral_storage += other.ephemeral_storage;
  for (const auto& [name, amount] : other.scalars) scalars[name] += amount;
}

void Resources::Sub(const Resources& other) {
  milli_cpu -= other.milli_cpu;
  memory -= other.memory;
  ephemeral_storage -= other.ephemeral_storage;
  for (const auto& [name, amount] : other.scalars) scalars[name] -= amount;
}

void Resources::Max(const Resources& other) {
  milli_cpu = std::max(milli_cpu, other.milli_cpu);
  memory = std::max(memory, other.memory);
  ephemeral_storage = std::max(ephemeral_storage, other.ephemeral_storage);
  for (const auto& [name, amount] : other.scalars) {
    int64_t& mine = scalars[name];
    mine = std::max(mine, amount);
  }
}

bool Toleration::Tolerates(const Taint& taint) const {
  if (!effect.empty() && effect != taint.effect) return false;
  if (!key.empty() && key != taint.key) return false;
  if (op == "Exists") return true;
  if (op.empty() || op == "Equal") return value == taint.value;
  int64_t mine = 0, theirs = 0;
  if (!absl::SimpleAtoi(value, &mine) || !absl::SimpleAtoi(taint.value, &theirs)) return false;
  return op == "Gt" ? theirs > mine : op == "Lt" ? theirs < mine : false;
}

bool Requirement::Matches(const Labels& labels) const {
  const auto found = labels.find(key);
  const bool has = found != labels.end();
  if (op == "Exists") return has;
  if (op == "DoesNotExist") return !has;
  const bool in = has && std::find(values.begin(), values.end(), found->second) != values.end();
  if (op == "In") return in;
  if (op == "NotIn") return !in;
  int64_t label = 0, wanted = 0;
  if (!has || values.size() != 1 || !absl::SimpleAtoi(found->second, &label) ||
      !absl::SimpleAtoi(values[0], &wanted)) {
    return false;
  }
  return op == "Gt" ? label > wanted : op == "Lt" ? label < wanted : false;
}

bool Selector::Matches(const Labels& labels) const {
  for (const auto& [key, value] : match_labels) {
    const auto found = labels.find(key);
    if (found == labels.end() || found->second != value) return false;
  }
  return std::all_of(requirements.begin(), requirements.end(),
                     [&](const Requirement& r) { return r.Matches(labels); });
}

bool NodeTerm::Matches(const Labels& labels, const std::string& node_name) const {
  if (expressions.empty() && fields.empty()) return false;
  const Labels field_values = {{"metadata.name", node_name}};
  return std::all_of(expressions.begin(), expressions.end(),
                     [&](const Requirement& r) { return r.Matches(labels); }) &&
         std::all_of(fields.begin(), fields.end(), [&](const Requirement& r) { return r.Matches(field_values); });
}

bool HostPort::Conflicts(const HostPort& other) const {
  if (port != other.port || protocol != other.protocol) return false;
  const auto any = [](const std::string& address) { return address.empty() || address == "0.0.0.0"; };
  return any(ip) || any(other.ip) || ip == other.ip;
}

}  // namespace scheduler
