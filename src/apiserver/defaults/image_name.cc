#include "apiserver/defaults/image_name.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

namespace apiserver::defaults {
namespace {

bool LowerAlnum(char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c); }

// Runs of lower-case letters and digits joined by '.', '_', '__' or any number of '-'.
bool IsPathComponent(absl::string_view text) {
  if (text.empty() || !LowerAlnum(text.front()) || !LowerAlnum(text.back())) return false;
  for (size_t i = 0; i < text.size();) {
    if (LowerAlnum(text[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && text[end] == text[i]) ++end;
    const size_t run = end - i;
    const bool ok = text[i] == '-' || (text[i] == '.' && run == 1) || (text[i] == '_' && run <= 2);
    if (!ok || !LowerAlnum(text[end])) return false;
    i = end;
  }
  return true;
}

bool IsDomain(absl::string_view text) {
  const size_t colon = text.find(':');
  if (colon != absl::string_view::npos) {
    const absl::string_view port = text.substr(colon + 1);
    if (port.empty() || !std::all_of(port.begin(), port.end(), absl::ascii_isdigit)) return false;
    text = text.substr(0, colon);
  }
  for (absl::string_view part : absl::StrSplit(text, '.')) {
    if (part.empty() || !absl::ascii_isalnum(part.front()) || !absl::ascii_isalnum(part.back())) return false;
    if (!std::all_of(part.begin(), part.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-'; })) return false;
  }
  return true;
}

bool IsTag(absl::string_view text) {
  if (text.empty() || text.size() > 128 || text[0] == '.' || text[0] == '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-'; });
}

bool IsDigest(absl::string_view text) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos || colon == 0) return false;
  const absl::string_view algorithm = text.substr(0, colon), hex = text.substr(colon + 1);
  const size_t want = algorithm == "sha256" ? 64 : algorithm == "sha384" ? 96 : algorithm == "sha512" ? 128 : 0;
  return want != 0 && hex.size() == want && std::all_of(hex.begin(), hex.end(), [](char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

std::string ImageTag(absl::string_view reference) {
  if (reference.size() == 64 && std::all_of(reference.begin(), reference.end(), [](char c) {
        return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
      })) {
    return "";  // an image id, not a name
  }
  absl::string_view name = reference, tag;
  bool has_digest = false;
  if (const size_t at = name.find('@'); at != absl::string_view::npos) {
    if (!IsDigest(name.substr(at + 1))) return "";
    has_digest = true;
    name = name.substr(0, at);
  }
  const size_t slash = name.rfind('/');
  const size_t colon = name.find(':', slash == absl::string_view::npos ? 0 : slash);
  if (colon != absl::string_view::npos) {
    tag = name.substr(colon + 1);
    name = name.substr(0, colon);
    if (!IsTag(tag)) return "";
  }
  const size_t first = name.find('/');
  if (first != absl::string_view::npos) {
    const absl::string_view head = name.substr(0, first);
    const bool domain = head.find_first_of(".:") != absl::string_view::npos || head == "localhost" ||
                        std::any_of(head.begin(), head.end(), absl::ascii_isupper);
    if (domain) {
      if (!IsDomain(head)) return "";
      name = name.substr(first + 1);
    }
  }
  if (name.empty() || name.size() > 255) return "";
  for (absl::string_view part : absl::StrSplit(name, '/')) {
    if (!IsPathComponent(part)) return "";
  }
  if (tag.empty() && !has_digest) return "latest";
  return std::string(tag);
}

}  // namespace apiserver::defaults
