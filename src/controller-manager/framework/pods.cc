#include "controller-manager/framework/pods.h"

#include <algorithm>
#include <cmath>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "controller-manager/framework/metadata.h"

namespace controller_manager {
namespace {

struct Dispensability {
  bool assigned = false;
  int phase = 0;
  bool ready = false;
  int64_t cost = 0;
  int crowd = 0;  // pods of the family on its node
  int ready_age = 0;
  int restarts = 0;
  int age = 0;
  const std::string* uid = nullptr;

  // True: goes before `other`.
  bool operator<(const Dispensability& other) const {
    if (assigned != other.assigned) return !assigned;
    if (phase != other.phase) return phase < other.phase;
    if (ready != other.ready) return !ready;
    if (cost != other.cost) return cost < other.cost;
    if (crowd != other.crowd) return crowd > other.crowd;
    if (ready_age != other.ready_age) return ready_age < other.ready_age;
    if (restarts != other.restarts) return restarts > other.restarts;
    if (age != other.age) return age < other.age;
    return *uid < *other.uid;
  }
};

int Logarithm(absl::Duration age) {
  const double seconds = absl::ToDoubleSeconds(age);
  return seconds < 1 ? 0 : 1 + static_cast<int>(std::log2(seconds));
}

int PhaseRank(const std::string& phase) { return phase == "Pending" ? 0 : phase == "Unknown" ? 1 : 2; }

}  // namespace

const PodCondition* FindCondition(const Pod& pod, const std::string& type) {
  for (const PodCondition& condition : pod.status().conditions()) {
    if (condition.type() == type) return &condition;
  }
  return nullptr;
}

bool IsReady(const Pod& pod) {
  const PodCondition* ready = FindCondition(pod, "Ready");
  return ready != nullptr && ready->status() == "True";
}

absl::Time AvailableAt(const Pod& pod, int min_ready_seconds) {
  const PodCondition* ready = FindCondition(pod, "Ready");
  if (ready == nullptr || ready->status() != "True") return absl::InfiniteFuture();
  if (min_ready_seconds <= 0) return absl::InfinitePast();
  return ToTime(ready->lasttransitiontime()) + absl::Seconds(min_ready_seconds);
}

bool IsAvailable(const Pod& pod, int min_ready_seconds, absl::Time now) {
  return AvailableAt(pod, min_ready_seconds) <= now;
}

bool IsTerminal(const Pod& pod) {
  const std::string& phase = pod.status().phase();
  return phase == "Succeeded" || phase == "Failed";
}

bool IsActive(const Pod& pod) { return !IsTerminal(pod) && !IsDeleting(pod.metadata()); }

int Restarts(const Pod& pod) {
  int most = 0;
  for (const auto& status : pod.status().containerstatuses()) most = std::max(most, status.restartcount());
  return most;
}

void SortForDeletion(std::vector<PodPtr>& pods, const std::vector<PodPtr>& related, absl::Time now) {
  absl::flat_hash_map<std::string, int> per_node;
  for (const PodPtr& pod : related) {
    if (IsActive(*pod)) ++per_node[pod->spec().nodename()];
  }
  std::vector<std::pair<Dispensability, PodPtr>> ranked;
  ranked.reserve(pods.size());
  for (PodPtr& pod : pods) {
    Dispensability d;
    d.assigned = !pod->spec().nodename().empty();
    d.phase = PhaseRank(pod->status().phase());
    d.ready = IsReady(*pod);
    (void)absl::SimpleAtoi(Annotation(pod->metadata(), "controller.kubernetes.io/pod-deletion-cost"), &d.cost);
    d.crowd = per_node[pod->spec().nodename()];
    if (d.ready) d.ready_age = Logarithm(now - ToTime(FindCondition(*pod, "Ready")->lasttransitiontime()));
    d.restarts = Restarts(*pod);
    d.age = Logarithm(now - CreatedAt(pod->metadata()));
    d.uid = &pod->metadata().uid();
    ranked.emplace_back(d, std::move(pod));
  }
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < ranked.size(); ++i) pods[i] = std::move(ranked[i].second);
}

}  // namespace controller_manager
