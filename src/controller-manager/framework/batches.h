// Doing the same thing many times, carefully: 1, then 2, 4, 8, ... at once, stopping at the first failure, so that
// a refused request (quota, a broken template) is not repeated a thousand times.
#pragma once
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace controller_manager {

struct BatchResult {
  int done = 0;          // successes
  absl::Status status;   // the first failure
};
// Calls run(0..count-1) from several threads.
BatchResult SlowStartBatch(int count, absl::FunctionRef<absl::Status(int)> run);

// All of them, up to `parallel` at once; the first failure is returned, none is skipped.
absl::Status ForEach(int count, int parallel, absl::FunctionRef<absl::Status(int)> run);

}  // namespace controller_manager
