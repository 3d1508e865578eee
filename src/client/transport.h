// The seam between typed API access and the wire: requests about resources, objects as serialized protobuf.
//
// Objects are the bare protobuf of their kind (no envelope). Failures are absl::Status carrying upstream's
// meta.v1.Status (see api_error.h). Implementations: rest_transport.h (HTTPS, any Kubernetes API server) and
// transport_grpc.h (skiff.v1.Resources). Thread-safe.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace client {

// What a request is about, as in a REST path.
struct Target {
  std::string group;  // "" is the core group
  std::string version;
  std::string resource;  // plural: "pods"
  std::string ns;        // empty: cluster-scoped, or all namespaces
  std::string name;      // empty: the collection
  std::string subresource;
};

// A serialized object and what it is. Replies fill all three.
struct Object {
  std::string api_version;
  std::string kind;
  std::string bytes;
};

struct Selection {
  std::string label_selector;
  std::string field_selector;
};

struct ListOptions {
  Selection select;
  std::string resource_version;  // "" most recent, "0" any
  std::string resource_version_match;
  int64_t limit = 0;
  std::string continue_token;
  bool metadata_only = false;  // the caller reads nothing but metadata (field 1); more may arrive
};

struct ListMeta {
  std::string resource_version;
  std::string continue_token;
  int64_t remaining_item_count = 0;
};

struct WatchOptions {
  Selection select;
  std::string resource_version;
  bool send_initial_events = false;
  absl::Duration timeout = absl::ZeroDuration();  // 0: the server's choice
  bool metadata_only = false;
};

enum class EventType { kAdded, kModified, kDeleted, kBookmark };

struct WatchEvent {
  EventType type;
  absl::string_view object;  // valid during the callback; of a bookmark only metadata matters
};

// Callbacks of one watch come from one thread at a time, in order; they must not block nor call the transport
// for an answer. `done` is the last call: OK when the server closed the stream, else why it ended
// (OutOfRange: the resource version is too old, list again).
struct WatchCallbacks {
  std::function<void(const WatchEvent&)> event;
  std::function<void(absl::Status)> done;
};

// A running watch. Destruction cancels it and waits until no callback runs; none follows. Never destroy it from
// one of its own callbacks.
class Watch {
 public:
  virtual ~Watch() = default;
};

struct WriteOptions {
  std::string field_manager;
  bool dry_run = false;
  bool force = false;  // apply patches only
};

inline constexpr absl::string_view kJsonPatch = "application/json-patch+json";
inline constexpr absl::string_view kMergePatch = "application/merge-patch+json";
inline constexpr absl::string_view kStrategicMergePatch = "application/strategic-merge-patch+json";
inline constexpr absl::string_view kApplyPatch = "application/apply-patch+yaml";

class Transport {
 public:
  virtual ~Transport() = default;
  virtual absl::StatusOr<Object> Get(const Target& target, absl::string_view resource_version = "") = 0;
  // Calls `item` with each object's bytes, valid during the call. One page when `limit` is set.
  virtual absl::StatusOr<ListMeta> List(const Target& target, const ListOptions& options,
                                        absl::FunctionRef<void(absl::string_view)> item) = 0;
  virtual std::unique_ptr<Watch> StartWatch(const Target& target, const WatchOptions& options,
                                            WatchCallbacks callbacks) = 0;
  virtual absl::StatusOr<Object> Create(const Target& target, const Object& object,
                                        const WriteOptions& options = {}) = 0;
  virtual absl::StatusOr<Object> Update(const Target& target, const Object& object,
                                        const WriteOptions& options = {}) = 0;
  virtual absl::StatusOr<Object> Patch(const Target& target, absl::string_view content_type, absl::string_view patch,
                                       const WriteOptions& options = {}) = 0;
  // `delete_options`: a serialized meta.v1.DeleteOptions, may be empty. Answers the deleted object, the object
  // still being finalized, or a Status.
  virtual absl::StatusOr<Object> Delete(const Target& target, absl::string_view delete_options = "") = 0;
  virtual absl::Status DeleteCollection(const Target& target, const Selection& select,
                                        absl::string_view delete_options = "") = 0;
  // The body of a plain GET of `path` as JSON ("/apis", "/healthz"); NotFound when this door has no such thing.
  virtual absl::StatusOr<std::string> GetRaw(absl::string_view path, absl::string_view accept = "application/json") = 0;
};

}  // namespace client
