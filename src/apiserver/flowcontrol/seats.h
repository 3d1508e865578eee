// How many seats each priority level may use right now: its own, and what others do not need. Pure.
//
// A seat is the right to work on one request of ordinary cost. A level is sure of its nominal seats less what it lends;
// everything else is shared among those who have work, up to what a level may borrow.
#pragma once
#include <vector>

#include "absl/types/span.h"
#include "apiserver/flowcontrol/flow_config.h"

namespace apiserver::flowcontrol {

struct LevelSeats {
  int nominal = 0;   // its share of the server
  int sure = 0;      // never lent
  int most = 0;      // with all it may borrow
};
std::vector<LevelSeats> DivideSeats(absl::Span<const PriorityLevel> levels, int total);

// Whether level `which` may take `wanted` more. `used` is by level, without exempt ones.
bool MayTake(absl::Span<const LevelSeats> seats, absl::Span<const int> used, int total, size_t which, int wanted);

}  // namespace apiserver::flowcontrol
