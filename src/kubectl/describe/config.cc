// Config maps, secrets, service accounts, namespaces, quotas.
#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "kubectl/describe/parts.h"

namespace kubectl {
namespace {

size_t DecodedSize(const std::string& base64) {
  std::string bytes;
  return absl::Base64Unescape(base64, &bytes) ? bytes.size() : 0;
}

void WriteUsage(DescribeWriter& w, int level, const Value& quota) {
  const Value* used = quota.At("status.used");
  for (const auto* member : SortedMembers(quota.At("status.hard"))) {
    const Value* amount = used == nullptr ? nullptr : used->Find(member->key);
    w.Write(level, member->key, "\t", amount == nullptr ? "0" : amount->as_string(), "\t",
            member->value.as_string(), "\n");
  }
}

// What stock kubectl explains of a quota's scope.
absl::string_view ScopeHelp(const std::string& scope) {
  if (scope == "Terminating")
    return "Matches all pods that have an active deadline. These pods have a limited lifespan on a "
           "node before being actively terminated by the system.";
  if (scope == "NotTerminating")
    return "Matches all pods that do not have an active deadline. These pods usually include long "
           "running pods whose container command is not expected to terminate.";
  if (scope == "BestEffort")
    return "Matches all pods that do not have resource requirements set. These pods have a best "
           "effort quality of service.";
  if (scope == "NotBestEffort")
    return "Matches all pods that have at least one resource requirement set. These pods have a "
           "burstable or guaranteed quality of service.";
  return "";
}

void WriteLimits(DescribeWriter& w, const Value& range, absl::string_view indent) {
  w.Write(0, indent,
          "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax "
          "Limit/Request Ratio\n");
  w.Write(0, indent,
          "----\t--------\t---\t---\t---------------\t-------------\t-----------------------\n");
  for (const Value& item : range.GetArray("spec.limits")) {
    std::vector<std::string> names;
    for (const char* field : {"max", "min", "default", "defaultRequest", "maxLimitRequestRatio"}) {
      for (const auto* member : SortedMembers(item.Find(field))) names.push_back(member->key);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (const std::string& name : names) {
      const auto cell = [&](const char* field) {
        const Value* map = item.Find(field);
        const Value* value = map == nullptr ? nullptr : map->Find(name);
        return value == nullptr ? std::string("-") : value->as_string();
      };
      w.Write(0, indent, item.GetString("type"), "\t", name, "\t", cell("min"), "\t", cell("max"),
              "\t", cell("defaultRequest"), "\t");
      w.Write(0, cell("default"), "\t", cell("maxLimitRequestRatio"), "\n");
    }
  }
}

}  // namespace

void DescribeConfigMap(const Value& object, Events events, DescribeWriter& w) {
  WriteNameAndLabels(w, object, true);
  w.Write(0, "\nData\n====\n");
  for (const auto* member : SortedMembers(object.Find("data"))) {
    w.Write(0, member->key, ":\n----\n");
    w.Write(0, member->value.as_string(), "\n\n");
  }
  w.Write(0, "\nBinaryData\n====\n");
  for (const auto* member : SortedMembers(object.Find("binaryData"))) {
    w.Write(0, member->key, ": ", DecodedSize(member->value.as_string()), " bytes\n");
  }
  w.Write(0, "\n");
  WriteEvents(w, events);
}

void DescribeSecret(const Value& object, DescribeWriter& w) {
  WriteNameAndLabels(w, object, true);
  const std::string type = object.GetString("type");
  w.Write(0, "\nType:\t", type, "\n");
  w.Write(0, "\nData\n====\n");
  for (const auto* member : SortedMembers(object.Find("data"))) {
    std::string token;
    if (member->key == "token" && type == "kubernetes.io/service-account-token" &&
        absl::Base64Unescape(member->value.as_string(), &token)) {
      w.Write(0, member->key, ":\t", token, "\n");
    } else {
      w.Write(0, member->key, ":\t", DecodedSize(member->value.as_string()), " bytes\n");
    }
  }
}

void DescribeServiceAccount(const Value& object, const Cluster& cluster, Events events,
                            DescribeWriter& w) {
  WriteNameAndLabels(w, object, true);
  std::vector<std::string> names;
  for (const Value& reference : object.GetArray("imagePullSecrets"))
    names.push_back(reference.GetString("name"));
  std::sort(names.begin(), names.end());
  w.Write(0, "Image pull secrets:\t");
  if (names.empty()) w.Write(0, "<none>\n");
  for (size_t i = 0; i < names.size(); ++i) w.Write(0, i == 0 ? "" : "\t", names[i], "\n");
  WriteEvents(w, events);
}

void DescribeNamespace(const Value& object, const Cluster& cluster, DescribeWriter& w) {
  WriteNameAndLabels(w, object, false);
  w.Write(0, "Status:\t", object.GetString("status.phase"), "\n");
  const Array& conditions = object.GetArray("status.conditions");
  if (!conditions.empty()) {
    w.Write(0, "Conditions:\n  Type\tStatus\tLastTransitionTime\tReason\tMessage\n");
    w.Write(1, "----\t------\t------------------\t------\t-------\n");
    for (const Value& c : conditions) {
      w.Write(1, c.GetString("type"), "\t", c.GetString("status"), "\t",
              TimeText(c.GetString("lastTransitionTime")), "\t", c.GetString("reason"), "\t",
              c.GetString("message"), "\n");
    }
  }
  const std::string prefix = absl::StrCat("/api/v1/namespaces/", object.GetString("metadata.name"));
  if (const auto quotas = cluster.list(prefix + "/resourcequotas?limit=500"); quotas.ok()) {
    if (quotas->empty())
      w.Write(0, "\nNo resource quota.\n");
    else
      w.Write(0, "\nResource Quotas\n");
    for (const Value& quota : *quotas) {
      w.Write(1, "Name:\t", quota.GetString("metadata.name"), "\n");
      w.Write(1, "Resource\tUsed\tHard\n");
      w.Write(1, "--------\t---\t---\n");
      WriteUsage(w, 1, quota);
    }
  }
  if (const auto ranges = cluster.list(prefix + "/limitranges?limit=500"); ranges.ok()) {
    if (ranges->empty()) w.Write(0, "\nNo LimitRange resource.\n");
    for (const Value& range : *ranges) {
      w.Write(0, "\nResource Limits\n");
      WriteLimits(w, range, " ");
    }
  }
}

void DescribeLimitRange(const Value& object, DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  w.Write(0, "Namespace:\t", object.GetString("metadata.namespace"), "\n");
  WriteLimits(w, object, "");
}

void DescribeResourceQuota(const Value& object, DescribeWriter& w) {
  w.Write(0, "Name:\t", object.GetString("metadata.name"), "\n");
  w.Write(0, "Namespace:\t", object.GetString("metadata.namespace"), "\n");
  const Array& scopes = object.GetArray("spec.scopes");
  if (!scopes.empty()) w.Write(0, "Scopes:\t", JoinStrings(scopes), "\n");
  for (const Value& scope : scopes) {
    if (const absl::string_view help = ScopeHelp(scope.as_string()); !help.empty())
      w.Write(0, " * ", help, "\n");
  }
  w.Write(0, "Resource\tUsed\tHard\n");
  w.Write(0, "--------\t----\t----\n");
  WriteUsage(w, 0, object);
}

}  // namespace kubectl
