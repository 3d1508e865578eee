#include "kubelet/runtime/shim/spec.h"

#include <stdlib.h>

#include "kubelet/runtime/shim/record.h"

namespace kubelet {
namespace {

void AddAll(Record& record, const char* name, const std::vector<std::string>& values) {
  for (const std::string& value : values) record.Add(name, value);
}

Record EncodeProcess(const ProcessSpec& p) {
  Record r;
  AddAll(r, "arg", p.args);
  AddAll(r, "env", p.env);
  r.Add("cwd", p.cwd);
  r.AddBool("tty", p.tty);
  r.Add("user", p.user);
  r.AddInt("run_as_user", p.run_as_user);
  r.AddInt("run_as_group", p.run_as_group);
  for (int64_t group : p.groups) r.AddInt("group", group);
  r.AddInt("capabilities", static_cast<int64_t>(p.capabilities));
  r.AddBool("no_new_privileges", p.no_new_privileges);
  r.AddInt("oom_score_adj", p.oom_score_adj);
  AddAll(r, "cgroup_procs", p.cgroup_procs);
  return r;
}

void DecodeProcess(const Record& r, ProcessSpec* p) {
  p->args = r.All("arg");
  p->env = r.All("env");
  p->cwd = r.Get("cwd");
  p->tty = r.GetBool("tty");
  p->user = r.Get("user");
  p->run_as_user = r.GetInt("run_as_user", -1);
  p->run_as_group = r.GetInt("run_as_group", -1);
  for (const std::string& group : r.All("group")) p->groups.push_back(atoll(group.c_str()));
  p->capabilities = static_cast<uint64_t>(r.GetInt("capabilities"));
  p->no_new_privileges = r.GetBool("no_new_privileges");
  p->oom_score_adj = static_cast<int>(r.GetInt("oom_score_adj"));
  p->cgroup_procs = r.All("cgroup_procs");
}

bool DecodeNested(const Record& outer, const std::string& name, Record* inner) {
  return Record::Decode(outer.Get(name), inner);
}

}  // namespace

std::string EncodeSpec(const ContainerSpecFile& s) {
  Record r;
  r.Add("id", s.id);
  r.Add("process", EncodeProcess(s.process).Encode());
  r.Add("layers_dir", s.layers_dir);
  r.Add("lower", s.lower);
  r.Add("state_dir", s.state_dir);
  r.AddBool("read_only_root", s.read_only_root);
  r.AddBool("privileged", s.privileged);
  r.AddBool("host_network", s.host_network);
  r.AddBool("stdin", s.stdin);
  r.AddBool("stdin_once", s.stdin_once);
  for (const MountSpec& mount : s.mounts) {
    Record m;
    m.Add("source", mount.source);
    m.Add("target", mount.target);
    m.AddBool("read_only", mount.read_only);
    m.AddBool("is_file", mount.is_file);
    m.AddBool("nodev", mount.nodev);
    m.Add("tmpfs_options", mount.tmpfs_options);
    m.AddBool("from_sandbox", mount.from_sandbox);
    r.Add("mount", m.Encode());
  }
  AddAll(r, "masked_path", s.masked_paths);
  AddAll(r, "read_only_path", s.read_only_paths);
  AddAll(r, "device", s.devices);
  AddAll(r, "cgroup_mount", s.cgroup_mounts);
  r.Add("cgroup_mode", s.cgroup_mode);
  r.AddInt("sandbox_pid", s.sandbox_pid);
  r.AddInt("pid_namespace_of", s.pid_namespace_of);
  r.AddBool("host_ipc", s.host_ipc);
  r.Add("oom_file", s.oom_file);
  r.Add("log_path", s.log_path);
  r.AddInt("log_max_bytes", s.log_max_bytes);
  r.AddInt("log_max_files", s.log_max_files);
  r.Add("exit_file", s.exit_file);
  r.Add("pid_file", s.pid_file);
  r.Add("attach_socket", s.attach_socket);
  return r.Encode();
}

bool DecodeSpec(const std::string& text, ContainerSpecFile* s) {
  Record r, process;
  if (!Record::Decode(text, &r) || !DecodeNested(r, "process", &process)) return false;
  DecodeProcess(process, &s->process);
  s->id = r.Get("id");
  s->layers_dir = r.Get("layers_dir");
  s->lower = r.Get("lower");
  s->state_dir = r.Get("state_dir");
  s->read_only_root = r.GetBool("read_only_root");
  s->privileged = r.GetBool("privileged");
  s->host_network = r.GetBool("host_network");
  s->stdin = r.GetBool("stdin");
  s->stdin_once = r.GetBool("stdin_once");
  for (const std::string& encoded : r.All("mount")) {
    Record m;
    if (!Record::Decode(encoded, &m)) return false;
    s->mounts.push_back({m.Get("source"), m.Get("target"), m.GetBool("read_only"), m.GetBool("is_file"),
                         m.GetBool("nodev"), m.Get("tmpfs_options"), m.GetBool("from_sandbox")});
  }
  s->masked_paths = r.All("masked_path");
  s->read_only_paths = r.All("read_only_path");
  s->devices = r.All("device");
  s->cgroup_mounts = r.All("cgroup_mount");
  s->cgroup_mode = r.Get("cgroup_mode");
  s->sandbox_pid = static_cast<int>(r.GetInt("sandbox_pid"));
  s->pid_namespace_of = static_cast<int>(r.GetInt("pid_namespace_of"));
  s->host_ipc = r.GetBool("host_ipc");
  s->oom_file = r.Get("oom_file");
  s->log_path = r.Get("log_path");
  s->log_max_bytes = r.GetInt("log_max_bytes");
  s->log_max_files = static_cast<int>(r.GetInt("log_max_files"));
  s->exit_file = r.Get("exit_file");
  s->pid_file = r.Get("pid_file");
  s->attach_socket = r.Get("attach_socket");
  return true;
}

std::string EncodeSpec(const SandboxSpecFile& s) {
  Record r;
  r.Add("id", s.id);
  r.Add("hostname", s.hostname);
  r.AddBool("host_network", s.host_network);
  r.AddBool("host_ipc", s.host_ipc);
  r.AddBool("share_pid", s.share_pid);
  for (const auto& [name, value] : s.sysctls) {
    r.Add("sysctl_name", name);
    r.Add("sysctl_value", value);
  }
  for (const auto& [path, options] : s.tmpfs) {
    r.Add("tmpfs_path", path);
    r.Add("tmpfs_options", options);
  }
  r.Add("pid_file", s.pid_file);
  return r.Encode();
}

bool DecodeSpec(const std::string& text, SandboxSpecFile* s) {
  Record r;
  if (!Record::Decode(text, &r)) return false;
  s->id = r.Get("id");
  s->hostname = r.Get("hostname");
  s->host_network = r.GetBool("host_network");
  s->host_ipc = r.GetBool("host_ipc");
  s->share_pid = r.GetBool("share_pid");
  const std::vector<std::string> names = r.All("sysctl_name"), values = r.All("sysctl_value");
  for (size_t i = 0; i < names.size() && i < values.size(); ++i) s->sysctls.emplace_back(names[i], values[i]);
  const std::vector<std::string> paths = r.All("tmpfs_path"), options = r.All("tmpfs_options");
  for (size_t i = 0; i < paths.size() && i < options.size(); ++i) s->tmpfs.emplace_back(paths[i], options[i]);
  s->pid_file = r.Get("pid_file");
  return true;
}

std::string EncodeSpec(const ExecSpecFile& s) {
  Record r;
  r.Add("process", EncodeProcess(s.process).Encode());
  r.AddInt("target_pid", s.target_pid);
  return r.Encode();
}

bool DecodeSpec(const std::string& text, ExecSpecFile* s) {
  Record r, process;
  if (!Record::Decode(text, &r) || !DecodeNested(r, "process", &process)) return false;
  DecodeProcess(process, &s->process);
  s->target_pid = static_cast<int>(r.GetInt("target_pid"));
  return true;
}

std::string EncodeExit(const ExitRecord& exit) {
  Record r;
  r.AddInt("exit_code", exit.exit_code);
  r.AddInt("signal", exit.signal);
  r.AddBool("oom_killed", exit.oom_killed);
  r.AddInt("started_nanos", exit.started_nanos);
  r.AddInt("finished_nanos", exit.finished_nanos);
  return r.Encode();
}

bool DecodeExit(const std::string& text, ExitRecord* exit) {
  Record r;
  if (!Record::Decode(text, &r) || !r.Has("finished_nanos")) return false;
  exit->exit_code = static_cast<int>(r.GetInt("exit_code"));
  exit->signal = static_cast<int>(r.GetInt("signal"));
  exit->oom_killed = r.GetBool("oom_killed");
  exit->started_nanos = r.GetInt("started_nanos");
  exit->finished_nanos = r.GetInt("finished_nanos");
  return true;
}

}  // namespace kubelet
