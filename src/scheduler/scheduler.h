// The scheduling loop: takes waiting pods one at a time, decides where each goes, and binds them concurrently.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "client/api_client.h"
#include "client/event_recorder.h"
#include "client/informer.h"
#include "scheduler/framework/decide.h"

namespace base {
class MetricsPage;
}

namespace scheduler {

// By the name of the scheduler that pods want.
using Profiles = std::map<std::string, Profile>;

struct SchedulerOptions {
  absl::Duration initial_backoff = absl::Seconds(1), max_backoff = absl::Seconds(10);
  int max_binders = 32;                    // bindings on their way at the same time
};

class Scheduler {
 public:
  // Registers with `informers`; all arguments outlive it. Run starts working once they have synced; Stop joins.
  Scheduler(const client::ApiClient& api, client::Informers& informers, const client::EventRecorder& events,
            Profiles profiles, SchedulerOptions options);
  ~Scheduler();
  void Run();
  void Stop();
  void AddMetrics(base::MetricsPage& page) const;  // upstream's names; any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scheduler
