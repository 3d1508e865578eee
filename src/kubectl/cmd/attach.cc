#include "kubectl/cmd/attach.h"

#include "kubectl/cli/errors.h"

namespace kubectl {

absl::Status AttachToPod(Factory& factory, const std::string& ns, const std::string& pod, const AttachOptions& options) {
  return Error("attach is not available");
}

}  // namespace kubectl
