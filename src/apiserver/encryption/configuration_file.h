// The encryption configuration as a file of this machine.
#pragma once
#include <memory>
#include <string>

#include "apiserver/encryption/configuration.h"
#include "apiserver/encryption/encrypted_store.h"

namespace apiserver::encryption {

absl::StatusOr<std::shared_ptr<const Configuration>> ReadFile(const std::string& path);
// Answers nullptr as long as the file holds what it held the time before.
ReadAgain ChangesOf(const std::string& path);

}  // namespace apiserver::encryption
