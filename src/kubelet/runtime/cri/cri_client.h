// Calls of a CRI runtime: the seam that keeps gRPC out of everybody else's way.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace google::protobuf {
class MessageLite;
}

namespace kubelet {

// Thread-safe. Methods are named as the services have them: "/runtime.v1.RuntimeService/RunPodSandbox". Errors keep the
// runtime's code and text.
class CriClient {
 public:
  virtual ~CriClient() = default;
  virtual absl::Status Call(absl::string_view method, const google::protobuf::MessageLite& request,
                            google::protobuf::MessageLite* reply, absl::Duration timeout) = 0;
  // Returns at once; `done` runs on a thread of the client's and must not block.
  virtual void Start(absl::string_view method, const google::protobuf::MessageLite& request, absl::Duration timeout,
                     std::function<void(absl::Status)> done) = 0;
};

// `endpoint`: "unix:///run/containerd/containerd.sock". Does not connect yet. InvalidArgument: not a unix socket.
absl::StatusOr<std::unique_ptr<CriClient>> NewCriClient(const std::string& endpoint);

}  // namespace kubelet
