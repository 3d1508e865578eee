// Typed access to the API: `client.Get<Pod>("default", "web")`. A thin layer over Transport that turns generated
// messages into bytes and back; failures as in api_error.h. Thread-safe; blocking.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/resource.h"
#include "client/transport.h"

namespace google::protobuf {
class MessageLite;
}

namespace client {

struct DeleteOptions {
  std::optional<int64_t> grace_period_seconds;
  std::string propagation;       // "", "Background", "Foreground", "Orphan"
  std::string uid;               // delete only the object with this uid ...
  std::string resource_version;  // ... and this version
};
std::string Encode(const DeleteOptions& options);  // a serialized meta.v1.DeleteOptions

class ApiClient {
 public:
  explicit ApiClient(std::shared_ptr<Transport> transport, std::string field_manager = "")
      : transport_(std::move(transport)), field_manager_(std::move(field_manager)) {}
  Transport& transport() const { return *transport_; }

  template <typename T>
  absl::StatusOr<T> Get(absl::string_view ns, absl::string_view name, absl::string_view resource_version = "") const {
    T out;
    absl::Status status = GetInto(kResource<T>, ns, name, resource_version, out);
    if (!status.ok()) return status;
    return out;
  }

  // All objects, page by page when `options.limit` is set. Returns the list's resource version.
  template <typename T>
  absl::StatusOr<std::string> List(absl::string_view ns, std::vector<T>& out, ListOptions options = {}) const {
    return ListEach(kResource<T>, ns, std::move(options),
                    [&out](absl::string_view bytes) { return Decode(bytes, out.emplace_back()); });
  }

  // Namespace and name are the object's. `subresource` as in the path; the answer has the object's type.
  template <typename T>
  absl::StatusOr<T> Create(const T& object) const {
    return Write(Verb::kCreate, object, "");
  }
  template <typename T>
  absl::StatusOr<T> Update(const T& object) const {
    return Write(Verb::kUpdate, object, "");
  }
  template <typename T>
  absl::StatusOr<T> UpdateStatus(const T& object) const {
    return Write(Verb::kUpdate, object, "status");
  }
  template <typename T>
  absl::StatusOr<T> UpdateSubresource(const T& object, absl::string_view subresource) const {
    return Write(Verb::kUpdate, object, subresource);
  }

  // A body of another kind for a subresource: a Binding for pods/binding, a TokenRequest for serviceaccounts/token.
  // `reply` may be null.
  template <typename T>
  absl::Status CreateSubresource(absl::string_view ns, absl::string_view name, absl::string_view subresource,
                                 absl::string_view api_version, absl::string_view kind,
                                 const google::protobuf::MessageLite& body,
                                 google::protobuf::MessageLite* reply = nullptr) const {
    return PostSubresource(kResource<T>, ns, name, subresource, api_version, kind, body, reply);
  }

  template <typename T>
  absl::StatusOr<T> Patch(absl::string_view ns, absl::string_view name, absl::string_view content_type,
                          absl::string_view patch, absl::string_view subresource = "") const {
    T out;
    absl::Status status = PatchInto(kResource<T>, ns, name, content_type, patch, subresource, out);
    if (!status.ok()) return status;
    return out;
  }

  template <typename T>
  absl::Status Delete(absl::string_view ns, absl::string_view name, const DeleteOptions& options = {}) const {
    return transport_->Delete(TargetOf(kResource<T>, ns, name), Encode(options)).status();
  }

  static Target TargetOf(const ResourceInfo& info, absl::string_view ns, absl::string_view name,
                         absl::string_view subresource = "");
  static absl::Status Decode(absl::string_view bytes, google::protobuf::MessageLite& out);

 private:
  enum class Verb { kCreate, kUpdate };

  template <typename T>
  absl::StatusOr<T> Write(Verb verb, const T& object, absl::string_view subresource) const {
    T out;
    absl::Status status = WriteInto(verb, kResource<T>, object.metadata().namespace_(), object.metadata().name(),
                                    subresource, object, out);
    if (!status.ok()) return status;
    return out;
  }

  absl::Status GetInto(const ResourceInfo& info, absl::string_view ns, absl::string_view name,
                       absl::string_view resource_version, google::protobuf::MessageLite& out) const;
  absl::StatusOr<std::string> ListEach(const ResourceInfo& info, absl::string_view ns, ListOptions options,
                                       absl::FunctionRef<absl::Status(absl::string_view)> item) const;
  absl::Status WriteInto(Verb verb, const ResourceInfo& info, absl::string_view ns, absl::string_view name,
                         absl::string_view subresource, const google::protobuf::MessageLite& object,
                         google::protobuf::MessageLite& out) const;
  absl::Status PatchInto(const ResourceInfo& info, absl::string_view ns, absl::string_view name,
                         absl::string_view content_type, absl::string_view patch, absl::string_view subresource,
                         google::protobuf::MessageLite& out) const;
  absl::Status PostSubresource(const ResourceInfo& info, absl::string_view ns, absl::string_view name,
                               absl::string_view subresource, absl::string_view api_version, absl::string_view kind,
                               const google::protobuf::MessageLite& body, google::protobuf::MessageLite* reply) const;

  const std::shared_ptr<Transport> transport_;
  const std::string field_manager_;
};

}  // namespace client
