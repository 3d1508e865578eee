#include "scheduler/queue/scheduling_queue.h"

#include <algorithm>
#include <utility>

namespace scheduler {

bool MayHelp(ClusterEvent event, const std::string& plugin) {
  switch (event) {
    case ClusterEvent::kNodeAdded:
      return true;
    case ClusterEvent::kNodeAllocatable:
      return plugin == "NodeResourcesFit";
    case ClusterEvent::kNodeLabels:
      return plugin == "NodeAffinity" || plugin == "PodTopologySpread" || plugin == "InterPodAffinity" ||
             plugin == "VolumeBinding";
    case ClusterEvent::kNodeTaints:
      return plugin == "TaintToleration" || plugin == "NodeUnschedulable" || plugin == "PodTopologySpread";
    case ClusterEvent::kPodAssigned:
    case ClusterEvent::kPodChanged:
      return plugin == "InterPodAffinity" || plugin == "PodTopologySpread";
    case ClusterEvent::kPodGone:
      return plugin == "NodeResourcesFit" || plugin == "NodePorts" || plugin == "PodTopologySpread" ||
             plugin == "InterPodAffinity";
    case ClusterEvent::kVolumes:
      return plugin == "VolumeBinding";
  }
  return true;
}

namespace {

constexpr absl::string_view kAttemptFailure = "ScheduleAttemptFailure";

absl::string_view EventName(ClusterEvent event) {
  switch (event) {
    case ClusterEvent::kNodeAdded: return "NodeAdd";
    case ClusterEvent::kNodeAllocatable: return "NodeAllocatableChange";
    case ClusterEvent::kNodeLabels: return "NodeLabelChange";
    case ClusterEvent::kNodeTaints: return "NodeTaintChange";
    case ClusterEvent::kPodAssigned: return "AssignedPodAdd";
    case ClusterEvent::kPodChanged: return "AssignedPodUpdate";
    case ClusterEvent::kPodGone: return "AssignedPodDelete";
    case ClusterEvent::kVolumes: return "PvcAdd";
  }
  return "";
}

bool MayHelpAny(ClusterEvent event, const std::set<std::string>& plugins) {
  return std::any_of(plugins.begin(), plugins.end(), [&](const std::string& p) { return MayHelp(event, p); });
}

}  // namespace

absl::Duration SchedulingQueue::BackoffOf(const QueuedPod& pod) const {
  absl::Duration backoff = options_.initial_backoff;
  for (int i = 1; i < pod.attempts && backoff < options_.max_backoff; ++i) backoff *= 2;
  return std::min(backoff, options_.max_backoff);
}

void SchedulingQueue::ActivateLocked(Entry& entry, absl::string_view why) {
  ++incoming_[{why, "active"}];
  entry.place = Place::kActive;
  active_.insert({entry.pod.pod->priority, entry.pod.queued_at, entry.pod.pod->uid});
  changed_.Signal();
}

void SchedulingQueue::BackOffLocked(Entry& entry, absl::Time now, absl::string_view why) {
  entry.backoff_until = entry.pod.queued_at + BackoffOf(entry.pod);
  if (entry.backoff_until <= now) return ActivateLocked(entry, why);
  ++incoming_[{why, "backoff"}];
  entry.place = Place::kBackoff;
  backoff_.insert({entry.backoff_until, entry.pod.pod->uid});
  changed_.Signal();
}

void SchedulingQueue::TakeOutLocked(Entry& entry) {
  const std::string& uid = entry.pod.pod->uid;
  active_.erase({entry.pod.pod->priority, entry.pod.queued_at, uid});
  backoff_.erase({entry.backoff_until, uid});
  unschedulable_.erase({entry.pod.queued_at + options_.max_unschedulable, uid});
}

void SchedulingQueue::Add(PodPtr pod) {
  absl::MutexLock lock(&mu_);
  if (closed_) return;
  const auto [it, fresh] = entries_.try_emplace(pod->uid);
  if (!fresh) return;
  Entry& entry = it->second;
  entry.pod.pod = std::move(pod);
  entry.pod.first_seen = entry.pod.queued_at = options_.clock->Now();
  ActivateLocked(entry, "UnschedulablePodAdd");
}

void SchedulingQueue::Update(PodPtr pod) {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(pod->uid);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  const Place place = entry.place;
  if (place == Place::kInFlight) {
    entry.pod.pod = std::move(pod);
    return;
  }
  const PodInfo& old = *entry.pod.pod;
  const bool changed = old.labels != pod->labels || old.node_selector != pod->node_selector ||
                       old.tolerations.size() != pod->tolerations.size() || !(old.request == pod->request);
  TakeOutLocked(entry);
  entry.pod.pod = std::move(pod);
  if (place == Place::kActive || changed) return ActivateLocked(entry, "UnscheduledPodUpdate");
  if (place == Place::kBackoff) return BackOffLocked(entry, options_.clock->Now(), "UnscheduledPodUpdate");
  unschedulable_.insert({entry.pod.queued_at + options_.max_unschedulable, entry.pod.pod->uid});
}

void SchedulingQueue::Remove(const std::string& uid) {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(uid);
  if (found == entries_.end()) return;
  if (found->second.place == Place::kInFlight) {
    found->second.removed = true;
    return;
  }
  TakeOutLocked(found->second);
  entries_.erase(found);
}

void SchedulingQueue::ReleaseDueLocked() {
  const absl::Time now = options_.clock->Now();
  while (!backoff_.empty() && backoff_.begin()->first <= now) {
    Entry& entry = entries_.at(backoff_.begin()->second);
    backoff_.erase(backoff_.begin());
    ActivateLocked(entry, "BackoffComplete");
  }
  while (!unschedulable_.empty() && unschedulable_.begin()->first <= now) {
    Entry& entry = entries_.at(unschedulable_.begin()->second);
    unschedulable_.erase(unschedulable_.begin());
    ActivateLocked(entry, "UnschedulableTimeout");
  }
}

std::optional<QueuedPod> SchedulingQueue::Pop() {
  absl::MutexLock lock(&mu_);
  while (true) {
    if (closed_) return std::nullopt;
    ReleaseDueLocked();
    if (!active_.empty()) break;
    absl::Time next = absl::InfiniteFuture();
    if (!backoff_.empty()) next = backoff_.begin()->first;
    if (!unschedulable_.empty()) next = std::min(next, unschedulable_.begin()->first);
    if (next == absl::InfiniteFuture()) {
      changed_.Wait(&mu_);
    } else {
      changed_.WaitWithTimeout(&mu_, next - options_.clock->Now());
    }
  }
  Entry& entry = entries_.at(active_.begin()->uid);
  active_.erase(active_.begin());
  entry.place = Place::kInFlight;
  ++entry.pod.attempts;
  ++in_flight_;
  entry.pod.popped_at_event = first_event_ + events_.size();
  return entry.pod;
}

// With nothing in flight no event needs to be remembered.
void SchedulingQueue::EndFlightLocked() {
  if (--in_flight_ > 0) return;
  first_event_ += events_.size();
  events_.clear();
}

void SchedulingQueue::AddUnschedulable(QueuedPod pod) {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(pod.pod->uid);
  if (found == entries_.end() || found->second.place != Place::kInFlight) return;
  Entry& entry = found->second;
  bool helped = false;
  for (uint64_t e = std::max(pod.popped_at_event, first_event_); e < first_event_ + events_.size(); ++e) {
    helped |= MayHelpAny(events_[e - first_event_], pod.rejected_by);
  }
  EndFlightLocked();
  if (entry.removed) {
    entries_.erase(found);
    return;
  }
  const absl::Time now = options_.clock->Now();
  entry.pod.rejected_by = std::move(pod.rejected_by);
  entry.pod.queued_at = now;
  if (helped || entry.pod.rejected_by.empty()) return BackOffLocked(entry, now, kAttemptFailure);
  ++incoming_[{kAttemptFailure, "unschedulable"}];
  entry.place = Place::kUnschedulable;
  unschedulable_.insert({now + options_.max_unschedulable, entry.pod.pod->uid});
  changed_.Signal();
}

void SchedulingQueue::AddFailed(QueuedPod pod) {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(pod.pod->uid);
  if (found == entries_.end() || found->second.place != Place::kInFlight) return;
  EndFlightLocked();
  if (found->second.removed) {
    entries_.erase(found);
    return;
  }
  const absl::Time now = options_.clock->Now();
  found->second.pod.queued_at = now;
  BackOffLocked(found->second, now, kAttemptFailure);
}

void SchedulingQueue::Done(const std::string& uid) {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(uid);
  if (found == entries_.end() || found->second.place != Place::kInFlight) return;
  EndFlightLocked();
  entries_.erase(found);
}

void SchedulingQueue::Wake(ClusterEvent event) {
  absl::MutexLock lock(&mu_);
  if (in_flight_ > 0) events_.push_back(event);
  const absl::Time now = options_.clock->Now();
  std::vector<std::string> woken;
  for (const auto& [at, uid] : unschedulable_) {
    const Entry& entry = entries_.at(uid);
    if (entry.pod.rejected_by.empty() || MayHelpAny(event, entry.pod.rejected_by)) woken.push_back(uid);
  }
  for (const std::string& uid : woken) {
    Entry& entry = entries_.at(uid);
    TakeOutLocked(entry);
    BackOffLocked(entry, now, EventName(event));
  }
}

void SchedulingQueue::Close() {
  absl::MutexLock lock(&mu_);
  closed_ = true;
  changed_.SignalAll();
}

SchedulingQueue::Sizes SchedulingQueue::sizes() const {
  absl::MutexLock lock(&mu_);
  return {active_.size(), backoff_.size(), unschedulable_.size()};
}

std::map<std::pair<absl::string_view, absl::string_view>, uint64_t> SchedulingQueue::incoming() const {
  absl::MutexLock lock(&mu_);
  return incoming_;
}

std::map<std::pair<std::string, std::string>, size_t> SchedulingQueue::rejections() const {
  std::map<std::pair<std::string, std::string>, size_t> rejections;
  absl::MutexLock lock(&mu_);
  for (const auto& [at, uid] : unschedulable_) {
    const QueuedPod& pod = entries_.at(uid).pod;
    for (const std::string& plugin : pod.rejected_by) ++rejections[{plugin, pod.pod->scheduler}];
  }
  return rejections;
}

}  // namespace scheduler
