#include "pki/orders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "pki/certificate.h"

namespace pki {
namespace {

using Words = std::vector<std::string>;

bool Exists(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && info.st_size > 0;
}

// Whole or not at all. Nothing waits for the disk: what a power cut takes is made again.
absl::Status Write(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return base::ErrnoStatus(absl::StrCat("create ", temporary));
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  if (!written || rename(temporary.c_str(), path.c_str()) != 0) return base::ErrnoStatus(absl::StrCat("write ", path));
  return absl::OkStatus();
}

class Workshop {
 public:
  explicit Workshop(const std::string& dir) : dir_(dir) {}

  absl::Status Do(const Words& words) {
    const std::string& what = words[0];
    if (what == "authority" && words.size() == 3) return Authority(words);
    if (what == "account" && words.size() == 2) return Keep(words[1], ".pub", [] { return MakeAccountKey(); });
    if (what == "certificate" && words.size() == 5) {
      return Keep(words[1], ".crt", [&] { return MakeCertificate(authority_, {words[2], words[3], words[4]}); });
    }
    if (what == "kubeconfig" && words.size() == 5) return Kubeconfig(words);
    return absl::InvalidArgumentError("no such order");
  }

 private:
  std::string Path(const std::string& name, const char* suffix) const { return absl::StrCat(dir_, "/", name, suffix); }

  // The certificate comes last: where it is, the key is too.
  template <typename Make>
  absl::Status Keep(const std::string& name, const char* suffix, Make make) {
    if (Exists(Path(name, suffix)) && Exists(Path(name, ".key"))) return absl::OkStatus();
    ASSIGN_OR_RETURN(const KeyPair pair, make());
    RETURN_IF_ERROR(Write(Path(name, ".key"), pair.key));
    return Write(Path(name, suffix), pair.cert);
  }

  absl::Status Authority(const Words& words) {
    RETURN_IF_ERROR(Keep(words[1], ".crt", [&] { return MakeAuthority(words[2]); }));
    ASSIGN_OR_RETURN(authority_.cert, base::ReadFile(Path(words[1], ".crt")));
    ASSIGN_OR_RETURN(authority_.key, base::ReadFile(Path(words[1], ".key")));
    return absl::OkStatus();
  }

  absl::Status Kubeconfig(const Words& words) {
    KubeconfigParts parts;
    parts.user = words[2];
    parts.server = words[3];
    parts.grpc = words[4];
    parts.authority = authority_.cert;
    ASSIGN_OR_RETURN(parts.certificate, base::ReadFile(Path(words[2], ".crt")));
    ASSIGN_OR_RETURN(parts.key, base::ReadFile(Path(words[2], ".key")));
    return Write(words[1], KubeconfigText(parts));
  }

  const std::string dir_;
  KeyPair authority_;
};

}  // namespace

std::string KubeconfigText(const KubeconfigParts& parts) {
  const std::string door = parts.grpc.empty() ? "" : absl::StrCat("    extensions:\n    - name: skiff.dev/grpc\n      extension:\n        server: \"",
                                                                  parts.grpc, "\"\n");
  return absl::StrCat(
      "apiVersion: v1\nkind: Config\ncurrent-context: skiff\nclusters:\n- name: skiff\n  cluster:\n    server: ", parts.server,
      "\n    certificate-authority-data: ", absl::Base64Escape(parts.authority), "\n", door, "users:\n- name: ", parts.user,
      "\n  user:\n    client-certificate-data: ", absl::Base64Escape(parts.certificate),
      "\n    client-key-data: ", absl::Base64Escape(parts.key),
      "\ncontexts:\n- name: skiff\n  context: {cluster: skiff, user: ", parts.user, "}\n");
}

absl::Status CarryOut(const std::string& dir, absl::string_view orders) {
  Workshop workshop(dir);
  for (const absl::string_view line : absl::StrSplit(orders, '\n', absl::SkipEmpty())) {
    const Words words = absl::StrSplit(line, '\t');
    if (const absl::Status status = workshop.Do(words); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat(line, ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace pki
