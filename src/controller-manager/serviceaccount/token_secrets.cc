#include "controller-manager/serviceaccount/token_secrets.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/value.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/framework/metadata.h"
#include "k8s/core/v1/config.pb.h"
#include "k8s/core/v1/serviceaccount.pb.h"

namespace controller_manager {
namespace {

using k8s::core::v1::Secret;
using k8s::core::v1::ServiceAccount;

constexpr char kType[] = "kubernetes.io/service-account-token";
constexpr char kAccountName[] = "kubernetes.io/service-account.name", kAccountUid[] = "kubernetes.io/service-account.uid";

class TokenSecretController final : public Controller {
 public:
  TokenSecretController(const Context& context, TokenSecretConfig config)
      : Controller("serviceaccount-token-controller", config.workers), api_(context.api), config_(std::move(config)),
        secrets_(context.informers.For<Secret>({.field_selector = absl::StrCat("type=", kType)})),
        accounts_(context.informers.For<ServiceAccount>()) {
    secrets_.AddIndex("account", [](const Secret& secret, std::vector<std::string>& keys) {
      keys.push_back(client::KeyOf(secret.metadata().namespace_(), Annotation(secret.metadata(), kAccountName)));
    });
    secrets_.OnChange([this](const Secret& secret) {
      queue().Add(client::KeyOf(secret.metadata().namespace_(), secret.metadata().name()));
    });
    accounts_.OnChange([this](const ServiceAccount& account) {
      for (const auto& secret :
           secrets_.Indexed("account", client::KeyOf(account.metadata().namespace_(), account.metadata().name()))) {
        queue().Add(client::KeyOf(secret->metadata().namespace_(), secret->metadata().name()));
      }
    });
  }
  ~TokenSecretController() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const auto secret = secrets_.Get(key);
    if (secret == nullptr || IsDeleting(secret->metadata())) return absl::OkStatus();
    const std::string& ns = secret->metadata().namespace_();
    const std::string name = Annotation(secret->metadata(), kAccountName), uid = Annotation(secret->metadata(), kAccountUid);
    if (name.empty()) return absl::OkStatus();
    auto account = accounts_.Get(ns, name);
    if (account == nullptr || (!uid.empty() && account->metadata().uid() != uid)) {
      // The cache may lag behind an account that was just made.
      const absl::StatusOr<ServiceAccount> live = api_.Get<ServiceAccount>(ns, name);
      if (!live.ok() && !IsNotFound(live.status())) return live.status();
      if (!live.ok() || (!uid.empty() && live->metadata().uid() != uid)) return Remove(*secret);
      account = std::make_shared<const ServiceAccount>(*live);
    }
    return Fill(*secret, *account);
  }

 private:
  absl::Status Remove(const Secret& secret) {
    const absl::Status gone = api_.Delete<Secret>(secret.metadata().namespace_(), secret.metadata().name(),
                                                  {.uid = secret.metadata().uid()});
    return IsNotFound(gone) ? absl::OkStatus() : gone;
  }

  absl::Status Fill(const Secret& secret, const ServiceAccount& account) {
    const std::string& ns = secret.metadata().namespace_();
    const auto has = [&](const char* member) {
      const auto it = secret.data().find(member);
      return it != secret.data().end() && !it->second.empty();
    };
    const bool ca = config_.root_ca.empty() || (has("ca.crt") && secret.data().at("ca.crt") == config_.root_ca);
    const bool uid = Annotation(secret.metadata(), kAccountUid) == account.metadata().uid();
    if (has("token") && has("namespace") && ca && uid) return absl::OkStatus();
    Secret filled = secret;
    (*filled.mutable_metadata()->mutable_annotations())[kAccountUid] = account.metadata().uid();
    if (!config_.root_ca.empty()) (*filled.mutable_data())["ca.crt"] = config_.root_ca;
    (*filled.mutable_data())["namespace"] = ns;
    if (!has("token")) {
      apimachinery::Value claims = apimachinery::Value::MakeObject();
      claims.Set("iss", "kubernetes/serviceaccount");
      claims.Set("kubernetes.io/serviceaccount/namespace", ns);
      claims.Set("kubernetes.io/serviceaccount/secret.name", secret.metadata().name());
      claims.Set("kubernetes.io/serviceaccount/service-account.name", account.metadata().name());
      claims.Set("kubernetes.io/serviceaccount/service-account.uid", account.metadata().uid());
      claims.Set("sub", absl::StrCat("system:serviceaccount:", ns, ":", account.metadata().name()));
      ASSIGN_OR_RETURN((*filled.mutable_data())["token"], pki::SignJwt(*config_.key, claims));
    }
    const absl::Status written = api_.Update(filled).status();
    return IsNotFound(written) ? absl::OkStatus() : written;
  }

  const client::ApiClient& api_;
  const TokenSecretConfig config_;
  client::Informer<Secret>& secrets_;
  client::Informer<ServiceAccount>& accounts_;
};

}  // namespace

std::unique_ptr<Controller> NewTokenSecretController(const Context& context, TokenSecretConfig config) {
  return std::make_unique<TokenSecretController>(context, std::move(config));
}

}  // namespace controller_manager
