// An informer over a built-in kind that has no generated type: objects are trees.
#pragma once
#include <memory>
#include <string>

#include "apimachinery/schema.h"
#include "apimachinery/value.h"
#include "client/informer.h"

namespace client {

class ValueInformer final : public InformerBase {
 public:
  using Ptr = std::shared_ptr<const apimachinery::Value>;

  // `kind` is of the built-in schema. `client` and `timer` outlive it.
  ValueInformer(const ApiClient& client, const apimachinery::Kind& kind, TimerThread& timer);
  ~ValueInformer() override;

  // Added, updated (new state) and deleted (last state).
  void OnChange(std::function<void(const apimachinery::Value&)> changed);
  Ptr Get(absl::string_view key) const;
  std::vector<Ptr> List() const;

 private:
  struct Object;  // the tree, and its metadata as InformerBase reads it
  struct Names {
    std::string group, version, resource, kind;
    ResourceInfo info;
  };
  ValueInformer(const ApiClient& client, const apimachinery::Kind& kind, std::shared_ptr<Names> names, TimerThread& timer);
  Any Parse(absl::string_view bytes) const override;
  const k8s::meta::v1::ObjectMeta& Meta(const void* object) const override;

  const apimachinery::Kind& kind_;
  const std::shared_ptr<Names> names_;
};

// Stores a tree of a built-in kind as an update of its object, or of a subresource.
absl::Status UpdateValue(const ApiClient& client, const apimachinery::Kind& kind, const apimachinery::Value& object,
                         absl::string_view subresource = "");

}  // namespace client
