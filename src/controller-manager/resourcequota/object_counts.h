// How many objects of a kind each namespace has, for kinds that quotas name. A kind is watched from the first question
// about it.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/metadata_informer.h"
#include "controller-manager/framework/controller.h"
#include "controller-manager/framework/discovery.h"

namespace controller_manager {

// Thread-safe.
class ObjectCounts {
 public:
  // `gone(group, resource, namespace)` is called for each object that is deleted; it must not block.
  using Gone = std::function<void(const std::string& group, const std::string& resource, const std::string& ns)>;
  ObjectCounts(const client::ApiClient& api, Gone gone) : api_(api), gone_(std::move(gone)) {}
  ~ObjectCounts() { Stop(); }

  enum class Answer { kKnown, kNotYet, kNoSuchKind };
  Answer Count(const std::string& group, const std::string& resource, const std::string& ns, int64_t* count);
  void Stop();

 private:
  struct Kind {
    std::unique_ptr<client::MetadataInformer> informer;
    std::map<std::string, std::set<std::string>> names;  // by namespace
  };
  Answer Open(const std::string& group, const std::string& resource);

  const client::ApiClient& api_;
  const Gone gone_;
  client::TimerThread timer_;
  absl::Mutex opening_mu_;  // before mu_
  absl::Mutex mu_;
  std::map<std::string, Kind> kinds_ ABSL_GUARDED_BY(mu_);  // by "group/resource"
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace controller_manager
