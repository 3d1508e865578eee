// Where a target's seeds lie: test/fuzz/*/corpus/NAME, and what test/fuzz/seeds.txt names besides.
#pragma once
#include <string>
#include <vector>

namespace fuzz {

// The contents of all seed files in the order of their paths; at least one, possibly empty, input.
std::vector<std::string> SeedsOf(const std::string& target, size_t max_size);

}  // namespace fuzz
