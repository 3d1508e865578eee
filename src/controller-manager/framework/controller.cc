#include "controller-manager/framework/controller.h"

#include "base/log.h"
#include "base/metrics/metrics.h"
#include "client/api_error.h"

namespace controller_manager {
namespace {

base::Gauge& RunningSeries(const std::string& controller) {
  static auto* const family = new base::GaugeFamily("running_managed_controllers", "Whether a controller works.", {"manager", "name"});
  return family->With({"kube-controller-manager", controller});
}

}  // namespace

void Controller::Run() {
  absl::MutexLock lock(&mu_);
  if (stopped_ || !workers_.empty()) return;
  RunningSeries(name_).Set(1);
  workers_.emplace_back([this] { Work(); });
}

void Controller::Work() {
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      ++idle_;
    }
    const std::optional<std::string> key = queue_.Get();
    {
      absl::MutexLock lock(&mu_);
      --idle_;
      if (!key.has_value() || stopped_) return;
      // More keys wait than idle workers can take: idle threads cost memory, so they start only when needed.
      if (idle_ == 0 && queue_.size() > 0 && static_cast<int>(workers_.size()) < max_workers_) {
        workers_.emplace_back([this] { Work(); });
      }
    }
    const absl::Status status = Reconcile(*key);
    if (status.ok()) {
      queue_.Forget(*key);
    } else {
      if (!client::IsConflict(status) || queue_.Failures(*key) > 5) {
        base::LogWarning("reconcile failed controller=", name_, " key=", *key, " error=\"", status.message(), "\"");
      }
      queue_.AddRateLimited(*key);
    }
    queue_.Done(*key);
  }
}

void Controller::Stop() {
  queue_.ShutDown();
  std::vector<std::thread> workers;
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
    workers.swap(workers_);
  }
  for (std::thread& worker : workers) worker.join();
  if (!workers.empty()) RunningSeries(name_).Set(0);
}

}  // namespace controller_manager
