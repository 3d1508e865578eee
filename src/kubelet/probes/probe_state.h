// When a probe's results change what the kubelet thinks of a container: thresholds, and what failing for good means. Pure.
#pragma once
#include <string>

namespace kubelet {

enum class ProbeKind { kStartup, kLiveness, kReadiness };
const char* ProbeName(ProbeKind kind);  // "Startup", ... as events spell it

struct ProbeThresholds {
  int success = 1;
  int failure = 3;
};

// Of one probe of one container run.
class ProbeState {
 public:
  ProbeState(ProbeKind kind, ProbeThresholds thresholds)
      : kind_(kind), thresholds_(thresholds), passing_(kind == ProbeKind::kLiveness) {}

  // Records one result. True: `passing()` changed.
  bool Record(bool success) {
    run_ = run_ == 0 || success != last_ ? 1 : run_ + 1;
    last_ = success;
    const bool before = passing_;
    if (success && run_ >= thresholds_.success) passing_ = true;
    if (!success && run_ >= thresholds_.failure) {
      passing_ = false;
      exhausted_ = kind_ != ProbeKind::kReadiness;
    }
    return passing_ != before || (exhausted_ && !success && run_ == thresholds_.failure);
  }

  // Startup and readiness begin failing, liveness passing.
  bool passing() const { return passing_; }
  // Liveness or startup failed often enough: the container is to be restarted.
  bool exhausted() const { return exhausted_; }

 private:
  const ProbeKind kind_;
  const ProbeThresholds thresholds_;
  bool passing_;
  bool last_ = false;
  bool exhausted_ = false;
  int run_ = 0;  // equal results in a row
};

}  // namespace kubelet
