#include "kubelet/runtime/cri/stream_session.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/json.h"
#include "apimachinery/value.h"
#include "base/http/client.h"
#include "base/http/websocket.h"
#include "base/rng.h"

namespace kubelet {
namespace {

using base::http::WebSocket;
using base::http::WsOpcode;

constexpr char kProtocol[] = "v4.channel.k8s.io";
constexpr size_t kHighWater = 1 << 20;  // bytes of output waiting for the reader before we stop reading
constexpr int64_t kStdinHighWater = 256 << 10;

// The exit code in the Status object that ends a v4 session.
absl::StatusOr<int> ExitCodeOf(absl::string_view status_json) {
  const absl::StatusOr<apimachinery::Value> status = apimachinery::ParseJson(status_json);
  if (!status.ok()) return absl::InternalError(absl::StrCat("unreadable end of session: ", status_json));
  if (status->GetString("status") == "Success") return 0;
  if (status->GetString("reason") == "NonZeroExitCode") {
    for (const apimachinery::Value& cause : status->GetArray("details.causes")) {
      int code = 0;
      if (cause.GetString("reason") == "ExitCode" && absl::SimpleAtoi(cause.GetString("message"), &code)) return code;
    }
  }
  return absl::UnknownError(status->GetString("message"));
}

class CriSession final : public StreamSession {
 public:
  CriSession(std::unique_ptr<WebSocket> socket, bool tty) : tty_(tty), socket_(std::move(socket)) {
    socket_->OnDrain([this] {
      std::lock_guard<std::mutex> lock(mu_);
      changed_.notify_all();
    });
    socket_->Read([this](WsOpcode opcode, std::string message) { Received(opcode, std::move(message)); },
                  [this] {
                    std::lock_guard<std::mutex> lock(mu_);
                    closed_ = true;
                    changed_.notify_all();
                  });
  }

  // The close callback must have run before members go.
  ~CriSession() override {
    socket_->Resume();
    socket_->Close();
    std::unique_lock<std::mutex> lock(mu_);
    changed_.wait_for(lock, std::chrono::seconds(5), [this] { return closed_; });
    lock.unlock();
    socket_.reset();
  }

  absl::StatusOr<int> Run(const StreamOutput& output) override {
    bool listening = true;
    for (;;) {
      std::string message;
      {
        std::unique_lock<std::mutex> lock(mu_);
        changed_.wait(lock, [this] { return closed_ || !inbox_.empty(); });
        if (inbox_.empty()) break;
        message = std::move(inbox_.front());
        inbox_.pop_front();
        bytes_ -= message.size();
        if (paused_ && bytes_ < kHighWater / 2) {
          paused_ = false;
          socket_->Resume();
        }
      }
      const int channel = message[0];
      const absl::string_view data = absl::string_view(message).substr(1);
      if (channel == 3) return ExitCodeOf(data);
      if ((channel == 1 || channel == 2) && !data.empty() && listening) {
        listening = output(channel, data);
        if (!listening) Kill();
      }
    }
    return killed_ ? absl::StatusOr<int>(absl::CancelledError("session closed")) : absl::UnavailableError("the runtime closed the connection");
  }

  void WriteStdin(absl::string_view data) override {
    std::string message(1, '\0');
    absl::StrAppend(&message, data);
    if (socket_->Send(WsOpcode::kBinary, message) <= kStdinHighWater) return;
    std::unique_lock<std::mutex> lock(mu_);
    changed_.wait_for(lock, std::chrono::seconds(5));  // until the queue has drained, or the other side is gone
  }

  // Protocols before v5 cannot close one channel: programs that wait for the end of input get it as a terminal's end of
  // transmission; without a terminal the whole connection would have to end.
  void CloseStdin() override {
    if (tty_) WriteStdin("\x04");
  }

  void Resize(int columns, int rows) override {
    socket_->Send(WsOpcode::kBinary, absl::StrCat("\x04", "{\"Width\":", columns, ",\"Height\":", rows, "}"));
  }

  void Kill() override {
    killed_ = true;
    socket_->Close();
  }

 private:
  void Received(WsOpcode opcode, std::string message) {
    if ((opcode != WsOpcode::kBinary && opcode != WsOpcode::kText) || message.empty()) return;
    std::lock_guard<std::mutex> lock(mu_);
    bytes_ += message.size();
    inbox_.push_back(std::move(message));
    if (!paused_ && bytes_ > kHighWater) {
      paused_ = true;
      socket_->Pause();
    }
    changed_.notify_all();
  }

  const bool tty_;
  std::unique_ptr<WebSocket> socket_;
  std::atomic<bool> killed_{false};
  std::mutex mu_;
  std::condition_variable changed_;
  std::deque<std::string> inbox_;
  size_t bytes_ = 0;
  bool closed_ = false, paused_ = false;
};

struct Handshake {
  std::mutex mu;
  std::condition_variable changed;
  bool ended = false;
  absl::Status status;
  std::string body;
  int code = 0;
  std::unique_ptr<base::http::ByteStream> stream;

  void End(absl::Status s) {
    std::lock_guard<std::mutex> lock(mu);
    if (!ended) status = std::move(s);
    ended = true;
    changed.notify_all();
  }
};

absl::StatusOr<base::http::ClientRequest> RequestFor(const std::string& url) {
  absl::string_view rest = url;
  if (!absl::ConsumePrefix(&rest, "http://")) return absl::UnimplementedError(absl::StrCat("streaming address ", url));
  base::http::ClientRequest request;
  const size_t slash = rest.find('/');
  absl::string_view authority = rest.substr(0, slash);
  request.target = slash == absl::string_view::npos ? "/" : std::string(rest.substr(slash));
  const size_t colon = authority.rfind(':');
  if (colon == absl::string_view::npos || !absl::SimpleAtoi(authority.substr(colon + 1), &request.port)) {
    return absl::InternalError(absl::StrCat("streaming address ", url));
  }
  authority = authority.substr(0, colon);
  if (absl::ConsumePrefix(&authority, "[")) absl::ConsumeSuffix(&authority, "]");
  request.host = std::string(authority);
  return request;
}

}  // namespace

absl::StatusOr<std::unique_ptr<StreamSession>> OpenStreamSession(base::http::Client& client, const std::string& url, bool stdin, bool tty) {
  absl::StatusOr<base::http::ClientRequest> request = RequestFor(url);
  if (!request.ok()) return request.status();
  base::Rng rng = base::Rng::FromEntropy();
  std::string nonce;
  for (int i = 0; i < 16; ++i) nonce.push_back(static_cast<char>(rng.Below(256)));
  request->headers = {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"},
                      {"Sec-WebSocket-Key", absl::Base64Escape(nonce)}, {"Sec-WebSocket-Protocol", kProtocol}};
  auto handshake = std::make_shared<Handshake>();
  std::unique_ptr<base::http::ClientCall> call = client.Start(
      std::move(*request),
      {.on_head = [handshake](const base::http::ResponseHead& head) { handshake->code = head.status; },
       .on_body = [handshake](absl::string_view data) { if (handshake->body.size() < 4096) absl::StrAppend(&handshake->body, data); },
       .on_done = [handshake](absl::Status status) {
         if (status.ok()) status = absl::UnavailableError(absl::StrCat("the runtime answered ", handshake->code, ": ", handshake->body));
         handshake->End(std::move(status));
       },
       .on_upgrade = [handshake](const base::http::ResponseHead&, std::unique_ptr<base::http::ByteStream> stream) {
         handshake->stream = std::move(stream);
         handshake->End(absl::OkStatus());
       }});
  std::unique_lock<std::mutex> lock(handshake->mu);
  handshake->changed.wait_for(lock, std::chrono::seconds(15), [&] { return handshake->ended; });
  if (!handshake->ended) {
    call->Cancel();
    return absl::DeadlineExceededError("the runtime's streaming server did not answer");
  }
  if (!handshake->status.ok()) return handshake->status;
  return std::make_unique<CriSession>(std::make_unique<WebSocket>(std::move(handshake->stream), /*client=*/true, kProtocol), tty);
}

}  // namespace kubelet
