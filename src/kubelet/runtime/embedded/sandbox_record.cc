#include "kubelet/runtime/embedded/sandbox_record.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/rng.h"

namespace kubelet {

Record EncodeSandbox(const SandboxConfig& c, const SandboxStatus& s) {
  Record r;
  r.Add("uid", c.pod_uid);
  r.Add("name", c.pod_name);
  r.Add("namespace", c.pod_namespace);
  r.AddInt("attempt", c.attempt);
  r.Add("hostname", c.hostname);
  r.Add("log_directory", c.log_directory);
  r.AddBool("host_network", c.host_network);
  r.AddBool("host_pid", c.host_pid);
  r.AddBool("host_ipc", c.host_ipc);
  r.AddBool("share_pid", c.share_pid);
  r.AddInt("qos", static_cast<int>(c.qos));
  for (const PortMapping& port : c.ports) {
    r.Add("port", absl::StrCat(port.host_port, " ", port.container_port, " ", port.protocol, " ", port.host_ip));
  }
  r.AddInt("created", absl::ToUnixNanos(s.created_at));
  for (const std::string& ip : s.ips) r.Add("ip", ip);
  return r;
}

void DecodeSandbox(const Record& r, SandboxConfig* c, SandboxStatus* s) {
  c->pod_uid = s->pod_uid = r.Get("uid");
  c->pod_name = s->pod_name = r.Get("name");
  c->pod_namespace = s->pod_namespace = r.Get("namespace");
  c->attempt = s->attempt = static_cast<uint32_t>(r.GetInt("attempt"));
  c->hostname = r.Get("hostname");
  c->log_directory = r.Get("log_directory");
  c->host_network = r.GetBool("host_network");
  c->host_pid = r.GetBool("host_pid");
  c->host_ipc = r.GetBool("host_ipc");
  c->share_pid = r.GetBool("share_pid");
  c->qos = static_cast<QosClass>(r.GetInt("qos"));
  for (const std::string& text : r.All("port")) {
    const std::vector<std::string> parts = absl::StrSplit(text, ' ');
    if (parts.size() == 4) c->ports.push_back({atoi(parts[0].c_str()), atoi(parts[1].c_str()), parts[2], parts[3]});
  }
  s->created_at = absl::FromUnixNanos(r.GetInt("created"));
  s->ips = r.All("ip");
}

std::string NewRuntimeId() {
  std::string id;
  base::Rng rng = base::Rng::FromEntropy();
  for (int i = 0; i < 4; ++i) absl::StrAppend(&id, absl::Hex(rng.Next(), absl::kZeroPad16));
  return id;
}

}  // namespace kubelet
