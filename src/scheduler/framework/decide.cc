#include "scheduler/framework/decide.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace scheduler {
namespace {

constexpr size_t kMinNodesToFind = 100;

// Enough feasible nodes to choose well from: all of a small cluster, down to 5% of a huge one.
size_t NodesToFind(int percentage, size_t nodes) {
  if (nodes < kMinNodesToFind) return nodes;
  int64_t percent = percentage;
  if (percent <= 0) percent = std::max<int64_t>(5, 50 - static_cast<int64_t>(nodes) / 125);
  if (percent >= 100) return nodes;
  return std::max(kMinNodesToFind, nodes * static_cast<size_t>(percent) / 100);
}

}  // namespace

void Normalize(absl::Span<int64_t> scores, bool reverse) {
  int64_t most = 0;
  for (const int64_t score : scores) most = std::max(most, score);
  for (int64_t& score : scores) {
    if (most == 0) {
      score = reverse ? kMaxScore : 0;
    } else {
      score = kMaxScore * score / most;
      if (reverse) score = kMaxScore - score;
    }
  }
}

std::string Decision::Message() const {
  if (total_nodes == 0) return "no nodes available to schedule pods";
  if (!refusal.empty()) return absl::StrCat("0/", total_nodes, " nodes are available: ", refusal, ".");
  std::vector<std::string> parts;
  for (const auto& [reason, count] : reasons) parts.push_back(absl::StrCat(count, " ", reason));
  std::sort(parts.begin(), parts.end());
  std::string message = absl::StrCat("0/", total_nodes, " nodes are available:");
  if (!parts.empty()) absl::StrAppend(&message, " ", absl::StrJoin(parts, ", "), ".");
  return message;
}

std::vector<FilterFn> PrepareFilters(const Profile& profile, const PodInfo& pod, const Snapshot& snapshot) {
  std::vector<FilterFn> out;
  for (const auto& plugin : profile.filters) {
    if (FilterFn filter = plugin->Prepare(pod, snapshot)) out.push_back(std::move(filter));
  }
  return out;
}

Verdict FitsNode(const std::vector<FilterFn>& filters, const NodeInfo& node) {
  for (const FilterFn& filter : filters) {
    Verdict verdict = filter(node);
    if (!verdict.fits()) return verdict;
  }
  return Verdict();
}

// `node` with the pods that have a claim on it; null when nobody at least as important as `pod` has one.
std::unique_ptr<NodeInfo> WithNominated(const PodInfo& pod, const NodeInfo& node, const Snapshot& snapshot) {
  const auto found = snapshot.nominated.find(node.spec->name);
  if (found == snapshot.nominated.end()) return nullptr;
  std::unique_ptr<NodeInfo> out;
  for (const PodPtr& other : found->second) {
    if (other->uid == pod.uid || other->priority < pod.priority) continue;
    if (out == nullptr) out = std::make_unique<NodeInfo>(node);
    out->Add(other);
  }
  return out;
}

Decision Decide(const Profile& profile, const PodInfo& pod, const Snapshot& snapshot, size_t& start, base::Rng& rng) {
  Decision decision;
  decision.total_nodes = static_cast<int>(snapshot.nodes.size());
  if (snapshot.nodes.empty()) return decision;

  for (const auto& plugin : profile.filters) {
    decision.refusal = plugin->Refuse(pod, snapshot);
    if (decision.refusal.empty()) continue;
    decision.rejected_by.insert(plugin->name());
    return decision;
  }
  std::vector<std::pair<const char*, FilterFn>> filters;
  for (const auto& plugin : profile.filters) {
    if (FilterFn filter = plugin->Prepare(pod, snapshot)) filters.emplace_back(plugin->name(), std::move(filter));
  }
  std::vector<NodePtr> feasible;
  const size_t count = snapshot.nodes.size();
  const size_t wanted = NodesToFind(profile.percentage_of_nodes_to_score, count);
  size_t looked = 0;
  for (; looked < count && feasible.size() < wanted; ++looked) {
    const NodePtr& node = snapshot.nodes[(start + looked) % count];
    const std::unique_ptr<NodeInfo> claimed = WithNominated(pod, *node, snapshot);
    bool fits = true;
    for (const auto& [name, filter] : filters) {
      Verdict verdict = filter(*node);
      if (verdict.fits() && claimed != nullptr) verdict = filter(*claimed);
      if (verdict.fits()) continue;
      fits = false;
      for (const std::string& reason : verdict.reasons()) ++decision.reasons[reason];
      decision.rejected_by.insert(name);
      if (verdict.for_good()) {
        ++decision.hopeless_nodes;
      } else {
        decision.maybe_by_preemption.push_back(node->spec->name);
      }
      break;
    }
    if (fits) feasible.push_back(node);
  }
  start = (start + looked) % count;
  if (feasible.empty()) return decision;

  std::vector<int64_t> totals(feasible.size()), scores(feasible.size());
  if (feasible.size() > 1) {
    for (const auto& plugin : profile.scores) {
      std::fill(scores.begin(), scores.end(), 0);
      plugin->Score(pod, snapshot, feasible, absl::MakeSpan(scores));
      for (size_t i = 0; i < scores.size(); ++i) totals[i] += scores[i] * plugin->weight();
    }
  }
  // Any of the best, evenly.
  size_t best = 0;
  uint64_t ties = 1;
  for (size_t i = 1; i < totals.size(); ++i) {
    if (totals[i] > totals[best]) {
      best = i;
      ties = 1;
    } else if (totals[i] == totals[best] && rng.Below(++ties) == 0) {
      best = i;
    }
  }
  decision.node = feasible[best]->spec->name;
  return decision;
}

}  // namespace scheduler
