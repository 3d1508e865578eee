// An API server in memory for one kind of object: lists, and watches whose events the test sends.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "client/transport.h"

namespace client {

class FakeTransport final : public Transport {
 public:
  absl::Mutex mu;
  std::map<std::string, std::string> objects;  // name -> bytes
  std::string resource_version = "10";
  std::vector<std::string> lists;    // resource version of each list
  std::vector<std::string> watches;  // resource version of each watch
  WatchCallbacks watch;              // of the last one

  bool Watching(size_t count) {
    absl::MutexLock lock(&mu);
    const auto ready = [&] { return watches.size() >= count; };
    return mu.AwaitWithTimeout(absl::Condition(&ready), absl::Seconds(30));
  }

  absl::StatusOr<Object> Get(const Target&, absl::string_view) override { return absl::NotFoundError("no"); }
  absl::StatusOr<ListMeta> List(const Target&, const ListOptions& options,
                                absl::FunctionRef<void(absl::string_view)> item) override {
    absl::MutexLock lock(&mu);
    lists.push_back(options.resource_version);
    for (const auto& [name, bytes] : objects) item(bytes);
    return ListMeta{resource_version};
  }
  std::unique_ptr<Watch> StartWatch(const Target&, const WatchOptions& options, WatchCallbacks callbacks) override {
    absl::MutexLock lock(&mu);
    watches.push_back(options.resource_version);
    watch = std::move(callbacks);
    return std::make_unique<Watch>();
  }
  absl::StatusOr<Object> Create(const Target&, const Object& object, const WriteOptions&) override { return object; }
  absl::StatusOr<Object> Update(const Target&, const Object& object, const WriteOptions&) override { return object; }
  absl::StatusOr<Object> Patch(const Target&, absl::string_view, absl::string_view, const WriteOptions&) override {
    return Object{};
  }
  absl::StatusOr<Object> Delete(const Target&, absl::string_view) override { return Object{}; }
  absl::Status DeleteCollection(const Target&, const Selection&, absl::string_view) override {
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> GetRaw(absl::string_view, absl::string_view) override { return std::string(); }
};

}  // namespace client
