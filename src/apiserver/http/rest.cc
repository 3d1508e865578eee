#include "apiserver/http/rest.h"

#include <atomic>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apimachinery/api_error.h"
#include "apiserver/discovery/discovery.h"
#include "apiserver/http/present.h"
#include "apiserver/http/static_paths.h"
#include "apiserver/pipeline/request_info.h"
#include "apiserver/registry/gate.h"
#include "base/http/websocket.h"
#include "base/rng.h"
#include "base/status_macros.h"

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

// One request on its way through.
struct RestDoor::Call {
  Request request;
  std::unique_ptr<ResponseWriter> writer;
  base::http::QueryParams query;
  pipeline::RequestContext context;
  Negotiated form;
  tables::IncludeObject include = tables::IncludeObject::kMetadata;

  Headers ResponseHeaders() const {
    Headers headers = {{"Audit-Id", context.audit_id}, {"Cache-Control", "no-cache, private"}};
    for (const std::string& warning : context.warnings) {
      std::string quoted;
      for (const char c : warning) {
        if (c == '"' || c == '\\') quoted.push_back('\\');
        quoted.push_back(c == '\n' ? ' ' : c);
      }
      headers.push_back({"Warning", absl::StrCat("299 - \"", quoted, "\"")});
    }
    return headers;
  }

  void Fail(const absl::Status& status) { FailTo(*writer, status); }
  void FailTo(ResponseWriter& out, const absl::Status& error) const {
    const ApiStatus status = ApiStatus::From(error);
    Headers headers = ResponseHeaders();
    headers.push_back({"Content-Type", form.ContentType()});
    if (status.retry_after_seconds > 0) headers.push_back({"Retry-After", absl::StrCat(status.retry_after_seconds)});
    out.Send(status.code, std::move(headers), PresentStatus(status, form));
  }

  void Send(const registry::Answer& answer) {
    Headers headers = ResponseHeaders();
    headers.push_back({"Content-Type", form.ContentType()});
    if (answer.status) return writer->Send(answer.code, std::move(headers), PresentStatus(*answer.status, form));
    writer->Send(answer.code, std::move(headers),
                 PresentObject(*answer.object, *answer.object->kind, form, include));
  }

  void Send(absl::StatusOr<registry::Answer> answer) {
    if (!answer.ok()) return Fail(answer.status());
    Send(*answer);
  }

  void Send(absl::StatusOr<registry::ListAnswer> list) {
    if (!list.ok()) return Fail(list.status());
    Headers headers = ResponseHeaders();
    headers.push_back({"Content-Type", form.ContentType()});
    auto stream = std::make_shared<ListStream>(*std::move(list), form, include);
    std::string first;
    if (!stream->Next(&first)) return writer->Send(200, std::move(headers), std::move(first));
    writer->Start(200, std::move(headers));
    writer->Write(std::move(first));
    writer->Stream([stream](std::string* chunk) { return stream->Next(chunk); });
  }

  absl::StatusOr<registry::Body> BodyOf() const {
    registry::Body body;
    ASSIGN_OR_RETURN(body.format, BodyFormatOf(request.header("content-type")));
    body.bytes = request.body;
    return body;
  }
};

namespace {

pipeline::Credentials CredentialsOf(const Request& request) {
  pipeline::Credentials c;
  c.refused_certificate = request.peer != nullptr && !request.peer->verified;
  if (request.peer != nullptr && request.peer->verified) {
    c.has_certificate = true;
    c.common_name = request.peer->common_name;
    c.organizations = request.peer->organizations;
    c.certificate_uid = request.peer->uid;
    c.certificate_fingerprint = request.peer->fingerprint;
  }
  c.authorization = std::string(request.header("authorization"));
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

// A path without namespace of a namespaced resource, asked for something else than all its objects. Objects of every
// namespace can be listed together, never made or deleted.
bool LacksNamespace(const pipeline::RequestInfo& info) {
  const bool lists = (info.verb == "list" || info.verb == "watch") && info.subresource.empty();
  if (!info.ns.empty() || (lists && (info.name.empty() || !info.field_selector.empty()))) return false;
  const apimachinery::Kind* kind =
      apimachinery::Schema::Builtin().FindResource(info.group, info.version, info.resource);
  return kind != nullptr && kind->namespaced;
}

// What go-restful answers by itself, before any handler.
ApiStatus Plain(int code, absl::string_view reason, absl::string_view message) {
  ApiStatus status;
  status.code = code;
  status.reason = std::string(reason);
  status.message = std::string(message);
  status.always_details = true;
  return status;
}

ApiStatus NoSuchPath() { return Plain(404, "NotFound", "the server could not find the requested resource"); }

// Paths below a group that is served get a Status, others plain text.
bool BelowServedGroup(absl::string_view path) {
  const std::vector<std::string> parts = absl::StrSplit(path, '/');
  if (parts.size() >= 3 && parts[1] == "api") return true;
  return parts.size() >= 4 && parts[1] == "apis" && discovery::Builtin().HasGroup(parts[2]);
}

tables::IncludeObject IncludeOf(absl::string_view text) {
  if (text == "None") return tables::IncludeObject::kNone;
  return text == "Object" ? tables::IncludeObject::kObject : tables::IncludeObject::kMetadata;
}

}  // namespace

RestDoor::RestDoor(RestOptions options) : impl_(new Impl{std::move(options)}) {}
RestDoor::~RestDoor() = default;

void RestDoor::SetReady(bool ready) { impl_->ready = ready; }

void RestDoor::BodyTooLarge(const Request& head, ResponseWriter& writer) {
  const ApiStatus status = apimachinery::RequestEntityTooLarge("limit is 3145728");
  writer.Send(status.code, {{"Content-Type", "application/json"}}, PresentStatus(status, Negotiated()));
}

void RestDoor::Handle(Request request, std::unique_ptr<ResponseWriter> writer) {
  Call call;
  call.request = std::move(request);
  call.writer = std::move(writer);
  Open(call);
  Serve(call);
}

bool RestDoor::AnswerAtOnce(Request& request, std::unique_ptr<ResponseWriter>& writer) {
  // Certificates are known already; tokens may have to be looked up in the store.
  if (request.method != "GET" || request.peer == nullptr || !request.peer->verified) return false;
  if (!request.header("authorization").empty() || base::http::IsWebSocketRequest(request)) return false;
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  Open(*call);
  const pipeline::RequestInfo& info = call->context.info;
  const absl::string_view version = base::http::FindParam(call->query, "resourceVersion");
  const bool mine = info.is_resource_request && info.verb == "get" && !info.name.empty() && info.subresource.empty() &&
                    (version.empty() || version == "0");
  if (!mine) {
    request = std::move(call->request);
    return false;
  }
  call->writer = std::move(writer);
  call->context.fresh = true;
  if (version == "0") {
    Serve(*call);
    return true;
  }
  const bool asked = impl_->options.registry->environment().cache->WhenFresh([this, call](absl::Status fresh) {
    call->writer->Post([this, call, fresh = std::move(fresh)] {
      if (fresh.ok()) return Serve(*call);
      call->Fail(apimachinery::ServiceUnavailable(fresh.message()));
    });
  });
  if (!asked) call->Fail(apimachinery::ServiceUnavailable("too many reads wait for the store"));
  return true;
}

void RestDoor::Open(Call& call) {
  call.query = base::http::ParseQuery(call.request.query);
  call.context.info = pipeline::ParseRequestInfo(call.request.method, call.request.path, call.query);
  call.context.credentials = CredentialsOf(call.request);
  call.context.user_agent = std::string(call.request.header("user-agent"));
  call.context.remote_address = call.request.remote_address;
  call.context.audit_id = std::string(call.request.header("audit-id"));
  if (call.context.audit_id.empty()) call.context.audit_id = base::NewUid();
  call.context.received = impl_->options.registry->environment().clock->Now();
}

void RestDoor::Serve(Call& call) {
  registry::Environment& env = impl_->options.registry->environment();
  const absl::StatusOr<Negotiated> form =
      Negotiate(call.request.header("accept"), base::http::FindParam(call.query, "pretty"), call.context.user_agent);
  if (form.ok()) call.form = *form;
  if (const absl::Status admitted = registry::Admit(*env.authenticator, *env.authorizer, call.context); !admitted.ok()) {
    return call.Fail(admitted);
  }
  if (!call.context.info.is_resource_request) return ServePath(call);
  if (LacksNamespace(call.context.info)) {
    // There is no such path but for lists: what is one object's is not found, what a list's path cannot do is refused.
    if (!call.context.info.name.empty()) return NotFound(call);
    return call.Fail(Plain(405, "MethodNotAllowed", "the server does not allow this method on the requested resource"));
  }
  if (IsForwarded(call.context.info) && impl_->options.forwarder != nullptr) {
    Call* const keep = &call;
    auto fail = [context = call.context, form = call.form](ResponseWriter& out, const absl::Status& status) {
      Call shown;
      shown.context = context;
      shown.form = form;
      shown.FailTo(out, status);
    };
    return impl_->options.forwarder->Forward(keep->context, std::move(keep->request), std::move(keep->writer),
                                             std::move(fail));
  }
  if (!form.ok()) {
    ApiStatus status = ApiStatus::From(form.status());
    if (call.context.info.verb == "list" || call.context.info.verb == "watch") {
      status.message += ", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";
    }
    return call.Fail(status);
  }
  ServeResource(call);
}

void RestDoor::NotFound(Call& call) {
  if (BelowServedGroup(call.request.path)) return call.Fail(NoSuchPath());
  Headers headers = call.ResponseHeaders();
  headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
  headers.push_back({"X-Content-Type-Options", "nosniff"});
  call.writer->Send(404, std::move(headers), "404 page not found\n");
}

void RestDoor::ServePath(Call& call) {
  if (call.request.path == "/metrics" && impl_->options.metrics) {
    return call.writer->Send(200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
                             impl_->options.metrics());
  }
  StaticAnswer answer;
  const StaticContext context{impl_->options.registry, impl_->options.server_address, impl_->ready.load()};
  const bool reads = call.request.method == "GET" || call.request.method == "HEAD";
  if (!reads || !AnswerStaticPath(context, call.request, call.form, &answer)) {
    return NotFound(call);
  }
  Headers headers = call.ResponseHeaders();
  if (!answer.cache_control.empty()) {
    std::erase_if(headers, [](const base::http::Header& h) { return h.name == "Cache-Control"; });
    headers.push_back({"Cache-Control", answer.cache_control});
  }
  headers.push_back({"Content-Type", answer.content_type});
  if (!answer.etag.empty()) {
    headers.push_back({"ETag", answer.etag});
    headers.push_back({"Vary", "Accept"});
    if (call.request.header("if-none-match") == answer.etag) return call.writer->Send(304, std::move(headers), "");
  }
  call.writer->Send(answer.status, std::move(headers), std::move(answer.body));
}

void RestDoor::ServeResource(Call& call) {
  registry::Registry& registry = *impl_->options.registry;
  pipeline::RequestContext& context = call.context;
  const pipeline::RequestInfo& info = context.info;
  const apimachinery::Kind* kind =
      apimachinery::Schema::Builtin().FindResource(info.group, info.version, info.resource);
  const bool known_sub = kind != nullptr && (info.subresource.empty() || kind->HasSubresource(info.subresource));
  if (kind == nullptr || !known_sub) return NotFound(call);
  if (info.group.empty() && info.resource == "endpoints") {
    context.AddWarning("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");
  } else if (info.group.empty() && info.resource == "componentstatuses") {
    context.AddWarning("v1 ComponentStatus is deprecated in v1.19+");
  }
  auto options = pipeline::ParseOptions(info, call.query);
  if (!options.ok()) return call.Fail(options.status());
  context.options = *std::move(options);
  call.include = IncludeOf(base::http::FindParam(call.query, "includeObject"));
  const auto refuse = [&] {
    call.Fail(Plain(405, "MethodNotAllowed", "the server does not allow this method on the requested resource"));
  };
  if (info.name.empty() && (info.verb == "patch" || info.verb == "update")) return refuse();
  if (info.verb == "get") return call.Send(registry.Get(context));
  if (info.verb == "list") return call.Send(registry.List(context));
  if (info.verb == "watch") {
    return impl_->hub.Serve(registry, context, call.form, call.include, call.ResponseHeaders(), std::move(call.writer));
  }
  if (info.verb == "delete" || info.verb == "deletecollection") {
    absl::StatusOr<registry::Body> body = call.BodyOf();
    if (!body.ok()) {
      if (!call.request.body.empty()) return call.Fail(body.status());
      body = registry::Body();
    }
    absl::StatusOr<apimachinery::Value> parsed = registry::DecodeDeleteOptions(*body, context);
    if (!parsed.ok()) return call.Fail(parsed.status());
    const auto param = [&](absl::string_view name) { return std::string(base::http::FindParam(call.query, name)); };
    if (call.request.body.empty()) {
      if (const std::string v = param("propagationPolicy"); !v.empty()) parsed->Set("propagationPolicy", v);
      if (const std::string v = param("orphanDependents"); !v.empty()) parsed->Set("orphanDependents", v == "true");
      int64_t grace = 0;
      if (const std::string v = param("gracePeriodSeconds"); !v.empty()) {
        if (!absl::SimpleAtoi(v, &grace)) {
          return call.Fail(apimachinery::BadRequest(absl::StrCat("strconv.ParseInt: parsing \"", v, "\": invalid syntax")));
        }
        parsed->Set("gracePeriodSeconds", grace);
      }
    }
    for (const apimachinery::Value& d : parsed->GetArray("dryRun")) {
      context.options.dry_run |= d.is_string() && d.as_string() == "All";
    }
    if (info.verb == "delete") return call.Send(registry.Delete(context, *parsed));
    return call.Send(registry.DeleteCollection(context, *parsed));
  }
  if (info.verb == "patch") {
    apimachinery::patch::PatchType type;
    if (!apimachinery::patch::PatchTypeFromMediaType(MediaType(call.request.header("content-type")), &type)) {
      return call.Fail(Plain(415, "UnsupportedMediaType", "415: Unsupported Media Type"));
    }
    registry::Body body;
    body.bytes = call.request.body;
    return call.Send(registry.Patch(context, type, body));
  }
  const bool create = info.verb == "create", update = info.verb == "update";
  if (!create && !update) return refuse();
  if ((create && !info.name.empty() && info.subresource.empty()) || (update && info.name.empty())) return refuse();
  const absl::StatusOr<registry::Body> body = call.BodyOf();
  if (!body.ok()) return call.Fail(body.status());
  if (create) return call.Send(registry.Create(context, *body));
  call.Send(registry.Update(context, *body));
}

}  // namespace apiserver::http
