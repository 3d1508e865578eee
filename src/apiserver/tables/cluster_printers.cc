#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "apimachinery/time.h"
#include "apiserver/tables/printers.h"

namespace apiserver::tables {
namespace {

int64_t Count(const Value& object, absl::string_view path) {
  const Value* found = object.At(path);
  return found == nullptr ? 0 : static_cast<int64_t>(found->size());
}

std::string NodeStatus(const Value& node) {
  const Value* ready = FindCondition(node, "Ready");
  std::string status = ready == nullptr ? "Unknown" : ConditionIsTrue(node, "Ready") ? "Ready" : "NotReady";
  if (node.GetBool("spec.unschedulable")) status += ",SchedulingDisabled";
  return status;
}

std::string NodeRoles(const Value& node) {
  std::set<std::string> roles;
  for (const auto& [key, value] : node.GetObject("metadata.labels")) {
    absl::string_view role = key;
    if (absl::ConsumePrefix(&role, "node-role.kubernetes.io/")) {
      if (!role.empty()) roles.emplace(role);
    } else if (key == "kubernetes.io/role" && !Scalar(&value, "").empty()) {
      roles.insert(Scalar(&value, ""));
    }
  }
  return roles.empty() ? std::string(kNone) : absl::StrJoin(roles, ",");
}

std::string NodeAddress(const Value& node, absl::string_view type) {
  for (const Value& address : node.GetArray("status.addresses")) {
    if (address.GetString("type") == type) return address.GetString("address");
  }
  return std::string(kNone);
}

// "cpu: 1/2, memory: 3/4" of the used and hard amounts whose names are, or are not, limits.
std::string QuotaUse(const Value& quota, bool limits) {
  std::map<std::string, std::string> texts;  // by name
  const Value* used = quota.At("status.used");
  for (const auto& [name, hard] : quota.GetObject("status.hard")) {
    if ((name.rfind("limits.", 0) == 0) != limits) continue;
    texts[name] = absl::StrCat(Scalar(used == nullptr ? nullptr : used->Find(name), "0"), "/", Scalar(&hard, "0"));
  }
  return absl::StrJoin(texts, ", ", absl::PairFormatter(": "));
}

// Both event APIs share a table; the names of the older members are in the second column.
struct EventNames {
  absl::string_view object, message, count, first, last, source;
};
constexpr EventNames kCoreEvent = {"involvedObject", "message",        "count",
                                   "firstTimestamp", "lastTimestamp", "source"};
constexpr EventNames kGroupEvent = {"regarding",  "note", "deprecatedCount", "deprecatedFirstTimestamp",
                                    "deprecatedLastTimestamp", "deprecatedSource"};

std::string EventSource(const Value& event, const EventNames& names) {
  const std::string component =
      Text(event, absl::StrCat(names.source, ".component"),
           Text(event, "reportingComponent", event.GetString("reportingController")));
  const std::string instance = Text(event, absl::StrCat(names.source, ".host"), event.GetString("reportingInstance"));
  return instance.empty() ? component : absl::StrCat(component, ", ", instance);
}

void AppendSubjects(const Value& binding, Array* cells) {
  std::vector<std::string> users, groups, accounts;
  for (const Value& subject : binding.GetArray("subjects")) {
    const std::string kind = subject.GetString("kind");
    if (kind == "User") users.push_back(subject.GetString("name"));
    if (kind == "Group") groups.push_back(subject.GetString("name"));
    if (kind == "ServiceAccount") {
      accounts.push_back(absl::StrCat(subject.GetString("namespace"), "/", subject.GetString("name")));
    }
  }
  cells->push_back(absl::StrJoin(users, ", "));
  cells->push_back(absl::StrJoin(groups, ", "));
  cells->push_back(absl::StrJoin(accounts, ", "));
}

std::string RequestStatus(const Value& csr) {
  bool approved = false, denied = false, failed = false;
  for (const Value& condition : csr.GetArray("status.conditions")) {
    const std::string type = condition.GetString("type");
    approved |= type == "Approved";
    denied |= type == "Denied";
    failed |= type == "Failed";
  }
  return absl::StrCat(denied ? "Denied" : approved ? "Approved" : "Pending", failed ? ",Failed" : "",
                      csr.GetString("status.certificate").empty() ? "" : ",Issued");
}

// A label selector as upstream prints it here: its Go form.
std::string GoSelector(const Value& selector) {
  std::vector<std::string> labels;
  for (const auto& [key, value] : selector.GetObject("matchLabels")) {
    labels.push_back(absl::StrCat(key, ": ", Scalar(&value, ""), ","));
  }
  std::sort(labels.begin(), labels.end());
  std::string text = absl::StrCat("&LabelSelector{MatchLabels:map[string]string{", absl::StrJoin(labels, ""),
                                  "},MatchExpressions:[]LabelSelectorRequirement{");
  for (const Value& requirement : selector.GetArray("matchExpressions")) {
    std::vector<std::string> values;
    for (const Value& value : requirement.GetArray("values")) values.push_back(Scalar(&value, ""));
    absl::StrAppend(&text, "LabelSelectorRequirement{Key:", requirement.GetString("key"), ",Operator:",
                    requirement.GetString("operator"), ",Values:[", absl::StrJoin(values, " "), "],},");
  }
  return text + "},}";
}

Value IntOr(const Value* value, absl::string_view fallback) {
  return value != nullptr && value->is_number() ? Value(value->as_int()) : Value(fallback);
}

}  // namespace

void PrintNode(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(NodeStatus(object));
  cells->push_back(NodeRoles(object));
  cells->push_back(Age(object, now));
  cells->push_back(object.GetString("status.nodeInfo.kubeletVersion"));
  cells->push_back(NodeAddress(object, "InternalIP"));
  cells->push_back(NodeAddress(object, "ExternalIP"));
  cells->push_back(Text(object, "status.nodeInfo.osImage", kUnknown));
  cells->push_back(Text(object, "status.nodeInfo.kernelVersion", kUnknown));
  cells->push_back(Text(object, "status.nodeInfo.containerRuntimeVersion", kUnknown));
}

void PrintNamespace(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(object.GetString("status.phase"));
  cells->push_back(Age(object, now));
}

void PrintConfigMap(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(Count(object, "data") + Count(object, "binaryData"));
  cells->push_back(Age(object, now));
}

void PrintSecret(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(object.GetString("type"));
  cells->push_back(Count(object, "data"));
  cells->push_back(Age(object, now));
}

void PrintResourceQuota(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(QuotaUse(object, false));
  cells->push_back(QuotaUse(object, true));
  cells->push_back(Age(object, now));
}

void PrintEvent(const Value& object, absl::Time now, Array* cells) {
  const EventNames& names = object.Has("regarding") || object.GetString("apiVersion") == "events.k8s.io/v1"
                                ? kGroupEvent : kCoreEvent;
  std::string first = Since(object.GetString(names.first), now);
  if (first == kUnknown) first = Since(object.GetString("eventTime"), now);
  std::string last = Since(object.GetString(names.last), now);
  if (last == kUnknown) last = first;
  int64_t count = object.GetInt(names.count);
  if (const Value* series = object.Find("series"); series != nullptr) {
    last = Since(series->GetString("lastObservedTime"), now);
    count = series->GetInt("count");
  } else if (count == 0) {
    count = 1;
  }
  std::string target = absl::AsciiStrToLower(object.GetString(absl::StrCat(names.object, ".kind")));
  const std::string target_name = object.GetString(absl::StrCat(names.object, ".name"));
  if (!target_name.empty()) absl::StrAppend(&target, "/", target_name);
  cells->push_back(std::move(last));
  cells->push_back(object.GetString("type"));
  cells->push_back(object.GetString("reason"));
  cells->push_back(std::move(target));
  cells->push_back(object.GetString(absl::StrCat(names.object, ".fieldPath")));
  cells->push_back(EventSource(object, names));
  cells->push_back(absl::StripAsciiWhitespace(object.GetString(names.message)));
  cells->push_back(std::move(first));
  cells->push_back(count);
  cells->push_back(Name(object));
}

void PrintComponentStatus(const Value& object, absl::Time, Array* cells) {
  std::string status = "Unknown", message, error;
  for (const Value& condition : object.GetArray("conditions")) {
    if (condition.GetString("type") != "Healthy") continue;
    status = condition.GetString("status") == "True" ? "Healthy" : "Unhealthy";
    message = condition.GetString("message");
    error = condition.GetString("error");
    break;
  }
  cells->push_back(Name(object));
  cells->push_back(std::move(status));
  cells->push_back(std::move(message));
  cells->push_back(std::move(error));
}

void PrintRoleBinding(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(absl::StrCat(object.GetString("roleRef.kind"), "/", object.GetString("roleRef.name")));
  cells->push_back(Age(object, now));
  AppendSubjects(object, cells);
}

void PrintCertificateSigningRequest(const Value& object, absl::Time now, Array* cells) {
  const Value* seconds = object.At("spec.expirationSeconds");
  cells->push_back(Name(object));
  cells->push_back(Age(object, now));
  cells->push_back(Text(object, "spec.signerName", kNone));
  cells->push_back(object.GetString("spec.username"));
  cells->push_back(seconds == nullptr
                       ? std::string(kNone)
                       : apimachinery::HumanDuration(absl::Seconds(object.GetInt("spec.expirationSeconds"))));
  cells->push_back(RequestStatus(object));
}

void PrintLease(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(object.GetString("spec.holderIdentity"));
  cells->push_back(Age(object, now));
}

void PrintPriorityClass(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(object.GetInt("value"));
  cells->push_back(object.GetBool("globalDefault"));
  cells->push_back(Age(object, now));
  cells->push_back(object.GetString("preemptionPolicy"));
}

void PrintRuntimeClass(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(object.GetString("handler"));
  cells->push_back(Age(object, now));
}

void PrintWebhookConfiguration(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(Count(object, "webhooks"));
  cells->push_back(Age(object, now));
}

void PrintValidatingAdmissionPolicy(const Value& object, absl::Time now, Array* cells) {
  const Value* kind = object.At("spec.paramKind");
  cells->push_back(Name(object));
  cells->push_back(Count(object, "spec.validations"));
  cells->push_back(kind == nullptr ? std::string(kUnset)
                                   : absl::StrCat(kind->GetString("apiVersion"), "/", kind->GetString("kind")));
  cells->push_back(Age(object, now));
}

void PrintValidatingAdmissionPolicyBinding(const Value& object, absl::Time now, Array* cells) {
  std::string param(kUnset);
  if (const Value* ref = object.At("spec.paramRef"); ref != nullptr) {
    const Value* selector = ref->Find("selector");
    param = selector != nullptr ? GoSelector(*selector)
                                : absl::StrCat(Text(*ref, "namespace", "*"), "/", ref->GetString("name"));
  }
  cells->push_back(Name(object));
  cells->push_back(object.GetString("spec.policyName"));
  cells->push_back(std::move(param));
  cells->push_back(Age(object, now));
}

void PrintApiService(const Value& object, absl::Time now, Array* cells) {
  const Value* service = object.At("spec.service");
  const Value* condition = FindCondition(object, "Available");
  std::string available = "Unknown";
  if (condition != nullptr) {
    available = condition->GetString("status");
    if (available != "True") absl::StrAppend(&available, " (", condition->GetString("reason"), ")");
  }
  cells->push_back(Name(object));
  cells->push_back(service == nullptr ? "Local"
                                      : absl::StrCat(service->GetString("namespace"), "/", service->GetString("name")));
  cells->push_back(std::move(available));
  cells->push_back(Age(object, now));
}

void PrintFlowSchema(const Value& object, absl::Time now, Array* cells) {
  const Value* dangling = FindCondition(object, "Dangling");
  cells->push_back(Name(object));
  cells->push_back(object.GetString("spec.priorityLevelConfiguration.name"));
  cells->push_back(object.GetInt("spec.matchingPrecedence"));
  cells->push_back(Text(object, "spec.distinguisherMethod.type", kNone));
  cells->push_back(Age(object, now));
  cells->push_back(dangling == nullptr ? "?" : dangling->GetString("status"));
}

void PrintPriorityLevelConfiguration(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(object.GetString("spec.type"));
  cells->push_back(IntOr(object.At("spec.limited.nominalConcurrencyShares"), kNone));
  const Value* queuing = object.At("spec.limited.limitResponse.queuing");
  for (const absl::string_view member : {"queues", "handSize", "queueLengthLimit"}) {
    cells->push_back(queuing == nullptr ? Value(kNone) : Value(queuing->GetInt(member)));
  }
  cells->push_back(Age(object, now));
}

void PrintNameAndAge(const Value& object, absl::Time now, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(Age(object, now));
}

void PrintNameAndCreation(const Value& object, absl::Time, Array* cells) {
  cells->push_back(Name(object));
  cells->push_back(object.GetString("metadata.creationTimestamp"));
}

}  // namespace apiserver::tables
