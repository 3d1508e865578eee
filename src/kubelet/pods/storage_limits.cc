#include "kubelet/pods/storage_limits.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apimachinery/quantity.h"
#include "kubelet/pods/pod_util.h"

namespace kubelet {
namespace {

using apimachinery::Quantity;

constexpr char kStorage[] = "ephemeral-storage";

std::optional<Quantity> LimitOf(const v1::Container& c) {
  const auto found = c.resources().limits().find(kStorage);
  if (found == c.resources().limits().end()) return std::nullopt;
  return Quantity::ParseOrZero(found->second.string());
}

std::optional<Quantity> SizeOf(const v1::Volume& volume) {
  const v1::EmptyDirVolumeSource& source = volume.volumesource().emptydir();
  if (!volume.volumesource().has_emptydir() || !source.has_sizelimit() || source.medium() == "Memory") return std::nullopt;
  Quantity size = Quantity::ParseOrZero(source.sizelimit().string());
  if (size.Sign() <= 0) return std::nullopt;
  return size;
}

// Of all containers that have one.
std::optional<Quantity> PodLimit(const v1::Pod& pod) {
  std::optional<Quantity> sum;
  const auto add = [&](const Quantity& more) {
    if (sum.has_value()) sum->Add(more);
    else sum = more;
  };
  for (const v1::Container& c : pod.spec().containers()) {
    if (const auto limit = LimitOf(c)) add(*limit);
  }
  for (const v1::Container& c : pod.spec().initcontainers()) {
    const auto limit = LimitOf(c);
    if (!limit.has_value()) continue;
    if (IsSidecar(c)) add(*limit);
    else if (!sum.has_value() || sum->Value() < limit->Value()) sum = *limit;
  }
  return sum;
}

}  // namespace

bool HasStorageLimits(const v1::Pod& pod) {
  const auto& volumes = pod.spec().volumes();
  return PodLimit(pod).has_value() || std::any_of(volumes.begin(), volumes.end(), [](const auto& v) { return SizeOf(v).has_value(); });
}

std::optional<std::string> OverStorageLimit(const v1::Pod& pod, const StorageUse& use) {
  const auto used = [](const std::map<std::string, int64_t>& all, const std::string& name) {
    const auto found = all.find(name);
    return found == all.end() ? 0 : found->second;
  };
  for (const v1::Volume& volume : pod.spec().volumes()) {
    const auto size = SizeOf(volume);
    if (size.has_value() && used(use.volumes, volume.name()) > size->Value()) {
      return absl::StrCat("Usage of EmptyDir volume \"", volume.name(), "\" exceeds the limit \"", size->ToString(), "\". ");
    }
  }
  if (const auto limit = PodLimit(pod)) {
    int64_t sum = 0;
    for (const auto& [name, bytes] : use.volumes) sum += bytes;
    for (const auto& [name, bytes] : use.containers) sum += bytes;
    if (sum > limit->Value()) {
      return absl::StrCat("Pod ephemeral local storage usage exceeds the total limit of containers ", limit->ToString(), ". ");
    }
  }
  for (const v1::Container& c : pod.spec().containers()) {
    const auto limit = LimitOf(c);
    if (limit.has_value() && used(use.containers, c.name()) > limit->Value()) {
      return absl::StrCat("Container ", c.name(), " exceeded its local ephemeral storage limit \"", limit->ToString(), "\". ");
    }
  }
  return std::nullopt;
}

}  // namespace kubelet
