// What every controller is: a queue of keys and a Reconcile that makes the world of one key what its object says.
// Level-driven, safe to run twice, one worker at a time per key.
#pragma once
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "base/clock.h"
#include "client/api_client.h"
#include "client/event_recorder.h"
#include "client/informer.h"
#include "client/work_queue.h"
#include "controller-manager/framework/queue_name.h"

namespace controller_manager {

// What controllers are made from; everything outlives them.
struct Context {
  const client::ApiClient& api;
  client::Informers& informers;
  const client::EventRecorder& events;
  const base::Clock& clock = base::SystemClock();
};

class Controller {
 public:
  // Registers informers and handlers in the constructor; work begins with Run.
  Controller(std::string name, int workers)
      : name_(std::move(name)), max_workers_(workers), queue_({.name = std::string(QueueNameOf(name_))}) {}
  virtual ~Controller() { Stop(); }

  const std::string& name() const { return name_; }
  // Starts working. REQUIRES: the informers have synced. Workers start when keys wait and none is idle.
  virtual void Run();
  // Joins the workers. Derived classes whose workers use their members call it in their destructor.
  virtual void Stop();

  // Non-OK: logged and tried again after a growing delay.
  virtual absl::Status Reconcile(const std::string& key) = 0;

 protected:
  client::WorkQueue& queue() { return queue_; }

 private:
  void Work();

  const std::string name_;
  const int max_workers_;
  client::WorkQueue queue_;
  absl::Mutex mu_;
  std::vector<std::thread> workers_ ABSL_GUARDED_BY(mu_);
  int idle_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace controller_manager
