#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/time.h"
#include "apiserver/tables/printers.h"

namespace apiserver::tables {
namespace {

// How often containers were restarted, and when the last one before its restart had ended.
struct Restarts {
  int64_t count = 0;
  absl::Time last = absl::InfinitePast();

  void Add(const Value& status) {
    count += status.GetInt("restartCount");
    last = std::max(last, TimeAt(status, "lastState.terminated.finishedAt"));
  }
};

std::string TerminatedReason(const Value& terminated) {
  const std::string reason = terminated.GetString("reason");
  if (!reason.empty()) return reason;
  const int64_t signal = terminated.GetInt("signal");
  return signal != 0 ? absl::StrCat("Signal:", signal) : absl::StrCat("ExitCode:", terminated.GetInt("exitCode"));
}

struct Summary {
  int64_t ready = 0;
  int64_t total = 0;
  std::string reason;
  Restarts restarts;
};

// Init containers that never end run beside the others and count as containers of the pod.
class Sidecars {
 public:
  explicit Sidecars(const Value& pod) {
    for (const Value& container : pod.GetArray("spec.initContainers")) {
      if (container.GetString("restartPolicy") == "Always") names_.push_back(container.GetString("name"));
    }
  }
  size_t size() const { return names_.size(); }
  bool Has(const std::string& name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }

 private:
  std::vector<std::string> names_;
};

// Looks at the init containers in order up to the first that is not done. True while one is in the way; the reason
// then says why. `sidecar_restarts` are those that go on counting afterwards.
bool Initializing(const Value& pod, const Sidecars& sidecars, Summary* summary, Restarts* sidecar_restarts) {
  const Array& statuses = pod.GetArray("status.initContainerStatuses");
  for (size_t i = 0; i < statuses.size(); ++i) {
    const Value& status = statuses[i];
    summary->restarts.Add(status);
    const bool sidecar = sidecars.Has(status.GetString("name"));
    if (sidecar) sidecar_restarts->Add(status);
    const Value* terminated = status.At("state.terminated");
    if (terminated != nullptr && terminated->GetInt("exitCode") == 0) continue;
    if (sidecar && status.GetBool("started")) {
      if (status.GetBool("ready")) ++summary->ready;
      continue;
    }
    const std::string waiting = status.GetString("state.waiting.reason");
    if (terminated != nullptr) {
      summary->reason = absl::StrCat("Init:", TerminatedReason(*terminated));
    } else if (!waiting.empty() && waiting != "PodInitializing") {
      summary->reason = absl::StrCat("Init:", waiting);
    } else {
      summary->reason = absl::StrCat("Init:", i, "/", pod.GetArray("spec.initContainers").size());
    }
    return true;
  }
  return false;
}

void SummarizeContainers(const Value& pod, Summary* summary) {
  bool running = false;
  const Array& statuses = pod.GetArray("status.containerStatuses");
  for (auto status = statuses.rbegin(); status != statuses.rend(); ++status) {
    summary->restarts.Add(*status);
    const std::string waiting = status->GetString("state.waiting.reason");
    const Value* terminated = status->At("state.terminated");
    if (!waiting.empty()) {
      summary->reason = waiting;
    } else if (terminated != nullptr) {
      summary->reason = TerminatedReason(*terminated);
    } else if (status->GetBool("ready") && status->At("state.running") != nullptr) {
      running = true;
      ++summary->ready;
    }
  }
  if (summary->reason == "Completed" && running) {
    summary->reason = ConditionIsTrue(pod, "Ready") ? "Running" : "NotReady";
  }
}

Summary Summarize(const Value& pod) {
  Summary summary;
  const std::string phase = pod.GetString("status.phase");
  summary.reason = Text(pod, "status.reason", phase);
  for (const Value& condition : pod.GetArray("status.conditions")) {
    if (condition.GetString("type") == "PodScheduled" && condition.GetString("reason") == "SchedulingGated") {
      summary.reason = "SchedulingGated";
    }
  }
  const Sidecars sidecars(pod);
  summary.total = static_cast<int64_t>(pod.GetArray("spec.containers").size() + sidecars.size());
  Restarts sidecar_restarts;
  if (!Initializing(pod, sidecars, &summary, &sidecar_restarts) || ConditionIsTrue(pod, "Initialized")) {
    summary.restarts = sidecar_restarts;
    SummarizeContainers(pod, &summary);
  }
  if (pod.At("metadata.deletionTimestamp") != nullptr) {
    if (pod.GetString("status.reason") == "NodeLost") {
      summary.reason = "Unknown";
    } else if (phase != "Succeeded" && phase != "Failed") {
      summary.reason = "Terminating";
    }
  }
  return summary;
}

std::string ReadinessGates(const Value& pod) {
  const Array& gates = pod.GetArray("spec.readinessGates");
  if (gates.empty()) return std::string(kNone);
  int met = 0;
  for (const Value& gate : gates) met += ConditionIsTrue(pod, gate.GetString("conditionType"));
  return absl::StrCat(met, "/", gates.size());
}

}  // namespace

void PrintPod(const Value& pod, absl::Time now, Array* cells) {
  const Summary summary = Summarize(pod);
  std::string restarts = absl::StrCat(summary.restarts.count);
  if (summary.restarts.count != 0 && summary.restarts.last != absl::InfinitePast()) {
    absl::StrAppend(&restarts, " (", apimachinery::HumanDuration(now - summary.restarts.last), " ago)");
  }
  const Array& ips = pod.GetArray("status.podIPs");
  cells->push_back(Name(pod));
  cells->push_back(absl::StrCat(summary.ready, "/", summary.total));
  cells->push_back(summary.reason);
  cells->push_back(std::move(restarts));
  cells->push_back(Age(pod, now));
  cells->push_back(ips.empty() ? std::string(kNone) : Text(ips[0], "ip", kNone));
  cells->push_back(Text(pod, "spec.nodeName", kNone));
  cells->push_back(Text(pod, "status.nominatedNodeName", kNone));
  cells->push_back(ReadinessGates(pod));
}

Value PodRowConditions(const Value& pod) {
  const std::string phase = pod.GetString("status.phase");
  if (phase != "Succeeded" && phase != "Failed") return Value();
  Value condition;
  condition["type"] = "Completed";
  condition["status"] = "True";
  condition["reason"] = phase;
  condition["message"] = phase == "Succeeded" ? "The pod has completed successfully." : "The pod failed.";
  Value conditions;
  conditions.Append(std::move(condition));
  return conditions;
}

}  // namespace apiserver::tables
