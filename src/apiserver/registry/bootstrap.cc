#include "apiserver/registry/bootstrap.h"

#include <atomic>
#include <mutex>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apiserver/auth/bootstrap_policy.h"
#include "apiserver/registry/services.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::ApiStatus;
using apimachinery::Value;
using pipeline::GroupResource;

constexpr int kWriters = 12;

Value Named(absl::string_view api_version, absl::string_view kind, absl::string_view ns, absl::string_view name) {
  Value object = Value::MakeObject();
  object.Set("kind", kind);
  object.Set("apiVersion", api_version);
  object.Ensure("metadata").Set("name", name);
  if (!ns.empty()) object["metadata"].Set("namespace", ns);
  return object;
}

absl::Status CreateMissing(Registry& registry, const GroupResource& what, const Value& object) {
  if (registry.Get(what, object.GetString("metadata.namespace"), object.GetString("metadata.name")) != nullptr) {
    return absl::OkStatus();
  }
  const absl::Status status = registry.Create(what, object).status();
  return ApiStatus::From(status).Is("AlreadyExists") ? absl::OkStatus() : status;
}

// Runs `task(i)` for all i on a few threads; the first failure.
absl::Status InParallel(size_t count, const std::function<absl::Status(size_t)>& task) {
  std::atomic<size_t> next{0};
  std::mutex mu;
  absl::Status first;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < std::min<size_t>(kWriters, count); ++t) {
    threads.emplace_back([&] {
      for (size_t i = next++; i < count; i = next++) {
        const absl::Status status = task(i);
        const std::lock_guard lock(mu);
        if (!status.ok() && first.ok()) first = status;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  return first;
}

std::string ResourceOf(const Value& object) {
  const apimachinery::Kind* kind =
      apimachinery::Schema::Builtin().FindKind(object.GetString("apiVersion"), object.GetString("kind"));
  return kind == nullptr ? "" : std::string(kind->plural);
}

absl::Status EnsurePolicy(Registry& registry, const Value& wanted) {
  const GroupResource what{"rbac.authorization.k8s.io", ResourceOf(wanted)};
  const std::string ns = wanted.GetString("metadata.namespace"), name = wanted.GetString("metadata.name");
  if (const pipeline::ObjectPtr stored = registry.Get(what, ns, name); stored != nullptr) {
    Value copy = *stored;
    if (!auth::ReconcilePolicy(wanted, copy)) return absl::OkStatus();
    return registry.Modify(what, ns, name, [&](Value& v) { return auth::ReconcilePolicy(wanted, v); }).status();
  }
  return CreateMissing(registry, what, wanted);
}

Value KubernetesService(const std::string& address, int port) {
  Value service = Named("v1", "Service", "default", "kubernetes");
  Value& labels = service.Ensure("metadata.labels");
  labels.Set("component", "apiserver");
  labels.Set("provider", "kubernetes");
  Value& spec = service.Ensure("spec");
  spec.Set("type", "ClusterIP");
  spec.Set("clusterIP", address);
  Value entry = Value::MakeObject();
  entry.Set("name", "https");
  entry.Set("protocol", "TCP");
  entry.Set("port", int64_t{443});
  entry.Set("targetPort", int64_t{port});
  spec["ports"].Append(std::move(entry));
  spec.Set("sessionAffinity", "None");
  spec.Set("ipFamilyPolicy", "SingleStack");
  return service;
}

// Servers that start together all try: the address is one server's first, and the service a moment later.
absl::Status EnsureKubernetesService(Registry& registry, const std::string& address, int port) {
  absl::Status made;
  for (int attempt = 0; attempt < 40; ++attempt) {
    made = CreateMissing(registry, {"", "services"}, KubernetesService(address, port));
    if (made.ok()) return made;
    const auto there = registry.GetFresh({"", "services"}, "default", "kubernetes");
    if (there.ok() && *there != nullptr) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(25));
  }
  return made;
}

// The authentication settings that extension servers and delegating daemons read.
Value AuthenticationConfig(const BootstrapOptions& options) {
  Value config = Named("v1", "ConfigMap", "kube-system", "extension-apiserver-authentication");
  Value& data = config.Ensure("data");
  if (!options.client_ca_pem.empty()) data.Set("client-ca-file", options.client_ca_pem);
  for (const auto& [key, value] : options.front_proxy) data.Set(key, value);
  return config;
}

// From when on uses of tokens that lie in secrets are noted: those without a note have not been used since.
Value TokenTracking(absl::Time now) {
  Value config = Named("v1", "ConfigMap", "kube-system", "kube-apiserver-legacy-service-account-token-tracking");
  config.Ensure("data").Set("since", absl::FormatTime("%Y-%m-%d", now, absl::UTCTimeZone()));
  return config;
}

}  // namespace

absl::Status Bootstrap(Registry& registry, const BootstrapOptions& options) {
  static constexpr const char* kNamespaces[] = {"kube-system", "default", "kube-public", "kube-node-lease"};
  RETURN_IF_ERROR(InParallel(std::size(kNamespaces), [&](size_t i) {
    return CreateMissing(registry, {"", "namespaces"}, Named("v1", "Namespace", "", kNamespaces[i]));
  }));
  std::vector<std::function<absl::Status()>> tasks;
  for (const Value& object : auth::BootstrapPolicy()) {
    tasks.push_back([&] { return EnsurePolicy(registry, object); });
  }
  for (const Value& object : admission::BootstrapPriorityClasses()) {
    tasks.push_back([&] { return CreateMissing(registry, {"scheduling.k8s.io", "priorityclasses"}, object); });
  }
  const std::string first = Services(registry.environment().service_cidr, 0, 0, registry).first_address();
  tasks.push_back([&] {
    return EnsureKubernetesService(registry, first, options.secure_port);
  });
  tasks.push_back([&] {
    Value cidr = Named("networking.k8s.io/v1", "ServiceCIDR", "", "kubernetes");
    cidr.Ensure("spec")["cidrs"].Append(registry.environment().service_cidr);
    return CreateMissing(registry, {"networking.k8s.io", "servicecidrs"}, cidr);
  });
  tasks.push_back([&] {
    return CreateMissing(registry, {"", "configmaps"}, TokenTracking(registry.environment().clock->Now()));
  });
  if (!options.client_ca_pem.empty() || !options.front_proxy.empty()) {
    tasks.push_back([&] {
      return CreateMissing(registry, {"", "configmaps"}, AuthenticationConfig(options));
    });
  }
  return InParallel(tasks.size(), [&](size_t i) {
    const absl::Status status = tasks[i]();
    if (!status.ok()) base::LogWarning("bootstrap step failed error=", status.message());
    return status;
  });
}

}  // namespace apiserver::registry
