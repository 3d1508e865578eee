// The seam between the pod state machine and what runs containers. Modelled on CRI (one sandbox per pod, containers
// in it, images beside), so that a CRI client can stand behind it. Plain structs, no API types.
//
// Implementations: embedded/ (real Linux containers, no other daemon), hollow/ (containers in name only).
// Thread-safe. Calls on the same sandbox or container are serialized by the caller. Ids are opaque.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace kubelet {

using Labels = std::map<std::string, std::string>;

struct PortMapping {
  int host_port = 0;
  int container_port = 0;
  std::string protocol = "tcp";  // lower case
  std::string host_ip;
};

enum class QosClass { kGuaranteed, kBurstable, kBestEffort };

struct SandboxConfig {
  std::string pod_uid, pod_name, pod_namespace;
  uint32_t attempt = 0;
  std::string hostname;
  std::string log_directory;           // of the pod; containers' log paths are relative to it
  std::vector<std::string> dns_servers, dns_searches, dns_options;
  bool host_resolv_conf = false;       // the node's own file instead of the three above
  std::vector<PortMapping> ports;
  bool host_network = false, host_pid = false, host_ipc = false, share_pid = false;
  bool privileged = false;             // one of its containers is
  std::vector<std::pair<std::string, std::string>> sysctls;
  // File systems in memory of the pod: an existing empty directory and mount options. A container's mount of such a path
  // gets the file system; it lives as long as the sandbox.
  std::vector<std::pair<std::string, std::string>> memory_volumes;
  QosClass qos = QosClass::kBestEffort;
  int64_t cpu_milli_request = 0, cpu_milli_limit = 0, memory_limit = 0;  // of the pod; 0: none
};

enum class SandboxState { kReady, kNotReady };

struct SandboxStatus {
  std::string id;
  std::string pod_uid, pod_name, pod_namespace;
  uint32_t attempt = 0;
  SandboxState state = SandboxState::kNotReady;
  absl::Time created_at;
  std::vector<std::string> ips;  // empty with the host's network
};

struct Mount {
  std::string host_path;
  std::string container_path;
  bool read_only = false;
  bool allow_devices = false;  // device nodes below it work
};

// Which system calls a container may make: any, those of the runtime's own profile, or those of a file.
struct SeccompProfile {
  enum class Type { kUnconfined, kRuntimeDefault, kLocalhost };
  Type type = Type::kUnconfined;
  std::string path;  // of kLocalhost
  bool operator==(const SeccompProfile&) const = default;
};

struct ContainerConfig {
  std::string name;
  uint32_t attempt = 0;
  std::string image;      // as the pod writes it
  std::string image_id;   // of the image store
  std::vector<std::string> command, args;  // override the image's entrypoint and arguments
  std::vector<std::pair<std::string, std::string>> env;
  std::string working_dir;
  std::vector<Mount> mounts;
  std::string log_path;   // relative to the sandbox's log directory
  bool stdin = false, stdin_once = false, tty = false;
  bool privileged = false, read_only_root = false, no_new_privileges = false;
  bool unmasked_proc = false;
  SeccompProfile seccomp;
  std::optional<int64_t> run_as_user, run_as_group;
  std::vector<int64_t> supplemental_groups;
  std::vector<std::string> add_capabilities, drop_capabilities;  // without CAP_; "ALL"
  int64_t cpu_shares = 0;      // 0: the kernel's default; 2 and up otherwise
  int64_t cpu_quota_us = 0;    // per cpu_period_us; 0: no limit
  int64_t cpu_period_us = 100000;
  int64_t memory_limit = 0;    // bytes; 0: no limit
  int oom_score_adj = 0;
  std::string processes_of;    // id of a container whose processes it shares; empty: as the pod says
  Labels labels;               // kept for the caller: hash, grace period and the like
};

enum class ContainerState { kCreated, kRunning, kExited, kUnknown };

struct ContainerStatus {
  std::string id;
  std::string sandbox_id;
  std::string pod_uid;
  std::string name;
  uint32_t attempt = 0;
  ContainerState state = ContainerState::kUnknown;
  absl::Time created_at, started_at, finished_at;
  int exit_code = 0;
  std::string reason;   // Completed, Error, OOMKilled, StartError, ContainerStatusUnknown
  std::string message;
  std::string image;     // name as resolved by the image store
  std::string image_id;
  std::string log_path;  // absolute
  Labels labels;
};

struct Image {
  std::string id;                         // sha256:...
  std::vector<std::string> names;         // docker.io/library/busybox:1
  std::vector<std::string> digests;       // docker.io/library/busybox@sha256:...
  int64_t size = 0;                       // bytes
  std::string user;                       // of the image's configuration
};

struct ExecRequest {
  std::vector<std::string> command;
  bool stdin = false, tty = false;
};

// Output of a program: `stream` is 1 (stdout) or 2 (stderr); answering false ends the session.
using StreamOutput = std::function<bool(int stream, absl::string_view data)>;

// A running exec, or an attachment to a container's first process. Run() is called once, by one thread; the other
// methods by any.
class StreamSession {
 public:
  virtual ~StreamSession() = default;
  virtual absl::StatusOr<int> Run(const StreamOutput& output) = 0;  // until the program ends: its exit code
  virtual void WriteStdin(absl::string_view data) = 0;              // may block while the program does not read
  virtual void CloseStdin() = 0;
  virtual void Resize(int columns, int rows) = 0;
  virtual void Kill() = 0;  // exec: kills the program; attach: leaves
};

struct ExecResult {
  int exit_code = 0;
  std::string output;  // stdout and stderr as they came, at most 10 KiB
};

// What a control group tells beyond the figures that every runtime has; zero where the kernel does not.
struct UsageDetail {
  uint64_t cpu_user_nanos = 0, cpu_system_nanos = 0;
  uint64_t periods = 0, throttled_periods = 0, throttled_nanos = 0;  // of the processor quota
  uint64_t cache_bytes = 0, swap_bytes = 0, mapped_file_bytes = 0, most_bytes = 0, inactive_file_bytes = 0, active_file_bytes = 0;
  uint64_t memory_failures = 0;  // times that the limit was hit
  uint64_t threads = 0;
};

// Of one interface of a pod's network.
struct InterfaceUsage {
  std::string name;
  uint64_t received_bytes = 0, received_packets = 0, received_errors = 0, received_dropped = 0;
  uint64_t sent_bytes = 0, sent_packets = 0, sent_errors = 0, sent_dropped = 0;
};

struct ContainerUsage {
  std::string container_id, sandbox_id;
  std::string name;
  uint64_t cpu_nanos = 0;
  uint64_t memory_bytes = 0, working_set_bytes = 0, rss_bytes = 0;
  uint64_t root_used_bytes = 0;
  std::optional<UsageDetail> detail;  // nullopt: the runtime does not say
};

struct RuntimeVersion {
  std::string name;     // prefix of container ids in API status: "skiff"
  std::string version;
};

class ContainerRuntime {
 public:
  virtual ~ContainerRuntime() = default;
  virtual RuntimeVersion Version() const = 0;
  // OK, or why no pod can get a network: "cni plugin not initialized".
  virtual absl::Status NetworkReady() const = 0;

  virtual absl::StatusOr<std::string> RunPodSandbox(const SandboxConfig& config) = 0;
  // Kills what still runs in it, takes the network down. Idempotent.
  virtual absl::Status StopPodSandbox(const std::string& id) = 0;
  virtual absl::Status RemovePodSandbox(const std::string& id) = 0;  // with its containers; idempotent
  virtual std::vector<SandboxStatus> ListSandboxes(absl::string_view pod_uid = "") const = 0;

  virtual absl::StatusOr<std::string> CreateContainer(const std::string& sandbox_id, const ContainerConfig& config,
                                                      const SandboxConfig& sandbox) = 0;
  // On failure the container is exited with reason StartError and the status' message.
  virtual absl::Status StartContainer(const std::string& id) = 0;
  // Returns at once: SIGTERM now, SIGKILL after `grace`; again with a shorter grace shortens it. The exit is an event.
  virtual absl::Status StopContainer(const std::string& id, absl::Duration grace) = 0;
  virtual absl::Status RemoveContainer(const std::string& id, bool keep_logs = false) = 0;
  virtual std::vector<ContainerStatus> ListContainers(absl::string_view pod_uid = "") const = 0;
  virtual absl::StatusOr<ContainerStatus> GetContainer(const std::string& id) const = 0;

  // NotFound: not running. DeadlineExceeded: killed after `timeout`. Failing to start the program is an error too.
  virtual absl::StatusOr<ExecResult> ExecSync(const std::string& id, const std::vector<std::string>& command,
                                              absl::Duration timeout) = 0;
  virtual absl::StatusOr<std::unique_ptr<StreamSession>> Exec(const std::string& id, const ExecRequest& request) = 0;
  virtual absl::StatusOr<std::unique_ptr<StreamSession>> Attach(const std::string& id, bool stdin, bool tty) = 0;
  // A TCP connection to a port on the pod's loopback interface: a connected socket the caller owns.
  virtual absl::StatusOr<int> DialPod(const std::string& sandbox_id, int port) = 0;

  // nullopt: not present. InvalidArgument: no image name.
  virtual absl::StatusOr<std::optional<Image>> ImageStatus(const std::string& name) const = 0;
  virtual absl::StatusOr<Image> PullImage(const std::string& name, const std::string& docker_auth_json) = 0;
  virtual std::vector<Image> ListImages() const = 0;
  virtual absl::Status RemoveImage(const std::string& id) = 0;

  virtual std::vector<ContainerUsage> Usage() const = 0;
  // Of a pod's own network, without loopback; empty where the runtime does not say.
  virtual std::vector<InterfaceUsage> NetworkUsage(const std::string& sandbox_id) const { return {}; }
  // Bytes a container wrote into its own file system; a look at the disk.
  virtual int64_t WritableBytes(const std::string& id) const {
    for (const ContainerUsage& usage : Usage()) {
      if (usage.container_id == id) return static_cast<int64_t>(usage.root_used_bytes);
    }
    return 0;
  }

  // `changed` is called with a pod's uid when one of its containers or its sandbox ended. From a runtime thread; must
  // not block. Set once, before use.
  virtual void OnChange(std::function<void(const std::string& pod_uid)> changed) = 0;
};

}  // namespace kubelet
