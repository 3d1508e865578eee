// Starts a shim and hears its answer.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kubelet {

class ShimProcess {
 public:
  // Descriptors of the child; -1: /dev/null. Ours to close afterwards.
  struct Streams {
    int in = -1, out = -1, err = -1, console = -1;
  };
  static absl::StatusOr<ShimProcess> Start(const std::string& program, const char* kind, const std::string& spec_path,
                                           const Streams& streams);
  ShimProcess(ShimProcess&& other) noexcept;
  ShimProcess& operator=(ShimProcess&&) = delete;
  ~ShimProcess();  // closes; does not kill, does not wait

  std::string ReadAnswer();  // blocks until the shim has answered or ended
  int Wait();                // exit code, 128 + signal; call once
  void Kill();               // SIGKILL to the program the answer named; safe before Wait() returned
  int pid() const { return pid_; }

 private:
  ShimProcess(int pid, int answer) : pid_(pid), answer_(answer) {}
  int pid_;
  int answer_;
  int program_ = -1;  // pidfd
};

}  // namespace kubelet
