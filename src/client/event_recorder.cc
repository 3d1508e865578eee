#include "client/event_recorder.h"

#include <unistd.h>

#include <deque>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "base/log.h"
#include "client/api_error.h"
#include "client/event_correlator.h"
#include "k8s/core/v1/event.pb.h"

namespace client {
namespace {

using k8s::core::v1::Event;

constexpr size_t kQueueLimit = 1000;
constexpr size_t kMaxMessage = 1024;

void SetTime(absl::Time time, k8s::meta::v1::Time* out) { out->set_seconds(absl::ToUnixSeconds(time)); }

}  // namespace

struct EventRecorder::Impl {
  struct Pending {
    EventSource source;
    ObjectRef about;
    std::string type, reason, message, action;
    absl::Time at;
  };

  explicit Impl(const ApiClient& client_in) : client(client_in) {
    char name[256] = {};
    gethostname(name, sizeof(name) - 1);
    host_name = name;
    thread = std::thread([this] { Run(); });
  }

  ~Impl() {
    {
      absl::MutexLock lock(&mu);
      stopping = true;
      stop_by = absl::Now() + absl::Seconds(2);
      changed.SignalAll();
    }
    thread.join();
  }

  void Push(const EventSource& source, const ObjectRef& about, absl::string_view type, absl::string_view reason, absl::string_view message,
            absl::string_view action) {
    absl::MutexLock lock(&mu);
    if (stopping || queue.size() >= kQueueLimit) return;
    queue.push_back({source, about, std::string(type), std::string(reason), std::string(message.substr(0, kMaxMessage)),
                     std::string(action), absl::Now()});
    changed.Signal();
  }

  void Run() {
    while (true) {
      Pending event;
      {
        absl::MutexLock lock(&mu);
        while (queue.empty() && !stopping) changed.Wait(&mu);
        if (queue.empty() || (stopping && absl::Now() > stop_by)) return;
        event = std::move(queue.front());
        queue.pop_front();
      }
      Send(event);
    }
  }

  void Send(const Pending& event) {
    const ObjectRef& about = event.about;
    EventDecision decision = correlator.Decide(
        absl::StrCat(event.source.component, "/", about.api_version, "/", about.kind, "/", about.ns, "/", about.name, "/", about.uid, "/",
                     about.field_path),
        event.type, event.reason, event.message, event.at);
    if (decision.drop) return;
    const std::string ns = about.ns.empty() ? "default" : about.ns;
    if (decision.count > 1 && !decision.name.empty()) {
      const auto patched = client.Patch<Event>(ns, decision.name, kStrategicMergePatch, RepeatPatch(event, decision));
      if (patched.ok()) return;
      if (!IsNotFound(patched.status())) return Report(event, patched.status());
    }
    // `<object>.<nanoseconds in hex>`, as upstream names them.
    const std::string name = absl::StrCat(about.name, ".", absl::Hex(absl::ToUnixNanos(event.at)));
    const auto created = client.Create(Make(event, decision, ns, name));
    if (created.ok()) {
      correlator.Remember(decision, name);
    } else if (!IsNamespaceTerminating(created.status()) && !IsNotFound(created.status())) {
      Report(event, created.status());
    }
  }

  static void Report(const Pending& event, const absl::Status& status) {
    base::LogWarning("event not recorded object=", event.about.ns, "/", event.about.name, " reason=", event.reason,
                     " error=\"", status.message(), "\"");
  }

  static std::string RepeatPatch(const Pending& event, const EventDecision& decision) {
    if (event.source.new_style) {
      return absl::StrCat(R"({"series":{"count":)", decision.count, R"(,"lastObservedTime":")",
                          absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", event.at, absl::UTCTimeZone()), "\"}}");
    }
    return absl::StrCat(R"({"count":)", decision.count, R"(,"lastTimestamp":")",
                        absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", event.at, absl::UTCTimeZone()), "\"}");
  }

  Event Make(const Pending& event, const EventDecision& decision, const std::string& ns, const std::string& name) const {
    Event out;
    out.mutable_metadata()->set_name(name);
    out.mutable_metadata()->set_namespace_(ns);
    auto& about = *out.mutable_involvedobject();
    about.set_apiversion(event.about.api_version);
    about.set_kind(event.about.kind);
    about.set_namespace_(event.about.ns);
    about.set_name(event.about.name);
    about.set_uid(event.about.uid);
    about.set_resourceversion(event.about.resource_version);
    about.set_fieldpath(event.about.field_path);
    out.set_reason(event.reason);
    out.set_message(decision.message);
    out.set_type(event.type);
    const EventSource& source = event.source;
    out.set_reportingcomponent(source.component);
    if (source.new_style) {
      const int64_t micros = absl::ToUnixMicros(event.at);
      out.mutable_eventtime()->set_seconds(micros / 1000000);
      out.mutable_eventtime()->set_nanos(static_cast<int32_t>(micros % 1000000 * 1000));
      out.set_action(event.action);
      out.set_reportinginstance(absl::StrCat(source.component, "-", source.host.empty() ? host_name : source.host));
    } else {
      out.mutable_source()->set_component(source.component);
      out.mutable_source()->set_host(source.host);
      out.set_reportinginstance(source.host);
      SetTime(decision.first_seen, out.mutable_firsttimestamp());
      SetTime(event.at, out.mutable_lasttimestamp());
      out.set_count(decision.count);
    }
    return out;
  }

  const ApiClient& client;
  std::string host_name;
  EventCorrelator correlator;  // the thread's
  absl::Mutex mu;
  absl::CondVar changed;
  std::deque<Pending> queue ABSL_GUARDED_BY(mu);
  bool stopping ABSL_GUARDED_BY(mu) = false;
  absl::Time stop_by ABSL_GUARDED_BY(mu);
  std::thread thread;
};

EventRecorder::EventRecorder(const ApiClient& client, EventSource source)
    : EventRecorder(std::make_shared<Impl>(client), std::move(source)) {}

EventRecorder::EventRecorder(std::shared_ptr<Impl> impl, EventSource source)
    : impl_(std::move(impl)), source_(std::move(source)) {}

EventRecorder EventRecorder::As(EventSource source) const { return EventRecorder(impl_, std::move(source)); }

void EventRecorder::Normal(const ObjectRef& about, absl::string_view reason, absl::string_view message,
                           absl::string_view action) const {
  impl_->Push(source_, about, "Normal", reason, message, action);
}

void EventRecorder::Warning(const ObjectRef& about, absl::string_view reason, absl::string_view message,
                            absl::string_view action) const {
  impl_->Push(source_, about, "Warning", reason, message, action);
}

}  // namespace client
