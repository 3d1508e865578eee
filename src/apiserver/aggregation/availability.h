// Whether an APIService can be used, as its condition Available says. Pure; any thread.
#pragma once
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apimachinery/value.h"

namespace apiserver::aggregation {

struct Availability {
  bool available = false;
  std::string reason, message;
};

// `service` is the Service that `api_service` names, nullptr when there is none.
Availability Judge(const apimachinery::Value& api_service, const apimachinery::Value* service);

// Writes the condition; the time of its last transition changes with its status alone. False: it says so already.
bool SetAvailable(const Availability& is, absl::Time now, apimachinery::Value& api_service);

}  // namespace apiserver::aggregation
