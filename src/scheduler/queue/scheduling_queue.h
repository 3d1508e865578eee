// Pods waiting for a node: those to try now, those backing off, and those for which nothing has changed since they
// were found unschedulable.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "scheduler/framework/pod_info.h"

namespace scheduler {

// What happened in the cluster that may make room for a waiting pod.
enum class ClusterEvent : uint8_t {
  kNodeAdded,
  kNodeAllocatable,  // more of something
  kNodeLabels,
  kNodeTaints,  // or cordon
  kPodAssigned,
  kPodChanged,  // labels of an assigned pod
  kPodGone,     // an assigned pod was deleted or ended
  kVolumes,     // claims, volumes or classes of storage
};
// Whether `event` can turn the rejection by `plugin` around.
bool MayHelp(ClusterEvent event, const std::string& plugin);

struct QueuedPod {
  PodPtr pod;
  int attempts = 0;
  absl::Time first_seen, queued_at;
  std::set<std::string> rejected_by;  // of the last attempt
  uint64_t popped_at_event = 0;       // set by Pop, for AddUnschedulable
};

struct QueueOptions {
  absl::Duration initial_backoff = absl::Seconds(1);
  absl::Duration max_backoff = absl::Seconds(10);
  absl::Duration max_unschedulable = absl::Minutes(5);  // then tried again whatever happened
  const base::Clock* clock = &base::SystemClock();
};

// Thread-safe.
class SchedulingQueue {
 public:
  explicit SchedulingQueue(QueueOptions options = {}) : options_(options) {}

  void Add(PodPtr pod);     // seen for the first time
  void Update(PodPtr pod);  // a change of its spec or labels gives it a new chance
  void Remove(const std::string& uid);

  // The most important, then oldest, pod; waits. nullopt after Close. Between Pop and one of the two below, or
  // Remove, the pod is in flight.
  std::optional<QueuedPod> Pop();
  void AddUnschedulable(QueuedPod pod);  // no node; wakes by an event that may help, or has since Pop
  void AddFailed(QueuedPod pod);         // an error: try again after the back-off
  void Done(const std::string& uid);     // bound
  void Wake(ClusterEvent event);
  void Close();

  struct Sizes {
    size_t active = 0, backoff = 0, unschedulable = 0;
  };
  Sizes sizes() const;
  // How often pods came into a queue, by upstream's words for why and where to.
  std::map<std::pair<absl::string_view, absl::string_view>, uint64_t> incoming() const;
  // How many pods wait for something to change, by plugin that rejected them and profile.
  std::map<std::pair<std::string, std::string>, size_t> rejections() const;

 private:
  enum class Place : uint8_t { kActive, kBackoff, kUnschedulable, kInFlight };
  struct Order {  // of the active set
    int priority;
    absl::Time queued_at;
    std::string uid;
    bool operator<(const Order& other) const {
      if (priority != other.priority) return priority > other.priority;
      if (queued_at != other.queued_at) return queued_at < other.queued_at;
      return uid < other.uid;
    }
  };
  struct Entry {
    QueuedPod pod;
    Place place = Place::kActive;
    absl::Time backoff_until;
    bool removed = false;  // while in flight
  };

  absl::Duration BackoffOf(const QueuedPod& pod) const;
  // `why`: a literal.
  void ActivateLocked(Entry& entry, absl::string_view why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void BackOffLocked(Entry& entry, absl::Time now, absl::string_view why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakeOutLocked(Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ReleaseDueLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndFlightLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const QueueOptions options_;
  mutable absl::Mutex mu_;
  absl::CondVar changed_;
  absl::flat_hash_map<std::string, Entry> entries_ ABSL_GUARDED_BY(mu_);  // by uid
  std::set<Order> active_ ABSL_GUARDED_BY(mu_);
  std::set<std::pair<absl::Time, std::string>> backoff_ ABSL_GUARDED_BY(mu_);
  std::set<std::pair<absl::Time, std::string>> unschedulable_ ABSL_GUARDED_BY(mu_);  // by when they give up waiting
  // Events since the oldest pod in flight was popped.
  std::deque<ClusterEvent> events_ ABSL_GUARDED_BY(mu_);
  uint64_t first_event_ ABSL_GUARDED_BY(mu_) = 0;  // number of events_[0]
  int in_flight_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::pair<absl::string_view, absl::string_view>, uint64_t> incoming_ ABSL_GUARDED_BY(mu_);
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace scheduler
