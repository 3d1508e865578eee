#include "kubelet/runtime/images/puller.h"

#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "apimachinery/json.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubelet/runtime/subprocess.h"

namespace kubelet {
namespace {

// The text of skopeo's `time="..." level=fatal msg="..."` line.
std::string FatalMessage(const std::string& output) {
  const size_t level = output.rfind("level=fatal msg=\"");
  if (level == std::string::npos) return std::string(absl::StripAsciiWhitespace(output));
  std::string text;
  for (size_t i = level + 17; i < output.size() && output[i] != '"'; ++i) {
    if (output[i] == '\\' && i + 1 < output.size()) ++i;
    text.push_back(output[i]);
  }
  // "initializing source docker://x: pinging container registry y: Get ...": the cause is what follows.
  for (absl::string_view prefix : {"pinging container registry ", "Error parsing image name "}) {
    if (const size_t at = text.find(std::string(prefix)); at != std::string::npos) {
      const size_t colon = text.find(": ", at);
      if (colon != std::string::npos) text = text.substr(colon + 2);
    }
  }
  return text;
}

bool IsLocal(const std::string& domain) {
  return absl::StartsWith(domain, "localhost") || absl::StartsWith(domain, "127.");
}

}  // namespace

absl::StatusOr<StoredImage> PullWithSkopeo(ImageStore& store, const ImageName& name, const std::string& docker_auth_json) {
  const std::string full = name.ToString();
  const std::string work = store.NewTempDir();
  absl::Cleanup remove = [&] { RemoveAll(work); };
  std::vector<std::string> args = {"skopeo", "copy", "--quiet"};
  if (IsLocal(name.domain)) args.push_back("--src-tls-verify=false");
  if (!docker_auth_json.empty()) {
    RETURN_IF_ERROR(base::WriteFileAtomic(work + "/auth.json", docker_auth_json));
    args.push_back("--src-authfile=" + work + "/auth.json");
  }
  // skopeo refuses a reference with both tag and digest; the digest decides.
  ImageName source = name;
  if (!source.digest.empty()) source.tag.clear();
  args.push_back("docker://" + source.ToString());
  args.push_back(absl::StrCat("oci:", work, "/layout:image"));
  ASSIGN_OR_RETURN(const SubprocessResult result, RunSubprocess({.args = args, .timeout = absl::Minutes(30)}));
  if (result.exit_code != 0) {
    return absl::UnavailableError(absl::StrCat("failed to pull and unpack image \"", full,
                                               "\": failed to resolve reference \"", full, "\": ", FatalMessage(result.err)));
  }
  std::string digest = name.digest;
  if (digest.empty()) {
    ASSIGN_OR_RETURN(const std::string text, base::ReadFile(work + "/layout/index.json"));
    ASSIGN_OR_RETURN(const apimachinery::Value index, apimachinery::ParseJson(text));
    for (const apimachinery::Value& manifest : index.GetArray("manifests")) digest = manifest.GetString("digest");
  }
  absl::StatusOr<std::vector<StoredImage>> images =
      store.Import(work + "/layout", full, absl::StrCat(name.Repository(), "@", digest));
  if (!images.ok()) {
    return absl::Status(images.status().code(),
                        absl::StrCat("failed to pull and unpack image \"", full, "\": ", images.status().message()));
  }
  return images->front();
}

}  // namespace kubelet
