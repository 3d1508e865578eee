#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/async_generic_service.h>
#include <grpcpp/impl/codegen/async_stream.h>
#include <grpcpp/impl/codegen/async_unary_call.h>
#include <grpcpp/impl/codegen/rpc_service_method.h>
#include <grpcpp/impl/codegen/service_type.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/listen_error.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "etcdlite/rpc/byte_buffer_grpc.h"
#include "etcdlite/rpc/rpc_server.h"

namespace etcdlite::rpc {
namespace {

using grpc::ByteBuffer;

grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

std::string MetadataOf(const grpc::ServerContext& context, absl::string_view key) {
  const auto found = context.client_metadata().find(grpc::string_ref(key.data(), key.size()));
  if (found == context.client_metadata().end()) return {};
  return std::string(found->second.data(), found->second.size());
}

std::string CommonNameOf(const grpc::ServerContext& context) {
  const auto auth = context.auth_context();
  if (auth == nullptr) return {};
  const auto names = auth->FindPropertyValues("x509_common_name");
  return names.empty() ? std::string() : std::string(names[0].data(), names[0].size());
}

// What comes out of a completion queue.
class Event {
 public:
  virtual ~Event() = default;
  virtual void Proceed(bool ok) = 0;
};

// Registers paths whose messages are raw bytes, without generated code.
class RawService final : public grpc::Service {
 public:
  explicit RawService(const std::vector<Method>& methods) {
    for (size_t i = 0; i < methods.size(); ++i) {
      const auto type = methods[i].unary ? grpc::internal::RpcMethod::NORMAL_RPC : grpc::internal::RpcMethod::BIDI_STREAMING;
      AddMethod(new grpc::internal::RpcServiceMethod(methods[i].path.c_str(), type, nullptr));
      MarkMethodRaw(static_cast<int>(i));
    }
  }
  void RequestUnary(int index, grpc::ServerContext* context, ByteBuffer* request,
                    grpc::ServerAsyncResponseWriter<ByteBuffer>* writer, grpc::ServerCompletionQueue* cq, Event* tag) {
    RequestAsyncUnary(index, context, request, writer, cq, cq, tag);
  }
  void RequestStream(int index, grpc::ServerContext* context, grpc::ServerAsyncReaderWriter<ByteBuffer, ByteBuffer>* stream,
                     grpc::ServerCompletionQueue* cq, Event* tag) {
    RequestAsyncBidiStreaming(index, context, stream, cq, cq, tag);
  }
};

struct Shared {
  std::vector<Method> methods;
  std::unique_ptr<RawService> service;
  std::shared_mutex gate;
  bool closed = false;  // guarded by gate: queues take no more operations

  // Runs `begin`, which starts an operation on a completion queue, unless the queues are closed.
  template <typename Begin>
  bool Start(Begin begin) {
    std::shared_lock<std::shared_mutex> lock(gate);
    if (closed) return false;
    begin();
    return true;
  }
};

class UnaryEvent final : public Event, public UnaryCall {
 public:
  UnaryEvent(Shared& shared, int index, grpc::ServerCompletionQueue* cq)
      : shared_(shared), index_(index), cq_(cq), writer_(&context_) {
    shared_.service->RequestUnary(index_, &context_, &buffer_, &writer_, cq_, this);
  }

  void Proceed(bool ok) override {
    if (replied_ || !ok) {  // answered, or the server stops
      delete this;
      return;
    }
    shared_.Start([this] { new UnaryEvent(shared_, index_, cq_); });
    request_ = ToString(buffer_);
    buffer_.Clear();
    shared_.methods[index_].unary(this);
  }

  const std::string& request() const override { return request_; }
  std::string Metadata(absl::string_view key) const override { return MetadataOf(context_, key); }
  std::string PeerCommonName() const override { return CommonNameOf(context_); }

  void Reply(absl::StatusOr<std::string> response) override {
    replied_ = true;
    const bool started = shared_.Start([&] {
      if (response.ok()) {
        writer_.Finish(ToBuffer(*std::move(response)), grpc::Status::OK, this);
      } else {
        writer_.FinishWithError(ToGrpc(response.status()), this);
      }
    });
    if (!started) delete this;
  }

 private:
  Shared& shared_;
  const int index_;
  grpc::ServerCompletionQueue* const cq_;
  grpc::ServerContext context_;
  ByteBuffer buffer_;
  std::string request_;
  grpc::ServerAsyncResponseWriter<ByteBuffer> writer_;
  bool replied_ = false;
};

// One bidirectional stream. Lives until the last of its events has come back.
class StreamCall final : public Stream, public std::enable_shared_from_this<StreamCall> {
 public:
  static void Accept(Shared& shared, int index, grpc::ServerCompletionQueue* cq) {
    auto call = std::make_shared<StreamCall>(shared, index, cq);
    auto* accepted = new Step(call, &StreamCall::OnAccepted);
    call->context_.AsyncNotifyWhenDone(new Step(call, &StreamCall::OnContextDone));
    shared.service->RequestStream(index, &call->context_, &call->stream_, cq, accepted);
  }

  StreamCall(Shared& shared, int index, grpc::ServerCompletionQueue* cq)
      : shared_(shared), index_(index), cq_(cq), stream_(&context_) {}

  std::string Metadata(absl::string_view key) const override { return MetadataOf(context_, key); }
  std::string PeerCommonName() const override { return CommonNameOf(context_); }

  void Enqueue(std::string message) override {
    std::lock_guard<std::mutex> lock(mu_);
    if (over_ || finish_.has_value()) return;
    queued_bytes_ += message.size();
    queue_.push_back(std::move(message));
  }

  void Kick() override {
    std::unique_lock<std::mutex> lock(mu_);
    Pump(lock);
  }

  size_t QueuedBytes() const override { return queued_bytes_.load(std::memory_order_relaxed); }

  void Finish(absl::Status status) override {
    std::unique_lock<std::mutex> lock(mu_);
    if (finish_.has_value()) return;
    finish_ = std::move(status);
    Pump(lock);
  }

 private:
  struct Step final : public Event {
    Step(std::shared_ptr<StreamCall> c, void (StreamCall::*m)(bool)) : call(std::move(c)), method(m) {}
    void Proceed(bool ok) override {
      ((*call).*method)(ok);
      delete this;
    }
    const std::shared_ptr<StreamCall> call;
    void (StreamCall::*const method)(bool);
  };
  // Starts an operation that ends in `method`; nothing happens once the queues are closed.
  template <typename Operation>
  void Begin(void (StreamCall::*method)(bool), Operation operation) {
    auto* step = new Step(shared_from_this(), method);
    if (!shared_.Start([&] { operation(step); })) delete step;
  }

  // Sends the next message or the end. Called with the lock, gives it up around the gRPC call.
  void Pump(std::unique_lock<std::mutex>& lock) {
    if (writing_ || over_ || !accepted_) return;
    if (!queue_.empty()) {
      std::string message = std::move(queue_.front());
      queue_.pop_front();
      in_flight_ = message.size();
      writing_ = true;
      grpc::WriteOptions options;
      if (!queue_.empty()) options.set_buffer_hint();
      lock.unlock();
      Begin(&StreamCall::OnWritten, [&](Event* tag) { stream_.Write(ToBuffer(std::move(message)), options, tag); });
      return;
    }
    if (finish_.has_value() && !finishing_) {
      finishing_ = writing_ = true;
      const absl::Status status = *finish_;
      lock.unlock();
      Begin(&StreamCall::OnFinished, [&](Event* tag) { stream_.Finish(ToGrpc(status), tag); });
    }
  }

  void OnAccepted(bool ok) {
    if (!ok) {  // the server stops: AsyncNotifyWhenDone never fires for a call that never was
      self_never_started_ = true;
      return;
    }
    shared_.Start([this] { Accept(shared_, index_, cq_); });
    handler_ = shared_.methods[index_].stream(shared_from_this());
    std::unique_lock<std::mutex> lock(mu_);
    accepted_ = true;
    Pump(lock);
    if (lock.owns_lock()) lock.unlock();
    Begin(&StreamCall::OnRead, [this](Event* tag) { stream_.Read(&incoming_, tag); });
  }

  void OnRead(bool ok) {
    if (!ok) {
      if (!context_done_) handler_->OnHalfClose();
      return;
    }
    handler_->OnMessage(ToString(incoming_));
    incoming_.Clear();
    Begin(&StreamCall::OnRead, [this](Event* tag) { stream_.Read(&incoming_, tag); });
  }

  void OnWritten(bool ok) {
    std::unique_lock<std::mutex> lock(mu_);
    queued_bytes_ -= in_flight_;
    writing_ = false;
    if (!ok) {
      Abandon();
      return;
    }
    Pump(lock);
  }

  void OnFinished(bool) {
    std::lock_guard<std::mutex> lock(mu_);
    writing_ = false;
    Abandon();
  }

  void OnContextDone(bool) {
    context_done_ = true;
    {
      std::lock_guard<std::mutex> lock(mu_);
      Abandon();
    }
    if (handler_ != nullptr) handler_->OnDone();
  }

  void Abandon() {
    over_ = true;
    queue_.clear();
    queued_bytes_ = 0;
    in_flight_ = 0;
  }

  Shared& shared_;
  const int index_;
  grpc::ServerCompletionQueue* const cq_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<ByteBuffer, ByteBuffer> stream_;
  ByteBuffer incoming_;
  std::unique_ptr<StreamHandler> handler_;
  bool context_done_ = false;
  bool self_never_started_ = false;

  mutable std::mutex mu_;
  std::deque<std::string> queue_;
  std::atomic<size_t> queued_bytes_{0};
  size_t in_flight_ = 0;
  bool accepted_ = false, writing_ = false, finishing_ = false, over_ = false;
  std::optional<absl::Status> finish_;
};

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeCredentials(const TlsFiles& files) {
  grpc::SslServerCredentialsOptions options(
      files.require_client_certificate ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
      : files.trusted_ca.empty()       ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                       : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  ASSIGN_OR_RETURN(pair.private_key, base::ReadFile(files.key));
  ASSIGN_OR_RETURN(pair.cert_chain, base::ReadFile(files.certificate));
  options.pem_key_cert_pairs.push_back(std::move(pair));
  if (!files.trusted_ca.empty()) {
    ASSIGN_OR_RETURN(options.pem_root_certs, base::ReadFile(files.trusted_ca));
  }
  return grpc::SslServerCredentials(options);
}

class GrpcServer final : public RpcServer {
 public:
  ~GrpcServer() override { Stop(); }

  absl::Status Listen(const ServerOptions& options, std::vector<Method> methods) {
    shared_.methods = std::move(methods);
    shared_.service = std::make_unique<RawService>(shared_.methods);
    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_request_bytes));
    builder.SetMaxSendMessageSize(-1);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a second server on the port is an error
    // Clients keep idle connections alive with pings (etcd's default every 5 s at most): never hang up on them.
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
    std::vector<int> ports(options.listen.size(), 0);
    for (size_t i = 0; i < options.listen.size(); ++i) {
      std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
      if (options.listen[i].tls) {
        ASSIGN_OR_RETURN(credentials, MakeCredentials(options.tls));
      }
      builder.AddListeningPort(options.listen[i].host_port, credentials, &ports[i]);
    }
    builder.RegisterService(shared_.service.get());
    for (int i = 0; i < options.polling_threads; ++i) queues_.push_back(builder.AddCompletionQueue());
    server_ = builder.BuildAndStart();
    for (size_t i = 0; i < ports.size(); ++i) {
      if (server_ == nullptr || ports[i] == 0) {
        return absl::UnavailableError(base::ListenError(options.listen[i].host_port));
      }
    }
    for (const auto& cq : queues_) {
      for (size_t i = 0; i < shared_.methods.size(); ++i) {
        for (int ahead = 0; ahead < shared_.methods[i].prefetch; ++ahead) {
          if (shared_.methods[i].unary) {
            new UnaryEvent(shared_, static_cast<int>(i), cq.get());
          } else {
            StreamCall::Accept(shared_, static_cast<int>(i), cq.get());
          }
        }
      }
      threads_.emplace_back([queue = cq.get()] {
        void* tag = nullptr;
        bool ok = false;
        while (queue->Next(&tag, &ok)) static_cast<Event*>(tag)->Proceed(ok);
      });
    }
    return absl::OkStatus();
  }

  void Stop() override {
    if (std::exchange(stopped_, true)) return;
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
    {
      std::unique_lock<std::shared_mutex> lock(shared_.gate);
      shared_.closed = true;
    }
    for (const auto& cq : queues_) cq->Shutdown();
    for (std::thread& thread : threads_) thread.join();
    if (threads_.empty()) {
      void* tag = nullptr;
      bool ok = false;
      for (const auto& cq : queues_) while (cq->Next(&tag, &ok)) {}
    }
  }

 private:
  Shared shared_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues_;
  std::vector<std::thread> threads_;
  bool stopped_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const ServerOptions& options, std::vector<Method> methods) {
  auto server = std::make_unique<GrpcServer>();
  RETURN_IF_ERROR(server->Listen(options, std::move(methods)));
  return server;
}

absl::StatusOr<ListenAddress> ParseUrl(absl::string_view url) {
  ListenAddress address;
  absl::string_view rest = url;
  if (absl::ConsumePrefix(&rest, "https://")) {
    address.tls = true;
  } else if (!absl::ConsumePrefix(&rest, "http://")) {
    return absl::InvalidArgumentError(absl::StrCat("URL scheme must be http or https: ", url));
  }
  absl::ConsumeSuffix(&rest, "/");
  if (rest.empty() || rest.rfind(':') == absl::string_view::npos || rest.find('/') != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat("URL must be scheme://host:port: ", url));
  }
  address.host_port = std::string(rest);
  return address;
}

}  // namespace etcdlite::rpc
