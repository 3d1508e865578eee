#include "apiserver/tables/cells.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/labels.h"
#include "apimachinery/time.h"

namespace apiserver::tables {

std::string Name(const Value& object) { return object.GetString("metadata.name"); }

std::string Since(absl::string_view time, absl::Time now) {
  if (time.empty()) return std::string(kUnknown);
  const absl::StatusOr<absl::Time> parsed = apimachinery::ParseTime(time);
  return parsed.ok() ? apimachinery::HumanDuration(now - *parsed) : std::string(kUnknown);
}

std::string Age(const Value& object, absl::Time now) {
  return Since(object.GetString("metadata.creationTimestamp"), now);
}

absl::Time TimeAt(const Value& object, absl::string_view path) {
  const absl::StatusOr<absl::Time> parsed = apimachinery::ParseTime(object.GetString(path));
  return parsed.ok() ? *parsed : absl::InfinitePast();
}

std::string Text(const Value& object, absl::string_view path, absl::string_view fallback) {
  std::string text = object.GetString(path);
  return text.empty() ? std::string(fallback) : text;
}

std::string Scalar(const Value* value, absl::string_view fallback) {
  if (value == nullptr) return std::string(fallback);
  if (value->is_string()) return value->as_string();
  return value->is_number() ? absl::StrCat(value->as_int()) : std::string(fallback);
}

std::string FormatLabels(const Value* labels) {
  if (labels == nullptr || labels->empty() || !labels->is_object()) return std::string(kNone);
  std::vector<std::string> pairs;
  for (const auto& [key, value] : labels->object()) pairs.push_back(absl::StrCat(key, "=", Scalar(&value, "")));
  std::sort(pairs.begin(), pairs.end());
  return absl::StrJoin(pairs, ",");
}

std::string FormatSelector(const Value* selector) {
  const auto parsed = apimachinery::LabelSelector::FromObject(selector);
  if (!parsed.ok()) return std::string(kNone);
  std::string text = parsed->ToString();
  return text.empty() ? std::string(kNone) : text;
}

void AppendContainers(const Value& pod_spec, Array* cells) {
  std::vector<std::string> names, images;
  for (const Value& container : pod_spec.GetArray("containers")) {
    names.push_back(container.GetString("name"));
    images.push_back(container.GetString("image"));
  }
  cells->push_back(absl::StrJoin(names, ","));
  cells->push_back(absl::StrJoin(images, ","));
}

std::string WithMore(const std::vector<std::string>& list, size_t count, size_t max, absl::string_view separator) {
  std::string text = absl::StrJoin(list.begin(), list.begin() + std::min(list.size(), max), separator);
  if (count > max) absl::StrAppend(&text, " + ", count - max, " more...");
  return text;
}

const Value* FindCondition(const Value& object, absl::string_view type) {
  for (const Value& condition : object.GetArray("status.conditions")) {
    if (condition.GetString("type") == type) return &condition;
  }
  return nullptr;
}

bool ConditionIsTrue(const Value& object, absl::string_view type) {
  const Value* condition = FindCondition(object, type);
  return condition != nullptr && condition->GetString("status") == "True";
}

std::string AccessModes(const Array& modes) {
  static constexpr absl::string_view kModes[][2] = {{"ReadWriteOnce", "RWO"},
                                                    {"ReadOnlyMany", "ROX"},
                                                    {"ReadWriteMany", "RWX"},
                                                    {"ReadWriteOncePod", "RWOP"}};
  std::vector<absl::string_view> shown;
  for (const auto& mode : kModes) {
    for (const Value& value : modes) {
      if (!value.is_string() || value.as_string() != mode[0]) continue;
      shown.push_back(mode[1]);
      break;
    }
  }
  return absl::StrJoin(shown, ",");
}

std::string LoadBalancerAddresses(const Value& object) {
  std::set<std::string> addresses;
  for (const Value& ingress : object.GetArray("status.loadBalancer.ingress")) {
    std::string address = Text(ingress, "ip", ingress.GetString("hostname"));
    if (!address.empty()) addresses.insert(std::move(address));
  }
  return absl::StrJoin(addresses, ",");
}

}  // namespace apiserver::tables
