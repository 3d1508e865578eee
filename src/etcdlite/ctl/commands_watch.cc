#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "etcd/watch.pb.h"
#include "etcdlite/ctl/commands.h"
#include "etcdlite/ctl/txn_parser.h"

namespace etcdlite::ctl {
namespace {

absl::Status FillCreate(const Args& args, size_t first, etcdserverpb::WatchCreateRequest* create) {
  if (args.words.size() <= first || args.words.size() > first + 2) return absl::InvalidArgumentError("bad number of arguments");
  create->set_key(args.words[first]);
  if (args.words.size() > first + 1) create->set_range_end(args.words[first + 1]);
  if (args.Bool("prefix")) create->set_range_end(PrefixEnd(create->key()));
  if (create->key().empty()) create->set_key(std::string(1, '\0'));
  create->set_start_revision(args.Int("rev"));
  create->set_prev_kv(args.Bool("prev-kv"));
  create->set_progress_notify(args.Bool("progress-notify"));
  return absl::OkStatus();
}

// Everything watched, on one stream, until the server ends it.
class Session {
 public:
  Session(Context& context) : context_(context) {}

  absl::Status Begin() {
    rpc::StreamCallbacks callbacks;
    callbacks.on_message = [this](std::string bytes) { OnMessage(bytes); };
    callbacks.on_done = [this](absl::Status status) { End(kError, absl::StrCat(status.message())); };
    absl::StatusOr<std::shared_ptr<rpc::ClientStream>> stream = context_.client.Open("/etcdserverpb.Watch/Watch", false, std::move(callbacks));
    if (!stream.ok()) return stream.status();
    stream_ = *std::move(stream);
    return absl::OkStatus();
  }
  void Create(const etcdserverpb::WatchCreateRequest& create) {
    etcdserverpb::WatchRequest request;
    *request.mutable_create_request() = create;
    stream_->Send(request.SerializeAsString());
  }
  void AskProgress() {
    etcdserverpb::WatchRequest request;
    request.mutable_progress_request();
    stream_->Send(request.SerializeAsString());
  }
  int Wait() {
    std::unique_lock<std::mutex> lock(mu_);
    cv_.wait(lock, [this] { return over_; });
    stream_->Cancel();
    return Fail(code_, text_);
  }

 private:
  void OnMessage(const std::string& bytes) {
    etcdserverpb::WatchResponse response;
    if (!response.ParseFromString(bytes)) return;
    if (response.canceled()) {
      const std::string reason = response.compact_revision() > 0 ? "etcdserver: mvcc: required revision has been compacted"
                                                                 : response.cancel_reason();
      std::fprintf(stderr, "watch was canceled (%s)\n", reason.c_str());
      End(kInterrupted, "watch is canceled by the server");
      return;
    }
    if (response.created()) return;
    if (response.events_size() == 0) {
      Print(absl::StrCat("progress notify: ", response.header().revision(), "\n"));
    } else {
      Print(PrintWatch(context_.style, response));
    }
    std::fflush(stdout);
  }
  void End(int code, std::string text) {
    std::lock_guard<std::mutex> lock(mu_);
    if (over_) return;
    over_ = true;
    code_ = code;
    text_ = std::move(text);
    cv_.notify_all();
  }

  Context& context_;
  std::shared_ptr<rpc::ClientStream> stream_;
  std::mutex mu_;
  std::condition_variable cv_;
  bool over_ = false;
  int code_ = kError;
  std::string text_;
};

}  // namespace

int Watch(Context& context) {
  if (context.style.format == Format::kTable) return Fail(kBadFeature, "table not supported as output format");
  const bool interactive = context.args.Bool("interactive");
  etcdserverpb::WatchCreateRequest create;
  if (!interactive) {
    const absl::Status filled = FillCreate(context.args, 0, &create);
    if (!filled.ok()) return Fail(kBadArgs, filled.message());
  }
  Session session(context);
  const absl::Status begun = session.Begin();
  if (!begun.ok()) return FailRpc(begun);
  if (!interactive) {
    session.Create(create);
    return session.Wait();
  }
  for (std::string line; std::getline(std::cin, line);) {
    const absl::StatusOr<Args> args = ParseArgs(SplitWords(line), {"prefix", "prev-kv", "progress-notify"}, {"rev"});
    if (args.ok() && args->words.size() == 1 && args->words[0] == "progress") {
      session.AskProgress();
      continue;
    }
    create.Clear();
    if (!args.ok() || args->words.empty() || args->words[0] != "watch" || !FillCreate(*args, 1, &create).ok()) {
      std::fprintf(stderr, "Invalid command %s (only support \"watch\" or \"progress\")\n", line.c_str());
      continue;
    }
    session.Create(create);
  }
  return session.Wait();
}

}  // namespace etcdlite::ctl
