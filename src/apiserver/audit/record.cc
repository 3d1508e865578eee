#include "apiserver/audit/record.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apimachinery/api_error.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/schema.h"
#include "apimachinery/yaml.h"
#include "apiserver/defaults/defaults.h"

namespace apiserver::audit {
namespace {

using apimachinery::Kind;
using apimachinery::Value;

void FillIn(std::string* member, const Value& object, absl::string_view path) {
  if (member->empty()) *member = object.GetString(path);
}

// Drops who owns what, of an object, of the items of a list, of the rows of a Table.
void DropManagedFields(Value& object) {
  object.EraseAt("metadata.managedFields");
  for (const char* list : {"items", "rows"}) {
    Value* items = object.Find(list);
    if (items == nullptr || !items->is_array()) continue;
    for (Value& item : items->array()) {
      Value* of = absl::string_view(list) == "rows" ? item.Find("object") : &item;
      if (of != nullptr) of->EraseAt("metadata.managedFields");
    }
  }
}

}  // namespace

Record::Record(const Decision& decision, const pipeline::RequestContext& context, const Arrival& arrival, bool known,
               Backend& backend)
    : decision_(decision), known_(known), long_running_(arrival.long_running), backend_(backend) {
  const pipeline::RequestInfo& info = context.info;
  event_.level = decision.level;
  event_.id = context.audit_id;
  event_.uri = arrival.uri;
  event_.verb = info.verb;
  if (known) event_.user = context.user;
  event_.source_ips = SourceIps(arrival.forwarded_for, arrival.real_ip, context.remote_address);
  event_.user_agent = TruncateUserAgent(context.user_agent);
  if (info.is_resource_request) {
    event_.object = ObjectReference{info.resource, info.ns, info.name, "", info.group, info.version, "", info.subresource};
  }
  event_.received = context.received;
}

bool Record::Emit(Stage stage) {
  if (decision_.omit_stages.Has(stage)) return true;
  Event event;
  {
    const std::lock_guard lock(mu_);
    event_.stage = stage;
    event_.at = stage == Stage::kRequestReceived ? event_.received : absl::Now();
    event = event_;
  }
  return backend_.Take(event);
}

bool Record::Received() { return !known_ || Emit(Stage::kRequestReceived); }

void Record::SetCodeLocked(int code) {
  if (!event_.response_status) {
    event_.response_status = Value::MakeObject();
    event_.response_status->Set("metadata", Value::MakeObject());
    if (code == 0) {
      event_.response_status->Set("status", "Success");
      event_.response_status->Set("message", "Connection closed early");
    }
  }
  event_.response_status->Set("code", code == 0 ? 200 : code);
}

void Record::Started(int code) {
  {
    const std::lock_guard lock(mu_);
    if (started_ || complete_) return;
    started_ = true;
    SetCodeLocked(code);
    if (!long_running_ && known_) return;
  }
  Emit(Stage::kResponseStarted);
}

void Record::Complete(int code) {
  Started(code);
  {
    const std::lock_guard lock(mu_);
    if (complete_) return;
    complete_ = true;
    SetCodeLocked(code);
  }
  if (known_) Emit(Stage::kResponseComplete);
}

void Record::Annotate(absl::string_view key, absl::string_view value) {
  const std::lock_guard lock(mu_);
  event_.annotations.emplace(std::string(key), std::string(value));
}

void Record::ActsAs(const pipeline::UserInfo& user) {
  const std::lock_guard lock(mu_);
  event_.acts_as = user;
}

std::string Record::Trimmed(std::string json) const {
  if (!decision_.omit_managed_fields) return json;
  auto tree = apimachinery::ParseJson(json);
  if (!tree.ok() || !tree->is_object()) return json;
  DropManagedFields(*tree);
  return apimachinery::WriteJson(*tree);
}

void Record::RequestObject(const Kind& kind, const Value& object) {
  std::string json;
  if (decision_.level >= Level::kRequest) {
    Value copy = object;
    copy.Set("kind", kind.kind);
    copy.Set("apiVersion", kind.api_version);
    defaults::ApplyDefaults(kind, copy);
    if (kind.message != nullptr && kind.custom == nullptr) {
      apimachinery::EncodeJson(*kind.message, copy, &json);
    } else {
      apimachinery::SortKeys(&copy);
      json = apimachinery::WriteJson(copy);
    }
    json = Trimmed(std::move(json));
  }
  const std::lock_guard lock(mu_);
  if (!event_.object) event_.object.emplace();
  ObjectReference& of = *event_.object;
  FillIn(&of.ns, object, "metadata.namespace");
  FillIn(&of.name, object, "metadata.name");
  FillIn(&of.uid, object, "metadata.uid");
  FillIn(&of.resource_version, object, "metadata.resourceVersion");
  event_.request_object = std::move(json);
}

void Record::RequestOptions(const Value& options) {
  if (decision_.level < Level::kRequest) return;
  static const apimachinery::Message* const message = apimachinery::Schema::Builtin().FindMessage("meta.v1.DeleteOptions");
  Value copy = options;
  copy.Set("kind", "DeleteOptions");
  copy.Set("apiVersion", "meta.k8s.io/__internal");  // as upstream names it: it is read into the type of the server's own
  std::string json;
  apimachinery::EncodeJson(*message, copy, &json);
  const std::lock_guard lock(mu_);
  event_.request_object = std::move(json);
}

void Record::RequestPatch(absl::string_view patch) {
  if (decision_.level < Level::kRequest) return;
  auto compact = apimachinery::CompactJson(patch);
  if (!compact.ok()) {
    const auto tree = apimachinery::ParseYamlOrJson(patch);  // an applied configuration
    if (!tree.ok()) return;
    compact = apimachinery::WriteJson(*tree);
  }
  const std::lock_guard lock(mu_);
  event_.request_object = *std::move(compact);
}

void Record::ResponseObject(std::string json) {
  while (!json.empty() && json.back() == '\n') json.pop_back();
  json = Trimmed(std::move(json));
  const std::lock_guard lock(mu_);
  event_.response_object = std::move(json);
}

void Record::ResponseStatus(const apimachinery::ApiStatus& status) {
  Value members = status.ToValue();
  members.Erase("kind");
  members.Erase("apiVersion");
  Value ordered = Value::MakeObject();
  for (const char* name : {"metadata", "status", "message", "reason", "details", "code"}) {
    if (const Value* value = members.Find(name)) ordered.Set(name, *value);
  }
  if (!ordered.Has("metadata")) ordered.Set("metadata", Value::MakeObject());
  const std::lock_guard lock(mu_);
  event_.response_status = std::move(ordered);
  if (decision_.level >= Level::kRequestResponse) event_.response_object = status.ToJson();
}

}  // namespace apiserver::audit
