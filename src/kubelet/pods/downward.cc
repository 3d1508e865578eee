#include "kubelet/pods/downward.h"

#include <map>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "apimachinery/quantity.h"
#include "kubelet/pods/pod_util.h"

namespace kubelet {
namespace {

// A Go string literal, as upstream formats the values of label files.
std::string Quote(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: out += c;
    }
  }
  return out + "\"";
}

std::string FormatMap(const google::protobuf::Map<std::string, std::string>& map) {
  std::vector<std::string> lines;
  for (const auto& [key, value] : std::map<std::string, std::string>(map.begin(), map.end())) {
    lines.push_back(absl::StrCat(key, "=", Quote(value)));
  }
  return absl::StrJoin(lines, "\n");
}

bool Subscript(absl::string_view path, absl::string_view base, std::string* key) {
  if (!absl::ConsumePrefix(&path, base) || !absl::ConsumePrefix(&path, "['") || !absl::ConsumeSuffix(&path, "']")) return false;
  *key = std::string(path);
  return true;
}

std::string Find(const google::protobuf::Map<std::string, std::string>& map, const std::string& key) {
  auto found = map.find(key);
  return found == map.end() ? "" : found->second;
}

}  // namespace

absl::StatusOr<std::string> ResolveField(const v1::Pod& pod, const PodContext& context, const std::string& path) {
  const auto& meta = pod.metadata();
  std::string key;
  if (Subscript(path, "metadata.labels", &key)) return Find(meta.labels(), key);
  if (Subscript(path, "metadata.annotations", &key)) return Find(meta.annotations(), key);
  if (path == "metadata.name") return meta.name();
  if (path == "metadata.namespace") return meta.namespace_();
  if (path == "metadata.uid") return meta.uid();
  if (path == "metadata.labels") return FormatMap(meta.labels());
  if (path == "metadata.annotations") return FormatMap(meta.annotations());
  if (path == "spec.nodeName") return context.node_name;
  if (path == "spec.serviceAccountName") return pod.spec().serviceaccountname();
  if (path == "status.hostIP" || path == "status.hostIPs") return context.host_ip;
  if (path == "status.podIP") return context.pod_ip;
  if (path == "status.podIPs") return context.pod_ips;
  return absl::InvalidArgumentError(absl::StrCat("unsupported fieldPath: ", path));
}

absl::StatusOr<std::string> ResolveResource(const v1::Pod& pod, const PodContext& context, const v1::ResourceFieldSelector& ref,
                                            const std::string& container) {
  const std::string& name = ref.containername().empty() ? container : ref.containername();
  const ContainerPtr c = FindContainer(pod.spec(), name);
  if (c == nullptr) return absl::NotFoundError(absl::StrCat("container ", name, " not found"));
  absl::string_view path = ref.resource();
  const bool limit = absl::ConsumePrefix(&path, "limits.");
  if (!limit && !absl::ConsumePrefix(&path, "requests.")) {
    return absl::InvalidArgumentError(absl::StrCat("Unsupported container resource : ", ref.resource()));
  }
  const auto& list = limit ? c->resources().limits() : c->resources().requests();
  auto found = list.find(std::string(path));
  apimachinery::Quantity value;
  if (found != list.end()) {
    value = apimachinery::Quantity::ParseOrZero(found->second.string());
  } else if (limit) {
    if (path == "cpu") value = apimachinery::Quantity::FromMilli(context.node_milli_cpu);
    if (path == "memory") value = apimachinery::Quantity::FromInt(context.node_memory);
    if (path == "ephemeral-storage") value = apimachinery::Quantity::FromInt(context.node_ephemeral);
  }
  apimachinery::Quantity divisor = apimachinery::Quantity::ParseOrZero(ref.divisor().string());
  if (divisor.IsZero()) divisor = apimachinery::Quantity::FromInt(1);
  // Rounded up; processors count in thousandths.
  const int64_t numerator = path == "cpu" ? value.MilliValue() : value.Value();
  const int64_t denominator = path == "cpu" ? divisor.MilliValue() : divisor.Value();
  return absl::StrCat(denominator <= 0 ? 0 : (numerator + denominator - 1) / denominator);
}

}  // namespace kubelet
