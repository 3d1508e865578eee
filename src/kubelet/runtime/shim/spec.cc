#include "kubelet/runtime/shim/spec.h"

#include "kubelet/runtime/shim/record_fields.h"

namespace kubelet {

template <typename Io, MaybeConst<ProcessSpec> T>
static void Fields(Io& io, T& p) {
  io("arg", p.args);
  io("env", p.env);
  io("cwd", p.cwd);
  io("tty", p.tty);
  io("user", p.user);
  io("run_as_user", p.run_as_user);
  io("run_as_group", p.run_as_group);
  io("group", p.groups);
  io("capabilities", p.capabilities);
  io("no_new_privileges", p.no_new_privileges);
  io("seccomp_filter", p.seccomp_filter);
  io("seccomp_flags", p.seccomp_flags);
  io("oom_score_adj", p.oom_score_adj);
  io("cgroup_procs", p.cgroup_procs);
}

template <typename Io, MaybeConst<MountSpec> T>
static void Fields(Io& io, T& m) {
  io("source", m.source);
  io("target", m.target);
  io("read_only", m.read_only);
  io("is_file", m.is_file);
  io("nodev", m.nodev);
  io("tmpfs_options", m.tmpfs_options);
  io("from_sandbox", m.from_sandbox);
}

template <typename Io, MaybeConst<ContainerSpecFile> T>
static void Fields(Io& io, T& s) {
  io("id", s.id);
  io.Nested("process", s.process);
  io("layers_dir", s.layers_dir);
  io("lower", s.lower);
  io("state_dir", s.state_dir);
  io("read_only_root", s.read_only_root);
  io("privileged", s.privileged);
  io("host_network", s.host_network);
  io("stdin", s.stdin);
  io("stdin_once", s.stdin_once);
  io.Nested("mount", s.mounts);
  io("masked_path", s.masked_paths);
  io("read_only_path", s.read_only_paths);
  io("device", s.devices);
  io("cgroup_mount", s.cgroup_mounts);
  io("cgroup_mode", s.cgroup_mode);
  io("sandbox_pid", s.sandbox_pid);
  io("pid_namespace_of", s.pid_namespace_of);
  io("host_ipc", s.host_ipc);
  io("oom_file", s.oom_file);
  io("log_path", s.log_path);
  io("log_max_bytes", s.log_max_bytes);
  io("log_max_files", s.log_max_files);
  io("exit_file", s.exit_file);
  io("pid_file", s.pid_file);
  io("attach_socket", s.attach_socket);
}

template <typename Io, MaybeConst<SandboxSpecFile> T>
static void Fields(Io& io, T& s) {
  io("id", s.id);
  io("hostname", s.hostname);
  io("host_network", s.host_network);
  io("host_ipc", s.host_ipc);
  io("share_pid", s.share_pid);
  io.Pairs("sysctl_name", "sysctl_value", s.sysctls);
  io.Pairs("tmpfs_path", "tmpfs_options", s.tmpfs);
  io("pid_file", s.pid_file);
}

template <typename Io, MaybeConst<ExecSpecFile> T>
static void Fields(Io& io, T& s) {
  io.Nested("process", s.process);
  io("target_pid", s.target_pid);
}

template <typename Io, MaybeConst<ExitRecord> T>
static void Fields(Io& io, T& e) {
  io("exit_code", e.exit_code);
  io("signal", e.signal);
  io("oom_killed", e.oom_killed);
  io("started_nanos", e.started_nanos);
  io("finished_nanos", e.finished_nanos);
}

std::string EncodeSpec(const ContainerSpecFile& spec) { return EncodeFields(spec); }
std::string EncodeSpec(const SandboxSpecFile& spec) { return EncodeFields(spec); }
std::string EncodeSpec(const ExecSpecFile& spec) { return EncodeFields(spec); }
bool DecodeSpec(const std::string& text, ContainerSpecFile* spec) { return DecodeFields(text, spec); }
bool DecodeSpec(const std::string& text, SandboxSpecFile* spec) { return DecodeFields(text, spec); }
bool DecodeSpec(const std::string& text, ExecSpecFile* spec) { return DecodeFields(text, spec); }

std::string EncodeExit(const ExitRecord& exit) { return EncodeFields(exit); }
bool DecodeExit(const std::string& text, ExitRecord* exit) {
  // An empty record decodes; one without its last field is none.
  return DecodeFields(text, exit) && exit->finished_nanos != 0;
}

}  // namespace kubelet
