#include "kubelet/pods/pod_manager.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "k8s/core/v1/node.pb.h"
#include "kubelet/pods/pod_events.h"
#include "kubelet/pods/pod_series.h"
#include "kubelet/pods/pod_util.h"
#include "kubelet/pods/probe_series.h"
#include "kubelet/pods/status.h"
#include "kubelet/pods/storage_limits.h"
#include "kubelet/pods/termination_message.h"
#include "kubelet/runtime/images/image_store.h"

namespace kubelet {

PodManager::PodManager(PodManagerOptions options, ContainerRuntime& runtime, VolumeManager& volumes, ApiObjects& objects,
                       StatusManager& statuses, client::EventRecorder events)
    : options_(std::move(options)), runtime_(runtime), volumes_(volumes), objects_(objects), statuses_(statuses),
      events_(std::move(events)), runtime_name_(runtime.Version().name), prober_(runtime),
      side_(std::make_unique<base::http::WorkerPool>(64, 10000)), probing_(std::make_unique<base::http::WorkerPool>(64, 10000)) {
  runtime_.OnChange([this](const std::string& uid) { queue_.Add(uid); });
  for (int i = 0; i < options_.workers; ++i) threads_.emplace_back([this] { Work(); });
}

PodManager::~PodManager() {
  runtime_.OnChange([](const std::string&) {});
  queue_.ShutDown();
  timer_.Stop();
  for (std::thread& thread : threads_) thread.join();
  side_->Stop();
  probing_->Stop();
}

// ---- sources ----

void PodManager::SetPod(std::shared_ptr<const v1::Pod> pod) {
  const std::string uid = pod->metadata().uid();
  std::optional<Rejection> rejection;
  if (Find(uid) == nullptr && !IsTerminalPhase(*pod) && !pod->metadata().has_deletiontimestamp() && !pod->status().has_starttime()) {
    const std::shared_ptr<const v1::Node> node = options_.own_node ? options_.own_node() : nullptr;
    rejection = Admit(*pod, node.get(), Holding(uid), options_.admission);
  }
  {
    absl::MutexLock lock(&mu_);
    RecordPtr& record = records_[uid];
    if (record == nullptr) {
      if (IsTerminalPhase(*pod) && runtime_.ListSandboxes(uid).empty() && !pod->metadata().has_deletiontimestamp()) {
        records_.erase(uid);  // over long ago
        return;
      }
      record = std::make_shared<PodRecord>();
      record->start_time = pod->status().has_starttime() ? FromApiTime(pod->status().starttime()) : absl::Now();
    }
    absl::MutexLock record_lock(&record->mu);
    record->pod = std::move(pod);
    record->gone = false;
    if (rejection.has_value()) Reject(*record, *rejection);
  }
  queue_.Add(uid);
}

void PodManager::Reject(PodRecord& record, const Rejection& rejection) {
  record.rejected = true;
  record.failed_reason = rejection.reason;
  record.failed_message = absl::StrCat("Pod was rejected: ", rejection.message);
  events_.Warning(PodRef(*record.pod), rejection.reason, rejection.message);
}

void PodManager::RemovePod(const std::string& uid) {
  RecordPtr record = Find(uid);
  if (record == nullptr) return;
  {
    absl::MutexLock lock(&record->mu);
    record->gone = true;
  }
  queue_.Add(uid);
}

void PodManager::SetMirror(const std::string& static_uid, const std::string& mirror_uid) {
  RecordPtr record = Find(static_uid);
  if (record == nullptr) return;
  {
    absl::MutexLock lock(&record->mu);
    if (record->mirror_uid == mirror_uid) return;
    record->mirror_uid = mirror_uid;
    record->status.reset();  // a new object has to be told
  }
  queue_.Add(static_uid);
}

void PodManager::RemoveOrphans() {
  for (const SandboxStatus& sandbox : runtime_.ListSandboxes()) {
    if (Find(sandbox.pod_uid) != nullptr) continue;
    base::LogInfo("removing a pod that is no more pod=", sandbox.pod_namespace, "/", sandbox.pod_name, " uid=", sandbox.pod_uid);
    if (absl::Status removed = runtime_.RemovePodSandbox(sandbox.id); !removed.ok()) {
      base::LogWarning("sandbox not removed id=", sandbox.id, " err=", removed.message());
    } else {
      volumes_.TearDown(sandbox.pod_uid);
    }
  }
}

void PodManager::Resync() {
  std::vector<std::string> uids;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [uid, record] : records_) uids.push_back(uid);
  }
  for (const std::string& uid : uids) queue_.Add(uid);
}

PodManager::RecordPtr PodManager::Find(const std::string& uid) const {
  absl::MutexLock lock(&mu_);
  auto found = records_.find(uid);
  return found == records_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const v1::Pod>> PodManager::Pods() const {
  std::vector<RecordPtr> records;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [uid, record] : records_) records.push_back(record);
  }
  std::vector<std::shared_ptr<const v1::Pod>> pods;
  for (const RecordPtr& record : records) {
    absl::MutexLock lock(&record->mu);
    if (!record->status.has_value()) {
      pods.push_back(record->pod);
      continue;
    }
    auto pod = std::make_shared<v1::Pod>(*record->pod);
    *pod->mutable_status() = *record->status;
    pods.push_back(std::move(pod));
  }
  return pods;
}

std::shared_ptr<const v1::Pod> PodManager::FindPod(const std::string& ns, const std::string& name) const {
  for (std::shared_ptr<const v1::Pod>& pod : Pods()) {
    if (pod->metadata().namespace_() == ns && pod->metadata().name() == name) return pod;
  }
  return nullptr;
}

std::vector<std::shared_ptr<const v1::Pod>> PodManager::Holding(const std::string& uid) const {
  std::vector<std::shared_ptr<const v1::Pod>> holding;
  std::vector<RecordPtr> records;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [of, record] : records_) {
      if (of != uid) records.push_back(record);
    }
  }
  for (const RecordPtr& record : records) {
    absl::MutexLock lock(&record->mu);
    const std::string& phase = record->status.has_value() ? record->status->phase() : record->pod->status().phase();
    if (!record->gone && !record->rejected && phase != "Succeeded" && phase != "Failed") holding.push_back(record->pod);
  }
  return holding;
}

namespace {

// A container's runs, oldest first.
std::vector<ContainerStatus> RunsOf(const std::vector<ContainerStatus>& all, const std::string& name) {
  std::vector<ContainerStatus> runs;
  for (const ContainerStatus& run : all) {
    if (run.name == name) runs.push_back(run);
  }
  std::sort(runs.begin(), runs.end(), [](const ContainerStatus& a, const ContainerStatus& b) {
    return a.attempt != b.attempt ? a.attempt < b.attempt : a.created_at < b.created_at;
  });
  return runs;
}

}  // namespace

absl::StatusOr<ContainerStatus> PodManager::FindRun(const v1::Pod& pod, const std::string& container, bool previous) const {
  const std::vector<ContainerStatus> runs = RunsOf(runtime_.ListContainers(pod.metadata().uid()), container);
  const size_t back = previous ? 2 : 1;
  if (runs.size() < back) return absl::NotFoundError(absl::StrCat("container not found (\"", container, "\")"));
  return runs[runs.size() - back];
}

// ---- one look at a pod ----

void PodManager::Work() {
  while (std::optional<std::string> uid = queue_.Get()) {
    const absl::Time began = absl::Now();
    const bool ends = Sync(*uid);
    CountPodSync(ends, absl::Now() - began);
    queue_.Done(*uid);
  }
}

PodContext PodManager::ContextOf(const PodFacts& facts) const {
  PodContext context;
  context.node_name = options_.node.node_name;
  context.host_ip = options_.host_ip;
  context.node_milli_cpu = options_.node_milli_cpu;
  context.node_memory = options_.node_memory;
  const SandboxStatus* sandbox = facts.ready_sandbox();
  if (facts.pod->spec().hostnetwork()) {
    context.pod_ip = context.pod_ips = options_.host_ip;
  } else if (sandbox != nullptr && !sandbox->ips.empty()) {
    context.pod_ip = sandbox->ips.front();
    context.pod_ips = absl::StrJoin(sandbox->ips, ",");
  }
  return context;
}

PodFacts PodManager::Gather(PodRecord& record, absl::Time now) {
  PodFacts facts;
  facts.host_ip = options_.host_ip;
  facts.runtime_name = runtime_name_;
  facts.start_time = record.start_time;
  facts.volumes_ready = record.volumes_ready;
  absl::MutexLock lock(&record.mu);
  facts.pod = record.pod;
  const v1::Pod& pod = *facts.pod;
  const std::string& uid = pod.metadata().uid();
  facts.sandboxes = runtime_.ListSandboxes(uid);
  std::sort(facts.sandboxes.begin(), facts.sandboxes.end(), [](const SandboxStatus& a, const SandboxStatus& b) {
    return a.attempt != b.attempt ? a.attempt < b.attempt : a.created_at < b.created_at;
  });
  const std::vector<ContainerStatus> all = runtime_.ListContainers(uid);
  const auto add = [&](const v1::Container& c) ABSL_EXCLUSIVE_LOCKS_REQUIRED(record.mu) {
    ContainerFacts& own = facts.containers[c.name()];
    ContainerMemory& memory = record.containers[c.name()];
    own.runs = RunsOf(all, c.name());
    own.waiting = memory.waiting;
    own.busy = memory.busy;
    const ContainerStatus* run = own.latest();
    for (const ContainerStatus& ended : own.runs) {
      if (ended.state == ContainerState::kExited && !memory.termination_messages.contains(ended.id)) {
        memory.termination_messages[ended.id] = ReadTerminationMessage(c, ended);
      }
    }
    own.termination_messages = memory.termination_messages;
    if (run == nullptr || run->state != ContainerState::kRunning) return;
    const bool hook_done = !c.lifecycle().has_poststart() || memory.post_started == run->id || !memory.busy;
    const bool probed = memory.probed == run->id;
    own.started = hook_done && (!c.has_startupprobe() || (probed && memory.startup != nullptr && memory.startup->state.passing()));
    own.ready = own.started && (!c.has_readinessprobe() || (probed && memory.readiness != nullptr && memory.readiness->state.passing()));
    if (memory.must_restart_run == run->id) own.must_restart = memory.must_restart;
  };
  for (const v1::Container& c : pod.spec().initcontainers()) add(c);
  for (const v1::Container& c : pod.spec().containers()) add(c);
  for (const ContainerPtr& c : EphemeralContainers(pod.spec())) add(*c);

  facts.ending = record.gone || pod.metadata().has_deletiontimestamp();
  absl::Duration grace = absl::Seconds(TerminationGrace(pod));
  if (pod.metadata().has_deletiongraceperiodseconds()) grace = absl::Seconds(pod.metadata().deletiongraceperiodseconds());
  if (grace < absl::Seconds(1)) grace = absl::Seconds(1);  // also a forced deletion lets programs hear of it
  if (facts.ending) {
    if (record.grace.has_value() && grace < *record.grace) record.stopping.clear();  // it got shorter: stop again
    record.grace = grace;
  }
  facts.grace = grace;
  facts.stopping = record.stopping;
  if (record.failed_reason.empty() && pod.spec().has_activedeadlineseconds() && !facts.ending && !IsTerminalPhase(pod) &&
      now >= record.start_time + absl::Seconds(pod.spec().activedeadlineseconds())) {
    record.failed_reason = "DeadlineExceeded";
    record.failed_message = "Pod was active on the node longer than the specified deadline";
    events_.Normal(PodRef(pod), "DeadlineExceeded", record.failed_message);
  }
  facts.failed_reason = record.failed_reason;
  facts.failed_message = record.failed_message;
  facts.rejected = record.rejected;
  if (facts.failed_reason == kEvicted && !facts.ending) facts.grace = kEvictionGrace;
  return facts;
}

bool PodManager::Sync(const std::string& uid) {
  RecordPtr record = Find(uid);
  if (record == nullptr) return true;
  if (!std::exchange(record->worked_on, true)) CountWorkerStart(absl::Now() - record->seen);
  for (int round = 0; round < 16; ++round) {
    const absl::Time now = absl::Now();
    const PodFacts facts = Gather(*record, now);
    const PodPlan plan = PlanPod(facts, record->restarts, now);
    StartProbes(record, facts);
    const bool finished = plan.finished && plan.end_sandboxes.empty();
    if (round == 0 || finished) Report(*record, facts, plan, finished, now);
    if (finished) {
      Finish(record, facts);
      return true;
    }
    if (!Execute(record, facts, plan, now)) {
      if (round > 0) Report(*record, facts, plan, false, now);
      if (plan.recheck_at.has_value()) queue_.AddAfter(uid, *plan.recheck_at - now);
      return facts.ending;
    }
  }
  queue_.AddAfter(uid, absl::Seconds(1));
  return false;
}

void PodManager::Report(PodRecord& record, const PodFacts& facts, const PodPlan& plan, bool finished, absl::Time now) {
  absl::MutexLock lock(&record.mu);
  if (record.gone) return;
  v1::PodStatus previous = record.status.has_value() ? *record.status : record.pod->status();
  if (record.status.has_value()) {  // what others wrote meanwhile
    for (const v1::PodCondition& c : record.pod->status().conditions()) {
      static const std::set<std::string>* const kOurs =
          new std::set<std::string>{"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"};
      if (kOurs->contains(c.type())) continue;
      bool known = false;
      for (v1::PodCondition& p : *previous.mutable_conditions()) {
        if (p.type() == c.type()) p = c, known = true;
      }
      if (!known) *previous.add_conditions() = c;
    }
  }
  v1::PodStatus status = ComputePodStatus(facts, plan, record.restarts, finished, previous, now);
  const bool delete_now = finished && record.pod->metadata().has_deletiontimestamp() && !IsStatic(*record.pod);
  const std::string uid = !record.mirror_uid.empty() ? record.mirror_uid : record.pod->metadata().uid();
  const v1::PodStatus& known = record.status.has_value() ? *record.status : record.pod->status();
  const bool changed = !google::protobuf::util::MessageDifferencer::Equals(known, status);
  if (!changed && (!delete_now || record.delete_asked)) {
    record.status = std::move(status);
    return;
  }
  if (known.phase() == "Pending" && status.phase() == "Running") {
    CountPodStart(now - record.seen, now - FromApiTime(record.pod->metadata().creationtimestamp()));
  }
  record.status = status;
  if (delete_now) {
    // The object goes only after its files went: a pod of the same name may follow at once.
    record.delete_asked = true;
    volumes_.TearDown(record.pod->metadata().uid());
  }
  statuses_.Set(uid, std::move(status), delete_now);
}

void PodManager::Finish(const RecordPtr& record, const PodFacts& facts) {
  const std::string& uid = facts.pod->metadata().uid();
  bool gone;
  {
    absl::MutexLock lock(&record->mu);
    gone = record->gone;
  }
  record->volumes_ready = false;
  if (!gone) return;  // dead containers stay for their logs until the pod goes
  for (const SandboxStatus& sandbox : facts.sandboxes) {
    if (absl::Status removed = runtime_.RemovePodSandbox(sandbox.id); !removed.ok()) {
      base::LogWarning("sandbox not removed pod=", FormatPod(*facts.pod), " err=", removed.message());
      queue_.AddAfter(uid, absl::Seconds(2));
      return;
    }
  }
  volumes_.TearDown(uid);
  ForgetProbes(uid);
  RemoveAll(PodLogDirectory(*facts.pod, options_.node.log_root));
  statuses_.Forget(uid);
  absl::MutexLock lock(&mu_);
  auto found = records_.find(uid);
  if (found == records_.end() || found->second != record) return;
  {
    absl::MutexLock record_lock(&record->mu);
    if (!record->gone) return;  // it came back
  }
  records_.erase(found);
}

}  // namespace kubelet
