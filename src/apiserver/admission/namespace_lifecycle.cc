// Nothing is made in a namespace that is not there or on its way out; three namespaces are never deleted.
#include <map>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "apiserver/admission/plugin.h"
#include "base/clock.h"

namespace apiserver::admission {
namespace {

class NamespaceLifecycle final : public Plugin {
 public:
  explicit NamespaceLifecycle(const PluginSeams& seams) : Plugin("NamespaceLifecycle"), reader_(seams.reader), clock_(seams.clock) {}

  absl::Status Admit(Attributes& a) const override {
    const bool is_namespace = a.info->group.empty() && a.info->resource == "namespaces";
    if (is_namespace) {
      if (a.operation == Operation::kDelete &&
          (a.name == "default" || a.name == "kube-system" || a.name == "kube-public")) {
        return apimachinery::Forbidden("", "namespaces", a.name, "this namespace may not be deleted");
      }
      if (a.operation == Operation::kDelete) Remember(a.name);
      return absl::OkStatus();
    }
    const std::string& ns = a.info->ns;
    if (ns.empty() || a.operation == Operation::kDelete || a.operation == Operation::kConnect) return absl::OkStatus();
    if (a.info->group == "authorization.k8s.io" && a.info->resource == "localsubjectaccessreviews") {
      return absl::OkStatus();
    }
    const pipeline::GroupResource what{"", "namespaces"};
    pipeline::ObjectPtr found = reader_.Get(what, "", ns);
    if (found == nullptr || LatelyDeleted(ns)) {
      auto fresh = reader_.GetFresh(what, "", ns);
      if (!fresh.ok()) return apimachinery::InternalError(fresh.status().message());
      found = *fresh;
    }
    if (found == nullptr) return apimachinery::NotFound("", "namespaces", ns);
    if (a.operation != Operation::kCreate || found->GetString("status.phase") != "Terminating") return absl::OkStatus();
    apimachinery::ApiStatus no = apimachinery::ApiStatus::From(
        Refuse(a, absl::StrCat("unable to create new content in namespace ", ns, " because it is being terminated")));
    no.causes.push_back({"NamespaceTerminating", absl::StrCat("namespace ", ns, " is being terminated"),
                         "metadata.namespace"});
    return no;
  }

 private:
  // The cache may not know yet that a namespace goes: for a while the store itself is asked.
  static constexpr absl::Duration kAskStoreFor = absl::Seconds(30);
  static constexpr size_t kMostRemembered = 100;

  void Remember(const std::string& ns) const {
    const std::lock_guard lock(mu_);
    const absl::Time now = clock_.Now();
    std::erase_if(until_, [now](const auto& known) { return known.second < now; });
    if (until_.size() >= kMostRemembered) until_.erase(until_.begin());
    until_[ns] = now + kAskStoreFor;
  }
  bool LatelyDeleted(const std::string& ns) const {
    const std::lock_guard lock(mu_);
    const auto known = until_.find(ns);
    return known != until_.end() && clock_.Now() <= known->second;
  }

  const pipeline::ObjectReader& reader_;
  const base::Clock& clock_;
  mutable std::mutex mu_;
  mutable std::map<std::string, absl::Time> until_;  // under mu_
};

}  // namespace

PluginPtr NewNamespaceLifecycle(const PluginSeams& seams) { return std::make_unique<NamespaceLifecycle>(seams); }

}  // namespace apiserver::admission
