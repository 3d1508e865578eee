#include "apiserver/http/measured_writer.h"

#include <atomic>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apimachinery/schema.h"
#include "apiserver/pipeline/request_info.h"
#include "apiserver/pipeline/watch_series.h"
#include "base/metrics/metrics.h"

namespace apiserver::http {
namespace {

using absl::string_view;
using base::http::Headers;
using base::http::ResponseWriter;

const std::vector<double>& LatencyBounds() {
  static const auto* const bounds = new std::vector<double>{0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1,  1.25, 1.5, 2,
                                                            3,     4,     5,    6,   8,   10,  15,  20,  30, 45,   60};
  return *bounds;
}
std::vector<double> CoarseBounds() { return {LatencyBounds().begin() + 2, LatencyBounds().end()}; }

std::vector<double> BodyBounds() {
  std::vector<double> bounds;
  for (double bound = 50000; bound < 3.1e6; bound += 100000) bounds.push_back(bound);
  return bounds;
}

struct RequestMetrics {
  base::CounterFamily total{
      "apiserver_request_total", "Requests, by what they asked and the code of the answer.",
      {"code", "component", "dry_run", "group", "resource", "scope", "subresource", "verb", "version"}};
  base::HistogramFamily duration{
      "apiserver_request_duration_seconds", "Time from request to answer.",
      {"component", "dry_run", "group", "resource", "scope", "subresource", "verb", "version"}, LatencyBounds()};
  base::HistogramFamily sli{"apiserver_request_sli_duration_seconds", "Time from request to answer, without webhooks.",
                            {"component", "group", "resource", "scope", "subresource", "verb", "version"}, CoarseBounds()};
  base::HistogramFamily sizes{"apiserver_response_sizes", "Bytes of answers.",
                              {"component", "group", "resource", "scope", "subresource", "verb", "version"},
                              {1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}};
  base::HistogramFamily bodies{"apiserver_request_body_size_bytes", "Bytes of request bodies.",
                               {"group", "resource", "verb"}, BodyBounds()};
  base::GaugeFamily inflight{"apiserver_current_inflight_requests", "Requests being served, by kind.", {"request_kind"}};
  base::CounterFamily terminations{"apiserver_request_terminations_total",
                                   "Requests that the server ended in self-defence.",
                                   {"code", "component", "group", "resource", "scope", "subresource", "verb", "version"}};
  base::HistogramFamily validation{"field_validation_request_duration_seconds",
                                   "Time from write request to answer, by field validation.", {"field_validation"},
                                   CoarseBounds()};
  base::GaugeFamily deprecated{"apiserver_requested_deprecated_apis", "Deprecated resources that were asked for.",
                               {"group", "removed_release", "resource", "subresource", "version"}};
};

RequestMetrics& Metrics() {
  static auto* const metrics = [] {
    auto* const made = new RequestMetrics;
    // Told before it happens: discovery that is not to be had yet.
    made->terminations.With({"503", "aggregator", "", "", "", "/apis", "GET", ""});
    return made;
  }();
  return *metrics;
}

string_view VerbName(const pipeline::RequestInfo& info, string_view method, string_view content_type) {
  if (info.verb == "list") return "LIST";
  if (info.verb == "watch") return "WATCH";
  if (info.verb == "deletecollection") return "DELETECOLLECTION";
  if (method == "PATCH" && MediaType(content_type) == "application/apply-patch+yaml") return "APPLY";
  for (const string_view known : {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}) {
    if (method == known) return known;
  }
  return "other";
}

// Paths are without end: only those that the server has are told apart.
string_view KnownPath(string_view path) {
  for (const string_view known : {"/healthz", "/livez", "/readyz", "/metrics", "/metrics/slis", "/version", "/api", "/apis",
                                  "/openapi/v2", "/openapi/v3", "/", "/openid/v1/jwks",
                                  "/.well-known/openid-configuration"}) {
    if (path == known) return known;
  }
  return path.substr(0, 12) == "/openapi/v3/" ? "/openapi/v3" : "";
}

string_view ScopeOf(const pipeline::RequestInfo& info) {
  if (!info.name.empty() || info.verb == "create") return "resource";
  return info.ns.empty() ? "cluster" : "namespace";
}

// What a request is, as its labels say.
struct Question {
  std::string component, dry_run, group, resource, scope, subresource, verb, version, field_validation;
  bool writes = false, long_running = false;

  explicit Question(const Call& call) {
    const pipeline::RequestInfo& info = call.context.info;
    verb = std::string(VerbName(info, call.request.method, call.request.header("content-type")));
    const bool known = info.is_resource_request &&
                       apimachinery::Schema::Builtin().FindResource(info.group, info.version, info.resource) != nullptr;
    if (!known) {
      if (!info.is_resource_request) subresource = std::string(KnownPath(info.path));
      return;
    }
    component = "apiserver";
    group = info.group;
    version = info.version;
    resource = info.resource;
    subresource = info.subresource;
    scope = std::string(ScopeOf(info));
    dry_run = pipeline::Param(call.query, "dryRun") == "All" ? "All" : "";
    writes = verb != "GET" && verb != "LIST" && verb != "WATCH" && verb != "HEAD";
    const bool connects = subresource == "exec" || subresource == "attach" || subresource == "portforward" ||
                          subresource == "proxy" || subresource == "log";
    if (connects) verb = "CONNECT";
    long_running = verb == "WATCH" || connects;
    const string_view validation = pipeline::Param(call.query, "fieldValidation");
    for (const string_view value : {"Strict", "Warn", "Ignore"}) {
      if (validation == value) field_validation = std::string(value);
    }
  }
};

class MeasuredWriter final : public ResponseWriter {
 public:
  MeasuredWriter(const Call& call, std::unique_ptr<ResponseWriter> inner)
      : inner_(std::move(inner)), state_(std::make_shared<State>(call)) {}

  void Send(int status, Headers headers, std::string body) override {
    state_->status = status;
    state_->bytes += body.size();
    inner_->Send(status, std::move(headers), std::move(body));
    state_->End();
  }
  void Start(int status, Headers headers) override {
    state_->status = status;
    inner_->Start(status, std::move(headers));
  }
  int64_t Write(std::string chunk) override {
    state_->bytes += chunk.size();
    return inner_->Write(std::move(chunk));
  }
  int64_t Write(std::shared_ptr<const std::string> chunk) override {
    state_->bytes += chunk->size();
    return inner_->Write(std::move(chunk));
  }
  void Finish() override {
    inner_->Finish();
    state_->End();
  }
  void Stream(Producer next, Pace pace) override {
    inner_->Stream([state = state_, next = std::move(next)](std::string* chunk) {
      const bool more = next(chunk);
      state->bytes += chunk->size();
      if (!more) state->End();
      return more;
    }, pace);
  }
  void AskTurn(std::shared_ptr<base::Turn> turn) override { inner_->AskTurn(std::move(turn)); }
  void AskTurnWhenLow(std::shared_ptr<base::Turn> turn) override { inner_->AskTurnWhenLow(std::move(turn)); }
  void Post(std::function<void()> task) override { inner_->Post(std::move(task)); }
  void WhenLow(std::function<void()> callback) override { inner_->WhenLow(std::move(callback)); }
  void OnClose(std::function<void()> callback) override { inner_->OnClose(std::move(callback)); }
  absl::StatusOr<std::unique_ptr<base::http::ByteStream>> Upgrade(Headers headers) override {
    state_->status = 101;
    return inner_->Upgrade(std::move(headers));
  }

 private:
  struct State {
    explicit State(const Call& call) : question(call), began(absl::Now()) {
      const Question& q = question;
      if (q.long_running) {
        Gauge().Add(1);
      } else {
        Metrics().inflight.With({q.writes ? "mutating" : "readOnly"}).Add(1);
      }
      if (!call.request.body.empty() && !q.resource.empty()) {
        Metrics().bodies.With({q.group, q.resource, call.context.info.verb})
            .Observe(static_cast<double>(call.request.body.size()));
      }
    }

    ~State() { End(); }

    base::Gauge& Gauge() {
      const Question& q = question;
      return pipeline::LongRunning({q.component, q.group, q.resource, q.scope, q.subresource, q.verb, q.version});
    }

    void End() {
      if (ended.exchange(true)) return;
      const Question& q = question;
      RequestMetrics& m = Metrics();
      const double seconds = absl::ToDoubleSeconds(absl::Now() - began);
      const std::string code = absl::StrCat(status.load());
      m.total.With({code, q.component, q.dry_run, q.group, q.resource, q.scope, q.subresource, q.verb, q.version}).Add();
      if (q.long_running) {
        Gauge().Add(-1);
      } else {
        m.inflight.With({q.writes ? "mutating" : "readOnly"}).Add(-1);
        m.duration.With({q.component, q.dry_run, q.group, q.resource, q.scope, q.subresource, q.verb, q.version})
            .Observe(seconds);
        m.sli.With({q.component, q.group, q.resource, q.scope, q.subresource, q.verb, q.version}).Observe(seconds);
        if (q.writes && q.verb != "DELETE" && q.verb != "DELETECOLLECTION") {
          m.validation.With({q.field_validation}).Observe(seconds);
        }
        if (!q.writes) {
          m.sizes.With({q.component, q.group, q.resource, q.scope, q.subresource, q.verb, q.version})
              .Observe(static_cast<double>(bytes.load()));
        }
      }
      if (status == 504 || status == 503 || status == 429) {
        m.terminations.With({code, q.component, q.group, q.resource, q.scope, q.subresource, q.verb, q.version}).Add();
      }
    }

    const Question question;
    const absl::Time began;
    std::atomic<int> status{0};
    std::atomic<uint64_t> bytes{0};
    std::atomic<bool> ended{false};
  };

  std::unique_ptr<ResponseWriter> inner_;
  const std::shared_ptr<State> state_;  // also the producer's of a streamed answer
};

}  // namespace

string_view RequestScope(const pipeline::RequestInfo& info) { return ScopeOf(info); }

std::unique_ptr<ResponseWriter> Measure(const Call& call, std::unique_ptr<ResponseWriter> writer) {
  return std::make_unique<MeasuredWriter>(call, std::move(writer));
}

void TellDeprecated(string_view group, string_view version, string_view resource) {
  Metrics().deprecated.With({group, "", resource, "", version}).Set(1);
}

}  // namespace apiserver::http
