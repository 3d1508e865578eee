#include "kubelet/pods/plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "kubelet/pods/pod_util.h"

namespace kubelet {
namespace {

const ContainerFacts& FactsOf(const PodFacts& facts, const std::string& name) {
  static const ContainerFacts* const kNone = new ContainerFacts;
  auto found = facts.containers.find(name);
  return found == facts.containers.end() ? *kNone : found->second;
}

class Planner {
 public:
  Planner(const PodFacts& facts, const Backoff& restarts, absl::Time now)
      : facts_(facts), pod_(*facts.pod), restarts_(restarts), now_(now) {}

  PodPlan Run() {
    CollectDead();
    if (facts_.ending || !facts_.failed_reason.empty()) {
      End(facts_.grace);
      return plan_;
    }
    if (IsTerminalPhase(pod_)) {
      End(absl::Seconds(TerminationGrace(pod_)));
      return plan_;
    }
    const InitProgress init = ComputeInitProgress(facts_);
    if (init.failed || (init.done && AllOver())) {
      End(absl::Seconds(TerminationGrace(pod_)));
      return plan_;
    }
    for (size_t i = 0; i + 1 < facts_.sandboxes.size(); ++i) {
      if (facts_.sandboxes[i].state == SandboxState::kReady || !facts_.sandboxes[i].ips.empty()) {
        plan_.end_sandboxes.push_back(facts_.sandboxes[i].id);
      }
    }
    if (!facts_.volumes_ready) {
      plan_.set_up_volumes = true;
      return plan_;
    }
    if (facts_.ready_sandbox() == nullptr) {
      // What ran in a lost sandbox has lost its network: it ends with it and starts over in a new one.
      if (!facts_.sandboxes.empty()) {
        plan_.end_sandboxes.push_back(facts_.sandboxes.back().id);
        plan_.sandbox_attempt = facts_.sandboxes.back().attempt + 1;
      }
      plan_.make_sandbox = true;
      return plan_;
    }
    PlanInit(init.done);
    if (init.done) {
      for (const v1::Container& c : pod_.spec().containers()) PlanContainer(c, false);
      for (const ContainerPtr& c : EphemeralContainers(pod_.spec())) PlanEphemeral(*c);
    }
    PlanDeadline();
    return plan_;
  }

 private:
  void RecheckAt(absl::Time at) {
    if (at == absl::InfiniteFuture()) return;
    if (!plan_.recheck_at.has_value() || at < *plan_.recheck_at) plan_.recheck_at = at;
  }

  // Of each container only the last dead run is kept: for its log and for lastState.
  void CollectDead() {
    for (const auto& [name, c] : facts_.containers) {
      size_t dead = 0;
      for (auto run = c.runs.rbegin(); run != c.runs.rend(); ++run) {
        if (run->state == ContainerState::kRunning) continue;
        if (run->state == ContainerState::kExited && dead++ < (c.running() ? 1u : 2u)) continue;
        if (run->state == ContainerState::kExited || run != c.runs.rbegin()) plan_.remove_runs.push_back(run->id);
      }
    }
  }

  bool AllOver() const {
    for (const v1::Container& c : pod_.spec().containers()) {
      const ContainerStatus* run = CurrentRun(facts_, c.name());
      if (run == nullptr || run->state != ContainerState::kExited || ShouldRestart(pod_, c, false, *run)) return false;
    }
    return pod_.spec().containers_size() > 0;
  }

  bool Stop(const v1::Container& c, absl::Duration grace, const std::string& message) {
    const ContainerFacts& own = FactsOf(facts_, c.name());
    if (!own.running()) return false;
    if (!facts_.stopping.contains(own.latest()->id)) plan_.stop.push_back({c.name(), own.latest()->id, grace, message});
    return true;
  }

  // Stops the pod's containers, then its sidecars from the last to the first, then its sandboxes.
  void End(absl::Duration grace) {
    bool running = false;
    for (const v1::Container& c : pod_.spec().containers()) {
      running = Stop(c, grace, absl::StrCat("Stopping container ", c.name())) || running;
    }
    for (const ContainerPtr& c : EphemeralContainers(pod_.spec())) {
      running = Stop(*c, grace, absl::StrCat("Stopping container ", c->name())) || running;
    }
    for (const v1::Container& c : pod_.spec().initcontainers()) {
      if (!IsSidecar(c)) running = Stop(c, grace, absl::StrCat("Stopping container ", c.name())) || running;
    }
    for (int i = pod_.spec().initcontainers_size() - 1; i >= 0 && !running; --i) {
      const v1::Container& c = pod_.spec().initcontainers(i);
      if (IsSidecar(c)) running = Stop(c, grace, absl::StrCat("Stopping container ", c.name()));
    }
    if (running) return;
    for (const SandboxStatus& sandbox : facts_.sandboxes) {
      if (sandbox.state == SandboxState::kReady || !sandbox.ips.empty()) plan_.end_sandboxes.push_back(sandbox.id);
    }
    plan_.finished = true;
  }

  void PlanInit(bool main_started) {
    for (const v1::Container& c : pod_.spec().initcontainers()) {
      const ContainerStatus* run = CurrentRun(facts_, c.name());
      const bool sidecar = IsSidecar(c);
      if (sidecar) {
        PlanContainer(c, true);
        if (main_started) continue;
        if (run == nullptr || run->state != ContainerState::kRunning || !FactsOf(facts_, c.name()).started) return;
        continue;
      }
      if (main_started) continue;
      if (run != nullptr && run->state == ContainerState::kExited && run->exit_code == 0) continue;
      PlanContainer(c, true);
      return;
    }
  }

  // Runs once, whatever becomes of it; nothing waits for it.
  void PlanEphemeral(const v1::Container& c) {
    if (FactsOf(facts_, c.name()).latest() == nullptr) PlanContainer(c, false);
  }

  void PlanContainer(const v1::Container& c, bool init) {
    const ContainerFacts& own = FactsOf(facts_, c.name());
    if (own.busy) return;
    const ContainerStatus* run = CurrentRun(facts_, c.name());
    if (run != nullptr && run->state == ContainerState::kRunning) {
      if (own.must_restart.empty()) return;
      absl::Duration grace = absl::Seconds(TerminationGrace(pod_));
      for (const v1::Probe* probe : {&c.livenessprobe(), &c.startupprobe()}) {
        if (probe->has_terminationgraceperiodseconds()) grace = absl::Seconds(probe->terminationgraceperiodseconds());
      }
      Stop(c, grace, own.must_restart);
      return;
    }
    if (run != nullptr && run->state == ContainerState::kExited) {
      if (!ShouldRestart(pod_, c, init, *run)) return;
      const absl::Duration wait = restarts_.Remaining(BackoffKey(pod_, c.name()), run->finished_at, now_);
      if (wait > absl::ZeroDuration()) {
        plan_.crash_waits.emplace_back(c.name(), wait);
        RecheckAt(now_ + wait);
        return;
      }
    }
    if (own.waiting.has_value() && own.waiting->reason != "CrashLoopBackOff" && own.waiting->retry_at > now_) {
      RecheckAt(own.waiting->retry_at);
      return;
    }
    plan_.start.push_back(c.name());
  }

  void PlanDeadline() {
    if (!pod_.spec().has_activedeadlineseconds()) return;
    const absl::Time end = facts_.start_time + absl::Seconds(pod_.spec().activedeadlineseconds());
    if (end > now_) RecheckAt(end);
  }

  const PodFacts& facts_;
  const v1::Pod& pod_;
  const Backoff& restarts_;
  const absl::Time now_;
  PodPlan plan_;
};

}  // namespace

PodPlan PlanPod(const PodFacts& facts, const Backoff& restarts, absl::Time now) { return Planner(facts, restarts, now).Run(); }

std::string BackoffKey(const v1::Pod& pod, const std::string& container) {
  return absl::StrCat(pod.metadata().uid(), "/", container);
}

bool ShouldRestart(const v1::Pod& pod, const v1::Container& container, bool init, const ContainerStatus& ended) {
  if (init && IsSidecar(container)) return true;
  const std::string& policy = pod.spec().restartpolicy();
  if (init) return ended.exit_code != 0 && policy != "Never";
  if (policy == "Never") return false;
  return policy != "OnFailure" || ended.exit_code != 0;
}

const ContainerStatus* CurrentRun(const PodFacts& facts, const std::string& container) {
  const ContainerStatus* latest = FactsOf(facts, container).latest();
  if (latest == nullptr || facts.sandboxes.empty()) return nullptr;
  return latest->sandbox_id == facts.sandboxes.back().id ? latest : nullptr;
}

InitProgress ComputeInitProgress(const PodFacts& facts) {
  InitProgress progress;
  const v1::Pod& pod = *facts.pod;
  for (const v1::Container& c : pod.spec().containers()) {
    if (CurrentRun(facts, c.name()) != nullptr) progress.done = true;  // they start only after initialization
  }
  if (progress.done) return progress;
  for (const v1::Container& c : pod.spec().initcontainers()) {
    const ContainerStatus* run = CurrentRun(facts, c.name());
    if (IsSidecar(c)) {
      if (run == nullptr || run->state != ContainerState::kRunning || !FactsOf(facts, c.name()).started) return progress;
      continue;
    }
    if (run == nullptr || run->state != ContainerState::kExited) return progress;
    if (run->exit_code != 0) {
      progress.failed = !ShouldRestart(pod, c, true, *run);
      return progress;
    }
  }
  progress.done = true;
  return progress;
}

}  // namespace kubelet
