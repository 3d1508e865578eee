// Leases of the store that events hang on: events go by themselves when theirs runs out. Thread-safe.
//
// A lease serves many events, since each costs the store something: events that come close together share one. It is
// granted a little longer than asked, so that the last event put on it still lives as long as it should.
#pragma once
#include <cstdint>
#include <mutex>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apiserver/store/store.h"

namespace apiserver::registry {

class EventLeases {
 public:
  EventLeases(store::Store& store, absl::Duration ttl) : store_(store), ttl_(ttl) {}

  // The lease for an event that is written now. Asks the store when the present one is used up.
  absl::StatusOr<int64_t> Get(absl::Time now);

 private:
  static constexpr int kMostEvents = 1000;                           // on one lease
  static constexpr absl::Duration kLongestUse = absl::Seconds(60);   // or a twentieth of the time to live

  store::Store& store_;
  const absl::Duration ttl_;
  std::mutex mu_;  // held while the store is asked: others want the same answer
  int64_t id_ = 0;
  absl::Time expires_ = absl::InfinitePast();
  int events_ = 0;
};

}  // namespace apiserver::registry
