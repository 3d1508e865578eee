#include "apiserver/grpc/passage.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apiserver/cache/entry.h"
#include "apiserver/pipeline/audit_trail.h"
#include "apiserver/registry/gate.h"
#include "base/http/message.h"
#include "base/status_macros.h"

namespace apiserver::grpc {
namespace {

std::string JsonOf(const cache::Entry& entry, const apimachinery::Kind& kind, bool named) {
  if (kind.custom != nullptr) return entry.bytes;
  apimachinery::Value tree = *entry.Decode();
  registry::Convert(*entry.kind, kind, tree);
  tree.Erase("kind");
  tree.Erase("apiVersion");
  if (named) {
    tree.Set("kind", kind.kind);
    tree.Set("apiVersion", kind.api_version);
  }
  std::string json;
  apimachinery::EncodeJson(*kind.message, tree, &json);
  return json;
}

bool Wanted(const pipeline::RequestContext& context) { return context.audit != nullptr && context.audit->wants_response(); }

}  // namespace

std::string UriOf(const pipeline::RequestContext& context) {
  const pipeline::RequestInfo& info = context.info;
  std::string uri = info.group.empty() ? absl::StrCat("/api/", info.version) : absl::StrCat("/apis/", info.group, "/", info.version);
  if (!info.ns.empty() && info.resource != "namespaces") absl::StrAppend(&uri, "/namespaces/", info.ns);
  absl::StrAppend(&uri, "/", info.resource);
  const bool one = !info.name.empty() && info.verb != "list" && info.verb != "watch" && info.verb != "deletecollection" &&
                   (info.verb != "create" || !info.subresource.empty());
  if (one) absl::StrAppend(&uri, "/", info.name);
  if (!info.subresource.empty()) absl::StrAppend(&uri, "/", info.subresource);
  char separator = '?';
  const auto add = [&](absl::string_view name, absl::string_view value) {
    if (value.empty()) return;
    absl::StrAppend(&uri, std::string(1, separator), name, "=", base::http::PercentEncode(value));
    separator = '&';
  };
  add("fieldSelector", context.options.field_selector);
  add("labelSelector", context.options.label_selector);
  if (info.verb == "watch") add("watch", "true");
  return uri;
}

void TellAnswer(const pipeline::RequestContext& context, const registry::Answer& answer) {
  if (context.audit == nullptr) return;
  if (answer.status) return context.audit->ResponseStatus(*answer.status);
  if (Wanted(context)) context.audit->ResponseObject(JsonOf(*answer.object, *answer.object->kind, true));
}

void TellAnswer(const pipeline::RequestContext& context, const registry::ListAnswer& list) {
  if (!Wanted(context)) return;
  const apimachinery::Kind& kind = *list.resource->kind;
  std::string json = absl::StrCat("{\"kind\":\"", kind.list_kind, "\",\"apiVersion\":\"", kind.api_version,
                                  "\",\"metadata\":{\"resourceVersion\":\"", list.revision, "\"},\"items\":[");
  for (size_t i = 0; i < list.items.size(); ++i) absl::StrAppend(&json, i == 0 ? "" : ",", JsonOf(*list.items[i], kind, false));
  context.audit->ResponseObject(absl::StrCat(json, "]}"));
}

absl::Status Passage::Known(pipeline::RequestContext& context, std::shared_ptr<audit::Record>* record) const {
  const registry::Environment& env = registry_.environment();
  const absl::Status known = registry::Authenticate(*env.authenticator, context);
  if (auditor_ != nullptr) {
    audit::Arrival arrival;
    arrival.uri = UriOf(context);
    arrival.long_running = context.info.verb == "watch";
    absl::StatusOr<std::shared_ptr<audit::Record>> begun = auditor_->Begin(context, arrival, known.ok());
    if (!begun.ok()) return apimachinery::InternalError(begun.status().message());
    context.audit = *record = *std::move(begun);
  }
  RETURN_IF_ERROR(known);
  return registry::Impersonate(*env.authorizer, context);
}

void Passage::Enter(const std::shared_ptr<pipeline::RequestContext>& context, Work work, Done done) const {
  std::shared_ptr<audit::Record> record;
  const absl::Status known = Known(*context, &record);
  const auto end = [context, record, done = std::move(done)](const absl::Status& status) {
    if (record != nullptr) {
      const apimachinery::ApiStatus said = apimachinery::ApiStatus::From(status);
      if (!status.ok()) record->ResponseStatus(said);
      const int good = context->info.verb == "create" ? 201 : 200;
      if (status.ok() && context->info.verb == "watch") return record->Started(good), done(status);
      record->Complete(status.ok() ? good : said.code);
    }
    done(status);
  };
  if (!known.ok()) return end(known);
  const auto go = [this, context, work = std::move(work), end] {
    absl::Status status = registry::Authorize(*registry_.environment().authorizer, *context);
    if (status.ok()) status = work(*context);
    end(status);
  };
  if (flow_ == nullptr) return go();
  flowcontrol::Applicant applicant{context->user, context->info};
  applicant.patience = context->deadline - context->received;
  applicant.watchers = [this, context] { return registry::WatchersOf(registry_.environment(), context->info); };
  if (flowcontrol::ReadsMany(context->info)) {
    const pipeline::RequestOptions& o = context->options;
    applicant.list = flowcontrol::ShapeOf(context->info, absl::StrCat(o.limit), o.resource_version, o.resource_version_match,
                                          o.continue_token, o.send_initial_events);
    applicant.stored = [this, context] { return registry::StoredOf(registry_.environment(), context->info); };
  }
  flowcontrol::FlowVerdict verdict;
  const auto seated = [go, at_gate = absl::Now()](flowcontrol::Seat) {
    registry::TellFilter(registry::Filter::kPriorityAndFairness, absl::Now() - at_gate);
    go();
  };
  flow_->Admit(applicant, &verdict, seated, [end](int64_t retry_after) {
    end(apimachinery::TooManyRequests("Too many requests, please try again later.", static_cast<int>(retry_after)));
  });
}

}  // namespace apiserver::grpc
