#include "kubectl/cmd/debug_profile.h"

#include "absl/strings/str_cat.h"
#include "kubectl/cli/errors.h"

namespace kubectl {
namespace {

using apimachinery::Array;

void AddCapability(Value* container, const char* name) {
  container->Ensure("securityContext.capabilities.add").Append(name);
}

void UseHost(Value* pod) {
  for (const char* field : {"hostNetwork", "hostPID", "hostIPC"}) (*pod)["spec"].Set(field, true);
}

void MountRoot(Value* pod, Value* container) {
  Value mount;
  mount.Set("mountPath", "/host");
  mount.Set("name", "host-root");
  (*container)["volumeMounts"].Append(std::move(mount));
  Value volume;
  volume.Set("name", "host-root");
  volume["hostPath"].Set("path", "/");
  (*pod)["spec"]["volumes"].Append(std::move(volume));
}

// A copy is no member of its original's services and has no probes to fail.
void Forget(const KeepFlags& keep, Value* pod) {
  if (!keep.labels) pod->EraseAt("metadata.labels");
  if (!keep.annotations) pod->EraseAt("metadata.annotations");
  if (!keep.init_containers) pod->EraseAt("spec.initContainers");
  for (Value& container : (*pod)["spec"]["containers"].array()) {
    if (!keep.liveness) container.Erase("livenessProbe");
    if (!keep.readiness) container.Erase("readinessProbe");
    if (!keep.startup) container.Erase("startupProbe");
  }
}

}  // namespace

absl::Status CheckProfile(const std::string& profile) {
  for (const char* known : {"legacy", "general", "baseline", "restricted", "netadmin", "sysadmin"}) {
    if (profile == known) return absl::OkStatus();
  }
  return Error(absl::StrCat("unknown profile: ", profile));
}

void ApplyProfile(const std::string& profile, DebugStyle style, const KeepFlags& keep, Value* pod,
                  Value* container) {
  const bool node = style == DebugStyle::kNode, copy = style == DebugStyle::kCopy;
  if (profile == "legacy") {
    if (copy) pod->EraseAt("metadata.labels");
  } else if (copy) {
    Forget(keep, pod);
    if (!(*pod)["spec"].Has("shareProcessNamespace")) (*pod)["spec"].Set("shareProcessNamespace", true);
  }
  if (container == nullptr) return;
  if (profile == "legacy") {
    if (node) MountRoot(pod, container);
  } else if (profile == "general") {
    if (node) {
      MountRoot(pod, container);
      container->Erase("securityContext");
    } else {
      AddCapability(container, "SYS_PTRACE");
    }
  } else if (profile == "baseline") {
    container->Erase("securityContext");
  } else if (profile == "restricted") {
    Value context;
    context["capabilities"]["drop"].Append("ALL");
    context.Set("runAsNonRoot", true);
    context.Set("allowPrivilegeEscalation", false);
    context["seccompProfile"].Set("type", "RuntimeDefault");
    container->Set("securityContext", std::move(context));
  } else if (profile == "netadmin") {
    AddCapability(container, "NET_ADMIN");
    AddCapability(container, "NET_RAW");
  } else if (profile == "sysadmin") {
    container->Ensure("securityContext").Set("privileged", true);
    if (node) MountRoot(pod, container);
  }
  if (node && profile != "baseline" && profile != "restricted") UseHost(pod);
}

}  // namespace kubectl
