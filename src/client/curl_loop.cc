#include "client/curl_loop.h"

#include <curl/curl.h>

#include <deque>
#include <memory>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "base/file.h"

namespace client {
namespace {

struct Call {
  HttpRequest request;
  HttpReply reply;
  std::unique_ptr<StreamCallbacks> stream;  // null: the body is collected
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  std::string url;
  char error[CURL_ERROR_SIZE] = {};
  absl::Status status;
  bool ended = false;           // touched by the loop's thread only
  absl::Notification finished;  // the loop is done with this call
};
using CallPtr = std::shared_ptr<Call>;

absl::Status CurlStatus(CURLcode code, const Call& call) {
  const std::string text =
      absl::StrCat(call.request.method, " ", call.url, ": ", call.error[0] != 0 ? call.error : curl_easy_strerror(code));
  return code == CURLE_OPERATION_TIMEDOUT ? absl::DeadlineExceededError(text) : absl::UnavailableError(text);
}

class Loop final : public CurlLoop {
 public:
  explicit Loop(const ClientConfig& config) : config_(config), token_(config.token) {
    multi_ = curl_multi_init();
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi_, CURLMOPT_MAX_CONCURRENT_STREAMS, 1000L);
    thread_ = std::thread([this] { Run(); });
  }

  ~Loop() override {
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    for (CURL* easy : idle_) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi_);
  }

  absl::StatusOr<HttpReply> Do(HttpRequest request) override {
    auto call = std::make_shared<Call>();
    call->request = std::move(request);
    Submit(call);
    call->finished.WaitForNotification();
    if (!call->status.ok()) return call->status;
    return std::move(call->reply);
  }

  std::unique_ptr<HttpStream> Stream(HttpRequest request, StreamCallbacks callbacks) override {
    auto call = std::make_shared<Call>();
    call->request = std::move(request);
    call->stream = std::make_unique<StreamCallbacks>(std::move(callbacks));
    Submit(call);
    return std::make_unique<Handle>(this, std::move(call));
  }

 private:
  class Handle final : public HttpStream {
   public:
    Handle(Loop* loop, CallPtr call) : loop_(loop), call_(std::move(call)) {}
    ~Handle() override {
      if (call_->finished.HasBeenNotified()) return;
      loop_->Cancel(call_);
      call_->finished.WaitForNotification();
    }

   private:
    Loop* const loop_;
    const CallPtr call_;
  };

  void Submit(CallPtr call) {
    {
      absl::MutexLock lock(&mu_);
      if (stopping_) {
        call->status = absl::CancelledError("the client is shutting down");
        call->finished.Notify();
        return;
      }
      added_.push_back(std::move(call));
    }
    curl_multi_wakeup(multi_);
  }

  void Cancel(const CallPtr& call) {
    {
      absl::MutexLock lock(&mu_);
      cancelled_.push_back(call);
    }
    curl_multi_wakeup(multi_);
  }

  void Run() {
    while (true) {
      std::deque<CallPtr> added, cancelled;
      bool stopping;
      {
        absl::MutexLock lock(&mu_);
        added.swap(added_);
        cancelled.swap(cancelled_);
        stopping = stopping_;
      }
      for (CallPtr& call : added) Begin(std::move(call));
      for (const CallPtr& call : cancelled) {
        if (!call->ended) End(call, absl::CancelledError("cancelled"), /*report=*/false);
      }
      if (stopping) break;
      int running = 0;
      curl_multi_perform(multi_, &running);
      int left = 0;
      while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        void* found = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &found);
        const CURLcode code = message->data.result;
        const CallPtr call = Find(static_cast<Call*>(found));
        if (call == nullptr) continue;
        End(call, code == CURLE_OK ? absl::OkStatus() : CurlStatus(code, *call), /*report=*/true);
      }
      curl_multi_poll(multi_, nullptr, 0, 5000, nullptr);
    }
    while (!active_.empty()) {
      const CallPtr call = *active_.begin();
      End(call, absl::CancelledError("the client is shutting down"), /*report=*/false);
    }
    absl::MutexLock lock(&mu_);
    for (const CallPtr& call : added_) {
      call->status = absl::CancelledError("the client is shutting down");
      call->finished.Notify();
    }
    for (const CallPtr& call : cancelled_) {
      if (!call->finished.HasBeenNotified()) call->finished.Notify();
    }
  }

  CallPtr Find(Call* raw) {
    for (const CallPtr& call : active_) {
      if (call.get() == raw) return call;
    }
    return nullptr;
  }

  void Begin(CallPtr call) {
    CURL* easy;
    if (idle_.empty()) {
      easy = curl_easy_init();
    } else {
      easy = idle_.back();
      idle_.pop_back();
    }
    call->easy = easy;
    const HttpRequest& request = call->request;
    call->url = absl::StrCat(absl::StripSuffix(config_.server, "/"), request.path);
    curl_easy_setopt(easy, CURLOPT_URL, call->url.c_str());
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (request.method != "GET") {
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    for (const auto& [name, value] : request.headers) {
      call->headers = curl_slist_append(call->headers, absl::StrCat(name, ": ", value).c_str());
    }
    call->headers = curl_slist_append(call->headers, "Expect:");
    if (const std::string token = Token(); !token.empty()) {
      call->headers = curl_slist_append(call->headers, absl::StrCat("Authorization: Bearer ", token).c_str());
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, config_.user_agent.empty() ? "skiff" : config_.user_agent.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 15L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(request.timeout)));
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Loop::OnData);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call.get());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Loop::OnHeader);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call.get());
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call.get());
    Secure(easy);
    active_.insert(call);
    if (const CURLMcode code = curl_multi_add_handle(multi_, easy); code != CURLM_OK) {
      End(call, absl::InternalError(curl_multi_strerror(code)), /*report=*/true);
    }
  }

  void Secure(CURL* easy) {
    const auto blob = [&](CURLoption option, const std::string& pem) {
      if (pem.empty()) return;
      curl_blob data{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_NOCOPY};
      curl_easy_setopt(easy, option, &data);
    };
    blob(CURLOPT_CAINFO_BLOB, config_.ca_pem);
    blob(CURLOPT_SSLCERT_BLOB, config_.cert_pem);
    blob(CURLOPT_SSLKEY_BLOB, config_.key_pem);
    if (config_.insecure) {
      curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
      curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
  }

  std::string Token() {
    if (config_.token_file.empty()) return token_;
    const absl::Time now = absl::Now();
    if (now - token_read_ > absl::Minutes(1)) {
      if (auto text = base::ReadFile(config_.token_file); text.ok()) {
        token_ = std::string(absl::StripAsciiWhitespace(*text));
      }
      token_read_ = now;
    }
    return token_;
  }

  void End(CallPtr call, absl::Status status, bool report) {
    call->ended = true;
    active_.erase(call);
    curl_multi_remove_handle(multi_, call->easy);
    curl_slist_free_all(call->headers);
    if (idle_.size() < 16) {
      curl_easy_reset(call->easy);
      idle_.push_back(call->easy);
    } else {
      curl_easy_cleanup(call->easy);
    }
    call->easy = nullptr;
    call->status = std::move(status);
    if (call->stream != nullptr) {
      if (report) call->stream->done(call->status);
      call->stream.reset();
    }
    call->finished.Notify();
  }

  static size_t OnData(char* data, size_t size, size_t count, void* user) {
    Call& call = *static_cast<Call*>(user);
    if (call.stream == nullptr) {
      call.reply.body.append(data, size * count);
      return size * count;
    }
    const bool go_on =
        call.stream->data(call.reply.code, call.reply.content_type, absl::string_view(data, size * count));
    return go_on ? size * count : 0;
  }

  static size_t OnHeader(char* data, size_t size, size_t count, void* user) {
    Call& call = *static_cast<Call*>(user);
    absl::string_view line(data, size * count);
    if (absl::StartsWith(line, "HTTP/")) {
      long code = 0;
      curl_easy_getinfo(call.easy, CURLINFO_RESPONSE_CODE, &code);
      call.reply.code = static_cast<int>(code);
      call.reply.body.clear();
    } else if (const size_t colon = line.find(':'); colon != absl::string_view::npos) {
      const absl::string_view name = line.substr(0, colon);
      const absl::string_view value = absl::StripAsciiWhitespace(line.substr(colon + 1));
      if (absl::EqualsIgnoreCase(name, "content-type")) call.reply.content_type = std::string(value);
      if (absl::EqualsIgnoreCase(name, "retry-after")) call.reply.retry_after = std::string(value);
    }
    return size * count;
  }

  const ClientConfig config_;
  CURLM* multi_ = nullptr;

  // Of the loop's thread.
  std::string token_;
  absl::Time token_read_ = absl::InfinitePast();
  absl::flat_hash_set<CallPtr> active_;
  std::vector<CURL*> idle_;

  absl::Mutex mu_;
  std::deque<CallPtr> added_ ABSL_GUARDED_BY(mu_);
  std::deque<CallPtr> cancelled_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CurlLoop>> CurlLoop::Start(const ClientConfig& config) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialized != CURLE_OK) return absl::InternalError(curl_easy_strerror(initialized));
  return std::make_unique<Loop>(config);
}

}  // namespace client
