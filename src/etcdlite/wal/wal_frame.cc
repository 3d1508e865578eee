#include "etcdlite/wal/wal_frame.h"

#include "absl/strings/str_cat.h"
#include "etcdlite/storage/byte_codec.h"
#include "etcdlite/storage/crc32c.h"

namespace etcdlite::wal {
namespace {

using storage::AppendBytes;
using storage::AppendFixed32;
using storage::AppendFixed64;
using storage::AppendVarint;
using storage::ByteReader;
using storage::LoadFixed32;
using storage::LoadFixed64;

constexpr uint32_t kMagic = 0x4c57534b;  // "KSWL"
enum RecordType : uint8_t { kHardState = 1, kEntry = 2, kMark = 3 };

size_t Padded(size_t size) { return (size + 7) & ~size_t{7}; }

void AppendIds(const std::vector<raft::MemberId>& ids, std::string* out) {
  AppendVarint(ids.size(), out);
  for (const raft::MemberId id : ids) AppendFixed64(id, out);
}

bool ReadIds(ByteReader& in, std::vector<raft::MemberId>* ids) {
  const uint64_t count = in.Varint();
  ids->clear();
  for (uint64_t i = 0; i < count && in.ok(); ++i) ids->push_back(in.Fixed64());
  return in.ok();
}

// length and number are covered too: a frame in the wrong place is as bad as a damaged one.
uint32_t FrameCrc(absl::string_view length_and_number, absl::string_view payload) {
  return storage::Crc32c(storage::Crc32c(0, length_and_number), payload);
}

absl::Status ReplayEntry(ByteReader& in, Recovered* state) {
  raft::Entry entry;
  entry.index = in.Varint();
  entry.term = in.Varint();
  const absl::string_view type = in.Take(1);
  const bool has_data = in.Varint() != 0;
  const absl::string_view data = in.Bytes();
  if (!in.ok()) return absl::DataLossError("entry does not parse");
  entry.type = static_cast<raft::EntryType>(type[0]);
  if (has_data) entry.data = std::make_shared<const std::string>(data);
  const uint64_t base = state->mark.has_value() ? state->mark->index : 0;
  if (entry.index <= base) return absl::OkStatus();
  std::vector<raft::Entry>& log = state->entries;
  while (!log.empty() && log.back().index >= entry.index) log.pop_back();
  if (!log.empty() && log.back().index + 1 != entry.index) {
    return absl::DataLossError(absl::StrCat("entry ", entry.index, " follows entry ", log.back().index));
  }
  log.push_back(std::move(entry));
  return absl::OkStatus();
}

}  // namespace

std::string EncodeConfState(const raft::ConfState& conf) {
  std::string out;
  AppendIds(conf.voters, &out);
  AppendIds(conf.voters_outgoing, &out);
  AppendIds(conf.learners, &out);
  AppendIds(conf.learners_next, &out);
  return out;
}

bool DecodeConfState(absl::string_view bytes, raft::ConfState* conf) {
  ByteReader in(bytes);
  return ReadIds(in, &conf->voters) && ReadIds(in, &conf->voters_outgoing) && ReadIds(in, &conf->learners) &&
         ReadIds(in, &conf->learners_next);
}

void EncodeFrame(uint64_t number, absl::Span<const Frame> parts, std::string* out) {
  const size_t start = out->size();
  out->append(kFrameHeader, '\0');
  for (const Frame& part : parts) {
    if (part.mark != nullptr) {
      out->push_back(kMark);
      AppendVarint(part.mark->index, out);
      AppendVarint(part.mark->term, out);
      AppendBytes(EncodeConfState(part.mark->conf), out);
    }
    for (const raft::Entry& entry : part.entries) {
      out->push_back(kEntry);
      AppendVarint(entry.index, out);
      AppendVarint(entry.term, out);
      out->push_back(static_cast<char>(entry.type));
      AppendVarint(entry.data != nullptr ? 1 : 0, out);
      AppendBytes(entry.data != nullptr ? absl::string_view(*entry.data) : absl::string_view(), out);
    }
    if (part.hard_state != nullptr) {
      out->push_back(kHardState);
      AppendVarint(part.hard_state->term, out);
      AppendFixed64(part.hard_state->vote, out);
      AppendVarint(part.hard_state->commit, out);
    }
  }
  const size_t payload = out->size() - start - kFrameHeader;
  std::string header;
  AppendFixed32(kMagic, &header);
  AppendFixed32(static_cast<uint32_t>(payload), &header);
  AppendFixed64(number, &header);
  const absl::string_view covered = absl::string_view(header).substr(4, 12);
  AppendFixed32(FrameCrc(covered, absl::string_view(*out).substr(start + kFrameHeader, payload)), &header);
  AppendFixed32(0, &header);
  out->replace(start, kFrameHeader, header);
  out->append(Padded(payload) - payload, '\0');
}

std::optional<RawFrame> ParseFrame(absl::string_view bytes) {
  if (bytes.size() < kFrameHeader || LoadFixed32(bytes.data()) != kMagic) return std::nullopt;
  const size_t length = LoadFixed32(bytes.data() + 4);
  if (Padded(length) > bytes.size() - kFrameHeader) return std::nullopt;
  RawFrame frame;
  frame.number = LoadFixed64(bytes.data() + 8);
  frame.payload = bytes.substr(kFrameHeader, length);
  frame.size = kFrameHeader + Padded(length);
  if (FrameCrc(bytes.substr(4, 12), frame.payload) != LoadFixed32(bytes.data() + 16)) return std::nullopt;
  return frame;
}

bool HasFrameFrom(absl::string_view bytes, uint64_t at_least) {
  for (size_t at = 0; at + kFrameHeader <= bytes.size(); at += 8) {  // frames start at multiples of 8
    if (LoadFixed32(bytes.data() + at) != kMagic) continue;
    const std::optional<RawFrame> frame = ParseFrame(bytes.substr(at));
    if (frame.has_value() && frame->number >= at_least) return true;
  }
  return false;
}

absl::Status Replay(absl::string_view payload, Recovered* state) {
  ByteReader in(payload);
  while (!in.done()) {
    switch (in.Take(1)[0]) {
      case kHardState:
        state->hard_state.term = in.Varint();
        state->hard_state.vote = in.Fixed64();
        state->hard_state.commit = in.Varint();
        if (!in.ok()) return absl::DataLossError("hard state does not parse");
        break;
      case kEntry: {
        const absl::Status replayed = ReplayEntry(in, state);
        if (!replayed.ok()) return replayed;
        break;
      }
      case kMark: {
        raft::SnapshotMark mark;
        mark.index = in.Varint();
        mark.term = in.Varint();
        if (!DecodeConfState(in.Bytes(), &mark.conf) || !in.ok()) {
          return absl::DataLossError("snapshot mark does not parse");
        }
        state->entries.clear();
        state->mark = std::move(mark);
        break;
      }
      default:
        return absl::DataLossError("unknown record type");
    }
  }
  return absl::OkStatus();
}

}  // namespace etcdlite::wal
