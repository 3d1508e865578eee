// HTTP/2 sessions on nghttp2.
#include <nghttp2/nghttp2.h>

#include <chrono>
#include <deque>
#include <unordered_map>

#include "absl/strings/ascii.h"
#include "base/http/exchange.h"

namespace base::http {
namespace {

constexpr int64_t kLowWater = 256 << 10;
constexpr int64_t kTransportHighWater = 512 << 10;  // frames made ahead of the socket
constexpr size_t kMaxConnectionBodies = 64u << 20;  // request bodies in memory of one connection
constexpr uint32_t kStreamWindow = 1 << 20;
constexpr int32_t kConnectionWindow = 8 << 20;
constexpr int64_t kMaxConnectionHeads = 8 << 20;  // request heads in memory of one connection
// A client that does not take its answers gets more of them one request at a time, then none.
constexpr int64_t kManyAnswers = 4 << 20, kTooManyAnswers = 32 << 20;
constexpr absl::Duration kTick = absl::Seconds(5);  // between looks at requests and answers that stand still

using Clock = std::chrono::steady_clock;

class Http2Session;

struct Http2Stream final : Exchange {
  explicit Http2Stream(std::shared_ptr<Transport> connection) : Exchange(std::move(connection)) {}

  std::weak_ptr<Http2Session> session;
  int32_t id = 0;
  Request request;
  size_t header_bytes = 0;
  Clock::time_point moved{};  // what is awaited of the client (the head, the body, room for the answer) moved on
  size_t body_bytes = 0;
  bool head_done = false, head_too_large = false, whole = false;
  bool dispatched = false, refused = false;
  bool begun = false, ended = false, closed = false, head_only = false, deferred = false;
  std::deque<Chunk> queue;
  size_t offset = 0;  // sent of queue.front()
  std::atomic<int64_t> queued{0};

  int64_t Backlog() const override { return queued.load(); }
  void Begin(int status, Headers headers) override;
  void Push(Chunk chunk) override;
  void End() override;
  void Abort() override;
};

class Http2Session final : public Session, public std::enable_shared_from_this<Http2Session> {
 public:
  Http2Session(ServerCore& core, std::shared_ptr<Transport> transport)
      : core_(core), transport_(std::move(transport)), requests_(core.requests), answers_(core.answers),
        tick_(std::min({kTick, core.options.header_timeout, core.options.body_timeout})) {}
  ~Http2Session() override {
    if (session_ != nullptr) nghttp2_session_del(session_);
  }

  void Start(absl::string_view initial) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, OnBeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnDataChunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_max_send_header_block_length(option, 1 << 20);
    nghttp2_session_server_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, static_cast<uint32_t>(core_.options.max_streams_per_connection)},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(core_.options.max_header_bytes)},
    };
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
    transport_->SetDeadline(core_.options.idle_timeout);
    transport_->on_deadline = [self = shared_from_this()] { self->OnDeadline(); };
    transport_->on_data = [self = shared_from_this()](absl::string_view data) { self->OnData(data); };
    transport_->on_close = [self = shared_from_this()] { self->OnClosed(); };
    transport_->on_drain = [self = shared_from_this()] { self->Flush(); };
    OnData(initial);
  }

  void Drain() override {
    draining_ = true;
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                          NGHTTP2_NO_ERROR, nullptr, 0);
    Flush();
  }

  // Sends what nghttp2 has ready, as long as the socket keeps up.
  void Flush() {
    if (in_flush_ || session_ == nullptr || transport_->closed()) return;
    in_flush_ = true;
    while (transport_->queued() < kTransportHighWater) {
      const uint8_t* data = nullptr;
      const ssize_t n = nghttp2_session_mem_send(session_, &data);
      if (n < 0) {
        in_flush_ = false;
        return transport_->Abort();
      }
      if (n == 0) break;
      transport_->Write(MakeChunk(std::string(reinterpret_cast<const char*>(data), n)));
    }
    in_flush_ = false;
    StartReady();
    WatchStandstill();
    if (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0) transport_->Close();
    if (draining_ && streams_.empty() && nghttp2_session_want_write(session_) == 0) transport_->Close();
  }
  void FlushLater() {
    if (flush_posted_) return;
    flush_posted_ = true;
    transport_->Post([self = shared_from_this()] {
      self->flush_posted_ = false;
      self->Flush();
    });
  }

  nghttp2_session* session() { return session_; }
  void AddAnswer(int64_t bytes) { answers_.Add(bytes); }
  void Begun() { --running_; }

 private:
  // Requests that are whole begin as long as the client takes the answers.
  void StartReady() {
    while (!ready_.empty() && running_ < MayRun()) {
      const std::shared_ptr<Http2Stream> stream = std::move(ready_.front());
      ready_.pop_front();
      if (stream->closed) continue;
      stream->dispatched = true;
      stream->head_only = stream->request.method == "HEAD";
      ++running_;
      core_.Dispatch(std::move(stream->request), stream);
    }
  }
  int MayRun() const {
    if (answers_.size() >= kTooManyAnswers) return 0;
    return answers_.size() >= kManyAnswers || core_.answers.exceeded() ? 1 : core_.options.max_streams_per_connection;
  }

  // Looks again while a request or an answer depends on the client's going on.
  void WatchStandstill() {
    if (ticking_ || (incomplete_ == 0 && answers_.size() == 0) || streams_.empty()) return;
    ticking_ = true;
    transport_->SetDeadline(tick_);
  }
  void OnDeadline() {
    if (streams_.empty()) {  // idle, or nothing came at all
      nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
      Flush();
      return transport_->Close();
    }
    ticking_ = false;
    const Clock::time_point now = Clock::now();
    for (const auto& [id, stream] : streams_) {
      const auto still = absl::FromChrono(now - stream->moved);
      if (!stream->head_done) {
        if (still >= core_.options.header_timeout) return transport_->Abort();  // between its frames no others may come
      } else if (stream->refused) {
        if (still >= core_.options.body_timeout) Reset(id, NGHTTP2_NO_ERROR);
      } else if (!stream->whole) {
        if (still >= core_.options.body_timeout) RefuseBody(*stream, ServerCore::Refusal::kTooLate);
      } else if (stream->ended && !stream->queue.empty()) {
        if (still >= core_.options.idle_timeout) Reset(id, NGHTTP2_CANCEL);
      }
    }
    Flush();
  }
  void Reset(int32_t id, uint32_t code) { nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code); }

  void RefuseBody(Http2Stream& stream, ServerCore::Refusal why) {
    stream.refused = true;
    stream.moved = Clock::now();
    DropBody(stream);
    core_.RefuseBody(stream.request, stream.shared_from_this(), why);
  }
  void DropBody(Http2Stream& stream) {
    const auto size = static_cast<int64_t>(stream.body_bytes);
    body_bytes_ -= stream.body_bytes;
    requests_.Add(-size);
    stream.body_bytes = 0;
    stream.request.body = std::string();
  }

  void OnData(absl::string_view data) {
    if (data.empty()) return Flush();
    const ssize_t n = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(data.data()), data.size());
    if (n < 0) {
      nghttp2_session_terminate_session(session_, NGHTTP2_PROTOCOL_ERROR);
      Flush();
      return transport_->Close();
    }
    Flush();
  }

  void OnClosed() {
    auto streams = std::move(streams_);
    streams_.clear();
    for (auto& [id, stream] : streams) {
      stream->closed = true;
      stream->on_low = nullptr;
      stream->MarkGone();
    }
    ready_.clear();
    requests_.Resize(0);
    answers_.Resize(0);
  }

  Http2Stream* Find(int32_t id) {
    const auto it = streams_.find(id);
    return it == streams_.end() ? nullptr : it->second.get();
  }

  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    auto* self = static_cast<Http2Session*>(user);
    auto stream = std::make_shared<Http2Stream>(self->transport_);
    stream->session = self->weak_from_this();
    stream->id = frame->hd.stream_id;
    stream->request.protocol = Protocol::kHttp2;
    stream->request.tls = self->transport_->tls;
    stream->request.remote_address = self->transport_->remote_address;
    stream->request.peer = self->transport_->peer;
    stream->moved = Clock::now();
    ++self->incomplete_;
    self->streams_.emplace(stream->id, std::move(stream));
    if (!self->ticking_) self->transport_->SetDeadline(absl::ZeroDuration());
    return 0;
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* user) {
    auto* self = static_cast<Http2Session*>(user);
    Http2Stream* stream = self->Find(frame->hd.stream_id);
    if (stream == nullptr || frame->headers.cat != NGHTTP2_HCAT_REQUEST || stream->head_too_large) return 0;
    const size_t size = name_size + value_size + 32;
    stream->header_bytes += size;
    self->heads_ += static_cast<int64_t>(size);
    if (!self->requests_.Add(static_cast<int64_t>(size)) || self->heads_ > kMaxConnectionHeads) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    if (stream->header_bytes > self->core_.options.max_header_bytes) {
      stream->head_too_large = true;
      stream->request.headers = Headers();
      return 0;
    }
    const absl::string_view n(reinterpret_cast<const char*>(name), name_size);
    const absl::string_view v(reinterpret_cast<const char*>(value), value_size);
    if (n == ":method") {
      stream->request.method = std::string(v);
    } else if (n == ":path") {
      SetTarget(stream->request, v);
    } else if (n == ":authority") {
      stream->request.headers.push_back({"host", std::string(v)});
    } else if (!n.empty() && n[0] != ':') {
      stream->request.headers.push_back({std::string(n), std::string(v)});
    }
    return 0;
  }

  static int OnDataChunk(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* user) {
    auto* self = static_cast<Http2Session*>(user);
    Http2Stream* stream = self->Find(id);
    if (stream == nullptr || stream->refused || stream->dispatched) return 0;
    if (stream->body_bytes + size > self->core_.options.max_body_bytes) {
      self->RefuseBody(*stream, ServerCore::Refusal::kTooLarge);
      return 0;
    }
    stream->body_bytes += size;
    self->body_bytes_ += size;
    const bool room = self->requests_.Add(static_cast<int64_t>(size));
    if (!room || self->body_bytes_ > kMaxConnectionBodies) {
      self->RefuseBody(*stream, ServerCore::Refusal::kNoMemory);
      return 0;
    }
    stream->request.body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    auto* self = static_cast<Http2Session*>(user);
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Http2Stream* stream = self->Find(frame->hd.stream_id);
    if (stream == nullptr || stream->dispatched || stream->refused) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && !stream->head_done) {
      stream->head_done = true;
      stream->moved = Clock::now();
      if (stream->head_too_large) {
        stream->refused = true;
        MakeWriter(stream->shared_from_this(), nullptr)
            ->Send(431, {{"content-type", "text/html; charset=utf-8"}}, "<h1>HTTP Error 431</h1><p>Request Header Field(s) Too Large</p>");
        return 0;
      }
    }
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
      if (frame->hd.type == NGHTTP2_HEADERS && stream->request.header("expect") == "100-continue") {
        const nghttp2_nv nv = {(uint8_t*)":status", (uint8_t*)"100", 7, 3, NGHTTP2_NV_FLAG_NONE};
        nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, stream->id, nullptr, &nv, 1, nullptr);
      }
      return 0;
    }
    stream->whole = true;
    --self->incomplete_;
    self->body_bytes_ -= stream->body_bytes;  // still held, but bounded by what runs
    self->ready_.push_back(std::static_pointer_cast<Http2Stream>(stream->shared_from_this()));
    self->StartReady();
    return 0;
  }

  static int OnStreamClose(nghttp2_session*, int32_t id, uint32_t, void* user) {
    auto* self = static_cast<Http2Session*>(user);
    const auto it = self->streams_.find(id);
    if (it == self->streams_.end()) return 0;
    const std::shared_ptr<Http2Stream> stream = std::move(it->second);
    self->streams_.erase(it);
    if (!stream->whole) {
      --self->incomplete_;
      self->body_bytes_ -= stream->body_bytes;
    }
    if (stream->dispatched && !stream->begun) --self->running_;
    self->heads_ -= static_cast<int64_t>(stream->header_bytes);
    self->requests_.Add(-static_cast<int64_t>(stream->header_bytes + stream->body_bytes));
    self->answers_.Add(-stream->queued);
    stream->closed = true;
    stream->queue.clear();
    stream->queued = 0;
    stream->on_low = nullptr;
    stream->MarkGone();
    if (self->streams_.empty()) {
      self->ticking_ = false;
      self->transport_->SetDeadline(self->core_.options.idle_timeout);
    }
    return 0;
  }

  ServerCore& core_;
  const std::shared_ptr<Transport> transport_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, std::shared_ptr<Http2Stream>> streams_;
  std::deque<std::shared_ptr<Http2Stream>> ready_;  // whole requests that wait for room for their answers
  MemoryShare requests_, answers_;
  int64_t heads_ = 0;      // bytes, of all streams
  size_t body_bytes_ = 0;  // of requests that are not whole
  int incomplete_ = 0;     // requests that are not whole
  int running_ = 0;        // requests whose answer has not begun
  const absl::Duration tick_;
  bool ticking_ = false;   // OnDeadline will look for what stands still
  bool in_flush_ = false, flush_posted_ = false, draining_ = false;
};

ssize_t ReadStream(nghttp2_session*, int32_t, uint8_t* buffer, size_t size, uint32_t* flags,
                   nghttp2_data_source* source, void* user) {
  auto* stream = static_cast<Http2Stream*>(source->ptr);
  size_t n = 0;
  while (n < size && !stream->queue.empty()) {
    const std::string& front = *stream->queue.front();
    const size_t take = std::min(size - n, front.size() - stream->offset);
    memcpy(buffer + n, front.data() + stream->offset, take);
    n += take;
    stream->offset += take;
    if (stream->offset == front.size()) {
      stream->queue.pop_front();
      stream->offset = 0;
    }
  }
  stream->queued -= static_cast<int64_t>(n);
  static_cast<Http2Session*>(user)->AddAnswer(-static_cast<int64_t>(n));
  if (stream->ended) stream->moved = Clock::now();
  if (stream->queue.empty() && stream->ended) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  } else if (n == 0) {
    stream->deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  if (stream->on_low && stream->queued < kLowWater) {
    const std::function<void()> low = stream->on_low;
    low();
  }
  return static_cast<ssize_t>(n);
}

void Http2Stream::Begin(int status, Headers headers) {
  const auto owner = session.lock();
  if (owner == nullptr || closed || begun) return;
  begun = true;
  if (dispatched) owner->Begun();
  const std::string code = absl::StrCat(status);
  const std::string date = HttpDate();
  std::vector<nghttp2_nv> fields;
  const auto add = [&fields](const std::string& name, const std::string& value) {
    fields.push_back({(uint8_t*)name.data(), (uint8_t*)value.data(), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  };
  const std::string status_name = ":status", date_name = "date";
  add(status_name, code);
  for (Header& h : headers) {
    absl::AsciiStrToLower(&h.name);
    if (h.name == "connection" || h.name == "transfer-encoding") continue;
    add(h.name, h.value);
  }
  add(date_name, date);
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = ReadStream;
  nghttp2_submit_response(owner->session(), id, fields.data(), fields.size(), head_only ? nullptr : &provider);
  owner->FlushLater();
}

void Http2Stream::Push(Chunk chunk) {
  const auto owner = session.lock();
  if (owner == nullptr || closed || ended || head_only) return;
  queued += static_cast<int64_t>(chunk->size());
  owner->AddAnswer(static_cast<int64_t>(chunk->size()));
  queue.push_back(std::move(chunk));
  if (deferred) {
    deferred = false;
    nghttp2_session_resume_data(owner->session(), id);
  }
  owner->FlushLater();
}

void Http2Stream::End() {
  const auto owner = session.lock();
  if (owner == nullptr || closed || ended) return;
  ended = true;
  moved = Clock::now();
  if (deferred) {
    deferred = false;
    nghttp2_session_resume_data(owner->session(), id);
  }
  owner->FlushLater();
}

void Http2Stream::Abort() {
  const auto owner = session.lock();
  if (owner == nullptr || closed || ended) return;
  ended = true;
  nghttp2_submit_rst_stream(owner->session(), NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
  owner->FlushLater();
}

}  // namespace

std::shared_ptr<Session> StartHttp2(ServerCore& core, std::shared_ptr<Transport> transport, absl::string_view initial) {
  auto session = std::make_shared<Http2Session>(core, std::move(transport));
  session->Start(initial);
  return session;
}

}  // namespace base::http
