#include "apiserver/validation/go_diff.h"

#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apiserver/validation/go_json.h"

namespace apiserver::validation {
namespace {

using LineList = std::vector<absl::string_view>;

struct Block {
  int a, b, size;
};
struct Op {
  char tag;  // '=' equal, 'd' deleted, 'i' inserted, 'r' replaced
  int a1, a2, b1, b2;
};

// The matching of difflib (Ratcliff and Obershelp: the longest block first, then what stands on either side of it).
// In texts of 200 lines and more, lines that occur in more than a hundredth of them start no block.
class Matcher {
 public:
  Matcher(const LineList& a, const LineList& b) : a_(a), b_(b) {
    for (size_t i = 0; i < b.size(); ++i) lines_[b[i]].push_back(static_cast<int>(i));
    if (b.size() < 200) return;
    const size_t limit = b.size() / 100 + 1;
    for (auto it = lines_.begin(); it != lines_.end();) {
      const auto here = it++;
      if (here->second.size() > limit) lines_.erase(here);
    }
  }

  std::vector<Op> Ops() {
    std::vector<Block> blocks;
    Match(0, static_cast<int>(a_.size()), 0, static_cast<int>(b_.size()), &blocks);
    blocks.push_back({static_cast<int>(a_.size()), static_cast<int>(b_.size()), 0});
    std::vector<Op> ops;
    int i = 0, j = 0;
    for (const Block& m : blocks) {
      if (i < m.a || j < m.b) ops.push_back({i < m.a ? (j < m.b ? 'r' : 'd') : 'i', i, m.a, j, m.b});
      i = m.a + m.size;
      j = m.b + m.size;
      if (m.size == 0) continue;
      if (!ops.empty() && ops.back().tag == '=') {
        ops.back().a2 = i;
        ops.back().b2 = j;
      } else {
        ops.push_back({'=', m.a, i, m.b, j});
      }
    }
    return ops;
  }

 private:
  Block Longest(int a1, int a2, int b1, int b2) const {
    Block best{a1, b1, 0};
    absl::flat_hash_map<int, int> ending;
    for (int i = a1; i < a2; ++i) {
      absl::flat_hash_map<int, int> now;
      if (const auto found = lines_.find(a_[i]); found != lines_.end()) {
        for (int j : found->second) {
          if (j < b1) continue;
          if (j >= b2) break;
          const auto before = ending.find(j - 1);
          const int size = (before == ending.end() ? 0 : before->second) + 1;
          now[j] = size;
          if (size > best.size) best = {i - size + 1, j - size + 1, size};
        }
      }
      ending = std::move(now);
    }
    while (best.a > a1 && best.b > b1 && a_[best.a - 1] == b_[best.b - 1]) {
      best = {best.a - 1, best.b - 1, best.size + 1};
    }
    while (best.a + best.size < a2 && best.b + best.size < b2 && a_[best.a + best.size] == b_[best.b + best.size]) {
      ++best.size;
    }
    return best;
  }

  // Recursion is as deep as there are blocks on one side of another: at most the number of changed places.
  void Match(int a1, int a2, int b1, int b2, std::vector<Block>* out) const {
    const Block m = Longest(a1, a2, b1, b2);
    if (m.size == 0) return;
    if (a1 < m.a && b1 < m.b) Match(a1, m.a, b1, m.b, out);
    out->push_back(m);
    if (m.a + m.size < a2 && m.b + m.size < b2) Match(m.a + m.size, a2, m.b + m.size, b2, out);
  }

  const LineList& a_;
  const LineList& b_;
  absl::flat_hash_map<absl::string_view, std::vector<int>> lines_;
};

constexpr int kContext = 3;

std::vector<std::vector<Op>> Hunks(std::vector<Op> ops) {
  std::vector<std::vector<Op>> hunks;
  if (ops.empty()) return hunks;
  if (Op& first = ops.front(); first.tag == '=') {
    first.a1 = std::max(first.a1, first.a2 - kContext);
    first.b1 = std::max(first.b1, first.b2 - kContext);
  }
  if (Op& last = ops.back(); last.tag == '=') {
    last.a2 = std::min(last.a2, last.a1 + kContext);
    last.b2 = std::min(last.b2, last.b1 + kContext);
  }
  std::vector<Op> hunk;
  for (Op op : ops) {
    if (op.tag == '=' && op.a2 - op.a1 > 2 * kContext) {
      hunk.push_back({'=', op.a1, std::min(op.a2, op.a1 + kContext), op.b1, std::min(op.b2, op.b1 + kContext)});
      hunks.push_back(std::move(hunk));
      hunk.clear();
      op.a1 = std::max(op.a1, op.a2 - kContext);
      op.b1 = std::max(op.b1, op.b2 - kContext);
    }
    hunk.push_back(op);
  }
  if (!hunk.empty() && !(hunk.size() == 1 && hunk[0].tag == '=')) hunks.push_back(std::move(hunk));
  return hunks;
}

std::string Range(int start, int stop) {
  const int size = stop - start;
  if (size == 1) return absl::StrCat(start + 1);
  return absl::StrCat(size == 0 ? start : start + 1, ",", size);
}

}  // namespace

std::string GoDiff(absl::string_view type, const apimachinery::Value& before, const apimachinery::Value& after) {
  const std::string was = GoJson(type, before, true), is = GoJson(type, after, true);
  const LineList a = absl::StrSplit(was, '\n'), b = absl::StrSplit(is, '\n');
  std::string out;
  for (const std::vector<Op>& hunk : Hunks(Matcher(a, b).Ops())) {
    absl::StrAppend(&out, "@@ -", Range(hunk.front().a1, hunk.back().a2), " +",
                    Range(hunk.front().b1, hunk.back().b2), " @@\n");
    for (const Op& op : hunk) {
      if (op.tag == '=') {
        for (int i = op.a1; i < op.a2; ++i) absl::StrAppend(&out, " ", a[i], "\n");
        continue;
      }
      for (int i = op.a1; i < op.a2; ++i) absl::StrAppend(&out, "-", a[i], "\n");
      for (int j = op.b1; j < op.b2; ++j) absl::StrAppend(&out, "+", b[j], "\n");
    }
  }
  return out;
}

}  // namespace apiserver::validation
