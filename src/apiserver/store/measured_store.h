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

}  // namespace apiserver::store
