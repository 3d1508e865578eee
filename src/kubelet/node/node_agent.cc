#include "kubelet/node/node_agent.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "k8s/coordination/v1/lease.pb.h"
#include "kubelet/pods/pod_util.h"

namespace kubelet {
namespace {

using k8s::coordination::v1::Lease;
constexpr char kLeaseNamespace[] = "kube-node-lease";

k8s::meta::v1::MicroTime MicroNow() {
  k8s::meta::v1::MicroTime out;
  const absl::Time now = absl::Now();
  out.set_seconds(absl::ToUnixSeconds(now));
  out.set_nanos(static_cast<int32_t>(absl::ToUnixMicros(now) % 1000000 * 1000));
  return out;
}

}  // namespace

NodeAgent::NodeAgent(NodeAgentOptions options, const client::ApiClient& api, ContainerRuntime& runtime, client::EventRecorder events,
                     std::function<void(const v1::Node&)> on_node)
    : options_(std::move(options)), api_(api), runtime_(runtime), events_(std::move(events)), on_node_(std::move(on_node)),
      machine_(ReadMachineInfo(options_.root_dir)) {}

NodeAgent::~NodeAgent() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  if (status_thread_.joinable()) status_thread_.join();
  if (lease_thread_.joinable()) lease_thread_.join();
}

void NodeAgent::Start() {
  status_thread_ = std::thread([this] { StatusLoop(); });
  lease_thread_ = std::thread([this] { LeaseLoop(); });
}

void NodeAgent::Kick() {
  absl::MutexLock lock(&mu_);
  kicked_ = true;
}

bool NodeAgent::Sleep(absl::Duration duration, bool wake_on_kick) {
  absl::MutexLock lock(&mu_);
  const auto awake = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_ || (wake_on_kick && kicked_); };
  mu_.AwaitWithTimeout(absl::Condition(&awake), duration);
  if (wake_on_kick) kicked_ = false;
  return !stopping_;
}

NodeFacts NodeAgent::Facts() const {
  return {machine_, ReadMachinePressure(options_.root_dir), runtime_.Version(), runtime_.NetworkReady(), runtime_.ListImages()};
}

void NodeAgent::StatusLoop() {
  absl::Duration retry = absl::Milliseconds(100);
  for (;;) {
    absl::Status status = registered_ || !options_.register_node ? absl::OkStatus() : Register();
    if (status.ok()) status = ReportStatus();
    if (status.ok()) {
      retry = absl::Milliseconds(100);
    } else {
      base::LogWarning("node status not reported node=", options_.node.name, " err=", status.message());
      if (absl::IsNotFound(status)) registered_ = false;  // someone deleted the node: register again
      retry = std::min(retry * 2, absl::Seconds(5));
    }
    if (!Sleep(status.ok() ? options_.status_update : retry, status.ok())) return;
  }
}

absl::Status NodeAgent::Register() {
  const NodeFacts facts = Facts();
  v1::Node node = MakeNode(options_.node, facts);
  *node.mutable_status() = ComputeNodeStatus(options_.node, facts, v1::NodeStatus(), absl::Now());
  absl::StatusOr<v1::Node> created = api_.Create(node);
  if (created.ok()) {
    base::LogInfo("node registered node=", options_.node.name);
    registered_ = true;
    return absl::OkStatus();
  }
  if (!absl::IsAlreadyExists(created.status())) return created.status();
  ASSIGN_OR_RETURN(v1::Node known, api_.Get<v1::Node>("", options_.node.name));
  bool changed = false;
  for (const auto& [key, value] : node.metadata().labels()) {
    std::string& label = (*known.mutable_metadata()->mutable_labels())[key];
    changed = changed || label != value;
    label = value;
  }
  if (changed) RETURN_IF_ERROR(api_.Update(known).status());
  registered_ = true;
  return absl::OkStatus();
}

void NodeAgent::TellTransitions(const v1::NodeStatus& before, const v1::NodeStatus& now) {
  const auto find = [](const v1::NodeStatus& status, const std::string& type) {
    for (const v1::NodeCondition& c : status.conditions()) {
      if (c.type() == type) return c.status();
    }
    return std::string();
  };
  struct Word {
    const char* type;
    const char* if_true;
    const char* if_false;
  };
  static constexpr Word kWords[] = {{"MemoryPressure", "NodeHasInsufficientMemory", "NodeHasSufficientMemory"},
                                    {"DiskPressure", "NodeHasDiskPressure", "NodeHasNoDiskPressure"},
                                    {"PIDPressure", "NodeHasInsufficientPID", "NodeHasSufficientPID"},
                                    {"Ready", "NodeReady", "NodeNotReady"}};
  client::ObjectRef ref{"v1", "Node", "", options_.node.name, options_.node.name, "", ""};  // upstream uses the name as uid
  for (const Word& word : kWords) {
    if (find(before, word.type) == find(now, word.type)) continue;
    const char* reason = find(now, word.type) == "True" ? word.if_true : word.if_false;
    events_.Normal(ref, reason, absl::StrCat("Node ", options_.node.name, " status is now: ", reason));
  }
}

absl::Status NodeAgent::ReportStatus() {
  ASSIGN_OR_RETURN(v1::Node node, api_.Get<v1::Node>("", options_.node.name, "0"));
  const absl::Time now = absl::Now();
  const v1::NodeStatus before = node.status();
  v1::NodeStatus status = ComputeNodeStatus(options_.node, Facts(), before, now);
  {
    absl::MutexLock lock(&mu_);
    node_uid_ = node.metadata().uid();
  }
  on_node_(node);
  // Unchanged statuses are written now and then only: the lease shows that the node lives.
  if (!NodeStatusDiffers(before, status) && now - reported_at_ < options_.status_report) return absl::OkStatus();
  *node.mutable_status() = std::move(status);
  absl::StatusOr<v1::Node> written = api_.UpdateStatus(node);
  if (!written.ok()) return written.status();
  if (reported_at_ == absl::Time()) TellTransitions(v1::NodeStatus(), written->status());
  else TellTransitions(before, written->status());
  reported_at_ = now;
  on_node_(*written);
  return absl::OkStatus();
}

void NodeAgent::LeaseLoop() {
  absl::Duration retry = absl::Milliseconds(200);
  for (;;) {
    const absl::Status renewed = RenewLease();
    if (!renewed.ok()) {
      base::LogWarning("node lease not renewed node=", options_.node.name, " err=", renewed.message());
      retry = std::min(retry * 2, absl::Seconds(7));
    } else {
      retry = absl::Milliseconds(200);
    }
    // A quarter of the lease's life, as upstream renews it.
    if (!Sleep(renewed.ok() ? absl::Seconds(options_.lease_seconds) * 0.25 : retry, false)) return;
  }
}

absl::Status NodeAgent::RenewLease() {
  const std::string& name = options_.node.name;
  absl::StatusOr<Lease> lease = api_.Get<Lease>(kLeaseNamespace, name);
  const bool exists = lease.ok();
  if (!exists && !absl::IsNotFound(lease.status())) return lease.status();
  Lease wanted;
  if (exists) wanted = *lease;
  wanted.mutable_metadata()->set_name(name);
  wanted.mutable_metadata()->set_namespace_(kLeaseNamespace);
  wanted.mutable_spec()->set_holderidentity(name);
  wanted.mutable_spec()->set_leasedurationseconds(options_.lease_seconds);
  *wanted.mutable_spec()->mutable_renewtime() = MicroNow();
  std::string uid;
  {
    absl::MutexLock lock(&mu_);
    uid = node_uid_;
  }
  if (wanted.metadata().ownerreferences_size() == 0 && !uid.empty()) {  // so that it goes with the node
    auto* owner = wanted.mutable_metadata()->add_ownerreferences();
    owner->set_apiversion("v1");
    owner->set_kind("Node");
    owner->set_name(name);
    owner->set_uid(uid);
  }
  return exists ? api_.Update(wanted).status() : api_.Create(wanted).status();
}

}  // namespace kubelet
