#include "etcdlite/apply/snapshot_file.h"

#include <openssl/sha.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "etcdlite/storage/byte_codec.h"
#include "etcdlite/storage/crc32c.h"
#include "etcdlite/storage/key_layout.h"
#include "etcdlite/wal/wal_frame.h"

namespace etcdlite::apply {
namespace {

constexpr absl::string_view kMagic = "SKSNAP1\n";
constexpr size_t kPiece = 256 << 10;
constexpr size_t kPage = 512;

}  // namespace

struct SnapshotWriter::Impl {
  std::unique_ptr<storage::KvIterator> it;
  SHA256_CTX digest;
  uint64_t written = 0;
  uint64_t index = 0, term = 0;
  raft::ConfState conf;
  bool started = false, done = false;
};

// Deprecated but simple: one digest over a stream, the same bytes as EVP gives.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

SnapshotWriter::SnapshotWriter(storage::KvEngine& engine) : impl_(std::make_unique<Impl>()) {
  impl_->it = engine.Scan("", "");
  SHA256_Init(&impl_->digest);
}

SnapshotWriter::~SnapshotWriter() = default;

bool SnapshotWriter::done() const { return impl_->done; }
uint64_t SnapshotWriter::applied_index() const { return impl_->index; }
uint64_t SnapshotWriter::applied_term() const { return impl_->term; }
const raft::ConfState& SnapshotWriter::conf() const { return impl_->conf; }

absl::StatusOr<std::string> SnapshotWriter::Next() {
  std::string piece;
  if (impl_->done) return piece;
  if (!std::exchange(impl_->started, true)) piece.append(kMagic.data(), kMagic.size());
  storage::KvIterator& it = *impl_->it;
  for (; it.Valid() && piece.size() < kPiece; it.Next()) {
    storage::AppendBytes(it.key(), &piece);
    storage::AppendBytes(it.value(), &piece);
    if (it.key() == storage::kMetaApplied && it.value().size() == 16) {
      impl_->index = storage::LoadFixed64(it.value().data());
      impl_->term = storage::LoadFixed64(it.value().data() + 8);
    } else if (it.key() == storage::kMetaConf && !wal::DecodeConfState(it.value(), &impl_->conf)) {
      return absl::DataLossError("backend: the configuration does not parse");
    }
  }
  RETURN_IF_ERROR(it.status());
  const bool last = !it.Valid();
  if (last) {
    storage::AppendVarint(0, &piece);
    const size_t rest = (impl_->written + piece.size()) % kPage;
    if (rest != 0) piece.append(kPage - rest, '\0');
  }
  SHA256_Update(&impl_->digest, piece.data(), piece.size());
  impl_->written += piece.size();
  if (last) {
    unsigned char sum[SHA256_DIGEST_LENGTH];
    SHA256_Final(sum, &impl_->digest);
    piece.append(reinterpret_cast<const char*>(sum), sizeof sum);
    impl_->done = true;
  }
  return piece;
}

namespace {

absl::Status CheckDigest(std::ifstream& file, const std::string& path, uint64_t content) {
  SHA256_CTX digest;
  SHA256_Init(&digest);
  std::string buffer(1 << 20, '\0');
  for (uint64_t left = content; left > 0;) {
    const size_t want = std::min<uint64_t>(left, buffer.size());
    if (!file.read(buffer.data(), want)) return absl::DataLossError(absl::StrCat(path, ": cut short"));
    SHA256_Update(&digest, buffer.data(), want);
    left -= want;
  }
  unsigned char sum[SHA256_DIGEST_LENGTH];
  SHA256_Final(sum, &digest);
  char stored[SHA256_DIGEST_LENGTH];
  if (!file.read(stored, sizeof stored) || std::memcmp(stored, sum, sizeof sum) != 0) {
    return absl::DataLossError(absl::StrCat(path, ": the digest does not match"));
  }
  return absl::OkStatus();
}

// Reads one length-prefixed string; false at a damaged or cut file.
bool ReadBytes(std::ifstream& file, std::string* out) {
  uint64_t length = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const int byte = file.get();
    if (byte < 0) return false;
    length |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (length > (uint64_t{1} << 30)) return false;
  out->resize(length);
  return length == 0 || file.read(out->data(), static_cast<std::streamsize>(length)).good();
}

}  // namespace
#pragma GCC diagnostic pop

absl::Status LoadSnapshotFile(const std::string& path, storage::KvEngine& engine) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot open ", path));
  const uint64_t size = static_cast<uint64_t>(file.tellg());
  if (size < kPage + SHA256_DIGEST_LENGTH || size % kPage != SHA256_DIGEST_LENGTH) {
    return absl::DataLossError(absl::StrCat(path, ": not a snapshot, or cut short"));
  }
  file.seekg(0);
  RETURN_IF_ERROR(CheckDigest(file, path, size - SHA256_DIGEST_LENGTH));
  file.seekg(0);
  std::string magic(kMagic.size(), '\0');
  if (!file.read(magic.data(), static_cast<std::streamsize>(magic.size())) || magic != kMagic) {
    return absl::DataLossError(absl::StrCat(path, ": not a snapshot"));
  }
  storage::WriteBatch batch;
  size_t bytes = 0;
  while (true) {
    std::string key, value;
    if (!ReadBytes(file, &key)) return absl::DataLossError(absl::StrCat(path, ": does not parse"));
    if (key.empty()) break;
    if (!ReadBytes(file, &value)) return absl::DataLossError(absl::StrCat(path, ": does not parse"));
    bytes += key.size() + value.size();
    batch.Put(std::move(key), std::move(value));
    if (bytes > kPiece) {
      RETURN_IF_ERROR(engine.Write(batch));
      batch.clear();
      bytes = 0;
    }
  }
  if (!batch.empty()) RETURN_IF_ERROR(engine.Write(batch));
  return engine.Sync();
}

absl::StatusOr<uint32_t> HashEngine(const storage::KvEngine& engine) {
  uint32_t hash = 0;
  const auto it = engine.Scan("", "");
  for (; it->Valid(); it->Next()) {
    hash = storage::Crc32c(hash, it->key());
    hash = storage::Crc32c(hash, it->value());
  }
  RETURN_IF_ERROR(it->status());
  return hash;
}

}  // namespace etcdlite::apply
