// Addresses and ports of services as they are given out and repaired, for the metrics under upstream's names. Thread-safe.
#pragma once
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace apiserver::registry {

// `asked`: for a certain one ("static"), else any ("dynamic").
void TellAddress(absl::string_view cidr, bool asked, bool given, absl::Duration took);
void TellPort(bool asked, bool given);

// What a look at all services found wrong: "repair" (taken without being marked so), "leak", "outOfRange", ...
void TellAddressRepaired(absl::string_view type);
void TellPortRepaired(absl::string_view type);
void TellPortRepairFailed();

}  // namespace apiserver::registry
