// One request on its way through the REST door, and the ways to answer it. One thread at a time.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "apiserver/flowcontrol/flow_control.h"
#include "apiserver/http/negotiate.h"
#include "apiserver/pipeline/request.h"
#include "apiserver/registry/registry.h"
#include "apiserver/tables/table.h"
#include "base/http/server.h"

namespace apiserver::http {

struct Call {
  base::http::Request request;
  std::unique_ptr<base::http::ResponseWriter> writer;
  base::http::QueryParams query;
  pipeline::RequestContext context;
  bool pretty = false;
  Negotiated form;
  tables::IncludeObject include = tables::IncludeObject::kMetadata;
  flowcontrol::FlowVerdict flow;
  absl::Time at_gate;           // when flow control was asked
  absl::Status include_status;  // why `includeObject` is none

  base::http::Headers ResponseHeaders() const;
  bool wants_gzip() const { return NamesGzip(request.header("accept-encoding")); }
  std::optional<Negotiated> ErrorForm() const { return Negotiate(request.header("accept"), Endpoint::kPlain, pretty); }

  void Fail(const absl::Status& error) const { FailTo(*writer, error); }
  void FailTo(base::http::ResponseWriter& out, const absl::Status& error, base::http::Headers more = {}) const;

  // Who asks may not: authorization's answer, which says so to browsers too.
  void Refuse(const absl::Status& error) const;

  void FailBusy(int64_t retry_after) const;  // flow control has no place for it

  void Send(absl::StatusOr<registry::Answer> answer);
  void Send(absl::StatusOr<registry::ListAnswer> list);
  // Compressed when it is large and the client takes that.
  void SendBody(int status, base::http::Headers headers, std::string body) const;

  bool AuditsAnswer() const;  // whether the audit log wants the object that is answered

  // What stands in the way of showing an answer in the negotiated form: a list as one object, a wrong includeObject.
  absl::Status CheckForm(const apimachinery::Kind& kind, bool list) const;
};

// What go-restful answers by itself, before any handler.
apimachinery::ApiStatus NoSuchPath();
apimachinery::ApiStatus NoSuchMethod();

}  // namespace apiserver::http
