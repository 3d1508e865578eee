// When to pull an image, and with which credentials.
#pragma once
#include <string>
#include <vector>

#include "kubelet/pods/api_objects.h"

namespace kubelet {

// By the pull policy; the empty one is Always for :latest (or no tag) and IfNotPresent otherwise.
bool MustPull(const std::string& policy, const std::string& image, bool present);

// The pull secrets of a pod as one docker config.json; empty without any. Secrets that are missing are passed over.
std::string PullCredentials(ApiObjects& objects, const std::string& ns, const std::vector<std::string>& secrets);

}  // namespace kubelet
