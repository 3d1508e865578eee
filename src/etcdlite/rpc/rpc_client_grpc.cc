#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/client_callback.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/file.h"
#include "base/status_macros.h"
#include "etcdlite/rpc/byte_buffer_grpc.h"
#include "etcdlite/rpc/rpc_client.h"

namespace etcdlite::rpc {
namespace {

using grpc::ByteBuffer;

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

void Prepare(grpc::ClientContext& context, const CallOptions& options) {
  if (options.timeout != absl::InfiniteDuration()) {
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(options.timeout));
  }
  context.set_wait_for_ready(options.wait_for_ready);
  for (const auto& [key, value] : options.metadata) context.AddMetadata(key, value);
}

// gRPC's callback threads live as long as some channel uses them, and the last channel to go joins them; a channel let
// go of by a callback would join its own thread. So one channel, never used for anything, stays forever.
void AnchorCallbackThreads() {
  static const bool anchored = [] {
    struct Anchor {
      std::shared_ptr<grpc::Channel> channel = grpc::CreateChannel("ipv4:127.0.0.1:1", grpc::InsecureChannelCredentials());
      grpc::GenericStub stub{channel};
      grpc::ClientContext context;
      ByteBuffer request, response;
    };
    auto* anchor = new Anchor;  // leaked on purpose
    anchor->request = ToBuffer("");
    anchor->context.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));  // fails before it connects
    anchor->stub.UnaryCall(&anchor->context, "/none", {}, &anchor->request, &anchor->response, [](grpc::Status) {});
    return true;
  }();
  (void)anchored;
}

// Keeps itself alive until gRPC is done with it.
class StreamReactor final : public grpc::ClientBidiReactor<ByteBuffer, ByteBuffer>, public ClientStream,
                            public std::enable_shared_from_this<StreamReactor> {
 public:
  StreamReactor(const CallOptions& options, StreamCallbacks callbacks) : callbacks_(std::move(callbacks)) {
    Prepare(context_, options);
  }

  void Begin(grpc::GenericStub& stub, const std::string& path) {
    self_ = shared_from_this();
    stub.PrepareBidiStreamingCall(&context_, path, {}, this);
    AddHold();  // writes come from outside the reactor's own callbacks
    StartRead(&incoming_);
    StartCall();
  }

  void Send(std::string message) override {
    std::unique_lock<std::mutex> lock(mu_);
    if (over_ || closing_) return;
    queued_bytes_ += message.size();
    queue_.push_back(std::move(message));
    Pump(lock);
  }
  size_t QueuedBytes() const override {
    std::lock_guard<std::mutex> lock(mu_);
    return queued_bytes_;
  }
  void HalfClose() override {
    std::unique_lock<std::mutex> lock(mu_);
    closing_ = true;
    Pump(lock);
  }
  void Cancel() override {
    context_.TryCancel();
    std::unique_lock<std::mutex> lock(mu_);
    closing_ = true;
    over_ = true;
    if (!writing_) ReleaseHold(lock);
  }

  void OnWriteDone(bool ok) override {
    std::unique_lock<std::mutex> lock(mu_);
    writing_ = false;
    queued_bytes_ -= outgoing_size_;
    if (!ok) over_ = true;
    if (over_) {
      ReleaseHold(lock);
    } else {
      Pump(lock);
    }
  }
  void OnReadDone(bool ok) override {
    if (!ok) {
      std::unique_lock<std::mutex> lock(mu_);
      over_ = true;  // the server ended the stream: nothing more to write
      if (!writing_) ReleaseHold(lock);
      return;
    }
    if (callbacks_.on_message) callbacks_.on_message(ToString(incoming_));
    incoming_.Clear();
    StartRead(&incoming_);
  }
  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<StreamReactor> keep = std::move(self_);
    if (callbacks_.on_done) callbacks_.on_done(FromGrpc(status));
  }

 private:
  void Pump(std::unique_lock<std::mutex>& lock) {
    if (writing_ || over_) return;
    if (!queue_.empty()) {
      writing_ = true;
      outgoing_size_ = queue_.front().size();
      outgoing_ = ToBuffer(std::move(queue_.front()));
      queue_.pop_front();
      lock.unlock();
      StartWrite(&outgoing_);
    } else if (closing_ && !half_closed_) {
      half_closed_ = true;
      lock.unlock();
      StartWritesDone();
      lock.lock();
      ReleaseHold(lock);
    }
  }
  void ReleaseHold(std::unique_lock<std::mutex>& lock) {
    if (std::exchange(hold_released_, true)) return;
    lock.unlock();
    RemoveHold();
  }

  StreamCallbacks callbacks_;
  grpc::ClientContext context_;
  ByteBuffer incoming_, outgoing_;
  std::shared_ptr<StreamReactor> self_;
  mutable std::mutex mu_;
  std::deque<std::string> queue_;
  size_t queued_bytes_ = 0, outgoing_size_ = 0;
  bool writing_ = false, over_ = false, closing_ = false, half_closed_ = false, hold_released_ = false;
};

class GrpcChannel final : public Channel {
 public:
  explicit GrpcChannel(std::shared_ptr<grpc::Channel> channel) : channel_(channel), stub_(std::move(channel)) {}

  void Call(const std::string& path, std::string request, const CallOptions& options,
            std::function<void(absl::StatusOr<std::string>)> done) override {
    struct Pending {
      grpc::ClientContext context;
      ByteBuffer request, response;
    };
    auto pending = std::make_shared<Pending>();
    Prepare(pending->context, options);
    pending->request = ToBuffer(std::move(request));
    stub_.UnaryCall(&pending->context, path, {}, &pending->request, &pending->response,
                    [pending, done = std::move(done)](grpc::Status status) {
                      if (!status.ok()) return done(FromGrpc(status));
                      done(ToString(pending->response));
                    });
  }

  std::shared_ptr<ClientStream> OpenStream(const std::string& path, const CallOptions& options,
                                           StreamCallbacks callbacks) override {
    auto stream = std::make_shared<StreamReactor>(options, std::move(callbacks));
    stream->Begin(stub_, path);
    return stream;
  }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Channel>> Channel::Open(const std::string& url, const TlsFiles& tls) {
  ASSIGN_OR_RETURN(const ListenAddress address, ParseUrl(url));
  AnchorCallbackThreads();
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (address.tls) {
    grpc::SslCredentialsOptions options;
    if (!tls.trusted_ca.empty()) {
      ASSIGN_OR_RETURN(options.pem_root_certs, base::ReadFile(tls.trusted_ca));
    }
    if (!tls.certificate.empty()) {
      ASSIGN_OR_RETURN(options.pem_cert_chain, base::ReadFile(tls.certificate));
      ASSIGN_OR_RETURN(options.pem_private_key, base::ReadFile(tls.key));
    }
    credentials = grpc::SslCredentials(options);
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);  // members come back quickly or not at all
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return std::make_unique<GrpcChannel>(grpc::CreateCustomChannel(address.host_port, credentials, arguments));
}

absl::StatusOr<std::string> Channel::CallAndWait(const std::string& path, std::string request, const CallOptions& options) {
  struct Waiting {
    std::mutex mu;
    std::condition_variable cv;
    std::optional<absl::StatusOr<std::string>> answer;
  };
  auto waiting = std::make_shared<Waiting>();
  Call(path, std::move(request), options, [waiting](absl::StatusOr<std::string> answer) {
    std::lock_guard<std::mutex> lock(waiting->mu);
    waiting->answer = std::move(answer);
    waiting->cv.notify_all();
  });
  std::unique_lock<std::mutex> lock(waiting->mu);
  waiting->cv.wait(lock, [&] { return waiting->answer.has_value(); });
  return *std::move(waiting->answer);
}

}  // namespace etcdlite::rpc
