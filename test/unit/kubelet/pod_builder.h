// Pods and their facts for tests.
#pragma once
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "k8s/core/v1/pod.pb.h"
#include "kubelet/pods/pod_facts.h"

namespace kubelet {

inline const absl::Time kStart = absl::FromUnixSeconds(1700000000);

// A world of one pod: change the pod, let containers start and end, ask the planner.
struct World {
  k8s::core::v1::Pod pod;
  PodFacts facts;

  World() {
    pod.mutable_metadata()->set_name("web");
    pod.mutable_metadata()->set_namespace_("default");
    pod.mutable_metadata()->set_uid("u1");
    pod.mutable_spec()->set_restartpolicy("Always");
    pod.mutable_spec()->set_terminationgraceperiodseconds(30);
    facts.start_time = kStart;
    facts.host_ip = "192.0.2.1";
    facts.runtime_name = "skiff";
    facts.volumes_ready = true;
  }

  k8s::core::v1::Container& Container(const std::string& name, bool init = false) {
    k8s::core::v1::Container* c = init ? pod.mutable_spec()->add_initcontainers() : pod.mutable_spec()->add_containers();
    c->set_name(name);
    c->set_image("busybox:1");
    facts.containers[name];
    return *c;
  }

  void Sandbox(SandboxState state = SandboxState::kReady) {
    const uint32_t attempt = static_cast<uint32_t>(facts.sandboxes.size());
    facts.sandboxes.push_back({.id = "s" + std::to_string(attempt), .pod_uid = "u1", .attempt = attempt, .state = state});
    if (state == SandboxState::kReady) facts.sandboxes.back().ips = {"10.0.0.5"};
  }

  void Runs(const std::string& name) {
    ContainerFacts& c = facts.containers[name];
    const uint32_t attempt = static_cast<uint32_t>(c.runs.size());
    ContainerStatus run;
    run.id = name + std::to_string(attempt);
    run.sandbox_id = facts.sandboxes.back().id;
    run.name = name;
    run.attempt = attempt;
    run.state = ContainerState::kRunning;
    run.started_at = kStart;
    run.image = "docker.io/library/busybox:1";
    c.runs.push_back(run);
    c.started = c.ready = true;
  }

  void Ends(const std::string& name, int code, absl::Time at = kStart) {
    ContainerStatus& run = facts.containers[name].runs.back();
    run.state = ContainerState::kExited;
    run.exit_code = code;
    run.reason = code == 0 ? "Completed" : "Error";
    run.finished_at = at;
    facts.containers[name].started = facts.containers[name].ready = false;
  }

  const PodFacts& Facts() {
    facts.pod = std::make_shared<k8s::core::v1::Pod>(pod);
    return facts;
  }
};

}  // namespace kubelet
