#include "kubelet/pods/status.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kubelet/pods/pod_util.h"
#include "kubelet/pods/storage_limits.h"

namespace kubelet {
namespace {

class StatusBuilder {
 public:
  StatusBuilder(const PodFacts& facts, const PodPlan& plan, const Backoff& restarts, bool finished,
                const v1::PodStatus& previous, absl::Time now)
      : facts_(facts), pod_(*facts.pod), plan_(plan), restarts_(restarts), finished_(finished), previous_(previous), now_(now) {}

  v1::PodStatus Build() {
    if (facts_.rejected) return Rejected();
    init_ = ComputeInitProgress(facts_);
    for (const v1::Container& c : pod_.spec().initcontainers()) *status_.add_initcontainerstatuses() = Container(c, true);
    for (const v1::Container& c : pod_.spec().containers()) *status_.add_containerstatuses() = Container(c, false);
    for (const ContainerPtr& c : EphemeralContainers(pod_.spec())) *status_.add_ephemeralcontainerstatuses() = Ephemeral(*c);
    status_.set_phase(Phase());
    if (!facts_.failed_reason.empty() && finished_ && status_.phase() == "Failed") {
      status_.set_reason(facts_.failed_reason);
      status_.set_message(facts_.failed_message);
    }
    Addresses();
    *status_.mutable_starttime() = ToApiTime(facts_.start_time);
    status_.set_qosclass(pod_.status().qosclass().empty() ? QosName(QosOf(pod_)) : pod_.status().qosclass());
    if (pod_.metadata().generation() > 0) status_.set_observedgeneration(pod_.metadata().generation());
    Conditions();
    return status_;
  }

 private:
  // Nothing of it was ever here: no containers, no addresses, and of the conditions only what others wrote.
  v1::PodStatus Rejected() {
    status_.set_phase("Failed");
    status_.set_reason(facts_.failed_reason);
    status_.set_message(facts_.failed_message);
    *status_.mutable_starttime() = ToApiTime(facts_.start_time);
    status_.set_qosclass(pod_.status().qosclass().empty() ? QosName(QosOf(pod_)) : pod_.status().qosclass());
    if (pod_.metadata().generation() > 0) status_.set_observedgeneration(pod_.metadata().generation());
    for (const v1::PodCondition& c : previous_.conditions()) {
      if (c.type() != "PodScheduled") *status_.add_conditions() = c;
    }
    return status_;
  }

  v1::ContainerStateTerminated Terminated(const ContainerFacts& own, const ContainerStatus& run) const {
    v1::ContainerStateTerminated t;
    t.set_exitcode(run.exit_code);
    t.set_reason(run.reason);
    auto message = own.termination_messages.find(run.id);
    if (message != own.termination_messages.end() && !message->second.empty()) {
      t.set_message(message->second);
    } else if (!run.message.empty()) {
      t.set_message(run.message);
    }
    // A container that never ran started at the epoch, as upstream reports it.
    *t.mutable_startedat() = ToApiTime(run.started_at == absl::Time() ? absl::UnixEpoch() : run.started_at);
    *t.mutable_finishedat() = ToApiTime(run.finished_at);
    t.set_containerid(absl::StrCat(facts_.runtime_name, "://", run.id));
    return t;
  }

  // Never ready and never started again.
  v1::ContainerStatus Ephemeral(const v1::Container& c) const {
    v1::ContainerStatus s = Container(c, false);
    static const ContainerFacts* const kNone = new ContainerFacts;
    const auto found = facts_.containers.find(c.name());
    const ContainerFacts& own = found == facts_.containers.end() ? *kNone : found->second;
    const ContainerStatus* run = own.latest();
    s.set_ready(false);
    if (run != nullptr && run->state == ContainerState::kExited) {
      s.clear_laststate();
      s.mutable_laststate();
      s.mutable_state()->Clear();
      *s.mutable_state()->mutable_terminated() = Terminated(own, *run);
    }
    return s;
  }

  v1::ContainerStatus Container(const v1::Container& c, bool init) const {
    v1::ContainerStatus s;
    s.set_name(c.name());
    s.set_image(c.image());
    s.set_imageid("");
    s.set_ready(false);
    s.set_started(false);
    s.set_restartcount(0);
    s.mutable_state();
    s.mutable_laststate();
    for (const v1::VolumeMount& mount : c.volumemounts()) {
      v1::VolumeMountStatus* m = s.add_volumemounts();
      m->set_name(mount.name());
      m->set_mountpath(mount.mountpath());
      if (mount.readonly()) {
        m->set_readonly(true);
        m->set_recursivereadonly("Disabled");
      }
    }
    static const ContainerFacts* const kNone = new ContainerFacts;
    auto found = facts_.containers.find(c.name());
    const ContainerFacts& own = found == facts_.containers.end() ? *kNone : found->second;
    const ContainerStatus* run = own.latest();
    const ContainerStatus* before = own.runs.size() > 1 ? &own.runs[own.runs.size() - 2] : nullptr;
    if (run != nullptr && run->state == ContainerState::kCreated) {
      run = before;
      before = nullptr;
    }
    if (run == nullptr) {
      Waiting(c, own, init, s.mutable_state());
      return s;
    }
    s.set_image(run->image);
    s.set_imageid(run->image_id);
    s.set_containerid(absl::StrCat(facts_.runtime_name, "://", run->id));
    s.set_restartcount(static_cast<int32_t>(run->attempt));
    FillResources(c, &s);
    if (before != nullptr && before->state == ContainerState::kExited) {
      *s.mutable_laststate()->mutable_terminated() = Terminated(own, *before);
    }
    if (run->state == ContainerState::kRunning) {
      *s.mutable_state()->mutable_running()->mutable_startedat() = ToApiTime(run->started_at);
      s.set_started(own.started);
      s.set_ready(own.ready && (!init || IsSidecar(c)) && !finished_);
      return s;
    }
    // Ended. What keeps it from running again shows as waiting, and the end moves to lastState.
    s.set_ready(init && !IsSidecar(c) && run->exit_code == 0);
    const bool over = facts_.ending || finished_ || !ShouldRestart(pod_, c, init, *run);
    if (!over) {
      for (const auto& [name, wait] : plan_.crash_waits) {
        if (name != c.name()) continue;
        *s.mutable_laststate()->mutable_terminated() = Terminated(own, *run);
        v1::ContainerStateWaiting* w = s.mutable_state()->mutable_waiting();
        w->set_reason("CrashLoopBackOff");
        w->set_message(absl::StrCat("back-off ", FormatDelay(restarts_.Current(BackoffKey(pod_, c.name()))),
                                    " restarting failed container=", c.name(), " pod=", FormatPod(pod_)));
        return s;
      }
      if (own.waiting.has_value()) {
        *s.mutable_laststate()->mutable_terminated() = Terminated(own, *run);
        s.mutable_state()->mutable_waiting()->set_reason(own.waiting->reason);
        if (!own.waiting->message.empty()) s.mutable_state()->mutable_waiting()->set_message(own.waiting->message);
        return s;
      }
    }
    *s.mutable_state()->mutable_terminated() = Terminated(own, *run);
    return s;
  }

  static std::string FormatDelay(absl::Duration d) {  // Go's way: 10s, 1m20s, 5m0s
    const int64_t seconds = absl::ToInt64Seconds(d);
    return seconds < 60 ? absl::StrCat(seconds, "s") : absl::StrCat(seconds / 60, "m", seconds % 60, "s");
  }

  void Waiting(const v1::Container& c, const ContainerFacts& own, bool init, v1::ContainerState* state) const {
    v1::ContainerStateWaiting* w = state->mutable_waiting();
    if (own.waiting.has_value()) {
      w->set_reason(own.waiting->reason);
      if (!own.waiting->message.empty()) w->set_message(own.waiting->message);
      return;
    }
    const bool initializing = pod_.spec().initcontainers_size() > 0 && (init || !init_.done);
    w->set_reason(initializing ? "PodInitializing" : "ContainerCreating");
  }

  void FillResources(const v1::Container& c, v1::ContainerStatus* s) const {
    v1::ResourceRequirements* r = s->mutable_resources();
    *r->mutable_limits() = c.resources().limits();
    *r->mutable_requests() = c.resources().requests();
    *s->mutable_allocatedresources() = c.resources().requests();
  }

  std::string Phase() const {
    if (IsTerminalPhase(pod_)) return pod_.status().phase();
    int waiting = 0, running = 0, stopped = 0, succeeded = 0;
    for (const v1::ContainerStatus& s : status_.containerstatuses()) {
      if (s.state().has_running()) {
        ++running;
      } else if (s.state().has_terminated()) {
        ++stopped;
        succeeded += s.state().terminated().exitcode() == 0;
      } else if (s.laststate().has_terminated()) {
        ++stopped;
      } else {
        ++waiting;
      }
    }
    if (finished_) {
      // Evicted while all it had to do was done: that is no failure.
      if (facts_.failed_reason == kEvicted && stopped > 0 && stopped == succeeded && waiting + running == 0) return "Succeeded";
      if (!facts_.failed_reason.empty() || init_.failed) return "Failed";
      if (stopped > 0 && waiting == 0 && running == 0) return stopped == succeeded ? "Succeeded" : "Failed";
      // Ended before it ever ran: its containers are gone without a trace.
      return facts_.ending ? "Failed" : "Pending";
    }
    // Not torn down yet: the phase it had.
    if (facts_.ending || !facts_.failed_reason.empty() || init_.failed) return previous_.phase().empty() ? "Pending" : previous_.phase();
    if (!init_.done || waiting > 0) return "Pending";
    return "Running";
  }

  void Addresses() {
    if (!facts_.host_ip.empty()) {
      status_.set_hostip(facts_.host_ip);
      status_.add_hostips()->set_ip(facts_.host_ip);
    }
    const SandboxStatus* sandbox = facts_.ready_sandbox();
    if (pod_.spec().hostnetwork()) {
      // Known as soon as the pod has a place to run, as for any other.
      if (sandbox != nullptr || !previous_.podip().empty()) {
        status_.set_podip(facts_.host_ip);
        status_.add_podips()->set_ip(facts_.host_ip);
      }
    } else if (sandbox != nullptr && !sandbox->ips.empty()) {
      status_.set_podip(sandbox->ips.front());
      for (const std::string& ip : sandbox->ips) status_.add_podips()->set_ip(ip);
    } else if (!previous_.podip().empty()) {  // the address it had stays readable
      status_.set_podip(previous_.podip());
      *status_.mutable_podips() = previous_.podips();
    }
  }

  void Add(const std::string& type, bool value, const std::string& reason = "", const std::string& message = "") {
    v1::PodCondition* c = status_.add_conditions();
    c->set_type(type);
    c->set_status(value ? "True" : "False");
    if (!reason.empty()) c->set_reason(reason);
    if (!message.empty()) c->set_message(message);
    if (pod_.metadata().generation() > 0) c->set_observedgeneration(pod_.metadata().generation());
    c->mutable_lastprobetime();
    const v1::PodCondition* old = FindCondition(previous_, type);
    *c->mutable_lasttransitiontime() = old != nullptr && old->status() == c->status() && old->has_lasttransitiontime()
                                           ? old->lasttransitiontime()
                                           : ToApiTime(now_);
  }

  // Phase as far as readiness is concerned: a pod whose end is certain is not ready, torn down or not.
  std::string ReadinessPhase() const {
    if (IsTerminalPhase(pod_)) return pod_.status().phase();
    if (finished_) return status_.phase();
    if (!facts_.failed_reason.empty() || init_.failed) return "Failed";
    return status_.phase();
  }

  void Conditions() {
    const std::string phase = ReadinessPhase();
    Add("PodReadyToStartContainers", facts_.ready_sandbox() != nullptr && !finished_);
    std::vector<std::string> incomplete;
    for (int i = 0; i < pod_.spec().initcontainers_size(); ++i) {
      const v1::ContainerStatus& s = status_.initcontainerstatuses(i);
      const bool complete = IsSidecar(pod_.spec().initcontainers(i)) ? s.started() : s.ready();
      if (!complete) incomplete.push_back(s.name());
    }
    if (phase == "Succeeded") {
      Add("Initialized", true, "PodCompleted");
    } else if (incomplete.empty() || init_.done) {
      Add("Initialized", true);
    } else {
      Add("Initialized", false, "ContainersNotInitialized",
          absl::StrCat("containers with incomplete status: [", absl::StrJoin(incomplete, " "), "]"));
    }
    Readiness(phase);
    // The conditions of other components stay as they are.
    for (const v1::PodCondition& c : previous_.conditions()) {
      if (FindCondition(status_, c.type()) == nullptr && c.type() != "PodScheduled") *status_.add_conditions() = c;
    }
    Add("PodScheduled", true);  // a pod that is here was assigned
  }

  void Readiness(const std::string& phase) {
    if (phase == "Succeeded" || phase == "Failed") {
      const std::string reason = phase == "Succeeded" ? "PodCompleted" : "PodFailed";
      Add("Ready", false, reason);
      Add("ContainersReady", false, reason);
      return;
    }
    std::vector<std::string> unready;
    for (int i = 0; i < pod_.spec().initcontainers_size(); ++i) {
      const v1::ContainerStatus& s = status_.initcontainerstatuses(i);
      if (IsSidecar(pod_.spec().initcontainers(i)) && !s.ready()) unready.push_back(s.name());
    }
    for (const v1::ContainerStatus& s : status_.containerstatuses()) {
      if (!s.ready()) unready.push_back(s.name());
    }
    const std::string message = unready.empty() ? "" : absl::StrCat("containers with unready status: [", absl::StrJoin(unready, " "), "]");
    std::vector<std::string> gates;
    for (const v1::PodReadinessGate& gate : pod_.spec().readinessgates()) {
      const v1::PodCondition* c = FindCondition(previous_, gate.conditiontype());
      if (c == nullptr) {
        gates.push_back(absl::StrCat("corresponding condition of pod readiness gate \"", gate.conditiontype(), "\" does not exist."));
      } else if (c->status() != "True") {
        gates.push_back(absl::StrCat("the status of pod readiness gate \"", gate.conditiontype(), "\" is not \"True\", but ", c->status()));
      }
    }
    if (!unready.empty()) {
      Add("Ready", false, "ContainersNotReady", message);
    } else if (!gates.empty()) {
      Add("Ready", false, "ReadinessGatesNotReady", absl::StrJoin(gates, ", "));
    } else {
      Add("Ready", true);
    }
    Add("ContainersReady", unready.empty(), unready.empty() ? "" : "ContainersNotReady", message);
  }

  const PodFacts& facts_;
  const v1::Pod& pod_;
  const PodPlan& plan_;
  const Backoff& restarts_;
  const bool finished_;
  const v1::PodStatus& previous_;
  const absl::Time now_;
  InitProgress init_;
  v1::PodStatus status_;
};

}  // namespace

v1::PodStatus ComputePodStatus(const PodFacts& facts, const PodPlan& plan, const Backoff& restarts, bool finished,
                               const v1::PodStatus& previous, absl::Time now) {
  return StatusBuilder(facts, plan, restarts, finished, previous, now).Build();
}

}  // namespace kubelet
