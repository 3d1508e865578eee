// The REST door: HTTP requests in, HTTP answers out, everything between is the registry's.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "apiserver/audit/auditor.h"
#include "apiserver/flowcontrol/flow_control.h"
#include "apiserver/http/extensions.h"
#include "apiserver/http/watch_session.h"
#include "apiserver/registry/registry.h"
#include "base/http/server.h"

namespace apiserver::http {

struct Call;

// Requests that go to kubelets and into pods (exec, log, proxy): implemented by apiserver/proxy.
class Forwarder {
 public:
  virtual ~Forwarder() = default;
  // Takes over requests on pods/log, exec, attach, portforward, and the proxy subresources. The request is
  // authorized. `fail` answers a Status.
  virtual void Forward(const pipeline::RequestContext& context, base::http::Request request,
                       std::unique_ptr<base::http::ResponseWriter> writer,
                       std::function<void(base::http::ResponseWriter&, const absl::Status&)> fail) = 0;
};

// Where front proxies tell for whom they speak (--requestheader-*), by any case.
struct FrontProxyHeaders {
  std::vector<std::string> user, uid, group, extra_prefix;
};

struct RestOptions {
  registry::Registry* registry = nullptr;
  Forwarder* forwarder = nullptr;  // may be nullptr
  Extensions* extensions = nullptr;  // may be nullptr
  FrontProxyHeaders front_proxy_headers;
  flowcontrol::FlowControl* flow = nullptr;  // nullptr: everything is let in at once
  audit::Auditor* auditor = nullptr;         // nullptr: nothing is audited
  absl::Duration request_timeout = absl::Minutes(1);  // of who does not say how long, and at most
  std::string server_address;      // "10.0.0.1:6443", told by /api
  std::function<std::string()> metrics;      // body of /metrics
  std::function<std::string()> own_metrics;  // body of /metrics/skiff: what only this server has to tell
};

class RestDoor {
 public:
  explicit RestDoor(RestOptions options);
  ~RestDoor();

  // A base::http::Handler. Thread-safe.
  void Handle(base::http::Request request, std::unique_ptr<base::http::ResponseWriter> writer);
  // ServerOptions::at_once: reads of single objects, which take less time than a wake-up.
  bool AnswerAtOnce(base::http::Request& request, std::unique_ptr<base::http::ResponseWriter>& writer);
  void BodyTooLarge(const base::http::Request& head, base::http::ResponseWriter& writer);
  void BodyTooLate(const base::http::Request& head, base::http::ResponseWriter& writer);
  void SetReady(bool ready);  // what /readyz says

 private:
  void Open(Call& call);
  bool Identify(Call& call);  // false: answered
  absl::Status BeginAudit(Call& call, bool known);
  void Admit(const std::shared_ptr<Call>& call);  // to flow control, then served
  void Answer(const std::shared_ptr<Call>& call);
  flowcontrol::Applicant ApplicantOf(const Call& call) const;
  void Serve(Call& call);
  void ServeExtension(Call& call);
  void ServePath(Call& call);
  void ServeMetrics(Call& call);
  void ServeResource(Call& call);
  void ServeCustom(Call& call);
  void ServeVerb(Call& call, apimachinery::patch::PatchType patch_type);  // the form of the answer is known
  void ServeWatch(Call& call);
  void ServeDelete(Call& call);
  void NotFound(Call& call);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace apiserver::http
