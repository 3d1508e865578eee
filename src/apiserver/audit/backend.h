// How events get to the log: while the request waits, or in batches behind its back. Thread-safe.
#pragma once
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "apiserver/audit/event.h"
#include "apiserver/audit/log_file.h"

namespace apiserver::audit {

enum class Mode : uint8_t { kBatch, kBlocking, kBlockingStrict };

struct BackendOptions {
  Mode mode = Mode::kBlocking;
  bool legacy = false;  // else JSON
  // Of batches.
  int buffer_size = 10000;  // events; more are dropped, and counted
  int max_batch = 1;        // events
  absl::Duration max_wait;  // until a batch that is not full is written; 0: a full one is waited for
  bool throttle = false;
  double throttle_qps = 0;  // batches a second
  int throttle_burst = 0;
  // Of what is too large: 0: nothing is.
  int64_t max_event_bytes = 0;  // without its objects it may fit; else it is dropped
  int64_t max_batch_bytes = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;  // stops
  // False: it is lost. Batches answer true before they know.
  virtual bool Take(const Event& event) = 0;
  virtual void Stop() = 0;  // writes what waits; idempotent
};

// `file` must outlive the result.
std::unique_ptr<Backend> NewBackend(const BackendOptions& options, LogFile& file);

}  // namespace apiserver::audit
