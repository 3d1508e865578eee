// Our pods, containers and images as CRI v1 messages, and back. Pure functions.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "kubelet/runtime/container_runtime.h"

namespace runtime::v1 {
class AuthConfig;
class Container;
class ContainerConfig;
class ContainerStatus;
class Image;
class PodSandboxConfig;
class PodSandboxStatus;
}  // namespace runtime::v1

namespace kubelet {

namespace cri = ::runtime::v1;

// Labels that upstream's kubelet puts on what it makes.
inline constexpr char kPodUidLabel[] = "io.kubernetes.pod.uid";
inline constexpr char kPodNameLabel[] = "io.kubernetes.pod.name";
inline constexpr char kPodNamespaceLabel[] = "io.kubernetes.pod.namespace";
inline constexpr char kContainerNameLabel[] = "io.kubernetes.container.name";

void ToCri(const SandboxConfig& config, cri::PodSandboxConfig* out);
void ToCri(const ContainerConfig& config, const SandboxConfig& sandbox, cri::ContainerConfig* out);

SandboxStatus FromCri(const cri::PodSandboxStatus& status);
ContainerStatus FromCri(const cri::ContainerStatus& status, absl::string_view sandbox_id);
Image FromCri(const cri::Image& image);

// Directories of a sandbox's memory volumes, kept in its annotations so that whoever removes it can unmount them.
std::vector<std::string> MemoryVolumesOf(const cri::PodSandboxStatus& status);

// The entry of a docker config.json for the registry of `image`. False: it has none.
bool CredentialsFor(absl::string_view docker_auth_json, absl::string_view image, cri::AuthConfig* out);

}  // namespace kubelet
