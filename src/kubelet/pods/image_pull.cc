#include "kubelet/pods/image_pull.h"

#include "absl/strings/match.h"
#include "apimachinery/json.h"

namespace kubelet {

bool MustPull(const std::string& policy, const std::string& image, bool present) {
  if (policy == "Never") return false;
  if (policy == "Always") return true;
  if (policy == "IfNotPresent") return !present;
  const size_t slash = image.rfind('/');
  const size_t colon = image.find(':', slash == std::string::npos ? 0 : slash);
  const bool latest = !absl::StrContains(image, '@') && (colon == std::string::npos || image.substr(colon) == ":latest");
  return latest || !present;
}

std::string PullCredentials(ApiObjects& objects, const std::string& ns, const std::vector<std::string>& secrets) {
  apimachinery::Value auths = apimachinery::Value::MakeObject();
  for (const std::string& name : secrets) {
    const absl::StatusOr<KeyedData> data = objects.Secret(ns, name);
    if (!data.ok()) continue;
    for (const char* key : {".dockerconfigjson", ".dockercfg"}) {
      auto found = data->find(key);
      if (found == data->end()) continue;
      const absl::StatusOr<apimachinery::Value> parsed = apimachinery::ParseJson(found->second);
      if (!parsed.ok() || !parsed->is_object()) continue;
      const apimachinery::Value* own = std::string(key) == ".dockercfg" ? &*parsed : parsed->Find("auths");
      if (own == nullptr || !own->is_object()) continue;
      for (const apimachinery::Member& member : own->object()) auths.Set(member.key, member.value);
    }
  }
  if (auths.empty()) return "";
  apimachinery::Value config;
  config.Set("auths", auths);
  return apimachinery::WriteJson(config);
}

}  // namespace kubelet
