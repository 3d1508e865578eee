// What /healthz, /livez and /readyz say, and the checks below them. Pure.
#pragma once
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace apiserver::http {

struct HealthAnswer {
  int status = 200;
  std::string body;
  bool nosniff = true;
};

// Whether `path` is one of theirs. `passes` judges a check for an endpoint ("livez").
bool AnswerHealth(absl::string_view path, absl::string_view query,
                  absl::FunctionRef<bool(absl::string_view endpoint, absl::string_view check)> passes,
                  HealthAnswer* answer);

}  // namespace apiserver::http
