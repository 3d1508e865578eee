#include "apiserver/registry/caretaker.h"

#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/strings/ascii.h"
#include "apiserver/registry/identity_lease.h"
#include "apiserver/registry/service_repair.h"
#include "base/log.h"

namespace apiserver::registry {
namespace {

std::string HostName() {
  char name[256] = "";
  (void)gethostname(name, sizeof name - 1);
  return absl::AsciiStrToLower(name);
}

class RealCaretaker final : public Caretaker {
 public:
  RealCaretaker(Registry& registry, CaretakerOptions options)
      : registry_(registry), options_(std::move(options)), endpoints_(registry, options_.endpoints), identity_(registry, HostName()), repair_(registry),
        thread_([this] { Run(); }) {}

  ~RealCaretaker() override {
    {
      const std::lock_guard lock(mu_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    if (!options_.keep_endpoints) return;
    if (const absl::Status left = endpoints_.Leave(); !left.ok()) {
      base::LogWarning("kubernetes endpoints not left error=", left.message());
    }
  }

 private:
  void Run() {
    bool first = true;
    absl::Time repair = absl::Now();  // right away: a server may have died over a service
    std::unique_lock lock(mu_);
    while (!stopping_) {
      lock.unlock();
      if (options_.keep_endpoints) {
        const absl::Status renewed = endpoints_.Renew(/*ports=*/first);
        if (!renewed.ok()) base::LogWarning("kubernetes endpoints not written error=", renewed.message());
        first = first && !renewed.ok();
      }
      if (const absl::Status renewed = identity_.Renew(); !renewed.ok()) {
        base::LogWarning("identity of the server not renewed error=", renewed.message());
      }
      if (absl::Now() >= repair) {
        const absl::Status repaired = repair_.Look();
        if (!repaired.ok()) base::LogWarning("service addresses not checked error=", repaired.message());
        repair = absl::Now() + options_.repair_services;
      }
      lock.lock();
      wake_.wait_for(lock, absl::ToChronoSeconds(std::min(kEndpointRenewal, options_.repair_services)), [this] { return stopping_; });
    }
  }

  Registry& registry_;
  const CaretakerOptions options_;
  EndpointLeases endpoints_;
  IdentityLease identity_;
  ServiceRepair repair_;
  std::mutex mu_;
  std::condition_variable wake_;
  bool stopping_ = false;  // under mu_
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Caretaker> Caretaker::Start(Registry& registry, CaretakerOptions options) {
  return std::make_unique<RealCaretaker>(registry, std::move(options));
}

}  // namespace apiserver::registry
