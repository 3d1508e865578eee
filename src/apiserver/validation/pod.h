// Rules of pods and everything that holds a pod template. Split by topic: volumes.cc, containers.cc, scheduling.cc,
// pod_security.cc, pod.cc.
#pragma once
#include <map>
#include <set>
#include <string>

#include "apiserver/validation/checks.h"

namespace apiserver::validation {

// What the checks of a pod's parts need to know of the whole.
struct PodScope {
  const Value& spec;
  const Value* metadata = nullptr;  // nullptr in a template
  std::map<std::string, const Value*, std::less<>> volumes;  // the valid ones, by name
  std::set<std::string> claims;                              // names of resourceClaims
  bool host_users = true;
};

void PodSpec(FieldErrors& e, const Path& p, const Value& spec, const Value* metadata);
// A PodTemplateSpec.
void PodTemplate(FieldErrors& e, const Path& p, const Value& pod_template);

void Volumes(FieldErrors& e, const Path& p, PodScope& scope);
void Containers(FieldErrors& e, const Path& p, const PodScope& scope);
void InitContainers(FieldErrors& e, const Path& p, const PodScope& scope);
void EphemeralContainers(FieldErrors& e, const Path& p, const PodScope& scope);
void PodSecurityContext(FieldErrors& e, const Path& p, const PodScope& scope);
void ContainerSecurityContext(FieldErrors& e, const Path& p, const Value* context, bool host_users);
void PodAnnotations(FieldErrors& e, const Path& p, const Value* annotations, const Value& spec);
void SeccompAndAppArmorAgree(FieldErrors& e, const Path& spec_path, const Value* annotations, const Value& spec);
void WindowsHostProcess(FieldErrors& e, const Path& p, const Value& spec);
void OperatingSystem(FieldErrors& e, const Path& p, const Value& spec);

void Affinity(FieldErrors& e, const Path& p, const Value& affinity);
void NodeSelector(FieldErrors& e, const Path& p, const Value& selector, bool check_values = true);
void Tolerations(FieldErrors& e, const Path& p, const Array& tolerations);
void TaintEffect(FieldErrors& e, const Path& p, absl::string_view effect, bool may_be_empty);
void TopologySpread(FieldErrors& e, const Path& p, const Array& constraints);

// Calls `visit` with each init, regular and ephemeral container and its path.
void VisitContainers(const Path& spec_path, const Value& spec,
                     absl::FunctionRef<void(const Path& p, const Value& container)> visit);

// Volume sources that persistent volumes have too.
struct SourceRules {
  absl::string_view member;  // JSON name
  absl::string_view path;    // as errors name it
  absl::string_view forbidden_path;
  void (*check)(FieldErrors& e, const Path& p, const Value& source);
};
absl::Span<const SourceRules> PersistentSources();
void PersistentVolumeClaimSpec(FieldErrors& e, const Path& p, const Value& spec);

// Sums of the containers' requests or limits, as the scheduler counts them. "requests" or "limits".
std::map<std::string, Quantity> AggregateResources(const Value& spec, absl::string_view list);

}  // namespace apiserver::validation
