// The thread-safe face of an Exchange, and the server's dispatch of requests to workers.
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "base/http/exchange.h"

namespace base::http {
namespace {

// A producer works ahead of the socket by at most so much, and is woken up when a good part of it has gone: both in
// large steps, as a wake-up costs as much as the production of some kilobytes.
constexpr int64_t kHighWater = 768 << 10;
constexpr int64_t kLowWater = 256 << 10;
constexpr int64_t kBatch = 192 << 10;  // and handed over at once
constexpr int64_t kTurnLowWater = 64 << 10;  // of a stream by turns: there may be thousands that wait

void SendNow(const std::shared_ptr<Exchange>& exchange, int status, Headers headers, std::string body) {
  headers.push_back({"content-length", absl::StrCat(body.size())});
  exchange->MarkFinished();
  exchange->Post([exchange, status, headers = std::move(headers), chunk = MakeChunk(std::move(body))]() mutable {
    exchange->Begin(status, std::move(headers));
    if (!chunk->empty()) exchange->Push(std::move(chunk));
    exchange->End();
  });
}

// At once, unlike Gather: for producers that wait until it is sent.
int64_t PushLater(const std::shared_ptr<Exchange>& exchange, std::vector<Chunk> chunks, int64_t size) {
  if (exchange->gone()) return -1;
  exchange->posted += size;
  exchange->Post([exchange, size, chunks = std::move(chunks)]() mutable {
    exchange->HandOver();  // what was written before
    exchange->posted -= size;
    for (Chunk& chunk : chunks) exchange->Push(std::move(chunk));
  });
  return exchange->posted + exchange->Backlog();
}

// Feeds a response from a producer, on workers, as fast as the client takes it.
struct Pump : std::enable_shared_from_this<Pump> {
  std::shared_ptr<Exchange> exchange;
  WorkerPool* pool;
  ResponseWriter::Producer next;

  void Run() {
    while (!exchange->gone()) {
      std::vector<Chunk> chunks;
      int64_t size = 0, backlog = 0;
      bool more = true;
      while (more && size < kBatch) {
        std::string chunk;
        more = next(&chunk);
        if (chunk.empty()) break;
        size += static_cast<int64_t>(chunk.size());
        chunks.push_back(MakeChunk(std::move(chunk)));
      }
      if (!chunks.empty()) backlog = PushLater(exchange, std::move(chunks), size);
      if (!more) {
        exchange->MarkFinished();
        exchange->Post([exchange = exchange] {
          exchange->HandOver();
          exchange->End();
        });
        return;
      }
      if (backlog > kHighWater) break;
    }
    if (exchange->gone()) return;
    exchange->Post([self = shared_from_this()] {
      if (self->exchange->Backlog() + self->exchange->posted < kLowWater) return self->Resume();
      self->exchange->on_low = [self] {
        const std::shared_ptr<Pump> keep = self;
        keep->exchange->on_low = nullptr;
        keep->Resume();
      };
    });
  }

  void Resume() {
    if (!pool->Submit([self = shared_from_this()] { self->Run(); })) exchange->Abort();
  }
};

// The same on the I/O thread, for producers that are quick: what they make is encrypted while it is in the processor's
// cache. Others of the thread come in between.
struct QuickPump : std::enable_shared_from_this<QuickPump> {
  std::shared_ptr<Exchange> exchange;
  ResponseWriter::Producer next;

  void Run() {
    if (exchange->gone()) return;
    exchange->HandOver();  // what was written before
    int64_t size = 0;
    std::vector<Chunk> chunks;
    for (bool more = true; size < kTurn;) {
      std::string chunk;
      more = next(&chunk);
      size += static_cast<int64_t>(chunk.size());
      if (!chunk.empty()) chunks.push_back(MakeChunk(std::move(chunk)));
      if (more) continue;
      exchange->PushAll(chunks);
      exchange->MarkFinished();
      return exchange->End();
    }
    exchange->PushAll(chunks);
    if (exchange->Backlog() < kLowWater) return Again();
    exchange->on_low = [self = shared_from_this()] {
      const std::shared_ptr<QuickPump> keep = self;
      keep->exchange->on_low = nullptr;
      keep->Again();
    };
  }

  void Again() {
    exchange->Post([self = shared_from_this()] { self->Run(); });
  }

  static constexpr int64_t kTurn = 128 << 10;
};

class Writer final : public ResponseWriter {
 public:
  Writer(std::shared_ptr<Exchange> exchange, WorkerPool* pool) : exchange_(std::move(exchange)), pool_(pool) {}
  ~Writer() override {
    if (done_) return;
    if (started_) {
      exchange_->Post([exchange = exchange_] { exchange->Abort(); });
    } else {
      SendNow(exchange_, 500, Headers{{"content-type", "text/plain"}}, "no answer\n");
    }
  }

  void Send(int status, Headers headers, std::string body) override {
    if (started_ || done_) return;
    started_ = done_ = true;
    SendNow(exchange_, status, std::move(headers), std::move(body));
  }
  void Start(int status, Headers headers) override {
    if (started_ || done_) return;
    started_ = true;
    exchange_->Post([exchange = exchange_, status, headers = std::move(headers)]() mutable {
      exchange->BeginGathering(status, std::move(headers));
    });
  }
  int64_t Write(std::string chunk) override { return exchange_->Gather(MakeChunk(std::move(chunk))); }
  int64_t Write(Chunk chunk) override { return exchange_->Gather(std::move(chunk)); }
  void AskTurn(std::shared_ptr<base::Turn> turn) override { exchange_->AskTurn(std::move(turn)); }
  void AskTurnWhenLow(std::shared_ptr<base::Turn> turn) override { exchange_->AskTurnWhenLow(std::move(turn)); }
  void Post(std::function<void()> task) override { exchange_->Post(std::move(task)); }
  void WhenLow(std::function<void()> callback) override {
    exchange_->Post([exchange = exchange_.get(), keep = exchange_, callback = std::move(callback)] {
      if (exchange->Backlog() + exchange->posted < kLowWater) return callback();
      exchange->on_low = [exchange, callback] {
        const std::function<void()> call = callback;
        exchange->on_low = nullptr;  // ends the life of what runs here
        call();
      };
    });
  }
  void Finish() override {
    if (done_.exchange(true)) return;
    exchange_->MarkFinished();
    exchange_->Post([exchange = exchange_] {
      exchange->HandOver();
      exchange->End();
    });
  }
  void Stream(Producer next, Pace pace) override {
    done_ = true;
    if (pace == Pace::kQuick) {
      auto pump = std::make_shared<QuickPump>();
      pump->exchange = exchange_;
      pump->next = std::move(next);
      return pump->Again();
    }
    auto pump = std::make_shared<Pump>();
    pump->exchange = exchange_;
    pump->pool = pool_;
    pump->next = std::move(next);
    pump->Run();
  }
  void OnClose(std::function<void()> callback) override { exchange_->SetOnClose(std::move(callback)); }
  absl::StatusOr<std::unique_ptr<ByteStream>> Upgrade(Headers headers) override {
    if (started_ || done_) return absl::FailedPreconditionError("a response was started already");
    if (!exchange_->CanHijack()) return absl::UnavailableError("the protocol has no upgrades");
    started_ = done_ = true;
    exchange_->MarkFinished();
    std::shared_ptr<Transport> transport = exchange_->transport();
    std::unique_ptr<ByteStream> stream = MakeByteStream(transport, "");
    exchange_->Post([exchange = exchange_, headers = std::move(headers)]() mutable {
      exchange->Hijack(std::move(headers));
    });
    return stream;
  }

 private:
  const std::shared_ptr<Exchange> exchange_;
  WorkerPool* const pool_;
  std::atomic<bool> started_{false}, done_{false};
};

}  // namespace

int64_t Exchange::Gather(Chunk chunk) {
  if (gone()) return -1;
  if (chunk->empty()) return posted + Backlog();
  const int64_t waiting = posted += static_cast<int64_t>(chunk->size());
  {
    const std::lock_guard lock(outbox_mu_);
    outbox_.push_back(std::move(chunk));
    if (std::exchange(in_round_, true)) return waiting + Backlog();
  }
  connection_->NextRound(shared_from_this());
  return waiting + Backlog();
}

void Exchange::AskTurn(std::shared_ptr<base::Turn> turn) {
  if (gone()) return;
  {
    const std::lock_guard lock(outbox_mu_);
    turn_ = std::move(turn);
    if (std::exchange(in_round_, true)) return;
  }
  connection_->NextRound(shared_from_this());
}

void Exchange::AskTurnWhenLow(std::shared_ptr<base::Turn> turn) {
  Post([self = shared_from_this(), turn = std::move(turn)]() mutable {
    if (self->posted + self->Backlog() < kTurnLowWater) return self->AskTurn(std::move(turn));
    if (self->gone()) return;
    self->on_low = [exchange = self.get(), turn = std::move(turn)] {
      if (exchange->posted + exchange->Backlog() >= kTurnLowWater) return;
      const std::shared_ptr<base::Turn> due = turn;  // the next line destroys this function
      exchange->on_low = nullptr;
      exchange->AskTurn(due);
    };
  });
}

void Exchange::RunRound() {
  if (!begun_gathering_) return;  // a round that was faster than Begin; Begin sees to it
  std::shared_ptr<base::Turn> turn;
  {
    const std::lock_guard lock(outbox_mu_);
    turn.swap(turn_);
  }
  if (turn != nullptr && !gone()) turn->Run();
  HandOver();
}

void Exchange::BeginGathering(int status, Headers headers) {
  Begin(status, std::move(headers));
  begun_gathering_ = true;
  RunRound();
}

void Exchange::HandOver() {
  if (!begun_gathering_) return;
  std::vector<Chunk> chunks;
  bool again;
  {
    const std::lock_guard lock(outbox_mu_);
    chunks.swap(outbox_);
    again = in_round_ = turn_ != nullptr;
  }
  if (again) connection_->NextRound(shared_from_this());
  if (chunks.empty()) return;
  int64_t size = 0;
  for (const Chunk& chunk : chunks) size += static_cast<int64_t>(chunk->size());
  posted -= size;
  PushAll(chunks);
  chunks.clear();
  const std::lock_guard lock(outbox_mu_);
  if (outbox_.empty()) outbox_.swap(chunks);  // with its memory, for the next batch
}

void Exchange::MarkGone() {
  std::function<void()> callback;
  {
    const std::lock_guard lock(mu_);
    gone_ = true;
    if (!finished_) callback = std::move(on_close_);
    on_close_ = nullptr;
    finished_ = true;
  }
  if (callback) callback();
}

void Exchange::SetOnClose(std::function<void()> callback) {
  {
    const std::lock_guard lock(mu_);
    if (!gone_) {
      if (!finished_) on_close_ = std::move(callback);
      return;
    }
  }
  callback();
}

void Exchange::MarkFinished() {
  std::function<void()> dropped;  // destroyed without the lock
  const std::lock_guard lock(mu_);
  finished_ = true;
  dropped = std::move(on_close_);
  on_close_ = nullptr;
}

std::unique_ptr<ResponseWriter> MakeWriter(std::shared_ptr<Exchange> exchange, WorkerPool* pool) {
  return std::make_unique<Writer>(std::move(exchange), pool);
}

void ServerCore::Dispatch(Request request, std::shared_ptr<Exchange> exchange) {
  struct Job {
    Request request;
    std::unique_ptr<ResponseWriter> writer;
  };
  std::unique_ptr<ResponseWriter> writer = MakeWriter(exchange, pool.get());
  if (options.at_once && options.at_once(request, writer)) return;
  auto job = std::make_shared<Job>(Job{std::move(request), std::move(writer)});
  if (!pool->Submit([this, job, exchange = std::move(exchange)] {
        if (exchange->gone() && (job->request.method == "GET" || job->request.method == "HEAD")) return;  // nobody waits
        handler(std::move(job->request), std::move(job->writer));
      }) &&
      job->writer) {
    job->writer->Send(503, {{"content-type", "text/plain"}, {"retry-after", "1"}}, "server is overloaded\n");
  }
}

void ServerCore::RefuseBody(const Request& head, std::shared_ptr<Exchange> exchange, Refusal why) {
  std::unique_ptr<ResponseWriter> writer = MakeWriter(std::move(exchange), pool.get());
  switch (why) {
    case Refusal::kTooLarge:
      if (options.on_body_too_large) return options.on_body_too_large(head, *writer);
      return writer->Send(413, {{"content-type", "text/plain"}}, "request body is too large\n");
    case Refusal::kTooLate:
      if (options.on_body_too_late) return options.on_body_too_late(head, *writer);
      return writer->Send(504, {{"content-type", "text/plain"}}, "the request body did not come in time\n");
    case Refusal::kNoMemory:
      return writer->Send(429, {{"content-type", "text/plain"}, {"retry-after", "1"}}, "Too many requests, please try again later.\n");
  }
}

void SetTarget(Request& request, absl::string_view target) {
  if (!absl::StartsWith(target, "/")) {  // the form for proxies: the path is what counts
    if (const size_t scheme = target.substr(0, target.find('?')).find("://"); scheme != absl::string_view::npos) {
      const size_t path = target.find_first_of("/?", scheme + 3);
      target = path == absl::string_view::npos ? "/" : target.substr(path);
    }
  }
  request.target = std::string(target);
  const size_t mark = target.find('?');
  request.raw_path = std::string(target.substr(0, mark));
  if (mark != absl::string_view::npos) request.query = std::string(target.substr(mark + 1));
  request.path = PercentDecode(request.raw_path);
}

std::string HttpDate() {
  return absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone());
}

}  // namespace base::http
