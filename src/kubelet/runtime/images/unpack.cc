#include "kubelet/runtime/images/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file.h"

namespace kubelet {
namespace {

using Reader = std::unique_ptr<archive, int (*)(archive*)>;

absl::Status Failure(archive* a, absl::string_view what) {
  const char* text = archive_error_string(a);
  return absl::DataLossError(absl::StrCat(what, ": ", text == nullptr ? "unreadable archive" : text));
}

// The entry's path without leading "/" and "./"; empty for the root itself, nullopt-like "!" for an escape.
std::string CleanPath(absl::string_view path) {
  while (absl::ConsumePrefix(&path, "/") || absl::ConsumePrefix(&path, "./")) {
  }
  while (absl::ConsumeSuffix(&path, "/")) {
  }
  if (path == ".") path = "";
  if (path == ".." || absl::StartsWith(path, "../") || absl::StrContains(path, "/../") || absl::EndsWith(path, "/..")) {
    return "!";
  }
  return std::string(path);
}

absl::Status CopyData(archive* from, archive* to) {
  const void* block;
  size_t size;
  la_int64_t offset;
  for (;;) {
    const int r = archive_read_data_block(from, &block, &size, &offset);
    if (r == ARCHIVE_EOF) return absl::OkStatus();
    if (r < ARCHIVE_WARN) return Failure(from, "read layer");
    if (archive_write_data_block(to, block, size, offset) < ARCHIVE_WARN) return Failure(to, "write layer");
  }
}

// Handles a whiteout; false when the entry is none.
bool Whiteout(const std::string& dest, const std::string& path) {
  const size_t slash = path.rfind('/');
  const absl::string_view name = absl::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
  if (!absl::StartsWith(name, ".wh.")) return false;
  const std::string dir = slash == std::string::npos ? dest : absl::StrCat(dest, "/", path.substr(0, slash));
  (void)base::MakeDirs(dir);
  if (name == ".wh..wh..opq") {
    setxattr(dir.c_str(), "trusted.overlay.opaque", "y", 1, 0);
  } else {
    mknod(absl::StrCat(dir, "/", name.substr(4)).c_str(), S_IFCHR, makedev(0, 0));
  }
  return true;
}

absl::Status Extract(const std::string& path, const std::string& dest_path, bool layer) {
  char* real = realpath(dest_path.c_str(), nullptr);  // links above `dest` are the operator's business
  if (real == nullptr) return base::ErrnoStatus(absl::StrCat("open ", dest_path));
  const std::string dest = real;
  free(real);
  Reader reader(archive_read_new(), archive_read_free);
  Reader writer(archive_write_disk_new(), archive_write_free);
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_empty(reader.get());
  int flags = ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_UNLINK;
  if (layer) flags |= ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_XATTR;
  archive_write_disk_set_options(writer.get(), flags);
  if (archive_read_open_filename(reader.get(), path.c_str(), 1 << 20) != ARCHIVE_OK) return Failure(reader.get(), path);
  archive_entry* entry;
  for (;;) {
    const int r = archive_read_next_header(reader.get(), &entry);
    if (r == ARCHIVE_EOF) break;
    if (r < ARCHIVE_WARN) return Failure(reader.get(), path);
    const std::string name = CleanPath(archive_entry_pathname(entry));
    if (name == "!") return absl::InvalidArgumentError(absl::StrCat(path, ": entry outside the archive: ", archive_entry_pathname(entry)));
    if (!layer && archive_entry_filetype(entry) != AE_IFREG && archive_entry_filetype(entry) != AE_IFDIR &&
        archive_entry_filetype(entry) != AE_IFLNK) {
      continue;
    }
    if (layer && Whiteout(dest, name)) continue;
    archive_entry_set_pathname(entry, name.empty() ? dest.c_str() : absl::StrCat(dest, "/", name).c_str());
    if (const char* link = archive_entry_hardlink(entry); link != nullptr) {
      const std::string target = CleanPath(link);
      if (target == "!") return absl::InvalidArgumentError(absl::StrCat(path, ": link outside the archive: ", link));
      archive_entry_set_hardlink(entry, absl::StrCat(dest, "/", target).c_str());
    }
    if (archive_write_header(writer.get(), entry) < ARCHIVE_WARN) return Failure(writer.get(), name);
    if (archive_entry_size(entry) > 0) {
      if (absl::Status copied = CopyData(reader.get(), writer.get()); !copied.ok()) return copied;
    }
    if (archive_write_finish_entry(writer.get()) < ARCHIVE_WARN) return Failure(writer.get(), name);
  }
  if (archive_write_close(writer.get()) < ARCHIVE_WARN) return Failure(writer.get(), dest);
  return absl::OkStatus();
}

}  // namespace

absl::Status ExtractArchive(const std::string& archive, const std::string& dest) { return Extract(archive, dest, false); }

absl::Status ExtractLayer(const std::string& archive, const std::string& dest) { return Extract(archive, dest, true); }

}  // namespace kubelet
