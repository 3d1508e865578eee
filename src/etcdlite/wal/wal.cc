#include "etcdlite/wal/wal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "etcdlite/wal/wal_frame.h"

namespace etcdlite::wal {
namespace {

constexpr off_t kSegmentSize = 8 << 20;  // allocated ahead, so that a sync leaves the file's size alone
// And written with zeros ahead, this much at a time: the first write to a block that was only allocated makes the file
// system's journal part of the sync.
constexpr off_t kZeroAhead = 256 << 10;

struct Segment {
  std::string path;
  uint64_t first_frame = 0;
  uint64_t last_index = 0;  // highest entry seen in it
};

bool AllZero(absl::string_view bytes) {
  return bytes.empty() || (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

class WalImpl final : public Wal {
 public:
  explicit WalImpl(std::string dir) : dir_(std::move(dir)) {}
  ~WalImpl() override {
    if (fd_ >= 0) ::close(fd_);
  }

  absl::Status Recover(Recovered* state);
  absl::Status Append(absl::Span<const Frame> frames) override;
  void ReleaseUpTo(uint64_t index) override;

 private:
  absl::Status RecoverSegment(Segment& segment, bool last, Recovered* state);
  absl::Status StartSegment();
  absl::Status WriteAt(absl::string_view bytes, off_t* offset);
  absl::Status WriteOut(absl::string_view bytes);  // and syncs

  const std::string dir_;
  std::vector<Segment> segments_;  // oldest first; the last one is written to
  int fd_ = -1;
  off_t offset_ = 0;
  off_t zeroed_ = 0;  // blocks up to here have been written
  uint64_t next_frame_ = 1;
  raft::HardState hard_state_;  // repeated at the head of each segment, so that older ones can go
  absl::Status broken_;         // first write error; final
};

absl::Status WalImpl::RecoverSegment(Segment& segment, bool last, Recovered* state) {
  ASSIGN_OR_RETURN(const std::string content, base::ReadFile(segment.path));
  const absl::string_view bytes = content;
  size_t at = 0;
  while (at < bytes.size()) {
    const std::optional<RawFrame> frame = ParseFrame(bytes.substr(at));
    if (!frame.has_value() || frame->number != next_frame_) {
      const absl::string_view rest = bytes.substr(at);
      if (AllZero(rest)) break;
      if (!last || frame.has_value() || HasFrameFrom(rest, next_frame_ + 1)) {
        return absl::DataLossError(absl::StrCat("log file ", segment.path, " is damaged at offset ", at,
                                                ": acknowledged records follow the damage"));
      }
      state->torn_tail = true;
      break;
    }
    const absl::Status replayed = Replay(frame->payload, state);
    if (!replayed.ok()) {
      return absl::DataLossError(
          absl::StrCat("log file ", segment.path, " at offset ", at, ": ", replayed.message()));
    }
    if (!state->entries.empty()) segment.last_index = std::max(segment.last_index, state->entries.back().index);
    if (state->mark.has_value()) segment.last_index = std::max(segment.last_index, state->mark->index);
    ++next_frame_;
    at += frame->size;
  }
  if (!last) return absl::OkStatus();
  fd_ = ::open(segment.path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd_ < 0) return base::ErrnoStatus(absl::StrCat("open ", segment.path));
  offset_ = zeroed_ = static_cast<off_t>(at);
  if (state->torn_tail) {
    // Zeros, not just a shorter file: leftovers must not look like frames of a later life.
    if (::ftruncate(fd_, offset_) != 0 || ::ftruncate(fd_, std::max(kSegmentSize, offset_)) != 0 ||
        ::fsync(fd_) != 0) {
      return base::ErrnoStatus(absl::StrCat("cut ", segment.path));
    }
    base::LogWarning("cut an unfinished write off the log file=", segment.path, " offset=", offset_);
  }
  return absl::OkStatus();
}

absl::Status WalImpl::Recover(Recovered* state) {
  RETURN_IF_ERROR(base::MakeDirs(dir_, 0700));
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(dir_, error)) {
    const std::string name = file.path().filename();
    uint64_t first = 0;
    if (name.size() == 20 && name.substr(16) == ".wal" && std::sscanf(name.c_str(), "%16lx", &first) == 1) {
      segments_.push_back({file.path(), first, 0});
    }
  }
  if (error) return absl::InternalError(absl::StrCat("list ", dir_, ": ", error.message()));
  std::sort(segments_.begin(), segments_.end(),
            [](const Segment& a, const Segment& b) { return a.first_frame < b.first_frame; });
  if (!segments_.empty()) next_frame_ = segments_.front().first_frame;
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i].first_frame != next_frame_) {
      return absl::DataLossError(absl::StrCat("log file ", segments_[i].path, " does not continue the one before: ",
                                              "expected frame ", next_frame_));
    }
    RETURN_IF_ERROR(RecoverSegment(segments_[i], i + 1 == segments_.size(), state));
  }
  hard_state_ = state->hard_state;
  return absl::OkStatus();
}

absl::Status WalImpl::StartSegment() {
  if (fd_ >= 0) {
    if (::ftruncate(fd_, offset_) != 0 || ::fsync(fd_) != 0) return base::ErrnoStatus("close a log segment");
    ::close(fd_);
    fd_ = -1;
  }
  Segment segment;
  segment.first_frame = next_frame_;
  segment.path = absl::StrFormat("%s/%016x.wal", dir_, next_frame_);
  fd_ = ::open(segment.path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd_ < 0) return base::ErrnoStatus(absl::StrCat("create ", segment.path));
  if (::fallocate(fd_, 0, 0, kSegmentSize) != 0 && ::ftruncate(fd_, kSegmentSize) != 0) {
    return base::ErrnoStatus(absl::StrCat("allocate ", segment.path));
  }
  offset_ = zeroed_ = 0;
  segments_.push_back(std::move(segment));
  return base::SyncDir(dir_);
}

absl::Status WalImpl::WriteAt(absl::string_view bytes, off_t* offset) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::pwrite(fd_, bytes.data(), bytes.size(), *offset);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return base::ErrnoStatus(absl::StrCat("write ", segments_.back().path));
    *offset += wrote;
    bytes.remove_prefix(wrote);
  }
  return absl::OkStatus();
}

absl::Status WalImpl::WriteOut(absl::string_view bytes) {
  RETURN_IF_ERROR(WriteAt(bytes, &offset_));
  if (offset_ > zeroed_ && offset_ < kSegmentSize) {
    static const std::string* const zeros = new std::string(kZeroAhead, '\0');
    zeroed_ = offset_;
    RETURN_IF_ERROR(WriteAt(absl::string_view(*zeros).substr(0, std::min(kZeroAhead, kSegmentSize - offset_)), &zeroed_));
  }
  if (::fdatasync(fd_) != 0) return base::ErrnoStatus(absl::StrCat("sync ", segments_.back().path));
  return absl::OkStatus();
}

absl::Status WalImpl::Append(absl::Span<const Frame> frames) {
  if (!broken_.ok()) return broken_;
  std::string bytes;
  if (fd_ < 0 || offset_ >= kSegmentSize) {
    broken_ = StartSegment();
    if (!broken_.ok()) return broken_;
    // The new segment begins with what the frame's own hard state may leave out. Same frame, same sync.
    const Frame head{.hard_state = &hard_state_};
    std::vector<Frame> all{head};
    all.insert(all.end(), frames.begin(), frames.end());
    EncodeFrame(next_frame_, all, &bytes);
  } else {
    EncodeFrame(next_frame_, frames, &bytes);
  }
  broken_ = WriteOut(bytes);
  if (!broken_.ok()) return broken_;
  ++next_frame_;
  Segment& current = segments_.back();
  for (const Frame& frame : frames) {
    if (frame.hard_state != nullptr) hard_state_ = *frame.hard_state;
    if (!frame.entries.empty()) current.last_index = std::max(current.last_index, frame.entries.back().index);
    if (frame.mark != nullptr) current.last_index = std::max(current.last_index, frame.mark->index);
  }
  return absl::OkStatus();
}

void WalImpl::ReleaseUpTo(uint64_t index) {
  while (segments_.size() > 1 && segments_.front().last_index <= index) {
    if (::unlink(segments_.front().path.c_str()) != 0) {
      base::LogWarning("cannot delete an old log file=", segments_.front().path, " error=", std::strerror(errno));
      return;
    }
    segments_.erase(segments_.begin());
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Wal>> Wal::Open(const std::string& dir, Recovered* recovered) {
  auto wal = std::make_unique<WalImpl>(dir);
  RETURN_IF_ERROR(wal->Recover(recovered));
  return wal;
}

}  // namespace etcdlite::wal
