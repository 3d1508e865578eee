// The part of the log a member keeps in memory, and how far each stage of its life has come:
//   base < applied (handed out) <= committed;  base <= stable (on disk) <= last
#pragma once
#include <deque>
#include <optional>

#include "etcdlite/raft/raft_types.h"

namespace etcdlite::raft {

class RaftLog {
 public:
  // `base` stands for everything before the first of `entries`, all of which are on disk.
  RaftLog(uint64_t base_index, uint64_t base_term, std::vector<Entry> entries);

  uint64_t base() const { return base_index_; }
  uint64_t first() const { return base_index_ + 1; }
  uint64_t last() const { return base_index_ + entries_.size(); }
  uint64_t last_term() const { return entries_.empty() ? base_term_ : entries_.back().term; }
  uint64_t committed() const { return committed_; }
  uint64_t stable() const { return stable_; }
  uint64_t handed_out() const { return handed_out_; }

  // nullopt: compacted away or beyond the end.
  std::optional<uint64_t> TermAt(uint64_t index) const;
  bool Matches(uint64_t index, uint64_t term) const { return TermAt(index) == term; }
  bool UpToDate(uint64_t index, uint64_t term) const {
    return term > last_term() || (term == last_term() && index >= last());
  }

  void Append(Entry entry);  // REQUIRES: entry.index == last() + 1
  // Follower's append after a matching entry: keeps what agrees, replaces from the first conflict on.
  // Returns the index of the last of `entries` (or `previous` when there are none).
  uint64_t Merge(uint64_t previous, std::vector<Entry> entries);
  // Entries in [from, to], at least one, then as many as fit in `max_bytes`.
  std::vector<Entry> Slice(uint64_t from, uint64_t to, size_t max_bytes) const;
  // For a rejected append: the highest index <= `index` whose term is <= `term`.
  uint64_t ConflictHint(uint64_t index, uint64_t term) const;

  void CommitTo(uint64_t index);
  std::vector<Entry> TakeUnstable();   // entries not yet handed to the disk
  bool HasUnstable() const { return handed_to_disk_ < last(); }
  void Persisted(uint64_t index, uint64_t term);  // ignored when the entry was replaced meanwhile
  bool HasCommitted() const { return handed_out_ < Appliable(); }
  std::vector<Entry> TakeCommitted(size_t max_bytes);  // committed and on disk here
  void CompactTo(uint64_t index);      // forgets entries up to `index`; REQUIRES: handed out
  void Reset(uint64_t index, uint64_t term);  // after installing a snapshot
  size_t bytes() const { return bytes_; }

 private:
  uint64_t Appliable() const { return committed_ < stable_ ? committed_ : stable_; }
  const Entry& At(uint64_t index) const { return entries_[index - first()]; }

  uint64_t base_index_, base_term_;
  std::deque<Entry> entries_;
  uint64_t committed_, stable_, handed_to_disk_, handed_out_;
  size_t bytes_ = 0;
};

}  // namespace etcdlite::raft
