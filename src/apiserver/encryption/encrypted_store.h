// A store whose values are encrypted by rule. Above it they are plain.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "apiserver/encryption/configuration.h"
#include "apiserver/store/store.h"

namespace apiserver::encryption {

// Reads the configuration anew; an error leaves the present one in force.
using ReadAgain = std::function<absl::StatusOr<std::shared_ptr<const Configuration>>()>;

// `again`, when set, is asked every `period`, on a thread of the result's.
std::unique_ptr<store::Store> Encrypt(std::unique_ptr<store::Store> inner, std::shared_ptr<const Configuration> configuration,
                                      ReadAgain again = nullptr, absl::Duration period = absl::Minutes(1));

}  // namespace apiserver::encryption
