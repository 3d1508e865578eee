#include "kubelet/probes/prober.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "kubelet/pods/pod_util.h"
#include "kubelet/probes/grpc_probe.h"
#include "kubelet/probes/net_probe.h"
#include "kubelet/probes/probe_state.h"

namespace kubelet {
namespace {

// A number, or the name of one of the container's ports; 0: neither.
int ResolvePort(const k8s::intstr::IntOrString& port, const v1::Container& container) {
  if (port.type() == 0) return port.intval();
  for (const v1::ContainerPort& p : container.ports()) {
    if (p.name() == port.strval()) return p.containerport();
  }
  int number = 0;
  return absl::SimpleAtoi(port.strval(), &number) ? number : 0;
}

HttpProbeRequest MakeHttp(const v1::HTTPGetAction& get, const v1::Container& container, const std::string& pod_ip) {
  HttpProbeRequest request;
  request.tls = get.scheme() == "HTTPS" || get.scheme() == "https";
  request.host = get.host().empty() ? pod_ip : get.host();
  request.port = ResolvePort(get.port(), container);
  request.path = get.path();
  for (const v1::HTTPHeader& header : get.httpheaders()) request.headers.emplace_back(header.name(), header.value());
  return request;
}

}  // namespace

const char* ProbeName(ProbeKind kind) {
  return kind == ProbeKind::kStartup ? "Startup" : kind == ProbeKind::kLiveness ? "Liveness" : "Readiness";
}

ProbeOutcome Prober::Probe(const v1::Probe& probe, const v1::Container& container, const std::string& run_id,
                           const std::string& pod_ip) {
  const absl::Duration timeout = absl::Seconds(probe.timeoutseconds() > 0 ? probe.timeoutseconds() : 1);
  const v1::ProbeHandler& handler = probe.handler();
  if (handler.has_exec()) {
    const std::vector<std::string> command(handler.exec().command().begin(), handler.exec().command().end());
    const absl::StatusOr<ExecResult> result = runtime_.ExecSync(run_id, command, timeout);
    if (!result.ok()) {
      if (absl::IsDeadlineExceeded(result.status())) return {false, std::string(result.status().message())};
      return {.success = false, .message = std::string(result.status().message()), .unknown = true};
    }
    return {result->exit_code == 0, result->output};
  }
  if (handler.has_httpget()) return ProbeHttp(MakeHttp(handler.httpget(), container, pod_ip), timeout);
  if (handler.has_tcpsocket()) {
    const v1::TCPSocketAction& tcp = handler.tcpsocket();
    return ProbeTcp(tcp.host().empty() ? pod_ip : tcp.host(), ResolvePort(tcp.port(), container), timeout);
  }
  if (handler.has_grpc()) return ProbeGrpc(pod_ip, handler.grpc().port(), handler.grpc().service(), timeout);
  return {true, ""};
}

absl::Status Prober::RunHook(const v1::LifecycleHandler& hook, const v1::Pod& pod, const v1::Container& container,
                             const std::string& run_id, const std::string& pod_ip, absl::Duration timeout) {
  if (hook.has_exec()) {
    const std::vector<std::string> command(hook.exec().command().begin(), hook.exec().command().end());
    const absl::StatusOr<ExecResult> result = runtime_.ExecSync(run_id, command, timeout);
    const std::string words = absl::StrJoin(command, " ");
    const std::string head = absl::StrCat("Exec lifecycle hook ([", words, "]) for Container \"", container.name(), "\" in Pod \"",
                                          FormatPod(pod), "\" failed - error: ");
    if (!result.ok()) return absl::InternalError(absl::StrCat(head, result.status().message(), ", message: \"\""));
    if (result->exit_code == 0) return absl::OkStatus();
    return absl::InternalError(absl::StrCat(head, "command '", words, "' exited with ", result->exit_code, ": , message: \"",
                                            absl::CEscape(result->output), "\""));
  }
  if (hook.has_httpget()) {
    const ProbeOutcome outcome = ProbeHttp(MakeHttp(hook.httpget(), container, pod_ip), timeout);
    return outcome.success ? absl::OkStatus()
                           : absl::InternalError(absl::StrCat("HTTP lifecycle hook (", hook.httpget().path(), ") for Container \"",
                                                              container.name(), "\" in Pod \"", FormatPod(pod),
                                                              "\" failed - error: ", outcome.message, ", message: \"\""));
  }
  if (hook.has_sleep()) {
    const absl::Time end = absl::Now() + std::min(absl::Seconds(hook.sleep().seconds()), timeout);
    while (absl::Now() < end) {  // shorter when the container ends meanwhile
      const absl::StatusOr<ContainerStatus> status = runtime_.GetContainer(run_id);
      if (!status.ok() || status->state != ContainerState::kRunning) break;
      absl::SleepFor(std::min(absl::Milliseconds(100), end - absl::Now()));
    }
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace kubelet
