#include "apiserver/registry/endpoint_leases.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/schema.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::Value;
using pipeline::GroupResource;

constexpr char kPrefix[] = "/registry/masterleases/";
const GroupResource kEndpoints{"", "endpoints"}, kSlices{"discovery.k8s.io", "endpointslices"};

Value PortList(int port) {
  Value entry = Value::MakeObject();
  entry.Set("name", "https");
  entry.Set("port", int64_t{port});
  entry.Set("protocol", "TCP");
  Value list = Value::MakeArray();
  list.Append(std::move(entry));
  return list;
}

bool SetPorts(Value& holder, int port) {
  if (port == 0) return false;
  Value wanted = PortList(port);
  const Value* ports = holder.Find("ports");
  if (ports != nullptr && *ports == wanted) return false;
  holder.Set("ports", std::move(wanted));
  return true;
}

Value Named(absl::string_view api_version, absl::string_view kind) {
  Value object = Value::MakeObject();
  object.Set("kind", kind);
  object.Set("apiVersion", api_version);
  object.Ensure("metadata").Set("name", "kubernetes");
  object["metadata"].Set("namespace", "default");
  return object;
}

}  // namespace

bool SetEndpointAddresses(Value& endpoints, const std::set<std::string>& addresses, int port) {
  if (addresses.empty()) return endpoints.Erase("subsets");
  Value& subsets = endpoints["subsets"];
  if (!subsets.is_array() || subsets.size() != 1) {
    subsets = Value::MakeArray();
    subsets.Append(Value::MakeObject());
  }
  Value& subset = subsets.array().front();
  std::set<std::string> present;
  for (const Value& address : subset.GetArray("addresses")) present.insert(address.GetString("ip"));
  bool changed = present != addresses;
  if (changed) {
    Value list = Value::MakeArray();
    for (const std::string& address : addresses) {
      Value entry = Value::MakeObject();
      entry.Set("ip", address);
      list.Append(std::move(entry));
    }
    subset.Set("addresses", std::move(list));
  }
  return SetPorts(subset, port) || changed;
}

bool SetSliceAddresses(Value& slice, const std::set<std::string>& addresses, int port) {
  std::set<std::string> present;
  for (const Value& endpoint : slice.GetArray("endpoints")) {
    for (const Value& address : endpoint.GetArray("addresses")) present.insert(address.as_string());
  }
  bool changed = present != addresses;
  if (changed) {
    Value list = Value::MakeArray();
    for (const std::string& address : addresses) {
      Value entry = Value::MakeObject();
      entry["addresses"].Append(address);
      entry.Ensure("conditions").Set("ready", true);
      list.Append(std::move(entry));
    }
    slice.Set("endpoints", std::move(list));
  }
  return SetPorts(slice, port) || changed;
}

absl::Status EndpointLeases::WriteLease() {
  const apimachinery::Message& message = *apimachinery::Schema::Builtin().FindMessage("core.v1.Endpoints");
  Value value = Value::MakeObject();
  value.Ensure("metadata").Set("generation", ++renewals_);
  Value entry = Value::MakeObject();
  entry.Set("ip", options_.address);
  Value subset = Value::MakeObject();
  subset["addresses"].Append(std::move(entry));
  value["subsets"].Append(std::move(subset));
  std::string wire;
  apimachinery::EncodeWire(message, value, &wire);
  const std::string bytes = apimachinery::EncodeEnvelope("v1", "Endpoints", wire), key = absl::StrCat(kPrefix, options_.address);
  store::Store& store = *registry_.environment().store;
  ASSIGN_OR_RETURN(const int64_t lease, store.GrantLease(kEndpointLease));
  for (int attempt = 0; attempt < 16; ++attempt) {
    ASSIGN_OR_RETURN(const auto there, store.Get(key));
    ASSIGN_OR_RETURN(const store::WriteResult written,
                     there.has_value() ? store.Update(key, bytes, there->mod_revision, lease)
                                       : store.Create(key, bytes, lease));
    if (written.done) return absl::OkStatus();
  }
  return absl::AbortedError(absl::StrCat("too many servers at the address ", options_.address));
}

absl::StatusOr<std::set<std::string>> EndpointLeases::Alive() const {
  std::set<std::string> addresses;
  ASSIGN_OR_RETURN(const int64_t revision, registry_.environment().store->List(kPrefix, "", 0, 100, [&](store::KeyValue kv) {
    addresses.insert(kv.key.substr(sizeof(kPrefix) - 1));
    return true;
  }));
  (void)revision;
  return addresses;
}

absl::Status EndpointLeases::WriteEndpoints(const std::set<std::string>& addresses, bool ports) {
  const int port = ports ? options_.port : 0;
  const auto bring = [&](const GroupResource& what, Value first, bool (*set)(Value&, const std::set<std::string>&, int)) {
    const auto changed = registry_.Modify(what, "default", "kubernetes", [&](Value& v) { return set(v, addresses, port); });
    if (apimachinery::ApiStatus::From(changed.status()).code != 404 || addresses.empty()) return changed.status();
    set(first, addresses, options_.port);
    const absl::Status made = registry_.Create(what, first).status();
    return apimachinery::ApiStatus::From(made).Is("AlreadyExists") ? absl::OkStatus() : made;
  };
  Value endpoints = Named("v1", "Endpoints");
  endpoints.Ensure("metadata.labels").Set("endpointslice.kubernetes.io/skip-mirror", "true");
  RETURN_IF_ERROR(bring(kEndpoints, std::move(endpoints), SetEndpointAddresses));
  Value slice = Named("discovery.k8s.io/v1", "EndpointSlice");
  slice.Ensure("metadata.labels").Set("kubernetes.io/service-name", "kubernetes");
  slice.Set("addressType", absl::StrContains(options_.address, ':') ? "IPv6" : "IPv4");
  return bring(kSlices, std::move(slice), SetSliceAddresses);
}

absl::Status EndpointLeases::Renew(bool ports) {
  // Endpoints may not lie in the loopback range: such a server is for this machine alone.
  if (options_.address.empty() || absl::StartsWith(options_.address, "127.") || options_.address == "::1") {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(WriteLease());
  ASSIGN_OR_RETURN(const std::set<std::string> alive, Alive());
  return WriteEndpoints(alive, ports);
}

absl::Status EndpointLeases::Leave() {
  if (renewals_ == 0) return absl::OkStatus();
  store::Store& store = *registry_.environment().store;
  const std::string key = absl::StrCat(kPrefix, options_.address);
  ASSIGN_OR_RETURN(const auto there, store.Get(key));
  if (there.has_value()) RETURN_IF_ERROR(store.Delete(key, there->mod_revision).status());
  ASSIGN_OR_RETURN(const std::set<std::string> alive, Alive());
  return WriteEndpoints(alive, /*ports=*/false);
}

}  // namespace apiserver::registry
