// Config maps and secrets made from literals, files and env files, and the hash of a content that ends their names.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "kubectl/kustomize/kustomization.h"
#include "kubectl/kustomize/loader.h"
#include "kubectl/kustomize/resource.h"

namespace kubectl::kustomize {

// Makes what configMapGenerator and secretGenerator ask for and adds it; with behavior merge or replace it joins the
// object of that name.
absl::Status RunGenerators(const Kustomization& kustomization, const Loader& loader, Resources* resources);

// Ten letters that depend on the data and type of a config map or secret.
std::string ContentHash(const Value& object);
void AddHashes(Resources* resources);

}  // namespace kubectl::kustomize
