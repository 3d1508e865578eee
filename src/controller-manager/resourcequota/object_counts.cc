#include "controller-manager/resourcequota/object_counts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "k8s/meta/v1/objectmeta.pb.h"

namespace controller_manager {

ObjectCounts::Answer ObjectCounts::Count(const std::string& group, const std::string& resource, const std::string& ns,
                                         int64_t* count) {
  const std::string id = absl::StrCat(group, "/", resource);
  {
    absl::MutexLock lock(&mu_);
    const auto kind = kinds_.find(id);
    if (kind != kinds_.end()) {
      if (!kind->second.informer->HasSynced()) return Answer::kNotYet;
      const auto names = kind->second.names.find(ns);
      *count = names == kind->second.names.end() ? 0 : static_cast<int64_t>(names->second.size());
      return Answer::kKnown;
    }
  }
  return Open(group, resource);
}

ObjectCounts::Answer ObjectCounts::Open(const std::string& group, const std::string& resource) {
  absl::MutexLock opening(&opening_mu_);
  const std::string id = absl::StrCat(group, "/", resource);
  {
    absl::MutexLock lock(&mu_);
    if (stopped_ || kinds_.contains(id)) return Answer::kNotYet;
  }
  const absl::StatusOr<Discovery> found = Discover(api_.transport());
  if (!found.ok()) {
    base::LogWarning("discovery failed controller=resourcequota-controller error=\"", found.status().message(), "\"");
    return Answer::kNotYet;
  }
  const auto kind = std::find_if(found->resources.begin(), found->resources.end(), [&](const DiscoveredResource& r) {
    return r.group == group && r.resource == resource && r.namespaced && r.Can("list") && r.Can("watch");
  });
  if (kind == found->resources.end()) return Answer::kNoSuchKind;
  auto informer = std::make_unique<client::MetadataInformer>(
      api_, kind->group, kind->version, kind->resource, timer_,
      client::MetadataInformer::Handler{[this, id](const k8s::meta::v1::ObjectMeta& metadata) {
                                          absl::MutexLock lock(&mu_);
                                          kinds_[id].names[metadata.namespace_()].insert(metadata.name());
                                        },
                                        [this, id, group, resource](const k8s::meta::v1::ObjectMeta& metadata) {
                                          {
                                            absl::MutexLock lock(&mu_);
                                            kinds_[id].names[metadata.namespace_()].erase(metadata.name());
                                          }
                                          gone_(group, resource, metadata.namespace_());
                                        }});
  client::MetadataInformer& started = *informer;
  {
    absl::MutexLock lock(&mu_);
    kinds_[id].informer = std::move(informer);
  }
  started.Start();
  return Answer::kNotYet;
}

void ObjectCounts::Stop() {
  std::map<std::string, Kind> kinds;
  {
    absl::MutexLock lock(&mu_);
    if (std::exchange(stopped_, true)) return;
    for (auto& [id, kind] : kinds_) kind.informer->Halt();
  }
  timer_.Stop();
  {
    absl::MutexLock lock(&mu_);
    kinds.swap(kinds_);
  }
}

}  // namespace controller_manager
