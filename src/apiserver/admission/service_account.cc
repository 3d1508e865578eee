// Every pod runs as a service account, and finds that account's token where clients look for it.
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apiserver/admission/plugin.h"
#include "base/rng.h"

namespace apiserver::admission {
namespace {

constexpr char kMount[] = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr char kVolume[] = "kube-api-access-";
constexpr char kMirror[] = "kubernetes.io/config.mirror";
constexpr char kEnforce[] = "kubernetes.io/enforce-mountable-secrets";

bool IsMirror(const Value& pod) {
  const Value* annotations = pod.At("metadata.annotations");
  return annotations != nullptr && annotations->Has(kMirror);
}

// The first reference to a secret anywhere in the pod.
bool ReferencesSecret(const Value& value, absl::string_view under = "") {
  if (value.is_array()) {
    for (const Value& item : value.array()) {
      if (ReferencesSecret(item, under)) return true;
    }
  } else if (value.is_object()) {
    if (under == "secretRef" || under == "secretKeyRef" || under == "imagePullSecrets" || under == "secret") return true;
    for (const auto& [key, member] : value.object()) {
      if (ReferencesSecret(member, key)) return true;
    }
  }
  return false;
}

Value TokenVolume(const std::string& name) {
  Value token = Value::MakeObject();
  token["serviceAccountToken"].Set("expirationSeconds", 3607);
  token["serviceAccountToken"].Set("path", "token");
  Value ca = Value::MakeObject();
  Value item = Value::MakeObject();
  item.Set("key", "ca.crt");
  item.Set("path", "ca.crt");
  ca["configMap"].Set("name", "kube-root-ca.crt");
  ca["configMap"]["items"].Append(std::move(item));
  Value down = Value::MakeObject();
  Value file = Value::MakeObject();
  file.Set("path", "namespace");
  file["fieldRef"].Set("apiVersion", "v1");
  file["fieldRef"].Set("fieldPath", "metadata.namespace");
  down["downwardAPI"]["items"].Append(std::move(file));
  Value volume = Value::MakeObject();
  volume.Set("name", name);
  Value& projected = volume["projected"];
  projected["sources"].Append(std::move(token));
  projected["sources"].Append(std::move(ca));
  projected["sources"].Append(std::move(down));
  projected.Set("defaultMode", 0644);
  return volume;
}

void MountToken(Value& spec) {
  std::string name;
  for (const Value& volume : spec.GetArray("volumes")) {
    if (!absl::StartsWith(volume.GetString("name"), kVolume)) continue;
    name = volume.GetString("name");
    break;
  }
  const bool has_volume = !name.empty();
  if (!has_volume) name = absl::StrCat(kVolume, base::NameSuffix());
  bool needed = false;
  for (const char* list : {"initContainers", "containers"}) {
    Value* containers = spec.Find(list);
    if (containers == nullptr || !containers->is_array()) continue;
    for (Value& container : containers->array()) {
      bool mounted = false;
      for (const Value& mount : container.GetArray("volumeMounts")) {
        mounted = mounted || mount.GetString("mountPath") == kMount;
      }
      if (mounted) continue;
      Value mount = Value::MakeObject();
      mount.Set("name", name);
      mount.Set("readOnly", true);
      mount.Set("mountPath", kMount);
      container["volumeMounts"].Append(std::move(mount));
      needed = true;
    }
  }
  if (!has_volume && needed) spec["volumes"].Append(TokenVolume(name));
}

class ServiceAccount final : public Plugin {
 public:
  explicit ServiceAccount(const PluginSeams& seams) : Plugin("ServiceAccount"), reader_(seams.reader) {}

  absl::Status Admit(Attributes& a) const override {
    if (!a.Is("", "pods") || a.operation != Operation::kCreate) return absl::OkStatus();
    if (IsMirror(*a.object)) return Validate(a);  // before anybody else looks
    Value& spec = a.object->Ensure("spec");
    if (spec.GetString("serviceAccountName").empty()) spec.Set("serviceAccountName", "default");
    const std::string name = spec.GetString("serviceAccountName");
    spec.Set("serviceAccount", name);
    const pipeline::ObjectPtr account = Account(a.info->ns, name);
    if (account == nullptr) return NoAccount(a, name);
    const Value* of_pod = spec.Find("automountServiceAccountToken");
    const bool mount = of_pod != nullptr ? of_pod->as_bool() : account->GetBool("automountServiceAccountToken", true);
    if (mount) MountToken(spec);
    if (spec.GetArray("imagePullSecrets").empty()) {
      spec.Erase("imagePullSecrets");
      for (const Value& secret : account->GetArray("imagePullSecrets")) {
        Value ref = Value::MakeObject();
        ref.Set("name", secret.GetString("name"));
        spec["imagePullSecrets"].Append(std::move(ref));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Validate(const Attributes& a) const override {
    const bool ephemeral = a.Is("", "pods", "ephemeralcontainers") && a.operation == Operation::kUpdate;
    if (!ephemeral && (!a.Is("", "pods") || a.operation != Operation::kCreate)) return absl::OkStatus();
    const Value& pod = *a.object;
    const std::string name = pod.GetString("spec.serviceAccountName");
    if (!ephemeral && IsMirror(pod)) {
      if (!name.empty()) return Refuse(a, "a mirror pod may not reference service accounts");
      const Value* spec = pod.Find("spec");
      if (spec != nullptr && ReferencesSecret(*spec)) return Refuse(a, "a mirror pod may not reference secrets");
      for (const Value& volume : pod.GetArray("spec.volumes")) {
        for (const Value& source : volume.GetArray("projected.sources")) {
          if (source.Has("serviceAccountToken")) {
            return Refuse(a, "a mirror pod may not use ServiceAccountToken volume projections");
          }
        }
      }
      return absl::OkStatus();
    }
    if (name.empty()) {
      return Refuse(a, absl::StrCat("no service account specified for pod ", a.info->ns, "/",
                                    pod.GetString("metadata.name")));
    }
    const pipeline::ObjectPtr account = Account(a.info->ns, name);
    if (account == nullptr) return NoAccount(a, name);
    const Value* annotations = account->At("metadata.annotations");
    const Value* enforce = annotations == nullptr ? nullptr : annotations->Find(kEnforce);
    if (enforce == nullptr || enforce->as_string() != "true") return absl::OkStatus();
    const std::string why = LimitSecrets(*account, pod, ephemeral);
    return why.empty() ? absl::OkStatus() : Refuse(a, why);
  }

 private:
  absl::Status NoAccount(const Attributes& a, const std::string& name) const {
    return Refuse(a, absl::StrCat("error looking up service account ", a.info->ns, "/", name,
                                  ": serviceaccount \"", name, "\" not found"));
  }

  // The account "default" is made by a controller right after its namespace: a pod that is quicker waits for it.
  pipeline::ObjectPtr Account(const std::string& ns, const std::string& name) const {
    const pipeline::GroupResource what{"", "serviceaccounts"};
    for (int attempt = 0; attempt < (name == "default" ? 10 : 1); ++attempt) {
      if (attempt > 0) absl::SleepFor(absl::Milliseconds(100));
      if (pipeline::ObjectPtr found = Look(reader_, what, ns, name)) return found;
    }
    return nullptr;
  }

  static std::string LimitSecrets(const Value& account, const Value& pod, bool ephemeral) {
    std::set<std::string> mountable, pullable;
    for (const Value& secret : account.GetArray("secrets")) mountable.insert(secret.GetString("name"));
    for (const Value& secret : account.GetArray("imagePullSecrets")) pullable.insert(secret.GetString("name"));
    const std::string tail = absl::StrCat("is not allowed because service account ", account.GetString("metadata.name"),
                                          " does not reference that ");
    if (!ephemeral) {
      for (const Value& volume : pod.GetArray("spec.volumes")) {
        if (!volume.Has("secret")) continue;
        const std::string name = volume.GetString("secret.secretName");
        if (!mountable.count(name)) return absl::StrCat("volume with secret.secretName=\"", name, "\" ", tail, "secret");
      }
    }
    const std::pair<const char*, const char*> lists[] = {{"spec.initContainers", "init container "},
                                                         {"spec.containers", "container "},
                                                         {"spec.ephemeralContainers", "ephemeral container "}};
    for (const auto& [list, label] : lists) {
      if (ephemeral != (std::string(list) == "spec.ephemeralContainers")) continue;
      for (const Value& c : pod.GetArray(list)) {
        const std::string what = absl::StrCat(label, c.GetString("name"), " with ");
        for (const Value& env : c.GetArray("env")) {
          const Value* ref = env.At("valueFrom.secretKeyRef");
          if (ref == nullptr || mountable.count(ref->GetString("name"))) continue;
          return absl::StrCat(what, "envVar ", env.GetString("name"), " referencing secret.secretName=\"",
                              ref->GetString("name"), "\" ", tail, "secret");
        }
        for (const Value& from : c.GetArray("envFrom")) {
          const Value* ref = from.Find("secretRef");
          if (ref == nullptr || mountable.count(ref->GetString("name"))) continue;
          return absl::StrCat(what, "envFrom referencing secret.secretName=\"", ref->GetString("name"), "\" ", tail,
                              "secret");
        }
      }
    }
    if (ephemeral) return "";
    const auto& pulls = pod.GetArray("spec.imagePullSecrets");
    for (size_t i = 0; i < pulls.size(); ++i) {
      const std::string name = pulls[i].GetString("name");
      if (!pullable.count(name)) {
        return absl::StrCat("imagePullSecrets[", i, "].name=\"", name, "\" ", tail, "imagePullSecret");
      }
    }
    return "";
  }

  const pipeline::ObjectReader& reader_;
};

}  // namespace

PluginPtr NewServiceAccount(const PluginSeams& seams) { return std::make_unique<ServiceAccount>(seams); }

}  // namespace apiserver::admission
