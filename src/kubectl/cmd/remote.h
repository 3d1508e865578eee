// Streams to and from a container by the channel protocols of the API (v5.channel.k8s.io,
// v4.channel.k8s.io).
#pragma once
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kubectl/rest/factory.h"
#include "kubectl/rest/resources.h"

namespace kubectl {

struct RemoteStreams {
  bool stdin = false, tty = false, stderr = true;
  int in_fd = -1;                                   // read when stdin is set
  std::function<void(absl::string_view)> out, err;  // where bytes go
};

// Runs until the other side closes. A command that failed answers `command terminated with exit
// code N` with that exit code.
absl::Status RunRemote(const Connection& connection, const std::string& path,
                       const RemoteStreams& streams);

// The pod that POD, TYPE/NAME or a file stands for: itself, or a pod that the object selects,
// waiting until one runs.
absl::StatusOr<Info> PodFor(Factory& factory, const std::string& argument, const FileOptions& files,
                            absl::Duration timeout);

// The container to use: `wanted`, the annotated one or the first. Says which on standard error when
// it chose among several and `quiet` is not set. `container NAME is not valid for pod POD` when
// there is none of that name.
absl::StatusOr<std::string> ContainerFor(Factory& factory, const Value& pod,
                                         const std::string& wanted, bool quiet);

}  // namespace kubectl
