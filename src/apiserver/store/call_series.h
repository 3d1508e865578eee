// Calls of the store counted by their method, under the names that gRPC clients use. Thread-safe.
#pragma once
#include <array>
#include <atomic>
#include <string>

#include "absl/strings/string_view.h"
#include "base/metrics/metrics.h"

namespace apiserver::store {

// Of one method; lives as long as the process.
class CallSeries {
 public:
  enum class Kind { kUnary, kStream };
  // `path`: "/etcdserverpb.KV/Range".
  static CallSeries& Of(absl::string_view path, Kind kind = Kind::kUnary);

  void Started() { started_->Add(); }
  void Sent() { sent_->Add(); }
  void Received() { received_->Add(); }  // of a stream
  void Handled(int code);                // gRPC's

 private:
  CallSeries(absl::string_view path, Kind kind);

  std::string service_, method_;
  const absl::string_view type_;
  base::Counter *started_, *sent_, *received_ = nullptr;
  std::array<std::atomic<base::Counter*>, 17> handled_{};  // by code
};

}  // namespace apiserver::store
