#include "kubectl/kustomize/loader.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cli/errors.h"

namespace kubectl::kustomize {
namespace {

constexpr size_t kMaxDepth = 100;  // bases of bases

std::string Cleaned(const std::string& path) { return std::filesystem::path(path).lexically_normal().string(); }

// The path without links; `shown` is how the failure calls it.
absl::StatusOr<std::string> Resolve(const std::string& path, const std::string& shown) {
  char* real = realpath(path.c_str(), nullptr);
  if (real == nullptr) {
    std::string reason = strerror(errno);
    reason[0] = absl::ascii_tolower(reason[0]);
    return Error(absl::StrCat("evalsymlink failure on '", shown, "' : lstat ",
                              Cleaned(std::filesystem::absolute(path).string()), ": ", reason));
  }
  std::string resolved(real);
  free(real);
  return resolved;
}

bool IsDirectory(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool Contains(const std::string& outer, const std::string& inner) {
  return outer == inner || outer == "/" || absl::StartsWith(inner, outer + "/");
}

bool IsRemote(const std::string& path) {
  return absl::StrContains(path, "://") || absl::StartsWith(path, "git@") || absl::StartsWith(path, "github.com/") ||
         absl::StrContains(path, "?ref=");
}

}  // namespace

absl::StatusOr<Loader> Loader::Open(const std::string& directory) {
  if (IsRemote(directory)) return Error(absl::StrCat("remote kustomizations are not supported: '", directory, "'"));
  absl::StatusOr<std::string> root = Resolve(directory, directory);
  if (!root.ok()) return Error(absl::StrCat("must build at directory: not a valid directory: ", root.status().message()));
  if (!IsDirectory(*root))
    return Error(absl::StrCat("must build at directory: '", directory, "': file is not directory"));
  Loader loader;
  loader.roots_ = {*std::move(root)};
  return loader;
}

absl::StatusOr<Loader> Loader::OpenBase(const std::string& path) const {
  if (IsRemote(path)) return Error(absl::StrCat("remote resources are not supported: '", path, "'"));
  if (absl::StartsWith(path, "/")) return Error(absl::StrCat("new root '", path, "' cannot be absolute"));
  const std::string joined = Cleaned(absl::StrCat(root(), "/", path));
  absl::StatusOr<std::string> base = Resolve(joined, joined);
  if (!base.ok()) return Error(absl::StrCat("must build at directory: not a valid directory: ", base.status().message()));
  if (!IsDirectory(*base))
    return Error(absl::StrCat("must build at directory: '", *base, "': file is not directory"));
  for (const std::string& visited : roots_) {
    if (Contains(*base, visited)) {
      return Error(absl::StrCat("cycle detected: candidate root '", *base, "' contains visited root '", visited, "'"));
    }
  }
  if (roots_.size() > kMaxDepth) return Error("bases are nested too deeply");
  Loader loader = *this;
  loader.roots_.push_back(*std::move(base));
  return loader;
}

absl::StatusOr<std::string> Loader::Load(const std::string& path) const {
  if (absl::StrContains(path, "://")) return Error(absl::StrCat("remote resources are not supported: '", path, "'"));
  const std::string joined = absl::StartsWith(path, "/") ? path : Cleaned(absl::StrCat(root(), "/", path));
  ASSIGN_OR_RETURN(const std::string file, Resolve(joined, joined));
  if (IsDirectory(file)) return Error(absl::StrCat("'", file, "' must resolve to a file"));
  if (!Contains(root(), file))
    return Error(absl::StrCat("security; file '", file, "' is not in or below '", root(), "'"));
  return base::ReadFile(file);
}

bool Loader::Has(const std::string& path) const {
  struct stat info;
  return stat(absl::StrCat(root(), "/", path).c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace kubectl::kustomize
