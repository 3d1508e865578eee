// What a container said when it ended.
#pragma once
#include <string>

#include "k8s/core/v1/container.pb.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

// Label of a run that names the host's file behind terminationMessagePath.
inline constexpr char kTerminationFileLabel[] = "io.kubernetes.container.terminationMessageFile";

// The file's content (at most 4096 bytes), or with FallbackToLogsOnError the end of the log (at most 2048 bytes, 80 lines).
std::string ReadTerminationMessage(const k8s::core::v1::Container& container, const ContainerStatus& run);

}  // namespace kubelet
