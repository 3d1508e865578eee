// What every namespace gets: the service account "default" and the config map "kube-root-ca.crt".
#pragma once
#include <memory>
#include <string>

#include "controller-manager/framework/controller.h"

namespace controller_manager {

std::unique_ptr<Controller> NewServiceAccountController(const Context& context, int workers);
// `root_ca`: PEM text of the bundle to publish.
std::unique_ptr<Controller> NewRootCaPublisher(const Context& context, int workers, std::string root_ca);

}  // namespace controller_manager
