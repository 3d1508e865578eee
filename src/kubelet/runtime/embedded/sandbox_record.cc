#include "kubelet/runtime/embedded/sandbox_record.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/rng.h"
#include "kubelet/runtime/shim/record_fields.h"

namespace kubelet {

template <typename Io, MaybeConst<SandboxConfig> T>
static void Fields(Io& io, T& c) {
  io("uid", c.pod_uid);
  io("name", c.pod_name);
  io("namespace", c.pod_namespace);
  io("attempt", c.attempt);
  io("hostname", c.hostname);
  io("log_directory", c.log_directory);
  io("host_network", c.host_network);
  io("host_pid", c.host_pid);
  io("host_ipc", c.host_ipc);
  io("share_pid", c.share_pid);
  io("qos", c.qos);
}

Record EncodeSandbox(const SandboxConfig& c, const SandboxStatus& s) {
  RecordWriter writer;
  Fields(writer, c);
  for (const PortMapping& port : c.ports) {
    writer("port", absl::StrCat(port.host_port, " ", port.container_port, " ", port.protocol, " ", port.host_ip));
  }
  writer("created", absl::ToUnixNanos(s.created_at));
  writer("ip", s.ips);
  return std::move(writer.record());
}

void DecodeSandbox(const Record& r, SandboxConfig* c, SandboxStatus* s) {
  RecordReader reader(r);
  Fields(reader, *c);
  s->pod_uid = c->pod_uid;
  s->pod_name = c->pod_name;
  s->pod_namespace = c->pod_namespace;
  s->attempt = c->attempt;
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
