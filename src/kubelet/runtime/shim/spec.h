// What a shim is told: the specification of one sandbox, container or exec, as a record on disk or on a pipe.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace kubelet {

struct MountSpec {
  std::string source;       // host path; a bind mount unless `tmpfs_options` is set
  std::string target;       // in the container; symbolic links are followed inside its root only
  bool read_only = false;
  bool is_file = false;     // what to create at the target when nothing is there
  bool nodev = true;
  std::string tmpfs_options;  // a fresh tmpfs with these options instead of a bind
  bool from_sandbox = false;  // `source` is a path in the sandbox's mount namespace
};

// A program as it runs: shared by a container's first process and by exec.
struct ProcessSpec {
  std::vector<std::string> args;
  std::vector<std::string> env;  // NAME=VALUE; HOME is added from the user's entry when absent
  std::string cwd = "/";
  bool tty = false;
  std::string user;              // as in an image: user[:group], names or numbers; empty = root
  int64_t run_as_user = -1;      // override `user`; -1 = not set
  int64_t run_as_group = -1;
  std::vector<int64_t> groups;   // supplementary
  uint64_t capabilities = 0;     // bit set: bounding, permitted and effective
  bool no_new_privileges = false;
  std::string seccomp_filter;    // a BPF program as the kernel takes it; empty: any system call may be made
  uint32_t seccomp_flags = 0;    // of seccomp(2)
  int oom_score_adj = 0;
  std::vector<std::string> cgroup_procs;  // files to write the process into
};

struct ContainerSpecFile {
  std::string id;
  ProcessSpec process;
  std::string layers_dir;    // overlay lower directories are names relative to it, topmost first, ':' between
  std::string lower;
  std::string state_dir;     // holds upper/ work/ rootfs/ pid exit attach
  bool read_only_root = false;
  bool privileged = false;
  bool host_network = false;
  bool stdin = false;
  bool stdin_once = false;
  std::vector<MountSpec> mounts;
  std::vector<std::string> masked_paths;
  std::vector<std::string> read_only_paths;
  std::vector<std::string> devices;    // bind-mounted from the host's /dev
  std::vector<std::string> cgroup_mounts;  // v1: "controller=host directory"; v2: "=" for a cgroup2 mount
  std::string cgroup_mode;             // "v1", "v2" or empty: no /sys/fs/cgroup
  int sandbox_pid = 0;                 // whose net, ipc and uts namespaces to join; 0 = the host's
  int pid_namespace_of = 0;            // share this process's pid namespace; 0 = a new one; -1 = the host's
  bool host_ipc = false;
  std::string oom_file;                // cgroup file that counts oom kills
  std::string log_path;                // CRI log format
  int64_t log_max_bytes = 10 << 20;
  int log_max_files = 5;
  std::string exit_file, pid_file, attach_socket;
};

struct SandboxSpecFile {
  std::string id;
  std::string hostname;
  bool host_network = false;
  bool host_ipc = false;
  bool share_pid = false;  // the sandbox process becomes the first process of a pid namespace for the pod
  std::vector<std::pair<std::string, std::string>> sysctls;
  // File systems in memory that live as long as the sandbox and that its containers share, mounted in its own mount
  // namespace: path and mount options. "/dev/shm" is one of them.
  std::vector<std::pair<std::string, std::string>> tmpfs;
  std::string pid_file;
};

struct ExecSpecFile {
  ProcessSpec process;
  int target_pid = 0;
};

std::string EncodeSpec(const ContainerSpecFile& spec);
std::string EncodeSpec(const SandboxSpecFile& spec);
std::string EncodeSpec(const ExecSpecFile& spec);
bool DecodeSpec(const std::string& text, ContainerSpecFile* spec);
bool DecodeSpec(const std::string& text, SandboxSpecFile* spec);
bool DecodeSpec(const std::string& text, ExecSpecFile* spec);

// Written by the shim when the container's first process has ended.
struct ExitRecord {
  int exit_code = 0;  // 128 + signal when killed by one
  int signal = 0;
  bool oom_killed = false;
  int64_t started_nanos = 0;  // unix time
  int64_t finished_nanos = 0;
};
std::string EncodeExit(const ExitRecord& exit);
bool DecodeExit(const std::string& text, ExitRecord* exit);

}  // namespace kubelet
