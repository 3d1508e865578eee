// Keeps the node's own objects: registers the Node, reports its status, renews its Lease.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/api_client.h"
#include "client/event_recorder.h"
#include "kubelet/node/node_status.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

struct NodeAgentOptions {
  NodeOptions node;
  bool register_node = true;
  absl::Duration status_update = absl::Seconds(10);   // how often the status is looked at
  absl::Duration status_report = absl::Minutes(5);    // and written even when unchanged
  int lease_seconds = 40;
  std::string root_dir;
};

class NodeAgent {
 public:
  // The references must outlive it. `on_node` is called with the Node after every successful write or read.
  NodeAgent(NodeAgentOptions options, const client::ApiClient& api, ContainerRuntime& runtime, client::EventRecorder events,
            std::function<void(const k8s::core::v1::Node&)> on_node);
  ~NodeAgent();

  void Start();
  void Kick();  // something changed: report now

 private:
  void StatusLoop();
  void LeaseLoop();
  absl::Status Register();
  absl::Status ReportStatus();
  absl::Status RenewLease();
  NodeFacts Facts() const;
  bool Sleep(absl::Duration duration, bool wake_on_kick);  // false: stopping
  void TellTransitions(const k8s::core::v1::NodeStatus& before, const k8s::core::v1::NodeStatus& now);

  const NodeAgentOptions options_;
  const client::ApiClient& api_;
  ContainerRuntime& runtime_;
  const client::EventRecorder events_;
  const std::function<void(const k8s::core::v1::Node&)> on_node_;
  const MachineInfo machine_;
  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool kicked_ ABSL_GUARDED_BY(mu_) = false;
  std::string node_uid_ ABSL_GUARDED_BY(mu_);
  bool registered_ = false;       // of the status loop
  absl::Time reported_at_;
  std::thread status_thread_, lease_thread_;
};

}  // namespace kubelet
