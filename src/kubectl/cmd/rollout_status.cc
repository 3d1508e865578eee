#include "kubectl/cmd/rollout_status.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "kubectl/cli/errors.h"

namespace kubectl {
namespace {

absl::StatusOr<RolloutState> OfDeployment(const Value& d, int64_t revision) {
  const std::string name = absl::StrCat("\"", d.GetString("metadata.name"), "\"");
  if (revision > 0) {
    const Value* annotations = d.At("metadata.annotations");
    const Value* text =
        annotations == nullptr ? nullptr : annotations->Find("deployment.kubernetes.io/revision");
    int64_t running = 0;
    if (text == nullptr || !absl::SimpleAtoi(text->as_string(), &running))
      return Error("cannot get the revision of deployment " + name);
    if (running != revision)
      return Error(absl::StrCat("desired revision (", revision,
                                ") is different from the running revision (", running, ")"));
  }
  if (d.GetInt("metadata.generation") > d.GetInt("status.observedGeneration"))
    return RolloutState{"Waiting for deployment spec update to be observed...\n"};
  for (const Value& condition : d.GetArray("status.conditions")) {
    if (condition.GetString("type") == "Progressing" &&
        condition.GetString("reason") == "ProgressDeadlineExceeded") {
      return Error(absl::StrCat("deployment ", name, " exceeded its progress deadline"));
    }
  }
  const int64_t wanted = d.GetInt("spec.replicas", 1), updated = d.GetInt("status.updatedReplicas"),
                total = d.GetInt("status.replicas"),
                available = d.GetInt("status.availableReplicas");
  const std::string start = absl::StrCat("Waiting for deployment ", name, " rollout to finish: ");
  if (updated < wanted)
    return RolloutState{
        absl::StrCat(start, updated, " out of ", wanted, " new replicas have been updated...\n")};
  if (total > updated)
    return RolloutState{
        absl::StrCat(start, total - updated, " old replicas are pending termination...\n")};
  if (available < updated)
    return RolloutState{
        absl::StrCat(start, available, " of ", updated, " updated replicas are available...\n")};
  return RolloutState{absl::StrCat("deployment ", name, " successfully rolled out\n"), true};
}

absl::StatusOr<RolloutState> OfDaemonSet(const Value& d) {
  const std::string name = absl::StrCat("\"", d.GetString("metadata.name"), "\"");
  if (d.GetString("spec.updateStrategy.type") != "RollingUpdate")
    return Error("rollout status is only available for RollingUpdate strategy type");
  if (d.GetInt("metadata.generation") > d.GetInt("status.observedGeneration"))
    return RolloutState{"Waiting for daemon set spec update to be observed...\n"};
  const int64_t wanted = d.GetInt("status.desiredNumberScheduled"),
                updated = d.GetInt("status.updatedNumberScheduled"),
                available = d.GetInt("status.numberAvailable");
  const std::string start = absl::StrCat("Waiting for daemon set ", name, " rollout to finish: ");
  if (updated < wanted)
    return RolloutState{
        absl::StrCat(start, updated, " out of ", wanted, " new pods have been updated...\n")};
  if (available < wanted)
    return RolloutState{
        absl::StrCat(start, available, " of ", wanted, " updated pods are available...\n")};
  return RolloutState{absl::StrCat("daemon set ", name, " successfully rolled out\n"), true};
}

absl::StatusOr<RolloutState> OfStatefulSet(const Value& s) {
  if (s.GetString("spec.updateStrategy.type") != "RollingUpdate")
    return Error("rollout status is only available for RollingUpdate strategy type");
  if (s.GetInt("status.observedGeneration") == 0 ||
      s.GetInt("metadata.generation") > s.GetInt("status.observedGeneration")) {
    return RolloutState{"Waiting for statefulset spec update to be observed...\n"};
  }
  const int64_t wanted = s.GetInt("spec.replicas", 1), ready = s.GetInt("status.readyReplicas"),
                updated = s.GetInt("status.updatedReplicas");
  if (ready < wanted)
    return RolloutState{absl::StrCat("Waiting for ", wanted - ready, " pods to be ready...\n")};
  const int64_t partition = s.GetInt("spec.updateStrategy.rollingUpdate.partition");
  if (partition > 0) {
    if (updated < wanted - partition) {
      return RolloutState{absl::StrCat("Waiting for partitioned roll out to finish: ", updated,
                                       " out of ", wanted - partition,
                                       " new pods have been updated...\n")};
    }
    return RolloutState{absl::StrCat("partitioned roll out complete: ", updated,
                                     " new pods have been updated...\n"),
                        true};
  }
  const std::string revision = s.GetString("status.updateRevision");
  if (revision != s.GetString("status.currentRevision")) {
    return RolloutState{absl::StrCat("waiting for statefulset rolling update to complete ", updated,
                                     " pods at revision ", revision, "...\n")};
  }
  return RolloutState{
      absl::StrCat("statefulset rolling update complete ", s.GetInt("status.currentReplicas"),
                   " pods at revision ", s.GetString("status.currentRevision"), "...\n"),
      true};
}

}  // namespace

absl::StatusOr<RolloutState> RolloutStatus(const std::string& kind, const Value& object,
                                           int64_t revision) {
  if (kind == "Deployment") return OfDeployment(object, revision);
  if (kind == "DaemonSet") return OfDaemonSet(object);
  if (kind == "StatefulSet") return OfStatefulSet(object);
  return Error(absl::StrCat("no status viewer has been implemented for ", kind));
}

}  // namespace kubectl
