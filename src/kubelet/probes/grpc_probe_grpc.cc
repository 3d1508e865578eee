#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>

#include <chrono>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kubelet/probes/grpc_probe.h"

namespace kubelet {
namespace {

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";

// HealthCheckRequest: field 1 is the service's name. HealthCheckResponse: field 1 is the status.
std::string RequestBytes(const std::string& service) {
  if (service.empty()) return "";
  std::string out = "\x0a";
  for (size_t left = service.size(); ; left >>= 7) {
    out += static_cast<char>((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    if (left <= 0x7f) break;
  }
  return out + service;
}

const char* StatusName(int status) {
  switch (status) {
    case 0: return "UNKNOWN";
    case 1: return "SERVING";
    case 2: return "NOT_SERVING";
    default: return "SERVICE_UNKNOWN";
  }
}

int StatusIn(const grpc::ByteBuffer& reply) {
  std::vector<grpc::Slice> slices;
  if (!reply.Dump(&slices).ok()) return 0;
  std::string bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes.size() >= 2 && bytes[0] == 0x08 ? bytes[1] : 0;
}

}  // namespace

ProbeOutcome ProbeGrpc(const std::string& host, int port, const std::string& service, absl::Duration timeout) {
  const std::string address = absl::StrContains(host, ':') ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
  const auto deadline = std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout);
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // every probe is a connection of its own
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetUserAgentPrefix("kube-probe/1.35");
  const auto channel = grpc::CreateCustomChannel((absl::StrContains(host, ':') ? "ipv6:" : "ipv4:") + address, grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(deadline)) {
    return {false, absl::StrCat("timeout: failed to connect service \"", address, "\" within ", absl::FormatDuration(timeout),
                                ": context deadline exceeded")};
  }
  grpc::ClientContext context;
  context.set_deadline(deadline);
  const std::string bytes = RequestBytes(service);
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer reply;
  const grpc::internal::RpcMethod method(kCheck, grpc::internal::RpcMethod::NORMAL_RPC);
  const grpc::Status status = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(channel.get(), method, &context, request, &reply);
  if (status.ok()) {
    const int health = StatusIn(reply);
    if (health == 1) return {true, "service healthy"};
    return {false, absl::StrCat("service unhealthy (responded with \"", StatusName(health), "\")")};
  }
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
    return {false, absl::StrCat("error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ", status.error_message())};
  }
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return {false, absl::StrCat("timeout: health rpc did not complete within ", absl::FormatDuration(timeout))};
  }
  return {false, absl::StrCat("error: health rpc probe failed: ", status.error_message())};
}

}  // namespace kubelet
