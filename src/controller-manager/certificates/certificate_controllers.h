// Certificate signing requests: approves those of kubelets that may have theirs, signs what is approved, sweeps away what
// is old.
#pragma once
#include <memory>

#include "controller-manager/certificates/signing_authorities.h"
#include "controller-manager/framework/controller.h"

namespace controller_manager {

std::unique_ptr<Controller> NewCertificateApprover(const Context& context, int workers);
// `limit`: the longest life of a certificate.
std::unique_ptr<Controller> NewCertificateSigner(const Context& context, int workers, SigningAuthorities authorities, absl::Duration limit);
std::unique_ptr<Controller> NewCertificateCleaner(const Context& context);

}  // namespace controller_manager
