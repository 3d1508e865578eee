// Events about objects, as users see them in `kubectl describe`: repeats raise a count, floods are combined or dropped.
#pragma once
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "client/api_client.h"

namespace client {

struct ObjectRef {
  std::string api_version;
  std::string kind;
  std::string ns;
  std::string name;
  std::string uid;
  std::string resource_version;
  std::string field_path;  // "spec.containers{web}"
};

// The reference to an object of a generated type.
template <typename T>
ObjectRef RefTo(const T& object) {
  const ResourceInfo& info = kResource<T>;
  const auto& metadata = object.metadata();
  return {info.group[0] == 0 ? std::string(info.version) : std::string(info.group) + "/" + info.version,
          info.kind,
          metadata.namespace_(),
          metadata.name(),
          metadata.uid(),
          metadata.resourceversion(),
          ""};
}

struct EventSource {
  std::string component;
  std::string host;
  // The shape of events.k8s.io clients (the scheduler): eventTime and reporting fields, no source and no counts.
  bool new_style = false;
};

// Thread-safe. Recording never blocks: a thread of its own sends; what does not fit its queue is dropped. Copies
// share the thread; the last one to go sends what is queued, for a short while.
class EventRecorder {
 public:
  EventRecorder(const ApiClient& client, EventSource source);
  EventRecorder As(EventSource source) const;  // another voice of the same recorder
  void Normal(const ObjectRef& about, absl::string_view reason, absl::string_view message,
              absl::string_view action = "") const;
  void Warning(const ObjectRef& about, absl::string_view reason, absl::string_view message,
               absl::string_view action = "") const;

 private:
  struct Impl;
  EventRecorder(std::shared_ptr<Impl> impl, EventSource source);

  std::shared_ptr<Impl> impl_;
  EventSource source_;
};

}  // namespace client
