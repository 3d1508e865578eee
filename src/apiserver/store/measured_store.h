// A store whose requests are counted and timed, by what they do and to which resource. Thread-safe as the store below.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "apiserver/store/store.h"

namespace apiserver::store {

struct KeyOwner {
  std::string group, resource;
};

// `inner` outlives it. `owner` tells whose a key (or the prefix of a list) is.
std::unique_ptr<Store> Measure(Store& inner, std::function<KeyOwner(absl::string_view key)> owner);

// What lists of a resource took from the store.
struct ListCounts {
  double lists = 0, fetched = 0, taken = 0;
};
ListCounts ListsOf(absl::string_view group, absl::string_view resource);

}  // namespace apiserver::store
