// Random changes to inputs, for fuzz targets where no libFuzzer is. The sequence is a function of the seed alone.
#pragma once
#include <string>
#include <vector>

#include "base/rng.h"

namespace fuzz {

class Mutator {
 public:
  // `seeds` must not be empty. No result is longer than `max_size`.
  Mutator(std::vector<std::string> seeds, size_t max_size, uint64_t seed);

  // A seed with one to eight changes: bits, bytes, numbers at their limits, pieces cut, copied, nested or taken from other
  // seeds, words of all seeds put in.
  std::string Next();

 private:
  size_t Below(size_t bound);  // 0 when bound is 0
  std::string Piece(const std::string& of, size_t most);
  void Change(std::string& input);

  std::vector<std::string> seeds_;
  std::vector<std::string> words_;
  size_t max_size_;
  base::Rng rng_;
};

}  // namespace fuzz
