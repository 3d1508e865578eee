#include "apiserver/flowcontrol/seats.h"

#include <algorithm>

namespace apiserver::flowcontrol {

std::vector<LevelSeats> DivideSeats(absl::Span<const PriorityLevel> levels, int total) {
  int64_t shares = 0;
  for (const PriorityLevel& level : levels) shares += level.shares;
  std::vector<LevelSeats> out;
  for (const PriorityLevel& level : levels) {
    LevelSeats seats;
    if (!level.exempt && shares > 0) {
      seats.nominal = static_cast<int>((int64_t{total} * level.shares + shares - 1) / shares);  // rounded up
      const int lendable = (seats.nominal * level.lendable_percent + 50) / 100;
      seats.sure = seats.nominal - lendable;
      const int64_t borrowed = level.borrowing_percent < 0 ? total : int64_t{seats.nominal} * level.borrowing_percent / 100;
      seats.most = static_cast<int>(std::min<int64_t>(total, seats.nominal + borrowed));
    }
    out.push_back(seats);
  }
  return out;
}

bool MayTake(absl::Span<const LevelSeats> seats, absl::Span<const int> used, int total, size_t which, int wanted) {
  if (used[which] + wanted <= seats[which].sure) return true;
  // An expensive request of an idle level is let in alone rather than never.
  if (used[which] + wanted > seats[which].most && used[which] > 0) return false;
  int free = total;
  for (size_t i = 0; i < seats.size(); ++i) free -= i == which ? used[i] : std::max(used[i], seats[i].sure);
  return free >= wanted || (used[which] == 0 && seats[which].most > 0 && free > 0);
}

}  // namespace apiserver::flowcontrol
