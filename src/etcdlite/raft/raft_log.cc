#include "etcdlite/raft/raft_log.h"

#include <algorithm>

namespace etcdlite::raft {

RaftLog::RaftLog(uint64_t base_index, uint64_t base_term, std::vector<Entry> entries)
    : base_index_(base_index), base_term_(base_term), committed_(base_index), handed_out_(base_index) {
  for (Entry& entry : entries) {
    bytes_ += entry.size();
    entries_.push_back(std::move(entry));
  }
  stable_ = handed_to_disk_ = last();
}

std::optional<uint64_t> RaftLog::TermAt(uint64_t index) const {
  if (index == base_index_) return base_term_;
  if (index < base_index_ || index > last()) return std::nullopt;
  return At(index).term;
}

void RaftLog::Append(Entry entry) {
  bytes_ += entry.size();
  entries_.push_back(std::move(entry));
}

uint64_t RaftLog::Merge(uint64_t previous, std::vector<Entry> entries) {
  uint64_t end = previous;
  for (Entry& entry : entries) {
    end = entry.index;
    if (entry.index <= base_index_ || Matches(entry.index, entry.term)) continue;
    while (last() >= entry.index) {  // conflict: ours was never committed
      bytes_ -= entries_.back().size();
      entries_.pop_back();
    }
    stable_ = std::min(stable_, last());
    handed_to_disk_ = std::min(handed_to_disk_, last());
    Append(std::move(entry));
  }
  return end;
}

std::vector<Entry> RaftLog::Slice(uint64_t from, uint64_t to, size_t max_bytes) const {
  std::vector<Entry> out;
  size_t size = 0;
  for (uint64_t i = from; i <= to && i <= last(); ++i) {
    size += At(i).size() + 16;
    if (!out.empty() && size > max_bytes) break;
    out.push_back(At(i));
  }
  return out;
}

uint64_t RaftLog::ConflictHint(uint64_t index, uint64_t term) const {
  index = std::min(index, last());
  while (index > base_index_ && *TermAt(index) > term) --index;
  return index;
}

void RaftLog::CommitTo(uint64_t index) { committed_ = std::max(committed_, std::min(index, last())); }

std::vector<Entry> RaftLog::TakeUnstable() {
  std::vector<Entry> out(entries_.begin() + (handed_to_disk_ - base_index_), entries_.end());
  handed_to_disk_ = last();
  return out;
}

void RaftLog::Persisted(uint64_t index, uint64_t term) {
  if (index > stable_ && Matches(index, term)) stable_ = index;
}

std::vector<Entry> RaftLog::TakeCommitted(size_t max_bytes) {
  if (!HasCommitted()) return {};
  std::vector<Entry> out = Slice(handed_out_ + 1, Appliable(), max_bytes);
  handed_out_ = out.back().index;
  return out;
}

void RaftLog::CompactTo(uint64_t index) {
  index = std::min({index, handed_out_, stable_});
  while (base_index_ < index) {
    bytes_ -= entries_.front().size();
    base_term_ = entries_.front().term;
    entries_.pop_front();
    ++base_index_;
  }
}

void RaftLog::Reset(uint64_t index, uint64_t term) {
  entries_.clear();
  bytes_ = 0;
  base_index_ = committed_ = stable_ = handed_to_disk_ = handed_out_ = index;
  base_term_ = term;
}

}  // namespace etcdlite::raft
