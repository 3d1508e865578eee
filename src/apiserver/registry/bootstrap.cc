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
  return service;
}

// The authentication settings that extension servers and delegating daemons read.
Value AuthenticationConfig(const std::string& client_ca_pem) {
  Value config = Named("v1", "ConfigMap", "kube-system", "extension-apiserver-authentication");
  config.Ensure("data").Set("client-ca-file", client_ca_pem);
  return config;
}

bool SetAddress(Value& list, const std::string& address, bool remove) {
  if (!list.is_array()) list = Value::MakeArray();
  apimachinery::Array& all = list.array();
  for (size_t i = 0; i < all.size(); ++i) {
    const bool same = all[i].is_string() ? all[i].as_string() == address : all[i].GetString("ip") == address;
    if (!same) continue;
    if (!remove) return false;
    all.erase(all.begin() + static_cast<long>(i));
    return true;
  }
  return !remove;
}

}  // namespace

absl::Status ReconcileEndpoints(Registry& registry, const BootstrapOptions& options, bool remove) {
  if (!options.endpoints || options.advertise_address.empty()) return absl::OkStatus();
  // Endpoints may not lie in the loopback range: such a server is for this machine alone.
  if (absl::StartsWith(options.advertise_address, "127.") || options.advertise_address == "::1") return absl::OkStatus();
  const std::string& address = options.advertise_address;
  const auto add_port = [&](Value& ports) {
    if (ports.is_array() && !ports.empty()) return;
    Value port = Value::MakeObject();
    port.Set("name", "https");
    port.Set("port", int64_t{options.secure_port});
    port.Set("protocol", "TCP");
    ports.Append(std::move(port));
  };
  const auto change_endpoints = [&](Value& object) {
    Value& subsets = object["subsets"];
    if (!subsets.is_array() || subsets.empty()) {
      if (remove) return false;
      subsets.Append(Value::MakeObject());
    }
    Value& subset = subsets.array().front();
    Value entry = Value::MakeObject();
    entry.Set("ip", address);
    if (!SetAddress(subset["addresses"], address, remove)) return false;
    if (!remove) subset["addresses"].Append(std::move(entry));
    if (subset["addresses"].empty()) {
      object.Erase("subsets");
    } else {
      add_port(subset["ports"]);
    }
    return true;
  };
  const auto change_slice = [&](Value& object) {
    Value& endpoints = object["endpoints"];
    if (!endpoints.is_array()) endpoints = Value::MakeArray();
    apimachinery::Array& all = endpoints.array();
    for (size_t i = 0; i < all.size(); ++i) {
      const apimachinery::Array& addresses = all[i].GetArray("addresses");
      if (addresses.empty() || !addresses.front().is_string() || addresses.front().as_string() != address) continue;
      if (!remove) return false;
      all.erase(all.begin() + static_cast<long>(i));
      return true;
    }
    if (remove) return false;
    Value entry = Value::MakeObject();
    entry["addresses"].Append(address);
    entry.Ensure("conditions").Set("ready", true);
    endpoints.Append(std::move(entry));
    add_port(object["ports"]);
    return true;
  };
  const GroupResource endpoints{"", "endpoints"}, slices{"discovery.k8s.io", "endpointslices"};
  if (!remove) {
    Value first = Named("v1", "Endpoints", "default", "kubernetes");
    first.Ensure("metadata.labels").Set("endpointslice.kubernetes.io/skip-mirror", "true");
    change_endpoints(first);
    RETURN_IF_ERROR(CreateMissing(registry, endpoints, first));
    Value slice = Named("discovery.k8s.io/v1", "EndpointSlice", "default", "kubernetes");
    slice.Ensure("metadata.labels").Set("kubernetes.io/service-name", "kubernetes");
    slice.Set("addressType", "IPv4");
    change_slice(slice);
    RETURN_IF_ERROR(CreateMissing(registry, slices, slice));
  }
  RETURN_IF_ERROR(registry.Modify(endpoints, "default", "kubernetes", change_endpoints).status());
  return registry.Modify(slices, "default", "kubernetes", change_slice).status();
}

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
    return CreateMissing(registry, {"", "services"}, KubernetesService(first, options.secure_port));
  });
  tasks.push_back([&] {
    Value cidr = Named("networking.k8s.io/v1", "ServiceCIDR", "", "kubernetes");
    cidr.Ensure("spec")["cidrs"].Append(registry.environment().service_cidr);
    return CreateMissing(registry, {"networking.k8s.io", "servicecidrs"}, cidr);
  });
  tasks.push_back([&] {
    // A refusal concerns pods' way to this server, not the server: told, but no reason not to be ready.
    if (const absl::Status status = ReconcileEndpoints(registry, options, /*remove=*/false); !status.ok()) {
      base::LogWarning("kubernetes endpoints not written error=", status.message());
    }
    return absl::OkStatus();
  });
  if (!options.client_ca_pem.empty()) {
    tasks.push_back([&] {
      return CreateMissing(registry, {"", "configmaps"}, AuthenticationConfig(options.client_ca_pem));
    });
  }
  return InParallel(tasks.size(), [&](size_t i) {
    const absl::Status status = tasks[i]();
    if (!status.ok()) base::LogWarning("bootstrap step failed error=", status.message());
    return status;
  });
}

}  // namespace apiserver::registry
