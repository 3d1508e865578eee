#include "apiserver/http/rest.h"

#include <atomic>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "apimachinery/api_error.h"
#include "apiserver/discovery/discovery.h"
#include "apiserver/http/audited_writer.h"
#include "apiserver/http/call.h"
#include "apiserver/http/gzip.h"
#include "apiserver/http/measured_writer.h"
#include "apiserver/http/present.h"
#include "apiserver/http/routes.h"
#include "apiserver/http/static_paths.h"
#include "apiserver/pipeline/audit_trail.h"
#include "apiserver/pipeline/go_numbers.h"
#include "apiserver/pipeline/request_info.h"
#include "apiserver/registry/delete_options.h"
#include "apiserver/registry/gate.h"
#include "base/http/websocket.h"
#include "base/rng.h"

namespace apiserver::http {

using apimachinery::ApiStatus;
using base::http::Headers;
using base::http::Request;
using base::http::ResponseWriter;

struct RestDoor::Impl {
  RestOptions options;
  WatchHub hub;
  std::atomic<bool> ready{false};
};

namespace {

void ReadAssertion(const Request& request, const FrontProxyHeaders& names, pipeline::Credentials* c) {
  c->front_proxy = true;
  c->front_proxy_name = request.peer->common_name;
  const auto first = [&](const std::vector<std::string>& of) {
    for (const std::string& name : of) {
      if (const absl::string_view value = absl::StripAsciiWhitespace(request.header(name)); !value.empty()) return std::string(value);
    }
    return std::string();
  };
  c->asserted.name = first(names.user);
  c->asserted.uid = first(names.uid);
  for (const base::http::Header& h : request.headers) {
    for (const std::string& name : names.group) {
      if (absl::EqualsIgnoreCase(h.name, name)) c->asserted.groups.push_back(h.value);
    }
    for (const std::string& prefix : names.extra_prefix) {
      if (!absl::StartsWithIgnoreCase(h.name, prefix)) continue;
      const std::string key = base::http::PercentDecode(absl::AsciiStrToLower(absl::string_view(h.name).substr(prefix.size())));
      c->asserted.extra[key].push_back(h.value);
    }
  }
}

pipeline::Credentials CredentialsOf(const Request& request, const FrontProxyHeaders& front_proxy) {
  pipeline::Credentials c;
  if (request.peer != nullptr && request.peer->front_proxy) ReadAssertion(request, front_proxy, &c);
  c.refused_certificate = request.peer != nullptr && !request.peer->verified;
  if (request.peer != nullptr && request.peer->verified) {
    c.has_certificate = true;
    c.common_name = request.peer->common_name;
    c.organizations = request.peer->organizations;
    c.certificate_uid = request.peer->uid;
    c.certificate_fingerprint = request.peer->fingerprint;
    c.certificate_expires = request.peer->not_after;
  }
  c.authorization = std::string(request.header("authorization"));
  c.path = request.path;
  if (base::http::IsWebSocketRequest(request)) c.websocket_protocols = base::http::WebSocketProtocols(request);
  c.impersonate_user = std::string(request.header("impersonate-user"));
  c.impersonate_uid = std::string(request.header("impersonate-uid"));
  for (const base::http::Header& h : request.headers) {
    absl::string_view name = h.name;
    if (name == "impersonate-group") c.impersonate_groups.push_back(h.value);
    if (absl::ConsumePrefix(&name, "impersonate-extra-")) {
      c.impersonate_extra[base::http::PercentDecode(absl::AsciiStrToLower(name))].push_back(h.value);
    }
  }
  return c;
}

bool IsForwarded(const pipeline::RequestInfo& info) {
  const std::string& sub = info.subresource;
  if (!info.group.empty()) return false;
  if (info.resource == "pods") {
    return sub == "log" || sub == "exec" || sub == "attach" || sub == "portforward" || sub == "proxy";
  }
  return (info.resource == "services" || info.resource == "nodes") && sub == "proxy";
}

// Requests whose answers take as long as they like.
bool IsLongRunning(const pipeline::RequestInfo& info) {
  if (info.verb == "watch" || info.verb == "proxy") return true;
  for (const absl::string_view sub : {"attach", "exec", "proxy", "log", "portforward"}) {
    if (info.is_resource_request && info.subresource == sub) return true;
  }
  return false;
}

void AnnotateDeprecated(const pipeline::RequestContext& context) {
  if (context.audit != nullptr) context.audit->Annotate("k8s.io/deprecated", "true");
}

// Paths below a group that is served get a Status, others plain text.
bool BelowServedGroup(absl::string_view path) {
  const std::vector<std::string> parts = absl::StrSplit(path, '/');
  if (parts.size() >= 3 && parts[1] == "api") return true;
  return parts.size() >= 4 && parts[1] == "apis" && discovery::Builtin().HasGroup(parts[2]);
}

// How a row of a Table shows its object. A wrong word counts only where there is a Table.
void ReadInclude(Call& call) {
  const absl::string_view text = base::http::FindParam(call.query, "includeObject");
  if (text == "None") {
    call.include = tables::IncludeObject::kNone;
  } else if (text == "Object") {
    call.include = tables::IncludeObject::kObject;
  } else if (!text.empty() && text != "Metadata") {
    call.include_status = apimachinery::BadRequest(
        absl::StrCat("Unable to convert to Table as requested: includeObject: Invalid value: \"", text,
                     "\": must be 'Metadata', 'Object', 'None', or empty"));
  }
}

// How long the client is ready to wait; `most` when it does not say.
absl::Status SetDeadline(Call& call, absl::Duration most) {
  absl::Duration timeout = most;
  if (const absl::string_view text = base::http::FindParam(call.query, "timeout"); !text.empty()) {
    const absl::StatusOr<absl::Duration> asked = pipeline::ParseDuration(text);
    if (!asked.ok()) {
      return apimachinery::BadRequest(
          absl::StrCat("invalid timeout specified in the request URL - ", asked.status().message()));
    }
    if (*asked > absl::ZeroDuration()) timeout = std::min(timeout, *asked);
  }
  call.context.deadline = call.context.received + timeout;
  return absl::OkStatus();
}

// Answers a Status when the call itself is no longer there.
std::function<void(ResponseWriter&, const absl::Status&)> FailLater(const Call& call, std::string accept) {
  return [context = call.context, accept = std::move(accept), pretty = call.pretty](ResponseWriter& out, const absl::Status& status) {
    Call shown;
    shown.context = context;
    shown.pretty = pretty;
    shown.request.headers.push_back({"accept", accept});
    shown.FailTo(out, status);
  };
}

// /api/v1/watch without a resource: upstream cannot even tell what is asked for.
bool IncompletePath(const pipeline::RequestInfo& info) {
  return !info.is_resource_request && (info.verb == "watch" || info.verb == "proxy");
}

void AnswerIncompletePath(Call& call) {
  std::string target;
  for (const char c : call.request.target) {
    if (c == '&') {
      target += "&amp;";
    } else if (c == '<') {
      target += "&lt;";
    } else if (c == '>') {
      target += "&gt;";
    } else {
      target += c;
    }
  }
  call.writer->Send(500, {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
                    absl::StrCat("Internal Server Error: \"", target,
                                 "\": failed to create RequestInfo: unable to determine kind and namespace from url, ",
                                 target, "\n"));
}

}  // namespace

RestDoor::RestDoor(RestOptions options) : impl_(new Impl{std::move(options)}) {}
RestDoor::~RestDoor() = default;

void RestDoor::SetReady(bool ready) { impl_->ready = ready; }

void RestDoor::BodyTooLarge(const Request& head, ResponseWriter& writer) {
  const ApiStatus status = apimachinery::RequestEntityTooLarge("limit is 3145728");
  writer.Send(status.code, {{"Content-Type", "application/json"}}, PresentStatus(status, Negotiated()));
}

void RestDoor::BodyTooLate(const Request& head, ResponseWriter& writer) {
  const ApiStatus status = apimachinery::Timeout("request did not complete within the allotted timeout", 0);
  writer.Send(status.code, {{"Content-Type", "application/json"}}, PresentStatus(status, Negotiated()));
}

void RestDoor::Handle(Request request, std::unique_ptr<ResponseWriter> writer) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  Open(*call);
  call->writer = Measure(*call, std::move(writer));
  if (!Identify(*call)) return;
  if (impl_->options.flow == nullptr || IsForwarded(call->context.info)) return Serve(*call);
  Admit(call);
}

void RestDoor::Admit(const std::shared_ptr<Call>& call) {
  call->at_gate = absl::Now();
  impl_->options.flow->Admit(
      ApplicantOf(*call), &call->flow,
      [this, call](flowcontrol::Seat) {
        registry::TellFilter(registry::Filter::kPriorityAndFairness, absl::Now() - call->at_gate);
        Serve(*call);
      },
      [call](int64_t retry_after) { call->FailBusy(retry_after); });
}

flowcontrol::Applicant RestDoor::ApplicantOf(const Call& call) const {
  const pipeline::RequestInfo& info = call.context.info;
  flowcontrol::Applicant applicant{call.context.user, info};
  applicant.patience = call.context.deadline - call.context.received;
  if (info.is_resource_request) {
    applicant.watchers = [this, &info] { return registry::WatchersOf(impl_->options.registry->environment(), info); };
  }
  if (!flowcontrol::ReadsMany(info)) return applicant;
  const auto param = [&call](absl::string_view name) { return base::http::FindParam(call.query, name); };
  applicant.list = flowcontrol::ShapeOf(info, param("limit"), param("resourceVersion"), param("resourceVersionMatch"),
                                        param("continue"), param("sendInitialEvents") == "true");
  applicant.stored = [this, &info] { return registry::StoredOf(impl_->options.registry->environment(), info); };
  return applicant;
}

bool RestDoor::AnswerAtOnce(Request& request, std::unique_ptr<ResponseWriter>& writer) {
  // Certificates are known already; tokens may have to be looked up in the store.
  if (request.method != "GET" || request.peer == nullptr || !request.peer->verified) return false;
  if (impl_->options.registry->environment().authorizer->waits()) return false;
  if (impl_->options.auditor != nullptr && impl_->options.auditor->writes_at_once()) return false;
  if (!request.header("authorization").empty() || base::http::IsWebSocketRequest(request)) return false;
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  Open(*call);
  const pipeline::RequestInfo& info = call->context.info;
  const absl::string_view version = base::http::FindParam(call->query, "resourceVersion");
  const registry::ResourcePtr resource = impl_->options.registry->environment().resources->Find(info.group, info.version, info.resource);
  const bool asks_others = resource == nullptr || (resource->definition != nullptr && resource->definition->webhook_conversion);
  if (asks_others) {
    request = std::move(call->request);  // of what is not stored here, or has to be converted by a webhook
    return false;
  }
  const bool mine = info.is_resource_request && info.verb == "get" && !info.name.empty() && info.subresource.empty() &&
                    (version.empty() || version == "0");
  if (!mine) {
    request = std::move(call->request);
    return false;
  }
  call->writer = Measure(*call, std::move(writer));
  call->context.fresh = true;
  if (version == "0") {
    Answer(call);
    return true;
  }
  const bool asked = impl_->options.registry->environment().cache->WhenFresh([this, call](absl::Status fresh) {
    call->writer->Post([this, call, fresh = std::move(fresh)] {
      if (fresh.ok()) return Answer(call);
      call->Fail(apimachinery::ServiceUnavailable(fresh.message()));
    });
  });
  if (!asked) call->Fail(apimachinery::ServiceUnavailable("too many reads wait for the store"));
  return true;
}

// On the I/O thread, which never waits: who has to wait for a seat goes on elsewhere.
void RestDoor::Answer(const std::shared_ptr<Call>& call) {
  if (!Identify(*call)) return;
  if (impl_->options.flow == nullptr) return Serve(*call);
  Admit(call);
}

void RestDoor::Open(Call& call) {
  call.query = base::http::ParseQuery(call.request.query);
  call.context.info = pipeline::ParseRequestInfo(call.request.method, call.request.path, call.query);
  call.context.credentials = CredentialsOf(call.request, impl_->options.front_proxy_headers);
  call.context.user_agent = std::string(call.request.header("user-agent"));
  call.context.remote_address = call.request.remote_address;
  call.context.audit_id = std::string(call.request.header("audit-id"));
  if (call.context.audit_id.empty()) call.context.audit_id = base::NewUid();
  call.context.received = impl_->options.registry->environment().clock->Now();
  const bool asked = pipeline::HasParam(call.query, "pretty");
  const absl::string_view pretty = base::http::FindParam(call.query, "pretty");
  call.pretty = WantsPretty(asked ? std::optional<absl::string_view>(pretty) : std::nullopt, call.context.user_agent);
}

// False: it has been answered.
bool RestDoor::Identify(Call& call) {
  registry::Environment& env = impl_->options.registry->environment();
  const pipeline::RequestInfo& info = call.context.info;
  if (IncompletePath(info)) {
    AnswerIncompletePath(call);
    return false;
  }
  const bool forwarded = IsForwarded(info) && impl_->options.forwarder != nullptr;
  absl::Status timeout;
  if (!forwarded && info.verb != "watch") timeout = SetDeadline(call, impl_->options.request_timeout);
  absl::Status known = timeout;
  if (known.ok()) known = registry::Authenticate(*env.authenticator, call.context);
  if (const absl::Status logged = BeginAudit(call, known.ok()); !logged.ok()) known = logged;
  if (known.ok()) known = registry::Impersonate(*env.authorizer, call.context);
  if (!timeout.ok()) {
    call.Fail(timeout);
  } else if (!known.ok()) {
    call.Refuse(known);
  }
  return known.ok();
}

absl::Status RestDoor::BeginAudit(Call& call, bool known) {
  if (impl_->options.auditor == nullptr) return absl::OkStatus();
  const absl::Time began = absl::Now();
  const absl::Cleanup tell = [&] { registry::TellFilter(registry::Filter::kAudit, absl::Now() - began); };
  audit::Arrival arrival;
  arrival.uri = call.request.target;
  arrival.forwarded_for = call.request.header("x-forwarded-for");
  arrival.real_ip = call.request.header("x-real-ip");
  arrival.long_running = IsLongRunning(call.context.info);
  const absl::StatusOr<std::shared_ptr<audit::Record>> record = impl_->options.auditor->Begin(call.context, arrival, known);
  if (!record.ok()) return apimachinery::InternalError(record.status().message());
  if (*record == nullptr) return absl::OkStatus();
  call.context.audit = *record;
  call.writer = Audited(*record, std::move(call.writer));
  return absl::OkStatus();
}

void RestDoor::Serve(Call& call) {
  const pipeline::RequestInfo& info = call.context.info;
  const absl::Status allowed = registry::Authorize(*impl_->options.registry->environment().authorizer, call.context);
  if (!allowed.ok()) return call.Refuse(allowed);
  if (impl_->options.extensions != nullptr && impl_->options.extensions->Takes(call.request.path)) return ServeExtension(call);
  const bool forwarded = IsForwarded(info) && impl_->options.forwarder != nullptr;
  if (!info.is_resource_request) return ServePath(call);
  const Route route = FindRoute(info, call.request.method);
  switch (route.outcome) {
    case Route::Outcome::kNoSuchPath: return ServeCustom(call);
    case Route::Outcome::kMethodNotAllowed: return call.Fail(NoSuchMethod());
    case Route::Outcome::kServe: break;
  }
  if (!forwarded) return ServeResource(call);
  auto fail = FailLater(call, std::string(call.request.header("accept")));
  impl_->options.forwarder->Forward(call.context, std::move(call.request), std::move(call.writer), std::move(fail));
}

void RestDoor::ServeExtension(Call& call) {
  ExtensionRequest request{call.context, std::move(call.request), call.ResponseHeaders(), std::move(call.writer), nullptr};
  request.fail = FailLater(call, std::string(request.request.header("accept")));
  impl_->options.extensions->Forward(std::move(request));
}

void RestDoor::NotFound(Call& call) {
  if (BelowServedGroup(call.request.path)) return call.Fail(NoSuchPath());
  Headers headers = call.ResponseHeaders();
  headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
  headers.push_back({"X-Content-Type-Options", "nosniff"});
  call.writer->Send(404, std::move(headers), "404 page not found\n");
}

void RestDoor::ServePath(Call& call) {
  const absl::string_view path = call.request.path;
  const auto& options = impl_->options;
  if (path == "/metrics/slis" || (path == "/metrics" && options.metrics) || (path == "/metrics/skiff" && options.own_metrics)) {
    return ServeMetrics(call);
  }
  StaticAnswer answer;
  const StaticContext context{impl_->options.registry, impl_->options.extensions, impl_->options.server_address, impl_->ready.load()};
  if (!AnswerStaticPath(context, call, &answer)) return NotFound(call);
  if (!answer.error.ok()) return call.Fail(answer.error);
  Headers headers = call.ResponseHeaders();
  for (base::http::Header& header : headers) {
    if (header.name == "Cache-Control") header.value = answer.cache_control;
  }
  for (base::http::Header& header : answer.more) headers.push_back(std::move(header));
  if (!answer.etag.empty()) {
    headers.push_back({"ETag", answer.etag});
    if (call.request.header("if-none-match") == answer.etag) return call.writer->Send(304, std::move(headers), "");
  }
  const bool describes = absl::StartsWith(call.request.path, "/api");  // what there is: an object like others
  if (describes && call.AuditsAnswer() && absl::StrContains(answer.content_type, "json")) {
    call.context.audit->ResponseObject(answer.body);
  }
  if (!answer.content_type.empty()) headers.push_back({"Content-Type", answer.content_type});
  call.writer->Send(answer.status, std::move(headers), std::move(answer.body));
}

void RestDoor::ServeMetrics(Call& call) {
  Headers headers = call.ResponseHeaders();
  if (call.request.method == "DELETE") {
    headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
    return call.writer->Send(200, std::move(headers), "metrics reset\n");
  }
  headers.push_back({"Content-Type", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"});
  const StaticContext context{impl_->options.registry, impl_->options.extensions, impl_->options.server_address, impl_->ready.load()};
  const absl::string_view path = call.request.path;
  std::string text = path == "/metrics/slis"    ? HealthMetrics(context)
                     : path == "/metrics/skiff" ? impl_->options.own_metrics()
                                                : impl_->options.metrics();
  const absl::string_view encodings = call.request.header("accept-encoding");
  if (WantsGzip(encodings) && absl::StrContains(encodings, "gzip")) {
    headers.push_back({"Content-Encoding", "gzip"});
    text = Gzip(text, kUsualGzip);
  }
  call.writer->Send(200, std::move(headers), std::move(text));
}

void RestDoor::ServeResource(Call& call) {
  pipeline::RequestContext& context = call.context;
  const pipeline::RequestInfo& info = context.info;
  const absl::string_view accept = call.request.header("accept");
  const bool patch = info.verb == "patch", lists = info.verb == "list" || info.verb == "watch";
  apimachinery::patch::PatchType patch_type = apimachinery::patch::PatchType::kMerge;
  if (patch && !apimachinery::patch::PatchTypeFromMediaType(MediaType(call.request.header("content-type")), &patch_type)) {
    ApiStatus status = apimachinery::UnsupportedMediaType("415: Unsupported Media Type");
    status.always_details = true;
    return call.Fail(status);
  }
  const absl::Span<const absl::string_view> produces =
      lists ? absl::Span<const absl::string_view>(kListTypes) : absl::Span<const absl::string_view>(kObjectTypes);
  if (!RouterAccepts(accept, produces)) return call.Fail(NoRouteAccepted(produces));
  if (info.group.empty() && info.resource == "endpoints") {
    context.AddWarning("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");
    TellDeprecated(info.group, info.version, info.resource);
    AnnotateDeprecated(context);
  } else if (info.group.empty() && info.resource == "componentstatuses") {
    context.AddWarning("v1 ComponentStatus is deprecated in v1.19+");
    TellDeprecated(info.group, info.version, info.resource);
    AnnotateDeprecated(context);
  }
  const std::optional<Negotiated> form = Negotiate(accept, Endpoint::kObjects, call.pretty);
  if (!form) return call.Fail(NoFormAccepted(/*stream=*/false));
  call.form = *form;
  ServeVerb(call, patch_type);
}

void RestDoor::ServeCustom(Call& call) {
  pipeline::RequestContext& context = call.context;
  const pipeline::RequestInfo& info = context.info;
  const registry::ResourcePtr resource =
      impl_->options.registry->environment().resources->Find(info.group, info.version, info.resource);
  if (resource == nullptr || resource->definition == nullptr) return NotFound(call);
  const apimachinery::Kind& kind = *resource->kind;
  const bool whole_cluster = info.verb == "list" || info.verb == "watch";  // what spans namespaces
  if (kind.namespaced ? info.ns.empty() && !whole_cluster : !info.ns.empty()) return NotFound(call);
  if (!kind.custom->warning.empty()) context.AddWarning(kind.custom->warning);
  if (!info.subresource.empty() && !kind.HasSubresource(info.subresource)) {
    return call.Fail(apimachinery::NotFound(kind.group, kind.plural, info.name));
  }
  const bool patch = info.verb == "patch";
  if (info.name.empty() && info.verb == "update") return call.Fail(apimachinery::BadRequest("name must be provided"));
  if (info.verb.empty()) return call.Fail(apimachinery::MethodNotSupported(kind.group, kind.plural, ""));
  if (info.verb == "create" && !info.subresource.empty()) return call.Fail(NoSuchMethod());
  apimachinery::patch::PatchType patch_type = apimachinery::patch::PatchType::kMerge;
  const bool known = !patch || (apimachinery::patch::PatchTypeFromMediaType(
                                    MediaType(call.request.header("content-type")), &patch_type) &&
                                patch_type != apimachinery::patch::PatchType::kStrategicMerge);
  if (!known) {
    return call.Fail(apimachinery::UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
        "application/merge-patch+json, application/apply-patch+yaml"));
  }
  if (info.name.empty() && patch) return call.Fail(apimachinery::BadRequest("name must be provided"));
  const Endpoint endpoint = info.subresource == "scale" ? Endpoint::kObjects : Endpoint::kCustom;
  const std::optional<Negotiated> form = Negotiate(call.request.header("accept"), endpoint, call.pretty);
  if (!form) return call.Fail(NoFormAccepted(/*stream=*/false));
  call.form = *form;
  ServeVerb(call, patch_type);
}

void RestDoor::ServeVerb(Call& call, apimachinery::patch::PatchType patch_type) {
  pipeline::RequestContext& context = call.context;
  const pipeline::RequestInfo& info = context.info;
  auto options = pipeline::ParseOptions(info, call.query);
  if (!options.ok()) return call.Fail(options.status());
  context.options = *std::move(options);
  ReadInclude(call);
  registry::Registry& registry = *impl_->options.registry;
  if (info.verb == "get") return call.Send(registry.Get(context));
  if (info.verb == "list") return call.Send(registry.List(context));
  if (info.verb == "watch") return ServeWatch(call);
  if (info.verb == "delete" || info.verb == "deletecollection") return ServeDelete(call);
  registry::Body body;
  body.bytes = call.request.body;
  if (info.verb == "patch") return call.Send(registry.Patch(context, patch_type, body));
  const auto body_format = BodyFormatOf(call.request.header("content-type"));
  if (!body_format.ok()) return call.Fail(body_format.status());
  body.format = *body_format;
  call.Send(info.verb == "create" ? registry.Create(context, body) : registry.Update(context, body));
}

void RestDoor::ServeWatch(Call& call) {
  if (call.form.as == As::kTable && !call.include_status.ok()) return call.Fail(call.include_status);
  impl_->hub.Serve(*impl_->options.registry, call);
}

void RestDoor::ServeDelete(Call& call) {
  registry::Registry& registry = *impl_->options.registry;
  absl::StatusOr<apimachinery::Value> options;
  if (call.request.body.empty()) {
    options = registry::DeleteOptionsFromQuery(call.query);
  } else {
    const auto format = BodyFormatOf(call.request.header("content-type"));
    if (!format.ok()) return call.Fail(format.status());
    options = registry::DecodeDeleteOptions({*format, call.request.body});
    if (options.ok() && call.context.audit != nullptr) call.context.audit->RequestOptions(*options);
  }
  if (!options.ok()) return call.Fail(options.status());
  call.context.options.dry_run = registry::IsDryRun(*options);
  if (call.context.info.verb == "delete") return call.Send(registry.Delete(call.context, *options));
  call.Send(registry.DeleteCollection(call.context, *options));
}

}  // namespace apiserver::http
