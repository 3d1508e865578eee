// Stored objects in a map.
#pragma once
#include <map>
#include <tuple>

#include "apimachinery/json.h"
#include "apiserver/pipeline/objects.h"

namespace apiserver {

class FakeReader final : public pipeline::ObjectReader {
 public:
  void Put(const pipeline::GroupResource& what, const char* json) {
    auto object = std::make_shared<const apimachinery::Value>(*apimachinery::ParseJson(json));
    const Key key{what, object->GetString("metadata.namespace"), object->GetString("metadata.name")};
    objects_[key] = std::move(object);
    ++generation_;
  }

  pipeline::ObjectPtr Get(const pipeline::GroupResource& what, absl::string_view ns,
                          absl::string_view name) const override {
    const auto it = objects_.find(Key{what, std::string(ns), std::string(name)});
    return it == objects_.end() ? nullptr : it->second;
  }
  std::vector<pipeline::ObjectPtr> List(const pipeline::GroupResource& what, absl::string_view ns) const override {
    std::vector<pipeline::ObjectPtr> out;
    for (const auto& [key, object] : objects_) {
      if (std::get<0>(key) == what && (ns.empty() || std::get<1>(key) == ns)) out.push_back(object);
    }
    return out;
  }
  uint64_t Generation(const pipeline::GroupResource&) const override { return generation_; }
  absl::StatusOr<pipeline::ObjectPtr> GetFresh(const pipeline::GroupResource& what, absl::string_view ns,
                                               absl::string_view name) const override {
    return Get(what, ns, name);
  }

 private:
  using Key = std::tuple<pipeline::GroupResource, std::string, std::string>;
  std::map<Key, pipeline::ObjectPtr> objects_;
  uint64_t generation_ = 0;
};

}  // namespace apiserver
