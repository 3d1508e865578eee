#include "controller-manager/serviceaccount/namespace_defaults.h"

#include "base/status_macros.h"
#include "client/api_error.h"
#include "k8s/core/v1/config.pb.h"
#include "k8s/core/v1/namespace.pb.h"
#include "k8s/core/v1/serviceaccount.pb.h"

namespace controller_manager {
namespace {

using k8s::core::v1::ConfigMap;
using k8s::core::v1::Namespace;
using k8s::core::v1::ServiceAccount;

constexpr char kDefault[] = "default";
constexpr char kRootCaName[] = "kube-root-ca.crt";
constexpr char kDescription[] = "kubernetes.io/description";
constexpr char kDescriptionText[] =
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters.";

// The name of the namespace is the key; a namespace on its way out gets nothing new.
class NamespaceController : public Controller {
 public:
  NamespaceController(const Context& context, std::string name, int workers)
      : Controller(std::move(name), workers), api_(context.api), namespaces_(context.informers.For<Namespace>()) {
    namespaces_.OnChange([this](const Namespace& ns) { queue().Add(ns.metadata().name()); });
  }

 protected:
  bool IsLive(const std::string& name) const {
    const auto ns = namespaces_.Get(name);
    return ns != nullptr && ns->status().phase() != "Terminating" && !ns->metadata().has_deletiontimestamp();
  }
  static absl::Status IgnoreLoss(const absl::Status& status) {
    return IsAlreadyExists(status) || IsNotFound(status) || client::IsNamespaceTerminating(status) ? absl::OkStatus()
                                                                                                   : status;
  }

  const client::ApiClient& api_;

 private:
  client::Informer<Namespace>& namespaces_;
};

class ServiceAccountController final : public NamespaceController {
 public:
  ServiceAccountController(const Context& context, int workers)
      : NamespaceController(context, "serviceaccount-controller", workers),
        accounts_(context.informers.For<ServiceAccount>({.field_selector = "metadata.name=default"})) {
    accounts_.AddHandler({nullptr, nullptr, [this](const auto& account) {
                            queue().Add(account->metadata().namespace_());
                          }});
  }
  ~ServiceAccountController() override { Stop(); }

  absl::Status Reconcile(const std::string& ns) override {
    if (!IsLive(ns) || accounts_.Get(ns, kDefault) != nullptr) return absl::OkStatus();
    ServiceAccount account;
    account.mutable_metadata()->set_name(kDefault);
    account.mutable_metadata()->set_namespace_(ns);
    return IgnoreLoss(api_.Create(account).status());
  }

 private:
  client::Informer<ServiceAccount>& accounts_;
};

class RootCaPublisher final : public NamespaceController {
 public:
  RootCaPublisher(const Context& context, int workers, std::string root_ca)
      : NamespaceController(context, "root-ca-certificate-publisher-controller", workers),
        root_ca_(std::move(root_ca)),
        maps_(context.informers.For<ConfigMap>({.field_selector = "metadata.name=kube-root-ca.crt"})) {
    maps_.OnChange([this](const ConfigMap& map) { queue().Add(map.metadata().namespace_()); });
  }
  ~RootCaPublisher() override { Stop(); }

  absl::Status Reconcile(const std::string& ns) override {
    if (!IsLive(ns)) return absl::OkStatus();
    const auto there = maps_.Get(ns, kRootCaName);
    ConfigMap map;
    if (there != nullptr) {
      const auto ca = there->data().find("ca.crt");
      const auto text = there->metadata().annotations().find(kDescription);
      if (there->data().size() == 1 && ca != there->data().end() && ca->second == root_ca_ &&
          text != there->metadata().annotations().end() && text->second == kDescriptionText) {
        return absl::OkStatus();
      }
      map = *there;
    }
    map.mutable_metadata()->set_name(kRootCaName);
    map.mutable_metadata()->set_namespace_(ns);
    (*map.mutable_metadata()->mutable_annotations())[kDescription] = kDescriptionText;
    map.mutable_data()->clear();
    (*map.mutable_data())["ca.crt"] = root_ca_;
    return IgnoreLoss((there == nullptr ? api_.Create(map) : api_.Update(map)).status());
  }

 private:
  const std::string root_ca_;
  client::Informer<ConfigMap>& maps_;
};

}  // namespace

std::unique_ptr<Controller> NewServiceAccountController(const Context& context, int workers) {
  return std::make_unique<ServiceAccountController>(context, workers);
}

std::unique_ptr<Controller> NewRootCaPublisher(const Context& context, int workers, std::string root_ca) {
  return std::make_unique<RootCaPublisher>(context, workers, std::move(root_ca));
}

}  // namespace controller_manager
