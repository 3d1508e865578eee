#include "kubelet/server/streaming.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"

namespace kubelet {
namespace {

using base::http::WebSocket;
using base::http::WsOpcode;

constexpr int64_t kHighWater = 1 << 20;  // bytes queued for a slow client before the program has to wait

void SendChannel(WebSocket& socket, char channel, absl::string_view data) {
  std::string message(1, channel);
  absl::StrAppend(&message, data);
  socket.Send(WsOpcode::kBinary, message);
}

// What the client sent, for a thread that may block on the program.
struct Inbox {
  struct Item {
    enum { kData, kEnd, kResize } type;
    std::string data;
    int columns = 0, rows = 0;
  };
  std::mutex mu;
  std::condition_variable changed;
  std::deque<Item> items;
  size_t bytes = 0;
  bool closed = false;

  void Put(Item item) {
    std::lock_guard<std::mutex> lock(mu);
    bytes += item.data.size();
    items.push_back(std::move(item));
    changed.notify_one();
  }
  void Close() {
    std::lock_guard<std::mutex> lock(mu);
    closed = true;
    changed.notify_one();
  }
  bool Take(Item* item) {
    std::unique_lock<std::mutex> lock(mu);
    changed.wait(lock, [&] { return closed || !items.empty(); });
    if (items.empty()) return false;
    *item = std::move(items.front());
    items.pop_front();
    bytes -= item->data.size();
    return true;
  }
};

}  // namespace

std::string ExitStatusJson(int code) {
  if (code == 0) return "{\"metadata\":{},\"status\":\"Success\"}";
  return absl::StrCat("{\"metadata\":{},\"status\":\"Failure\",\"message\":\"command terminated with non-zero exit code: exit code ", code,
                      "\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"", code, "\"}]}}");
}

void SendFailure(WebSocket& socket, const absl::Status& status, const std::string& what) {
  apimachinery::Value json, cause;
  const std::string text = absl::StrCat(what, ": ", status.message());
  cause.Set("message", text);
  json.Set("metadata", apimachinery::Value::MakeObject());
  json.Set("status", "Failure");
  json.Set("message", absl::StrCat("Internal error occurred: ", text));
  json.Set("reason", "InternalError");
  json["details"]["causes"].Append(cause);
  json.Set("code", 500);
  SendChannel(socket, 3, apimachinery::WriteJson(json));
  socket.Close();
}

void PumpSession(WebSocket& socket, StreamSession& session, const StreamOptions& options) {
  auto inbox = std::make_shared<Inbox>();
  const auto ending = std::make_shared<std::atomic<bool>>(false);
  std::mutex drain_mu;
  std::condition_variable drained;
  socket.OnDrain([&] { drained.notify_all(); });
  socket.Read(
      [inbox, options](WsOpcode opcode, std::string message) {
        if ((opcode != WsOpcode::kBinary && opcode != WsOpcode::kText) || message.empty()) return;
        const unsigned char channel = static_cast<unsigned char>(message[0]);
        if (channel == 0 && options.stdin) {
          inbox->Put({Inbox::Item::kData, message.substr(1)});
        } else if (channel == 4) {
          const absl::StatusOr<apimachinery::Value> size = apimachinery::ParseJson(message.substr(1));
          if (!size.ok()) return;
          Inbox::Item item{Inbox::Item::kResize, ""};
          item.columns = static_cast<int>(size->GetInt("Width"));
          item.rows = static_cast<int>(size->GetInt("Height"));
          inbox->Put(std::move(item));
        } else if (channel == 255 && message.size() > 1 && message[1] == 0) {
          inbox->Put({Inbox::Item::kEnd, ""});
        }
      },
      [inbox, ending, &session] {
        inbox->Close();
        if (!ending->load()) session.Kill();  // nobody listens any more
      });
  // Tells the client that the streams are open.
  if (options.stdout) SendChannel(socket, 1, "");
  std::thread feeder([inbox, &session] {
    Inbox::Item item;
    while (inbox->Take(&item)) {
      if (item.type == Inbox::Item::kData) session.WriteStdin(item.data);
      if (item.type == Inbox::Item::kEnd) session.CloseStdin();
      if (item.type == Inbox::Item::kResize) session.Resize(item.columns, item.rows);
    }
  });
  const absl::StatusOr<int> code = session.Run([&](int stream, absl::string_view data) {
    if ((stream == 1 && !options.stdout) || (stream == 2 && !options.stderr)) return true;
    std::string message(1, static_cast<char>(stream));
    absl::StrAppend(&message, data);
    int64_t queued = socket.Send(WsOpcode::kBinary, message);
    if (queued > kHighWater) {
      std::unique_lock<std::mutex> lock(drain_mu);
      drained.wait_for(lock, std::chrono::seconds(5));
    }
    return queued >= 0;
  });
  ending->store(true);
  inbox->Close();
  feeder.join();
  socket.OnDrain([] {});
  if (code.ok()) {
    SendChannel(socket, 3, ExitStatusJson(*code));
    socket.Close();
  } else {
    SendFailure(socket, code.status(), "error executing command in container");
  }
}

}  // namespace kubelet
