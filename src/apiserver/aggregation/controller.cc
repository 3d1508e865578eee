#include "apiserver/aggregation/controller.h"

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"
#include "apiserver/aggregation/availability.h"
#include "apiserver/aggregation/condition_writer.h"
#include "apiserver/aggregation/local_services.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace apiserver::aggregation {
namespace {

using apimachinery::Value;
using pipeline::GroupResource;
using pipeline::ObjectPtr;

const GroupResource kApiServices{"apiregistration.k8s.io", "apiservices"};
const GroupResource kDefinitions{"apiextensions.k8s.io", "customresourcedefinitions"};
const GroupResource kServices{"", "services"};
const GroupResource kSlices{"discovery.k8s.io", "endpointslices"};
constexpr absl::Duration kRetry = absl::Seconds(1);  // after a write that failed

bool Established(const Value& crd) {
  for (const Value& c : crd.GetArray("status.conditions")) {
    if (c.GetString("type") == "Established") return c.GetString("status") == "True";
  }
  return false;
}

class ControllerImpl final : public Controller {
 public:
  ControllerImpl(registry::Registry& registry, Aggregator& aggregator) : registry_(registry), aggregator_(aggregator) {}
  ~ControllerImpl() override { Stop(); }

  absl::Status Start() override {
    RETURN_IF_ERROR(Follow());
    dirty_ = true;
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  void Stop() override {
    {
      const std::lock_guard lock(mu_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    tickets_.clear();
  }

 private:
  class Sink final : public cache::WatchSink {
   public:
    // `backend`: of what other servers stand on, which only the aggregator cares about.
    Sink(ControllerImpl& controller, bool backend) : controller_(controller), backend_(backend) {}
    bool OnEvent(const cache::Event& event, const cache::Event::View&) override {
      if (backend_) {
        controller_.aggregator_.Touch(event.object->ns());
      } else {
        controller_.Wake(/*lost=*/false);
      }
      return true;
    }
    bool OnBookmark(int64_t, bool) override { return true; }
    void OnEnd(absl::Status) override { controller_.Wake(/*lost=*/true); }

   private:
    ControllerImpl& controller_;
    const bool backend_;
  };

  absl::Status Follow() {
    tickets_.clear();
    for (const GroupResource& what : {kApiServices, kDefinitions, kServices, kSlices}) {
      const registry::ResourcePtr resource = registry_.environment().resources->FindAnyVersion(what.group, what.resource);
      cache::WatchRequest request;
      request.timeout = absl::InfiniteDuration();
      ASSIGN_OR_RETURN(std::unique_ptr<cache::WatchTicket> ticket,
                       registry_.environment().cache->Watch(*resource->mirror, std::move(request),
                                                            std::make_unique<Sink>(*this, what == kServices || what == kSlices)));
      tickets_.push_back(std::move(ticket));
    }
    return absl::OkStatus();
  }

  void Wake(bool lost) {
    {
      const std::lock_guard lock(mu_);
      dirty_ = true;
      lost_ |= lost;
    }
    wake_.notify_all();
  }

  void Run() {
    bool done = true;
    std::unique_lock lock(mu_);
    while (true) {
      const auto ready = [this] { return stopping_ || dirty_; };
      if (done) {
        wake_.wait(lock, ready);
      } else {
        wake_.wait_for(lock, absl::ToChronoMilliseconds(kRetry), ready);
      }
      if (stopping_) return;
      dirty_ = false;
      const bool lost = std::exchange(lost_, false);
      lock.unlock();
      if (lost && !Follow().ok()) Wake(/*lost=*/true);
      done = Sync();
      lock.lock();
    }
  }

  // One look at everything; false: something could not be written.
  bool Sync() {
    const absl::Status status = SyncAll();
    if (!status.ok()) base::LogWarning("API services not brought up to date error=", status.message());
    return status.ok();
  }

  absl::Status SyncAll() {
    std::vector<Value> wanted = BuiltinServices();
    std::set<std::string> names;
    for (const ObjectPtr& crd : registry_.List(kDefinitions, "")) {
      if (!Established(*crd)) continue;
      const std::string group = crd->GetString("spec.group");
      for (const Value& version : crd->GetArray("spec.versions")) {
        if (version.GetBool("served")) wanted.push_back(CustomService(group, version.GetString("name")));
      }
    }
    for (const Value& service : wanted) {
      const std::string name = service.GetString("metadata.name");
      if (!names.insert(name).second) continue;
      if (registry_.Get(kApiServices, "", name) != nullptr) continue;
      const absl::Status made = registry_.Create(kApiServices, service).status();
      if (!made.ok() && apimachinery::ApiStatus::From(made).code != 409) return made;
    }
    const std::vector<ObjectPtr> known = registry_.List(kApiServices, "");
    aggregator_.Update(known);
    for (const ObjectPtr& service : known) {
      const std::string name = service->GetString("metadata.name");
      const Value* labels = service->At("metadata.labels");
      const Value* managed = labels == nullptr ? nullptr : labels->Find(kAutomanaged);
      const bool custom = managed != nullptr && managed->is_string() && managed->as_string() == "true";
      if (custom && names.find(name) == names.end()) {  // its definition has gone
        RETURN_IF_ERROR(Forgive(registry_.Delete(kApiServices, "", name)));
        continue;
      }
      if (service->At("spec.service") != nullptr) continue;  // the aggregator asks it
      RETURN_IF_ERROR(WriteAvailability(registry_, *service, [](const Value& object) { return *Judge(object, nullptr, {}); }));
    }
    return absl::OkStatus();
  }

  // Somebody else was faster.
  static absl::Status Forgive(const absl::Status& status) {
    return !status.ok() && apimachinery::ApiStatus::From(status).code == 404 ? absl::OkStatus() : status;
  }

  registry::Registry& registry_;
  Aggregator& aggregator_;
  std::vector<std::unique_ptr<cache::WatchTicket>> tickets_;
  std::mutex mu_;
  std::condition_variable wake_;
  bool stopping_ = false, dirty_ = false, lost_ = false;  // under mu_
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Controller> NewController(registry::Registry& registry, Aggregator& aggregator) {
  return std::make_unique<ControllerImpl>(registry, aggregator);
}

}  // namespace apiserver::aggregation
