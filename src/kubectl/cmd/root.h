// The whole command line: builds the tree of verbs and runs what the words ask for.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "kubectl/rest/factory.h"

namespace kubectl {

absl::Status RunKubectl(Factory& factory, const std::vector<std::string>& words);

}  // namespace kubectl
