#include "apiserver/http/audited_writer.h"

#include <atomic>

namespace apiserver::http {
namespace {

using base::http::Headers;
using base::http::ResponseWriter;

class AuditedWriter final : public ResponseWriter {
 public:
  AuditedWriter(std::shared_ptr<audit::Record> record, std::unique_ptr<ResponseWriter> inner)
      : inner_(std::move(inner)), state_(std::make_shared<State>(std::move(record))) {}

  // The client may act on the answer at once: the log has it by then.
  void Send(int status, Headers headers, std::string body) override {
    state_->Begin(status);
    state_->End();
    inner_->Send(status, std::move(headers), std::move(body));
  }
  void Start(int status, Headers headers) override {
    state_->Begin(status);
    inner_->Start(status, std::move(headers));
  }
  int64_t Write(std::string chunk) override { return inner_->Write(std::move(chunk)); }
  int64_t Write(std::shared_ptr<const std::string> chunk) override { return inner_->Write(std::move(chunk)); }
  void Finish() override {
    state_->End();
    inner_->Finish();
  }
  void Stream(Producer next, Pace pace) override {
    inner_->Stream([state = state_, next = std::move(next)](std::string* chunk) {
      const bool more = next(chunk);
      if (!more) state->End();
      return more;
    }, pace);
  }
  void AskTurn(std::shared_ptr<base::Turn> turn) override { inner_->AskTurn(std::move(turn)); }
  void AskTurnWhenLow(std::shared_ptr<base::Turn> turn) override { inner_->AskTurnWhenLow(std::move(turn)); }
  void WhenLow(std::function<void()> callback) override { inner_->WhenLow(std::move(callback)); }
  void Post(std::function<void()> task) override { inner_->Post(std::move(task)); }
  void OnClose(std::function<void()> callback) override { inner_->OnClose(std::move(callback)); }
  absl::StatusOr<std::unique_ptr<base::http::ByteStream>> Upgrade(Headers headers) override {
    auto stream = inner_->Upgrade(std::move(headers));
    if (stream.ok()) state_->Begin(101);
    return stream;
  }

 private:
  struct State {
    explicit State(std::shared_ptr<audit::Record> r) : record(std::move(r)) {}
    ~State() { End(); }
    void Begin(int status) {
      code = status;
      record->Started(status);
    }
    void End() { record->Complete(code); }

    const std::shared_ptr<audit::Record> record;
    std::atomic<int> code{0};
  };

  std::unique_ptr<ResponseWriter> inner_;
  const std::shared_ptr<State> state_;  // also the producer's of a streamed answer
};

}  // namespace

std::unique_ptr<ResponseWriter> Audited(std::shared_ptr<audit::Record> record, std::unique_ptr<ResponseWriter> writer) {
  return std::make_unique<AuditedWriter>(std::move(record), std::move(writer));
}

}  // namespace apiserver::http
