// An informer over any kind, known only at run time, that keeps nothing but what ownership and deletion need:
// name, namespace, uid, resource version, owners, finalizers, deletion time.
#pragma once
#include <memory>
#include <string>

#include "client/informer.h"

namespace k8s::meta::v1 {
class PartialObjectMetadata;
}

namespace client {

class MetadataInformer final : public InformerBase {
 public:
  using Ptr = std::shared_ptr<const k8s::meta::v1::PartialObjectMetadata>;
  struct Handler {
    std::function<void(const k8s::meta::v1::ObjectMeta&)> changed;  // added or updated
    std::function<void(const k8s::meta::v1::ObjectMeta&)> deleted;
  };

  // `client` and `timer` outlive it.
  MetadataInformer(const ApiClient& client, std::string group, std::string version, std::string resource,
                   TimerThread& timer, Handler handler);
  ~MetadataInformer() override;

 private:
  struct Names {
    std::string group, version, resource;
    ResourceInfo info;
  };
  MetadataInformer(const ApiClient& client, std::shared_ptr<Names> names, TimerThread& timer, Handler handler);
  Any Parse(absl::string_view bytes) const override;
  const k8s::meta::v1::ObjectMeta& Meta(const void* object) const override;

  const std::shared_ptr<Names> names_;
};

}  // namespace client
