// The probing half of PodManager: every probe of a running container ticks by itself.
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "kubelet/pods/pod_events.h"
#include "kubelet/pods/pod_manager.h"
#include "kubelet/pods/probe_series.h"

namespace kubelet {

void PodManager::StartProbes(const RecordPtr& record, const PodFacts& facts) {
  std::vector<std::shared_ptr<ActiveProbe>> fresh;
  {
    absl::MutexLock lock(&record->mu);
    for (const auto& [name, own] : facts.containers) {
      ContainerMemory& memory = record->containers[name];
      if (!own.running() || facts.ending || facts.stopping.contains(own.latest()->id) || memory.busy) {
        // Ended runs and runs that are being stopped are not probed.
        for (const auto& probe : {memory.startup, memory.liveness, memory.readiness}) {
          if (probe != nullptr && !memory.busy) probe->over = true;
        }
        continue;
      }
      if (memory.probed == own.latest()->id) continue;
      const ContainerPtr found = FindContainer(facts.pod->spec(), name);
      const v1::Container& c = *found;
      memory.probed = own.latest()->id;
      for (const auto& probe : {memory.startup, memory.liveness, memory.readiness}) {
        if (probe != nullptr) probe->over = true;
      }
      const auto make = [&](bool has, const v1::Probe& spec, ProbeKind kind) -> std::shared_ptr<ActiveProbe> {
        if (!has) return nullptr;
        const ProbeThresholds thresholds = {spec.successthreshold() > 0 ? spec.successthreshold() : 1,
                                            spec.failurethreshold() > 0 ? spec.failurethreshold() : 3};
        auto probe = std::make_shared<ActiveProbe>(
            ActiveProbe{name, own.latest()->id, kind, ProbeState(kind, thresholds), spec, own.latest()->started_at});
        fresh.push_back(probe);
        return probe;
      };
      memory.startup = make(c.has_startupprobe(), c.startupprobe(), ProbeKind::kStartup);
      memory.liveness = make(c.has_livenessprobe(), c.livenessprobe(), ProbeKind::kLiveness);
      memory.readiness = make(c.has_readinessprobe(), c.readinessprobe(), ProbeKind::kReadiness);
    }
  }
  for (const auto& probe : fresh) {
    const absl::Duration delay = absl::Seconds(probe->spec.initialdelayseconds()) - (absl::Now() - probe->started_at);
    timer_.PostAfter(std::max(delay, absl::ZeroDuration()), [this, record, probe] {
      probing_->Submit([this, record, probe] { ProbeTick(record, probe); });
    });
  }
}

void PodManager::ProbeTick(const RecordPtr& record, std::shared_ptr<ActiveProbe> probe) {
  std::shared_ptr<const v1::Pod> pod;
  bool held_back = false;
  {
    absl::MutexLock lock(&record->mu);
    if (probe->over) return;
    pod = record->pod;
    const ContainerMemory& memory = record->containers[probe->container];
    // Liveness and readiness count from when startup succeeded.
    held_back = probe->kind != ProbeKind::kStartup && memory.startup != nullptr && !memory.startup->state.passing();
  }
  const ContainerPtr c = FindContainer(pod->spec(), probe->container);
  if (c == nullptr) return;
  const absl::Duration period = absl::Seconds(probe->spec.periodseconds() > 0 ? probe->spec.periodseconds() : 10);
  absl::Duration next = period;
  if (held_back) {
    next = std::min(period, absl::Seconds(1));
  } else {
    const std::vector<SandboxStatus> sandboxes = runtime_.ListSandboxes(pod->metadata().uid());
    std::string ip = options_.host_ip;
    for (const SandboxStatus& sandbox : sandboxes) {
      if (sandbox.state == SandboxState::kReady && !sandbox.ips.empty()) ip = sandbox.ips.front();
    }
    const absl::Time asked = absl::Now();
    const ProbeOutcome outcome = prober_.Probe(probe->spec, *c, probe->run_id, ip);
    const absl::Duration took = absl::Now() - asked;
    bool changed = false;
    {
      absl::MutexLock lock(&record->mu);
      if (probe->over) return;
      CountProbe({pod->metadata().namespace_(), pod->metadata().name(), pod->metadata().uid(), probe->container}, ProbeName(probe->kind),
                 outcome.unknown ? "unknown" : outcome.success ? "successful" : "failed", took);
      changed = !outcome.unknown && probe->state.Record(outcome.success);  // what could not be asked says nothing
      if (probe->state.exhausted()) {
        ContainerMemory& memory = record->containers[probe->container];
        memory.must_restart = absl::StrCat("Container ", probe->container, " failed ",
                                           probe->kind == ProbeKind::kStartup ? "startup" : "liveness", " probe, will be restarted");
        memory.must_restart_run = probe->run_id;
        probe->over = true;
      }
      if (probe->kind == ProbeKind::kStartup && probe->state.passing()) probe->over = true;
    }
    if (!outcome.success) {
      events_.Warning(ContainerRef(*pod, probe->container), "Unhealthy",
                      absl::StrCat(ProbeName(probe->kind), outcome.unknown ? " probe errored and resulted in unknown state: " : " probe failed: ",
                                   outcome.message));
    }
    if (changed) queue_.Add(pod->metadata().uid());
  }
  timer_.PostAfter(next, [this, record, probe] {
    probing_->Submit([this, record, probe] { ProbeTick(record, probe); });
  });
}

}  // namespace kubelet
