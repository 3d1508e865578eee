// UnaryChannel on nghttp2.
#include <nghttp2/nghttp2.h>

#include <cstring>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "base/http/transport.h"
#include "base/http/unary_channel.h"
#include "base/status_macros.h"

namespace base::http {
namespace {

constexpr uint32_t kStreamWindow = 8 << 20;
constexpr int32_t kConnectionWindow = 64 << 20;
constexpr int64_t kTransportHighWater = 512 << 10;
constexpr size_t kBatch = 64 << 10;  // frames that are handed to the transport as one chunk
constexpr size_t kPrefix = 5;        // of a gRPC message: compressed, length
constexpr size_t kLargestResponse = 512u << 20;

// One call. The I/O thread's until `done`, the caller's from then on.
struct UnaryCall {
  std::string path, timeout;
  std::string body;  // with the message's prefix
  size_t sent = 0;
  std::string response;
  int http_status = 0, grpc_status = -1;
  std::string message;
  bool over = false;
  absl::Status result;
  absl::Notification done;
  std::function<void(absl::Status, std::string)> then;  // instead of `done`

  void End(absl::Status status) {
    if (std::exchange(over, true)) return;
    if (then != nullptr) {
      if (status.ok()) response.erase(0, kPrefix);
      return std::exchange(then, nullptr)(std::move(status), std::move(response));
    }
    result = std::move(status);
    done.Notify();
  }
};
using CallPtr = std::shared_ptr<UnaryCall>;

// What a stream that has ended amounts to.
absl::Status Outcome(UnaryCall& call) {
  if (call.grpc_status < 0) {
    return absl::UnavailableError(call.http_status == 0 ? "stream ended without an answer"
                                                        : absl::StrCat("HTTP status ", call.http_status));
  }
  if (call.grpc_status > 16) return absl::UnknownError(call.message);
  if (call.grpc_status != 0) return absl::Status(static_cast<absl::StatusCode>(call.grpc_status), call.message);
  if (call.response.size() < kPrefix || call.response[0] != 0) return absl::InternalError("no message in the response");
  size_t size = 0;
  for (size_t i = 1; i < kPrefix; ++i) size = size << 8 | static_cast<unsigned char>(call.response[i]);
  if (size != call.response.size() - kPrefix) return absl::InternalError("a message of another length than announced");
  return absl::OkStatus();
}

// A connection and its calls. Everything but Submit and Abort runs on its I/O thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Transport> transport, std::string authority)
      : transport_(std::move(transport)), authority_(std::move(authority)) {}
  ~Connection() {
    if (session_ != nullptr) nghttp2_session_del(session_);
  }

  void Start() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnDataChunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, OnNotSent);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
    transport_->on_data = [self = shared_from_this()](absl::string_view data) { self->OnData(data); };
    transport_->on_close = [self = shared_from_this()] { self->OnClosed(); };
    transport_->on_drain = [self = shared_from_this()] { self->Flush(); };
    Flush();
  }

  bool Submit(const CallPtr& call) {  // any thread; false: the connection is gone
    {
      const std::lock_guard lock(mu_);
      if (closed_) return false;
      inbox_.push_back(call);
      if (inbox_.size() > 1) return true;
    }
    transport_->Post([self = shared_from_this()] { self->Drain(); });
    return true;
  }
  void Abort() {  // any thread
    transport_->Post([self = shared_from_this()] { self->transport_->Abort(); });
  }

 private:
  void Drain() {
    std::vector<CallPtr> calls;
    {
      const std::lock_guard lock(mu_);
      calls.swap(inbox_);
    }
    for (const CallPtr& call : calls) Open(call);
    Flush();
  }

  void Open(const CallPtr& call) {
    const auto field = [](absl::string_view name, absl::string_view value) {
      return nghttp2_nv{reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                        reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
                        NGHTTP2_NV_FLAG_NONE};
    };
    const nghttp2_nv fields[] = {field(":method", "POST"),
                                 field(":scheme", transport_->tls ? "https" : "http"),
                                 field(":path", call->path),
                                 field(":authority", authority_),
                                 field("te", "trailers"),
                                 field("content-type", "application/grpc"),
                                 field("grpc-timeout", call->timeout),
                                 field("user-agent", "skiff")};
    nghttp2_data_provider provider{};
    provider.source.ptr = call.get();
    provider.read_callback = ReadBody;
    const int32_t id = nghttp2_submit_request(session_, nullptr, fields, std::size(fields), &provider, call.get());
    if (id < 0) return call->End(absl::UnavailableError(nghttp2_strerror(id)));
    calls_.emplace(id, call);
  }

  void Flush() {
    if (in_flush_ || transport_->closed()) return;
    in_flush_ = true;
    std::shared_ptr<std::string> batch;
    while (transport_->queued() + static_cast<int64_t>(batch == nullptr ? 0 : batch->size()) < kTransportHighWater) {
      const uint8_t* data = nullptr;
      const ssize_t n = nghttp2_session_mem_send(session_, &data);
      if (n <= 0) {
        if (n < 0) transport_->Abort();
        break;
      }
      if (batch == nullptr) batch = std::make_shared<std::string>();
      batch->append(reinterpret_cast<const char*>(data), static_cast<size_t>(n));
      if (batch->size() >= kBatch) transport_->Write(std::exchange(batch, nullptr));
    }
    if (batch != nullptr) transport_->Write(std::move(batch));
    transport_->Flush();
    in_flush_ = false;
    if (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0) transport_->Close();
  }

  void OnData(absl::string_view data) {
    const ssize_t n = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(data.data()), data.size());
    if (n < 0) return transport_->Abort();
    Flush();
  }

  void OnClosed() {
    std::vector<CallPtr> lost;
    {
      const std::lock_guard lock(mu_);
      closed_ = true;
      lost.swap(inbox_);
    }
    for (const auto& [id, call] : calls_) lost.push_back(call);
    calls_.clear();
    for (const CallPtr& call : lost) call->End(absl::UnavailableError("connection closed"));
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t, uint8_t* buffer, size_t size, uint32_t* flags,
                          nghttp2_data_source* source, void*) {
    auto* call = static_cast<UnaryCall*>(source->ptr);
    const size_t now = std::min(size, call->body.size() - call->sent);
    std::memcpy(buffer, call->body.data() + call->sent, now);
    call->sent += now;
    if (call->sent == call->body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(now);
  }

  static UnaryCall* Of(nghttp2_session* session, int32_t id) {
    return static_cast<UnaryCall*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void*) {
    UnaryCall* call = Of(session, frame->hd.stream_id);
    if (call == nullptr) return 0;
    const absl::string_view n(reinterpret_cast<const char*>(name), name_size);
    const absl::string_view v(reinterpret_cast<const char*>(value), value_size);
    if (n == ":status") {
      if (!absl::SimpleAtoi(v, &call->http_status)) call->http_status = -1;
    } else if (n == "grpc-status") {
      if (!absl::SimpleAtoi(v, &call->grpc_status)) call->grpc_status = 2;
    } else if (n == "grpc-message") {
      call->message = PercentDecode(v);
    }
    return 0;
  }

  static int OnDataChunk(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size, void*) {
    UnaryCall* call = Of(session, id);
    if (call == nullptr) return 0;
    if (call->response.size() + size > kLargestResponse) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
      return 0;
    }
    call->response.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  // A request that the server does not want to hear any more: it is going away.
  static int OnNotSent(nghttp2_session* session, const nghttp2_frame* frame, int error, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    auto* self = static_cast<Connection*>(user);
    if (const auto it = self->calls_.find(frame->hd.stream_id); it != self->calls_.end()) {
      it->second->End(absl::UnavailableError(nghttp2_strerror(error)));
      self->calls_.erase(it);
    }
    return 0;
  }

  static int OnStreamClose(nghttp2_session*, int32_t id, uint32_t, void* user) {
    auto* self = static_cast<Connection*>(user);
    const auto it = self->calls_.find(id);
    if (it == self->calls_.end()) return 0;
    const CallPtr call = std::move(it->second);
    self->calls_.erase(it);
    call->End(Outcome(*call));
    return 0;
  }

  const std::shared_ptr<Transport> transport_;
  const std::string authority_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, CallPtr> calls_;
  bool in_flush_ = false;
  std::mutex mu_;
  std::vector<CallPtr> inbox_;  // under mu_
  bool closed_ = false;         // under mu_
};

class Channel final : public UnaryChannel {
 public:
  explicit Channel(UnaryChannelOptions options)
      : options_(std::move(options)), authority_(absl::StrCat(options_.host, ":", options_.port)),
        engine_(IoEngine::Create(1)) {}
  ~Channel() override { engine_->Shutdown(); }

  absl::Status Init() {
    if (!options_.tls) return absl::OkStatus();
    TlsFiles files;
    files.server = false;
    files.verify_peer = true;
    files.ca_file = options_.ca_file;
    files.cert_file = options_.cert_file;
    files.key_file = options_.key_file;
    files.alpn = "h2";
    return engine_->UseTls(files);
  }

  absl::Status Call(absl::string_view path, absl::string_view request, absl::Duration timeout,
                    std::string* response) override {
    const CallPtr call = Prepare(path, request, timeout);
    Begin(call);
    if (!call->done.WaitForNotificationWithTimeout(timeout)) {
      // Who does not answer in time is not asked again over this connection.
      const std::lock_guard lock(mu_);
      if (connection_ != nullptr) std::exchange(connection_, nullptr)->Abort();
      return absl::DeadlineExceededError(absl::StrCat("no answer from ", authority_, " within ", absl::FormatDuration(timeout)));
    }
    const absl::Status result = std::move(call->result);
    if (!result.ok()) return result;
    call->response.erase(0, kPrefix);
    *response = std::move(call->response);
    return absl::OkStatus();
  }

  void Start(absl::string_view path, absl::string_view request, absl::Duration timeout,
             std::function<void(absl::Status, std::string)> done) override {
    const CallPtr call = Prepare(path, request, timeout);
    call->then = std::move(done);
    Begin(call);
  }

 private:
  static CallPtr Prepare(absl::string_view path, absl::string_view request, absl::Duration timeout) {
    auto call = std::make_shared<UnaryCall>();
    call->path = std::string(path);
    call->timeout = absl::StrCat(std::max<int64_t>(1, absl::ToInt64Milliseconds(timeout)), "m");
    call->body.reserve(kPrefix + request.size());
    call->body.push_back(0);
    for (int shift = 24; shift >= 0; shift -= 8) call->body.push_back(static_cast<char>(request.size() >> shift));
    call->body.append(request.data(), request.size());
    return call;
  }

  void Begin(const CallPtr& call) {
    {
      const std::lock_guard lock(mu_);
      if (connection_ != nullptr && connection_->Submit(call)) return;
      connection_ = nullptr;
      waiting_.push_back(call);
      if (std::exchange(dialing_, true)) return;
    }
    engine_->Dial(options_.host, options_.port, options_.tls ? engine_->client_tls() : nullptr, options_.connect_timeout,
                  [this](absl::StatusOr<std::shared_ptr<Transport>> transport) { Dialed(std::move(transport)); });
  }

  void Dialed(absl::StatusOr<std::shared_ptr<Transport>> transport) {  // on the connection's I/O thread
    std::shared_ptr<Connection> connection;
    if (transport.ok() && (*transport)->tls && (*transport)->alpn != "h2") {
      (*transport)->Abort();
      transport = absl::UnavailableError(absl::StrCat(authority_, " does not speak HTTP/2"));
    }
    if (transport.ok()) {
      connection = std::make_shared<Connection>(*transport, authority_);
      connection->Start();
    }
    std::vector<CallPtr> calls;
    {
      const std::lock_guard lock(mu_);
      dialing_ = false;
      connection_ = connection;
      calls.swap(waiting_);
    }
    for (const CallPtr& call : calls) {
      if (connection == nullptr) {
        call->End(absl::UnavailableError(transport.status().message()));
      } else if (!connection->Submit(call)) {
        call->End(absl::UnavailableError("connection closed"));
      }
    }
  }

  const UnaryChannelOptions options_;
  const std::string authority_;
  const std::unique_ptr<IoEngine> engine_;  // outlives its connections; shut down first
  std::mutex mu_;
  std::shared_ptr<Connection> connection_;  // under mu_, as what follows
  std::vector<CallPtr> waiting_;            // for a connection
  bool dialing_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<UnaryChannel>> UnaryChannel::Create(UnaryChannelOptions options) {
  auto channel = std::make_unique<Channel>(std::move(options));
  RETURN_IF_ERROR(channel->Init());
  return channel;
}

}  // namespace base::http
