// The values raft works with: plain structs, no wire or disk format.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace etcdlite::raft {

using MemberId = uint64_t;  // 0: nobody

enum class EntryType : uint8_t { kNormal = 0, kConfChange = 1 };

// One log entry. The payload is shared between the log, the messages and the writer: never changed.
struct Entry {
  uint64_t index = 0;
  uint64_t term = 0;
  EntryType type = EntryType::kNormal;
  std::shared_ptr<const std::string> data;  // null: the empty entry of a new leader

  size_t size() const { return data == nullptr ? 0 : data->size(); }
  bool operator==(const Entry& o) const {
    return index == o.index && term == o.term && type == o.type &&
           (data == o.data || (data != nullptr && o.data != nullptr && *data == *o.data));
  }
};

// What a member must never forget.
struct HardState {
  uint64_t term = 0;
  MemberId vote = 0;
  uint64_t commit = 0;
  bool operator==(const HardState&) const = default;
};

// Who votes. While `voters_outgoing` is not empty (joint consensus) both majorities are needed.
struct ConfState {
  std::vector<MemberId> voters;           // ascending
  std::vector<MemberId> voters_outgoing;  // ascending
  std::vector<MemberId> learners;         // ascending
  std::vector<MemberId> learners_next;    // outgoing voters that become learners on leaving
  bool operator==(const ConfState&) const = default;
};

enum class ConfChangeType : uint8_t { kAddVoter = 0, kAddLearner = 1, kRemove = 2 };
struct ConfChangeStep {
  ConfChangeType type = ConfChangeType::kAddVoter;
  MemberId id = 0;
  bool operator==(const ConfChangeStep&) const = default;
};
// One step changes the configuration at once; several go through joint consensus; none leaves it.
struct ConfChange {
  std::vector<ConfChangeStep> steps;
  std::string context;  // for the caller; raft does not look at it
  bool operator==(const ConfChange&) const = default;
};
std::string EncodeConfChange(const ConfChange& change);
std::optional<ConfChange> DecodeConfChange(const std::string& bytes);  // nullopt: malformed

// Everything up to `index` has been folded into the applied state.
struct SnapshotMark {
  uint64_t index = 0;
  uint64_t term = 0;
  ConfState conf;
  bool operator==(const SnapshotMark&) const = default;
};

enum class MessageType : uint8_t {
  kAppend = 1, kAppendReply = 2, kHeartbeat = 3, kHeartbeatReply = 4, kPreVote = 5, kPreVoteReply = 6,
  kVote = 7, kVoteReply = 8, kSnapshot = 9, kTimeoutNow = 10, kTransferLeader = 11, kReadIndex = 12,
  kReadIndexReply = 13, kPropose = 14,
};

struct Message {
  MessageType type = MessageType::kAppend;
  MemberId from = 0;
  MemberId to = 0;
  uint64_t term = 0;       // 0: local or forwarded, no term attached
  uint64_t log_term = 0;   // term of the entry at `index`
  uint64_t index = 0;
  uint64_t commit = 0;
  bool reject = false;
  uint64_t reject_hint = 0;
  bool force = false;      // votes: the old leader asked for it
  uint64_t context = 0;    // read index: which batch of reads
  std::vector<Entry> entries;
  std::optional<SnapshotMark> snapshot;  // kSnapshot: what the sender's data stands for
  bool operator==(const Message&) const = default;
};

}  // namespace etcdlite::raft
