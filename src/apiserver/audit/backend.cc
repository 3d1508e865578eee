#include "apiserver/audit/backend.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apiserver/audit/batch_pace.h"
#include "base/log.h"
#include "base/metrics/metrics.h"

namespace apiserver::audit {
namespace {

struct BackendMetrics {
  base::CounterFamily events{"apiserver_audit_event_total", "Audit events made and sent to the log.", {}};
  base::CounterFamily errors{"apiserver_audit_error_total", "Audit events that did not get into the log.", {"plugin"}};
};
BackendMetrics& Metrics() {
  static auto* const metrics = new BackendMetrics;
  return *metrics;
}
[[maybe_unused]] const BackendMetrics& kFromTheStart = Metrics();  // shown before anything happens

constexpr size_t kMaxBuffered = 64u << 20;  // bytes of batches that wait, whatever the number of events

void Lost(const Event& event, absl::string_view why) {
  Metrics().errors.With({"log"}).Add();
  base::LogError("audit event lost id=", event.id, " stage=", StageName(event.stage), " error=", why);
}

// The line of an event, cut to size. "": it does not fit.
std::string LineOf(const BackendOptions& options, const Event& event) {
  if (options.legacy) return ToLegacy(event) + "\n";
  std::string line = ToJson(event);
  if (options.max_event_bytes > 0 && static_cast<int64_t>(line.size()) > options.max_event_bytes) {
    Event less = event;
    less.request_object.clear();
    less.response_object.clear();
    less.annotations["audit.k8s.io/truncated"] = "true";
    line = ToJson(less);
    if (static_cast<int64_t>(line.size()) > options.max_event_bytes) return "";
  }
  return line + "\n";
}

class Blocking final : public Backend {
 public:
  Blocking(const BackendOptions& options, LogFile& file) : options_(options), file_(file) {}

  bool Take(const Event& event) override {
    Metrics().events.With({}).Add();
    const std::string line = LineOf(options_, event);
    if (line.empty()) {
      Lost(event, "event is too large even after truncating");
      return false;
    }
    const absl::Status written = file_.Write(line, absl::Now());
    if (!written.ok()) Lost(event, written.message());
    return written.ok();
  }
  void Stop() override {}

 private:
  const BackendOptions options_;
  LogFile& file_;
};

class Batching final : public Backend {
 public:
  Batching(const BackendOptions& options, LogFile& file)
      : options_(options), file_(file), pace_(options), thread_([this] { Run(); }) {}
  ~Batching() override { Stop(); }

  bool Take(const Event& event) override {
    Metrics().events.With({}).Add();
    std::string line = LineOf(options_, event);
    if (line.empty()) {
      Lost(event, "event is too large even after truncating");
      return false;
    }
    {
      const std::lock_guard lock(mu_);
      if (!stopping_ && waiting_.size() < static_cast<size_t>(options_.buffer_size) && bytes_ + line.size() <= kMaxBuffered) {
        bytes_ += line.size();
        waiting_.push_back({std::move(line), absl::Now()});
        line.clear();
      }
    }
    if (!line.empty()) {
      Lost(event, "audit buffer queue blocked");
      return false;
    }
    wake_.notify_one();
    return true;
  }

  void Stop() override {
    {
      const std::lock_guard lock(mu_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Waiting {
    std::string line;
    absl::Time since;
  };

  void Run() {
    std::unique_lock lock(mu_);
    while (true) {
      const absl::Time now = absl::Now();
      const absl::Time due = pace_.Due(waiting_.size(), waiting_.empty() ? now : waiting_.front().since, now);
      if (!stopping_ && due > now) {
        if (due == absl::InfiniteFuture()) {
          wake_.wait(lock);
        } else {
          wake_.wait_for(lock, absl::ToChronoMicroseconds(due - now));
        }
        continue;
      }
      if (waiting_.empty()) return;  // stopping
      pace_.Sent(now);
      std::string batch;
      for (int i = 0; i < options_.max_batch && !waiting_.empty(); ++i) {
        const size_t size = waiting_.front().line.size();
        if (!batch.empty() && options_.max_batch_bytes > 0 &&
            static_cast<int64_t>(batch.size() + size) > options_.max_batch_bytes) {
          break;
        }
        batch += waiting_.front().line;
        bytes_ -= size;
        waiting_.pop_front();
      }
      lock.unlock();
      const absl::Status written = file_.Write(batch, absl::Now());
      if (!written.ok()) {
        Metrics().errors.With({"log"}).Add();
        base::LogError("audit events lost error=", written.message());
      }
      lock.lock();
    }
  }

  const BackendOptions options_;
  LogFile& file_;
  std::mutex mu_;
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;  // under mu_
  size_t bytes_ = 0;             // of them, under mu_
  BatchPace pace_;               // the thread's
  bool stopping_ = false;        // under mu_
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Backend> NewBackend(const BackendOptions& options, LogFile& file) {
  if (options.mode == Mode::kBatch) return std::make_unique<Batching>(options, file);
  return std::make_unique<Blocking>(options, file);
}

}  // namespace apiserver::audit
