// ControllerRevisions: the stored versions of a DaemonSet's or StatefulSet's template.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/api_client.h"
#include "controller-manager/framework/metadata.h"
#include "k8s/apps/v1/controllerrevision.pb.h"
#include "k8s/core/v1/pod.pb.h"

namespace controller_manager {

using k8s::apps::v1::ControllerRevision;
using RevisionPtr = std::shared_ptr<const ControllerRevision>;

inline constexpr char kRevisionHash[] = "controller-revision-hash";          // of pods and of a DaemonSet's revisions
inline constexpr char kStatefulSetHash[] = "controller.kubernetes.io/hash";  // of a StatefulSet's revisions

// How a revision is named and labelled.
struct RevisionName {
  std::string label;  // one of the above
  std::string hash;
};
// By the template, as ReplicaSets are.
RevisionName DaemonSetRevisionName(const k8s::core::v1::PodTemplateSpec& pod_template, std::optional<int> collisions);
// By the revision's data; zero collisions count too.
RevisionName StatefulSetRevisionName(const std::string& data, int collisions);

// The revision's data: {"spec":{"template":{...,"$patch":"replace"}}}, as kubectl's rollout undo applies it.
absl::StatusOr<std::string> TemplatePatch(const k8s::core::v1::PodTemplateSpec& pod_template);

// A new revision of `owner`, named "<owner>-<hash>" and labelled with the template's labels and the hash.
ControllerRevision MakeRevision(const ObjectMeta& owner, const OwnerReference& ref, const Labels& labels,
                                const std::string& data, int64_t number, const RevisionName& name);

struct RevisionPlan {
  std::optional<ControllerRevision> create;
  std::optional<ControllerRevision> update;  // an older one is current again: its number moves up
  std::string hash;                          // of the current revision (its label)
  std::string name;
  std::vector<std::string> remove;  // names beyond the history limit
};
// `in_use`: hashes that live pods carry; those revisions stay.
RevisionPlan PlanRevisions(const ObjectMeta& owner, const OwnerReference& ref, const Labels& labels,
                           const std::string& data, std::vector<RevisionPtr> existing,
                           const std::vector<std::string>& in_use, int limit, const RevisionName& name);

// Carries a plan out.
absl::Status WriteRevisions(const client::ApiClient& api, const std::string& ns, const RevisionPlan& plan);

std::string HashOf(const ControllerRevision& revision);  // by either label

// Restores the template stored in a revision; nullopt when it cannot be read.
std::optional<k8s::core::v1::PodTemplateSpec> TemplateOf(const ControllerRevision& revision);

}  // namespace controller_manager
