#include "apiserver/http/watch_session.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apiserver/http/call.h"
#include "apiserver/http/measured_writer.h"
#include "apiserver/pipeline/watch_series.h"
#include "apiserver/http/present.h"

namespace apiserver::http {
namespace {

// A client that has so many bytes to read is told nothing new for now. What one turn says is bounded by it too.
constexpr int64_t kFull = 256 << 10;

std::string StreamType(const Negotiated& form) {
  return form.ContentType() + (form.format == Format::kJson ? "" : ";stream=watch");
}

// Of a watch that is only tried.
class Deaf final : public cache::WatchSink {
 public:
  bool OnEvent(const cache::Event&, const cache::Event::View&) override { return false; }
  bool OnBookmark(int64_t, bool) override { return false; }
  void OnEnd(absl::Status) override {}
};

// There is no stream of YAML, which is found once a watch has begun: whatever else is wrong comes first.
apimachinery::ApiStatus NoStreamOf(registry::Registry& registry, Call& call) {
  const absl::Status begun = registry.Watch(call.context, std::make_unique<Deaf>()).status();
  const apimachinery::ApiStatus status = apimachinery::ApiStatus::From(begun);
  const bool told_inside = status.code == 410 || status.code == 504;
  return begun.ok() || told_inside ? NoFormAccepted(/*stream=*/true) : status;
}

}  // namespace

struct WatchHub::Impl {
  struct Session {
    std::unique_ptr<base::http::ResponseWriter> writer;
    base::http::Headers headers;
    Negotiated form;
    tables::IncludeObject include = tables::IncludeObject::kMetadata;
    registry::ResourcePtr resource;  // keeps the kind
    const apimachinery::Kind* kind = nullptr;
    pipeline::WatchSeries series;
    const absl::Time began = absl::Now();
    std::once_flag started;
    std::mutex mu;
    std::unique_ptr<cache::WatchTicket> ticket;  // under mu
    bool retired = false;                        // under mu
    std::atomic<bool> cut{false};                // the client read so slowly that it missed events

    void Start() {
      std::call_once(started, [this] {
        headers.push_back({"Content-Type", StreamType(form)});
        writer->Start(200, headers);
      });
    }
  };
  using SessionPtr = std::shared_ptr<Session>;

  class Sink final : public cache::WatchSink {
   public:
    Sink(std::weak_ptr<Impl> hub, SessionPtr session) : hub_(std::move(hub)), session_(std::move(session)) {}

    bool OnEvent(const cache::Event& event, const cache::Event::View& view) override {
      Session& s = *session_;
      Begin();
      if (s.form.as == As::kPartialList) return Refuse();  // an event holds no list: upstream's stream ends here
      const bool first_table = s.form.as == As::kTable && !sent_;
      const auto encode = [&] {
        return WatchFrame(cache::EventTypeName(view.type), *view.object, *s.kind, s.form, s.include, first_table);
      };
      sent_ = true;
      const uint32_t form = FrameFormat(s, *view.object);
      if (first_table || event.revision == 0) {  // nobody else gets this frame
        std::string frame = encode();
        s.series.Count(frame.size());
        return Sent(s.writer->Write(std::move(frame)));
      }
      cache::Event::Frame frame = event.Encoded(form, view, encode);
      s.series.Count(frame->size());
      return Sent(s.writer->Write(std::move(frame)));
    }
    bool OnBookmark(int64_t revision, bool initial_end) override {
      Begin();
      if (session_->form.as == As::kPartialList) return Refuse();
      if (initial_end && session_->series.until_current != nullptr) {
        session_->series.until_current->Observe(absl::ToDoubleSeconds(absl::Now() - session_->began));
      }
      return Sent(session_->writer->Write(BookmarkFrame(*session_->kind, revision, initial_end, session_->form)));
    }
    void OnEnd(absl::Status status) override {
      Begin();
      if (absl::IsResourceExhausted(status)) {
        session_->cut = true;  // an orderly end would wait for the client with all that it has not read
        return Retire();
      }
      if (!status.ok()) {
        session_->writer->Write(ErrorFrame(apimachinery::Expired(status.message()), session_->form));
      }
      session_->writer->Finish();
      Retire();
    }
    void OnNews(const std::shared_ptr<base::Turn>& turn) override { session_->writer->AskTurn(turn); }
    bool Full() const override { return backlog_ > kFull; }
    void OnFull(std::shared_ptr<base::Turn> turn) override {
      backlog_ = 0;
      session_->writer->AskTurnWhenLow(std::move(turn));
    }

   private:
    void Begin() {
      if (!std::exchange(begun_, true)) session_->Start();
    }
    // What makes frames of one event differ: the form asked for, and the version an object is converted to.
    static uint32_t FrameFormat(const Session& s, const cache::Entry& object) {
      uint32_t version = s.kind != object.kind ? 1 : 0;
      if (version != 0 && s.kind->custom != nullptr) {
        for (const auto& one : s.kind->custom->definition->versions) {
          ++version;
          if (one.get() == s.kind->custom) break;
        }
      }
      return version << 8 | s.form.id() << 2 | static_cast<uint32_t>(s.include);
    }
    bool Refuse() {
      session_->writer->Finish();
      Retire();
      return false;
    }
    bool Sent(int64_t backlog) {
      backlog_ = backlog;
      if (backlog < 0) Retire();  // the client is gone
      return backlog >= 0;
    }
    void Retire() {
      if (const auto hub = hub_.lock()) hub->Retire(session_);
    }

    const std::weak_ptr<Impl> hub_;
    const SessionPtr session_;
    bool begun_ = false, sent_ = false;
    int64_t backlog_ = 0;
  };

  void Retire(const SessionPtr& session) {
    const std::lock_guard lock(mu);
    retired.push_back(session);
    wake.notify_one();
  }

  void Run() {
    std::unique_lock lock(mu);
    while (true) {
      wake.wait(lock, [this] { return stopping || !retired.empty(); });
      std::vector<SessionPtr> ended = std::exchange(retired, {});
      if (stopping) ended.insert(ended.end(), live.begin(), live.end());
      for (const SessionPtr& s : ended) live.erase(s);
      lock.unlock();
      for (const SessionPtr& s : ended) End(*s);
      const bool done = ended.empty();
      ended.clear();
      lock.lock();
      if (stopping && done) return;
    }
  }

  static void End(Session& session) {
    std::unique_ptr<cache::WatchTicket> ticket;
    {
      const std::lock_guard lock(session.mu);
      session.retired = true;
      ticket = std::move(session.ticket);
    }
    ticket.reset();  // nobody writes any more
    if (session.cut) {
      session.writer.reset();
    } else {
      session.writer->Finish();
    }
  }

  std::mutex mu;
  std::condition_variable wake;
  std::set<SessionPtr> live;
  std::vector<SessionPtr> retired;
  bool stopping = false;
  std::thread thread;
};

WatchHub::WatchHub() : impl_(std::make_shared<Impl>()) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->Run(); });
}

WatchHub::~WatchHub() {
  {
    const std::lock_guard lock(impl_->mu);
    impl_->stopping = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
}

void WatchHub::Serve(registry::Registry& registry, Call& call) {
  const auto fail = [&call](const absl::Status& status, base::http::ResponseWriter& out) {
    const apimachinery::ApiStatus api = apimachinery::ApiStatus::From(status);
    if (api.code != 410 && api.code != 504) return call.FailTo(out, status);
    base::http::Headers headers = call.ResponseHeaders();  // told inside the stream, as upstream
    headers.push_back({"Content-Type", StreamType(call.form)});
    out.Send(200, std::move(headers), ErrorFrame(api, call.form));
  };
  const absl::StatusOr<registry::ResourcePtr> resource = registry.Resolve(call.context.info);
  if (!resource.ok()) {
    const absl::Status unwatched = registry.Watch(call.context, nullptr).status();  // a kind that is only listed says so
    return fail(unwatched.ok() ? resource.status() : unwatched, *call.writer);
  }
  if (call.form.format == Format::kYaml) return call.FailTo(*call.writer, NoStreamOf(registry, call).ToStatus());
  auto session = std::make_shared<Impl::Session>();
  session->writer = std::move(call.writer);
  session->headers = call.ResponseHeaders();
  session->form = call.form;
  session->include = call.include;
  session->resource = *resource;
  session->kind = (*resource)->kind;
  const bool tells_state = call.context.options.send_initial_events;
  session->series = pipeline::WatchSeriesOf({session->kind->group, session->kind->version, session->kind->plural},
                                            tells_state ? RequestScope(call.context.info) : "");
  {
    const std::lock_guard lock(impl_->mu);
    impl_->live.insert(session);
  }
  absl::StatusOr<registry::WatchAnswer> watch =
      registry.Watch(call.context, std::make_unique<Impl::Sink>(impl_, session));
  if (!watch.ok()) {
    {
      const std::lock_guard lock(impl_->mu);
      impl_->live.erase(session);
    }
    return fail(watch.status(), *session->writer);
  }
  session->Start();
  {
    const std::lock_guard lock(session->mu);
    if (!session->retired) session->ticket = std::move(watch->ticket);
  }
  session->writer->OnClose([hub = std::weak_ptr<Impl>(impl_), weak = std::weak_ptr<Impl::Session>(session)] {
    const auto impl = hub.lock();
    const auto s = weak.lock();
    if (impl != nullptr && s != nullptr) impl->Retire(s);
  });
}

}  // namespace apiserver::http
