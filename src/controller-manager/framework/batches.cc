#include "controller-manager/framework/batches.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"

namespace controller_manager {
namespace {

constexpr int kMaxThreads = 16;

// Runs first..first+count-1; returns how many succeeded.
int RunSome(int first, int count, int parallel, absl::FunctionRef<absl::Status(int)> run, absl::Status& failure) {
  if (count == 1) {
    const absl::Status status = run(first);
    if (!status.ok() && failure.ok()) failure = status;
    return status.ok() ? 1 : 0;
  }
  std::atomic<int> next{0}, done{0};
  absl::Mutex mu;
  const auto work = [&] {
    for (int i; (i = next++) < count;) {
      const absl::Status status = run(first + i);
      if (status.ok()) {
        ++done;
        continue;
      }
      absl::MutexLock lock(&mu);
      if (failure.ok()) failure = status;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < std::min(count, parallel); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return done;
}

}  // namespace

BatchResult SlowStartBatch(int count, absl::FunctionRef<absl::Status(int)> run) {
  BatchResult result;
  int started = 0;
  for (int batch = 1; started < count; batch *= 2) {
    const int now = std::min(batch, count - started);
    result.done += RunSome(started, now, kMaxThreads, run, result.status);
    started += now;
    if (!result.status.ok()) break;
  }
  return result;
}

absl::Status ForEach(int count, int parallel, absl::FunctionRef<absl::Status(int)> run) {
  absl::Status failure;
  if (count > 0) RunSome(0, count, std::min(parallel, kMaxThreads), run, failure);
  return failure;
}

}  // namespace controller_manager
