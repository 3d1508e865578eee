// Seedable randomness: one Rng per component, so that a run replays from its seed.
#pragma once
#include <cstdint>
#include <string>

namespace base {

// xoshiro-class generator with a SplitMix64-filled state. Not thread-safe; copy to fork a stream.
class Rng {
 public:
  explicit Rng(uint64_t seed);
  static Rng FromEntropy();  // seeded by the kernel

  uint64_t Next();
  uint64_t Below(uint64_t bound);  // uniform in [0, bound); REQUIRES: bound > 0
  double Unit();                   // uniform in [0, 1)
  bool Chance(double probability) { return Unit() < probability; }

 private:
  uint64_t state_[4];
};

// Random suffix of generated names: lower-case letters and digits without vowels and look-alikes,
// as the API server's generateName appends. Thread-safe, kernel entropy.
std::string NameSuffix(int length = 5);

// A random (version 4) UUID in lower case. Thread-safe, kernel entropy.
std::string NewUid();

}  // namespace base
