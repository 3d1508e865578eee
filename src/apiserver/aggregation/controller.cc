#include "apiserver/aggregation/controller.h"

#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"
#include "apiserver/aggregation/availability.h"
#include "apiserver/aggregation/condition_writer.h"
#include "apiserver/aggregation/local_services.h"
#include "apiserver/registry/change_loop.h"
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
  ControllerImpl(registry::Registry& registry, Aggregator& aggregator)
      : registry_(registry), aggregator_(aggregator), loop_(registry, "APIServiceRegistrationController", Followed(), [this] { return Sync() ? absl::InfiniteDuration() : kRetry; }) {}
  ~ControllerImpl() override { Stop(); }

  absl::Status Start() override { return loop_.Start(/*look_here=*/false); }
  void Stop() override { loop_.Stop(); }

 private:
  std::vector<registry::Followed> Followed() {
    // What other servers stand on: only the aggregator cares.
    const auto backend = [this](const cache::Event& event) { aggregator_.Touch(event.object->ns()); };
    return {{kApiServices, nullptr}, {kDefinitions, nullptr}, {kServices, backend}, {kSlices, backend}};
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
  registry::ChangeLoop loop_;
};

}  // namespace

std::unique_ptr<Controller> NewController(registry::Registry& registry, Aggregator& aggregator) {
  return std::make_unique<ControllerImpl>(registry, aggregator);
}

}  // namespace apiserver::aggregation
