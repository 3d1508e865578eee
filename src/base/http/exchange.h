// One request and its response inside a protocol session. Internal to base/http.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/http/memory_budget.h"
#include "base/http/message.h"
#include "base/http/server.h"
#include "base/http/transport.h"
#include "base/http/worker_pool.h"

namespace base::http {

// Implemented by each protocol. Members belong to the connection's I/O thread unless they say otherwise.
class Exchange : public RoundTask, public std::enable_shared_from_this<Exchange> {
 public:
  explicit Exchange(std::shared_ptr<Transport> connection) : connection_(std::move(connection)) {}

  virtual void Begin(int status, Headers headers) = 0;
  virtual void Push(Chunk chunk) = 0;
  virtual void PushAll(std::vector<Chunk>& chunks) {  // takes them out; nothing else is coming soon
    for (Chunk& chunk : chunks) Push(std::move(chunk));
  }
  virtual void End() = 0;
  virtual void Abort() = 0;
  // Sends the 101 head and gives up the connection; nullptr when the protocol cannot.
  virtual bool Hijack(Headers headers) { return false; }
  virtual bool CanHijack() const { return false; }                       // any thread
  virtual std::shared_ptr<Transport> transport() const { return nullptr; }  // any thread
  virtual int64_t Backlog() const = 0;                                   // any thread; bytes below Push

  void Post(std::function<void()> task) { connection_->Post(std::move(task)); }  // any thread
  // Any thread. Keeps the chunk for the connection's next round; many chunks share one. Answers the bytes that wait, -1
  // when the client is gone.
  int64_t Gather(Chunk chunk);
  // I/O thread. Begin and End of a response that gathers.
  void BeginGathering(int status, Headers headers);
  void HandOver();  // pushes what was gathered so far
  void RunRound() override;
  // Any thread. See ResponseWriter.
  void AskTurn(std::shared_ptr<base::Turn> turn);
  void AskTurnWhenLow(std::shared_ptr<base::Turn> turn);

  std::atomic<int64_t> posted{0};  // bytes on their way to Push
  std::function<void()> on_low;    // when Backlog fell below 256 KiB

 protected:
  const std::shared_ptr<Transport> connection_;

 public:

  // Any thread. The client went away (or the response ended: then `finished` was set before).
  void MarkGone();
  void SetOnClose(std::function<void()> callback);
  void MarkFinished();
  bool gone() const { return gone_.load(); }

 private:
  std::atomic<bool> gone_{false};
  bool begun_gathering_ = false;  // I/O thread
  std::mutex outbox_mu_;
  std::vector<Chunk> outbox_;     // under outbox_mu_
  std::shared_ptr<base::Turn> turn_;  // under outbox_mu_
  bool in_round_ = false;  // under outbox_mu_: a round (or BeginGathering) will come for the outbox and the turn
  std::mutex mu_;
  bool finished_ = false;
  std::function<void()> on_close_;
};

// What sessions need of the server. Outlives them.
struct ServerCore {
  explicit ServerCore(ServerOptions o) : options(std::move(o)), requests(options.max_request_memory), answers(options.max_answer_memory) {}

  ServerOptions options;
  MemoryBudget requests;  // heads and bodies, until they are answered
  MemoryBudget answers;   // what clients have not taken yet
  Handler handler;
  std::unique_ptr<WorkerPool> pool;

  // Hands a complete request to a worker (503 when all are busy and the queue is full).
  void Dispatch(Request request, std::shared_ptr<Exchange> exchange);
  // Answers `head`, whose body is not wanted.
  enum class Refusal { kTooLarge, kTooLate, kNoMemory };
  void RefuseBody(const Request& head, std::shared_ptr<Exchange> exchange, Refusal why);
};

std::unique_ptr<ResponseWriter> MakeWriter(std::shared_ptr<Exchange> exchange, WorkerPool* pool);

// Protocol sessions keep themselves alive through the transport's callbacks.
class Session {
 public:
  virtual ~Session() = default;
  virtual void Drain() = 0;  // I/O thread: end the connection when the running requests are done
};
// `initial`: bytes already read.
std::shared_ptr<Session> StartHttp1(ServerCore& core, std::shared_ptr<Transport> transport, absl::string_view initial);
std::shared_ptr<Session> StartHttp2(ServerCore& core, std::shared_ptr<Transport> transport, absl::string_view initial);

// Splits a request target into path and query.
void SetTarget(Request& request, absl::string_view target);
std::string HttpDate();

// The transport as a ByteStream; `initial` is delivered first.
std::unique_ptr<ByteStream> MakeByteStream(std::shared_ptr<Transport> transport, std::string initial);

}  // namespace base::http
