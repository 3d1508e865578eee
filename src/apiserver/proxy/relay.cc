#include "apiserver/proxy/relay.h"

#include <atomic>
#include <mutex>

#include "absl/strings/match.h"

namespace apiserver::proxy {
namespace {

using base::http::ByteStream;
using base::http::Header;
using base::http::Headers;
using base::http::ResponseHead;

constexpr int64_t kHighWater = 1 << 20;  // the client is that far behind: the other side has to wait
constexpr size_t kWithheldText = 2048;

// Headers of the connection, not of the message.
bool HopByHop(absl::string_view name) {
  static constexpr absl::string_view kNames[] = {"connection", "keep-alive", "proxy-connection", "te", "trailer",
                                                 "transfer-encoding", "content-length", "host", "http2-settings"};
  for (const absl::string_view n : kNames) {
    if (absl::EqualsIgnoreCase(n, name)) return true;
  }
  return false;
}

// Lives as long as the call or the client's side of it.
struct Exchange : std::enable_shared_from_this<Exchange> {
  std::unique_ptr<base::http::ResponseWriter> writer;
  RelayHooks hooks;
  std::mutex mu;
  std::unique_ptr<base::http::ClientCall> call;  // under mu
  bool gone = false;                             // under mu: the client
  std::atomic<bool> waiting{false};
  // The rest belongs to the I/O thread of the call.
  bool started = false;
  int withheld = 0;  // the status
  std::string text;

  template <typename F>
  void WithCall(F f) {
    const std::lock_guard lock(mu);
    if (call != nullptr) f(*call);
  }

  void Cancel() {
    {
      const std::lock_guard lock(mu);
      gone = true;
    }
    WithCall([](base::http::ClientCall& c) { c.Cancel(); });
  }

  void Head(const ResponseHead& head) {
    if (hooks.withhold && hooks.withhold(head)) {
      withheld = head.status;
      return;
    }
    Headers headers = std::move(hooks.more);
    for (const Header& h : head.headers) {
      if (!HopByHop(h.name) && h.name != "date") headers.push_back(h);
    }
    started = true;
    writer->Start(head.status, std::move(headers));
  }

  void Body(absl::string_view data) {
    if (withheld != 0) {
      text.append(data.data(), std::min(data.size(), kWithheldText - text.size()));
      return;
    }
    const int64_t backlog = writer->Write(std::string(data));
    if (backlog < 0) return Cancel();
    if (backlog < kHighWater || waiting.exchange(true)) return;
    Pause();
    writer->WhenLow([self = shared_from_this()] {
      self->waiting = false;
      self->WithCall([](base::http::ClientCall& c) { c.Resume(); });
    });
  }

  void Pause() {
    WithCall([](base::http::ClientCall& c) { c.Pause(); });
  }

  void Done(const absl::Status& status) {
    if (started) {
      if (status.ok()) return writer->Finish();
      writer.reset();  // cut: the client must not take what it got for all
    } else if (withheld != 0) {
      hooks.withheld(*writer, withheld, std::move(text));
    } else {
      hooks.failed(*writer, status);
    }
  }

  void Upgrade(const ResponseHead& head, std::unique_ptr<ByteStream> stream) {
    absl::StatusOr<std::unique_ptr<ByteStream>> client = writer->Upgrade(head.headers);
    if (!client.ok()) return;  // the stream's destruction ends the other side
    base::http::Splice(*std::move(client), std::move(stream));
  }
};

}  // namespace

void Relay(base::http::Client& client, base::http::ClientRequest request, std::unique_ptr<base::http::ResponseWriter> writer,
           RelayHooks hooks) {
  auto exchange = std::make_shared<Exchange>();
  exchange->writer = std::move(writer);
  exchange->hooks = std::move(hooks);
  base::http::ResponseSink sink;
  sink.on_head = [exchange](const ResponseHead& head) { exchange->Head(head); };
  sink.on_body = [exchange](absl::string_view data) { exchange->Body(data); };
  sink.on_done = [exchange](const absl::Status& status) { exchange->Done(status); };
  sink.on_upgrade = [exchange](const ResponseHead& head, std::unique_ptr<ByteStream> stream) { exchange->Upgrade(head, std::move(stream)); };
  exchange->writer->OnClose([weak = std::weak_ptr<Exchange>(exchange)] {
    if (const std::shared_ptr<Exchange> held = weak.lock()) held->Cancel();
  });
  std::unique_ptr<base::http::ClientCall> call = client.Start(std::move(request), std::move(sink));
  const std::lock_guard lock(exchange->mu);
  if (exchange->gone) call->Cancel();
  if (exchange->waiting) call->Pause();  // it was faster than we
  exchange->call = std::move(call);
}

bool AsksForUpgrade(const Headers& headers) { return !base::http::FindHeader(headers, "upgrade").empty(); }

Headers PassedOn(Headers headers) {
  const bool upgrade = AsksForUpgrade(headers);
  Headers passed;
  for (Header& h : headers) {
    if (HopByHop(h.name) && !(upgrade && h.name == "connection")) continue;
    if (h.name == "authorization" || absl::StartsWith(h.name, "impersonate-")) continue;
    passed.push_back(std::move(h));
  }
  return passed;
}

std::string HostOf(const std::string& remote_address) {
  std::string host = remote_address.substr(0, remote_address.rfind(':'));
  if (host.size() >= 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

}  // namespace apiserver::proxy
