// The release of Kubernetes that all of it behaves like.
#pragma once

namespace base {

inline constexpr char kKubernetesVersion[] = "v1.35.4";

}  // namespace base
