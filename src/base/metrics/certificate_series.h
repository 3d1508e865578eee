// Servers that this one calls whose certificates clients do not accept any more: without a name in subjectAltName, or signed
// with SHA-1. Thread-safe.
#pragma once
#include "absl/strings/string_view.h"
#include "base/metrics/metrics.h"

namespace base {

// Shown from the start. Make one for each kind of servers, at start-up.
class CertificateSeries {
 public:
  // `prefix`: "apiserver_webhooks".
  explicit CertificateSeries(absl::string_view prefix);
  // `problem`: why the connection failed, in Go's words.
  void Failed(absl::string_view problem);

 private:
  CounterFamily no_name_, sha1_;
};

}  // namespace base
