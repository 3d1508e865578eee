// Secrets of type kubernetes.io/service-account-token: filled in with a token that does not expire, and removed with their
// account. Old clients ask for them; pods get their tokens otherwise.
#pragma once
#include <memory>
#include <string>

#include "controller-manager/framework/controller.h"
#include "pki/jwt.h"

namespace controller_manager {

struct TokenSecretConfig {
  int workers = 5;
  std::shared_ptr<const pki::JwtKey> key;  // signs
  std::string root_ca;                     // PEM; may be empty
};
std::unique_ptr<Controller> NewTokenSecretController(const Context& context, TokenSecretConfig config);

}  // namespace controller_manager
