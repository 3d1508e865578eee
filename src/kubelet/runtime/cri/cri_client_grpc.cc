#include <chrono>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "google/protobuf/message_lite.h"
#include "kubelet/runtime/cri/cri_client.h"

namespace kubelet {
namespace {

constexpr int kMaxMessageBytes = 16 << 20;  // upstream's bound for both directions

struct PendingCall {
  grpc::ClientContext context;
  grpc::ByteBuffer request, reply;
};

absl::Status ToStatus(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

class GrpcCriClient final : public CriClient {
 public:
  explicit GrpcCriClient(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)), stub_(channel_) {}

  absl::Status Call(absl::string_view method, const google::protobuf::MessageLite& request, google::protobuf::MessageLite* reply,
                    absl::Duration timeout) override {
    absl::Notification ended;
    absl::Status result;
    Begin(method, request, timeout, [&](absl::Status status, const grpc::ByteBuffer& bytes) {
      result = std::move(status);
      if (result.ok()) result = Parse(bytes, reply);
      ended.Notify();
    });
    ended.WaitForNotification();
    return result;
  }

  void Start(absl::string_view method, const google::protobuf::MessageLite& request, absl::Duration timeout,
             std::function<void(absl::Status)> done) override {
    Begin(method, request, timeout, [done = std::move(done)](absl::Status status, const grpc::ByteBuffer&) { done(std::move(status)); });
  }

 private:
  static absl::Status Parse(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite* reply) {
    grpc::Slice slice;
    if (!bytes.TrySingleSlice(&slice).ok() && !bytes.DumpToSingleSlice(&slice).ok()) return absl::InternalError("unreadable answer");
    if (!reply->ParseFromArray(slice.begin(), static_cast<int>(slice.size()))) return absl::InternalError("malformed answer");
    return absl::OkStatus();
  }

  void Begin(absl::string_view method, const google::protobuf::MessageLite& request, absl::Duration timeout,
             std::function<void(absl::Status, const grpc::ByteBuffer&)> done) {
    auto call = std::make_shared<PendingCall>();
    const std::string bytes = request.SerializeAsString();
    const grpc::Slice slice(bytes.data(), bytes.size());
    call->request = grpc::ByteBuffer(&slice, 1);
    call->context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoNanoseconds(timeout));
    stub_.UnaryCall(&call->context, std::string(method), grpc::StubOptions(), &call->request, &call->reply,
                    [call, done = std::move(done)](grpc::Status status) { done(ToStatus(status), call->reply); });
  }

  const std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CriClient>> NewCriClient(const std::string& endpoint) {
  if (!absl::StartsWith(endpoint, "unix://") && !absl::StartsWith(endpoint, "/")) {
    return absl::InvalidArgumentError(absl::StrCat("--container-runtime-endpoint: \"", endpoint, "\" must be a socket: unix:///run/containerd/containerd.sock"));
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 3000);
  // The name of a socket is no host name: without this some servers refuse the request's authority.
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
  const std::string address = absl::StartsWith(endpoint, "/") ? absl::StrCat("unix://", endpoint) : endpoint;
  return std::make_unique<GrpcCriClient>(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

}  // namespace kubelet
