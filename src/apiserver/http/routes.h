// What upstream's router says about a path and a method before any handler sees the request. Pure; any thread.
#pragma once
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"
#include "apiserver/pipeline/request.h"

namespace apiserver::http {

struct Route {
  enum class Outcome {
    kServe,
    kNoSuchPath,        // 404: nothing is there, whatever the method
    kMethodNotAllowed,  // 405: something is, for other methods
  };
  Outcome outcome = Outcome::kNoSuchPath;
  const apimachinery::Kind* kind = nullptr;  // the resource that is addressed; nullptr: no built-in one

  bool serves() const { return outcome == Outcome::kServe; }
};

// For resource requests (paths below /api/V and /apis/G/V).
Route FindRoute(const pipeline::RequestInfo& info, absl::string_view method);

}  // namespace apiserver::http
