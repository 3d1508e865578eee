// Maps that expressions build.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apimachinery/cel/val.h"

namespace apimachinery::cel {

// Collects the entries of a map; keys are bools, numbers and strings, equal across number types.
class MapBuilder {
 public:
  MapBuilder();
  explicit MapBuilder(const Map& start);
  ~MapBuilder();
  // False: the key is taken (and stays as it was) or of a type that cannot be a key.
  bool Insert(const Val& key, Val value);
  // Replaces what is there. A value that can be no key makes an entry that is only counted and visited.
  void Set(const Val& key, Val value);
  void Erase(const Val& key);
  Val Build() &&;

 private:
  class OwnedMap;
  std::shared_ptr<OwnedMap> map_;
};

// A map key's identity as bytes: 1, 1u and 1.0 are one key. "" when the value cannot be a key.
std::string KeyOf(const Val& key);

}  // namespace apimachinery::cel
