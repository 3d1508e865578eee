// The scheduling loop: takes waiting pods one at a time, decides where each goes, and binds them concurrently.
#pragma once
#include <memory>
#include <string>

#include "client/api_client.h"
#include "client/event_recorder.h"
#include "client/informer.h"
#include "scheduler/framework/decide.h"

namespace scheduler {

struct SchedulerOptions {
  std::string name = "default-scheduler";  // pods name the scheduler they want
  int max_binders = 32;                    // bindings on their way at the same time
};

class Scheduler {
 public:
  // Registers with `informers`; all arguments outlive it. Run starts working once they have synced; Stop joins.
  Scheduler(const client::ApiClient& api, client::Informers& informers, const client::EventRecorder& events,
            Profile profile, SchedulerOptions options);
  ~Scheduler();
  void Run();
  void Stop();
  std::string Metrics() const;  // Prometheus text, upstream's names; any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scheduler
