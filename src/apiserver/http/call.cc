#include "apiserver/http/call.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apiserver/http/gzip.h"
#include "apiserver/http/present.h"
#include "apiserver/pipeline/audit_trail.h"

namespace apiserver::http {
namespace {

using absl::string_view;
using apimachinery::ApiStatus;
using base::http::Headers;
using base::http::ResponseWriter;

ApiStatus Plain(int code, string_view reason, string_view message) {
  ApiStatus status;
  status.code = code;
  status.reason = std::string(reason);
  status.message = std::string(message);
  status.always_details = true;
  return status;
}

// The name of upstream's type in memory: "*core.ConfigMapList".
std::string GoType(const apimachinery::Kind& kind, bool list) {
  if (kind.custom != nullptr) return list ? "*unstructured.UnstructuredList" : "*unstructured.Unstructured";
  const bool core = kind.group.empty() || kind.kind == "Event";
  return absl::StrCat("*", core ? string_view("core") : kind.group.substr(0, kind.group.find('.')), ".", kind.kind,
                      list ? "List" : "");
}

// A request that ran out of its time is answered by a filter around all handlers, which knows no forms.
bool OutOfTime(const ApiStatus& status) {
  return status.code == 504 && status.message == "Timeout: request did not complete within the allotted timeout";
}

std::string WithoutType(const ApiStatus& status) {
  apimachinery::Value value = status.ToValue();
  value.Erase("kind");
  value.Erase("apiVersion");
  return apimachinery::WriteJson(value) + "\n";
}

// The same content as the audit log tells it: compact JSON.
Negotiated AuditForm(Negotiated form) {
  form.format = Format::kJson;
  form.pretty = false;
  return form;
}

// A list that is compressed as it is made.
struct CompressedList {
  explicit CompressedList(std::shared_ptr<ListStream> list) : list(std::move(list)) {}

  bool Next(std::string* chunk) {
    std::string plain;
    const bool more = list->Next(&plain);
    *chunk = gzip.Add(plain, !more);
    return more;
  }

  std::shared_ptr<ListStream> list;
  GzipStream gzip{kFastGzip};
};

}  // namespace

ApiStatus NoSuchPath() { return Plain(404, "NotFound", "the server could not find the requested resource"); }

ApiStatus NoSuchMethod() {
  return Plain(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

Headers Call::ResponseHeaders() const {
  Headers headers = {{"Audit-Id", context.audit_id}, {"Cache-Control", "no-cache, private"}};
  if (!flow.schema_uid.empty()) {
    headers.push_back({"X-Kubernetes-PF-FlowSchema-UID", flow.schema_uid});
    headers.push_back({"X-Kubernetes-PF-PriorityLevel-UID", flow.level_uid});
  }
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

void Call::FailBusy(int64_t retry_after) const {
  Headers headers = ResponseHeaders();
  headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
  headers.push_back({"Retry-After", absl::StrCat(retry_after)});
  headers.push_back({"X-Content-Type-Options", "nosniff"});
  writer->Send(429, std::move(headers), "Too many requests, please try again later.\n");
}

void Call::Refuse(const absl::Status& error) const {
  const bool forbidden = ApiStatus::From(error).code == 403;
  FailTo(*writer, error, forbidden ? Headers{{"X-Content-Type-Options", "nosniff"}} : Headers());
}

void Call::FailTo(ResponseWriter& out, const absl::Status& error, Headers more) const {
  const ApiStatus status = ApiStatus::From(error);
  if (context.audit != nullptr) context.audit->ResponseStatus(status);
  Headers headers = ResponseHeaders();
  for (base::http::Header& header : more) headers.push_back(std::move(header));
  if (OutOfTime(status)) {
    headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
    return out.Send(status.code, std::move(headers), WithoutType(status));
  }
  const std::optional<Negotiated> form = ErrorForm();
  headers.push_back({"Content-Type", form.value_or(Negotiated()).ContentType()});
  if (status.retry_after_seconds > 0) headers.push_back({"Retry-After", absl::StrCat(status.retry_after_seconds)});
  out.Send(status.code, std::move(headers), PresentError(error, form));
}

absl::Status Call::CheckForm(const apimachinery::Kind& kind, bool list) const {
  if (kind.role != apimachinery::Role::kResource) return absl::OkStatus();
  if (list && form.as == As::kPartial) {
    return apimachinery::NotAcceptable(absl::StrCat(
        "you requested PartialObjectMetadata, but the requested object is a list (", GoType(kind, true), ")"));
  }
  if (!list && form.as == As::kPartialList) {
    if (kind.custom != nullptr) {
      ApiStatus status;
      status.message = "content is not a list";
      return status;
    }
    return apimachinery::NotAcceptable(absl::StrCat(
        "you requested PartialObjectMetadataList, but the requested object is not a list (", GoType(kind, false), ")"));
  }
  return form.as == As::kTable ? include_status : absl::OkStatus();
}

bool Call::AuditsAnswer() const { return context.audit != nullptr && context.audit->wants_response(); }

void Call::SendBody(int status, Headers headers, std::string body) const {
  if (body.size() > kGzipFrom && wants_gzip()) {
    headers.push_back({"Content-Encoding", "gzip"});
    headers.push_back({"Vary", "Accept-Encoding"});
    body = Gzip(body, kFastGzip);
  }
  writer->Send(status, std::move(headers), std::move(body));
}

void Call::Send(absl::StatusOr<registry::Answer> answer) {
  if (!answer.ok()) return Fail(answer.status());
  Headers headers = ResponseHeaders();
  headers.push_back({"Content-Type", form.ContentType()});
  if (answer->status) {
    if (context.audit != nullptr) context.audit->ResponseStatus(*answer->status);
    return writer->Send(answer->code, std::move(headers), PresentStatus(*answer->status, form));
  }
  const cache::Entry& object = *answer->object;
  if (const absl::Status problem = CheckForm(*object.kind, /*list=*/false); !problem.ok()) return Fail(problem);
  if (AuditsAnswer()) context.audit->ResponseObject(PresentObject(object, *object.kind, AuditForm(form), include));
  SendBody(answer->code, std::move(headers), PresentObject(object, *object.kind, form, include));
}

void Call::Send(absl::StatusOr<registry::ListAnswer> list) {
  if (!list.ok()) return Fail(list.status());
  if (const absl::Status problem = CheckForm(*list->resource->kind, /*list=*/true); !problem.ok()) return Fail(problem);
  Headers headers = ResponseHeaders();
  headers.push_back({"Content-Type", form.ContentType()});
  if (AuditsAnswer()) {
    ListStream told(*list, AuditForm(form), include);
    std::string json, chunk;
    for (bool more = true; more;) {
      more = told.Next(&chunk);
      json += chunk;
    }
    context.audit->ResponseObject(std::move(json));
  }
  auto stream = std::make_shared<ListStream>(*std::move(list), form, include);
  std::string first;
  if (!stream->Next(&first)) return SendBody(200, std::move(headers), std::move(first));
  ResponseWriter::Producer rest = [stream](std::string* chunk) { return stream->Next(chunk); };
  ResponseWriter::Pace pace = stream->quick() ? ResponseWriter::Pace::kQuick : ResponseWriter::Pace::kAny;
  if (wants_gzip()) {
    pace = ResponseWriter::Pace::kAny;
    headers.push_back({"Content-Encoding", "gzip"});
    headers.push_back({"Vary", "Accept-Encoding"});
    auto compressed = std::make_shared<CompressedList>(stream);
    first = compressed->gzip.Add(first, /*last=*/false);
    rest = [compressed](std::string* chunk) { return compressed->Next(chunk); };
  }
  writer->Start(200, std::move(headers));
  writer->Write(std::move(first));
  writer->Stream(std::move(rest), pace);
}

}  // namespace apiserver::http
