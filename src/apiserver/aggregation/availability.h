// Whether an APIService can be used, as its condition Available says. Pure; any thread.
#pragma once
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "apimachinery/value.h"
#include "apiserver/pipeline/objects.h"

namespace apiserver::aggregation {

struct Availability {
  bool available = false;
  std::string reason, message;
};

// What the cluster's objects say; nullopt: nothing is amiss with them, the server itself has to be asked. `service` is the
// Service that `api_service` names, nullptr when there is none; `slices` are its endpoints.
std::optional<Availability> Judge(const apimachinery::Value& api_service, const apimachinery::Value* service,
                                  absl::Span<const pipeline::ObjectPtr> slices);
Availability Answered();                               // the server was asked and answered
Availability NotAnswered(absl::string_view problem);  // it did not, or not well

// Writes the condition; the time of its last transition changes with its status alone. False: it says so already.
bool SetAvailable(const Availability& is, absl::Time now, apimachinery::Value& api_service);

}  // namespace apiserver::aggregation
