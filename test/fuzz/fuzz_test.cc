// Every fuzz target on its seeds and on random changes to them, for a while. The inputs follow from the seed: a failure comes back.
//   SKIFF_FUZZ_SECONDS=N   of processor time for each target, shared by all processors; 60 by default
//   SKIFF_FUZZ_SEED=N      other inputs
//   SKIFF_FUZZ_INPUT=FILE  this input alone: what a failure left behind, with --gtest_filter for its target
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "fuzz/mutator.h"
#include "fuzz/seeds.h"

#define FUZZ_TARGET(name) extern "C" int Fuzz_##name(const uint8_t* data, size_t size);
#include "fuzz_targets.inc"
#undef FUZZ_TARGET

namespace fuzz {
namespace {

constexpr size_t kMaxSize = 16384;
constexpr unsigned kLongestSeconds = 60;  // one input; parsers take microseconds

struct Target {
  const char* name;
  int (*run)(const uint8_t*, size_t);
};
constexpr Target kTargets[] = {
#define FUZZ_TARGET(name) {#name, &Fuzz_##name},
#include "fuzz_targets.inc"
#undef FUZZ_TARGET
};

uint64_t Setting(const char* name, uint64_t fallback) {
  const char* text = getenv(name);
  return text == nullptr ? fallback : strtoull(text, nullptr, 10);
}

// What a dying worker leaves behind. Written before each input, read by the signal handler of the same thread.
std::string current_input;
std::string input_file;

void LeaveInput(int signal) {
  const int fd = open(input_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  (void)!write(fd, current_input.data(), current_input.size());
  close(fd);
  ::signal(signal, SIG_DFL);
  raise(signal);
}

void Try(const Target& target, std::string input) {
  current_input = std::move(input);
  alarm(kLongestSeconds);
  target.run(reinterpret_cast<const uint8_t*>(current_input.data()), current_input.size());
}

void Work(const Target& target, const std::vector<std::string>& seeds, uint64_t seed, uint64_t seconds) {
  static char stack[65536];  // the handler's own: recursion without end leaves none
  const stack_t other = {.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof stack};
  sigaltstack(&other, nullptr);
  struct sigaction action = {};
  action.sa_handler = LeaveInput;
  action.sa_flags = SA_ONSTACK;
  for (int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM}) sigaction(signal, &action, nullptr);
  for (const std::string& input : seeds) Try(target, input);
  Mutator mutator(seeds, kMaxSize, seed);
  timespec began, now;
  clock_gettime(CLOCK_MONOTONIC, &began);
  do {
    for (int i = 0; i < 16; ++i) Try(target, mutator.Next());
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (static_cast<uint64_t>(now.tv_sec - began.tv_sec) < seconds);
}

class FuzzTest : public testing::TestWithParam<Target> {};

// In processes of its own, one a processor: what kills one is an answer, not the end of the test.
TEST_P(FuzzTest, AnyInputIsJudged) {
  const Target target = GetParam();
  std::vector<std::string> seeds = SeedsOf(target.name, kMaxSize);
  const unsigned workers = std::max(1u, std::thread::hardware_concurrency());
  const uint64_t seconds = (Setting("SKIFF_FUZZ_SECONDS", 60) + workers - 1) / workers;
  if (const char* path = getenv("SKIFF_FUZZ_INPUT")) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return Try(target, text.str());  // in this process, for a debugger
  }
  std::vector<std::pair<pid_t, std::string>> children;
  for (unsigned worker = 0; worker < workers; ++worker) {
    const std::string file = absl::StrCat(testing::TempDir(), "fuzz-", target.name, "-", worker);
    const pid_t child = fork();
    if (child == 0) {
      input_file = file;
      Work(target, seeds, Setting("SKIFF_FUZZ_SEED", 1) * 1000 + worker, seconds);
      _exit(0);
    }
    children.emplace_back(child, file);
  }
  for (const auto& [child, file] : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << "died of signal " << WTERMSIG(status) << " (14: no end); again by SKIFF_FUZZ_INPUT=" << file
                         << " fuzz_test --gtest_filter='*/" << target.name << "'";
  }
}

INSTANTIATE_TEST_SUITE_P(Parsers, FuzzTest, testing::ValuesIn(kTargets),
                         [](const testing::TestParamInfo<Target>& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace fuzz
