#include "kubelet/runtime/images/image_name.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace kubelet {
namespace {

bool LowerOrDigit(char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c); }

// path-component := alpha-numeric [separator alpha-numeric]*, separators: . _ __ and runs of -
bool ValidComponent(absl::string_view part) {
  if (part.empty() || !LowerOrDigit(part.front()) || !LowerOrDigit(part.back())) return false;
  for (size_t i = 0; i < part.size(); ++i) {
    if (LowerOrDigit(part[i])) continue;
    size_t run = i;
    while (run < part.size() && part[run] == part[i]) ++run;
    const size_t length = run - i;
    const bool ok = part[i] == '-' || (part[i] == '.' && length == 1) || (part[i] == '_' && length <= 2);
    if (!ok || run == part.size() || !LowerOrDigit(part[run])) return false;
    i = run - 1;
  }
  return true;
}

bool ValidTag(absl::string_view tag) {
  if (tag.empty() || tag.size() > 128) return false;
  for (size_t i = 0; i < tag.size(); ++i) {
    const bool word = absl::ascii_isalnum(tag[i]) || tag[i] == '_';
    if (!word && (i == 0 || (tag[i] != '.' && tag[i] != '-'))) return false;
  }
  return true;
}

bool ValidDomain(absl::string_view domain) {
  std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(domain, absl::MaxSplits(':', 1));
  for (absl::string_view label : absl::StrSplit(parts.first, '.')) {
    if (label.empty() || label.front() == '-' || label.back() == '-') return false;
    for (char c : label) {
      if (!absl::ascii_isalnum(c) && c != '-') return false;
    }
  }
  for (char c : parts.second) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  return true;
}

bool ValidDigest(absl::string_view digest) {
  std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(digest, absl::MaxSplits(':', 1));
  if (parts.first.empty() || parts.second.size() < 32) return false;
  for (char c : parts.second) {
    if (!absl::ascii_isxdigit(c) || absl::ascii_isupper(c)) return false;
  }
  return true;
}

}  // namespace

std::string ImageName::ToString() const {
  std::string text = Repository();
  if (!tag.empty()) absl::StrAppend(&text, ":", tag);
  if (!digest.empty()) absl::StrAppend(&text, "@", digest);
  return text;
}

absl::StatusOr<ImageName> ParseImageName(absl::string_view text) {
  const auto bad = [&](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("couldn't parse image name \"", text, "\": ", why));
  };
  ImageName name;
  absl::string_view rest = text;
  if (const size_t at = rest.find('@'); at != absl::string_view::npos) {
    name.digest = std::string(rest.substr(at + 1));
    if (!ValidDigest(name.digest)) return bad("invalid reference format");
    rest = rest.substr(0, at);
  }
  const size_t slash = rest.find('/');
  absl::string_view domain = slash == absl::string_view::npos ? "" : rest.substr(0, slash);
  const bool is_domain = domain == "localhost" || absl::StrContains(domain, '.') || absl::StrContains(domain, ':') ||
                         absl::AsciiStrToLower(domain) != domain;
  name.domain = is_domain ? std::string(domain) : "docker.io";
  absl::string_view path = is_domain ? rest.substr(slash + 1) : rest;
  if (name.domain == "index.docker.io") name.domain = "docker.io";
  if (const size_t colon = path.rfind(':'); colon != absl::string_view::npos && path.find('/', colon) == absl::string_view::npos) {
    name.tag = std::string(path.substr(colon + 1));
    path = path.substr(0, colon);
    if (!ValidTag(name.tag)) {
      return bad("invalid reference format");
    }
  }
  name.path = name.domain == "docker.io" && !absl::StrContains(path, '/') ? absl::StrCat("library/", path) : std::string(path);
  // What stands before a second colon is still part of the repository here, as upstream reports it.
  const absl::string_view repository = path.substr(0, path.find(':'));
  if (absl::AsciiStrToLower(repository) != repository) {
    return bad(absl::StrCat("invalid reference format: repository name (",
                            name.path.substr(0, name.path.find(':')), ") must be lowercase"));
  }
  if (!ValidDomain(name.domain)) return bad("invalid reference format");
  for (absl::string_view part : absl::StrSplit(name.path, '/')) {
    if (!ValidComponent(part)) return bad("invalid reference format");
  }
  if (name.path.size() + name.domain.size() > 255) return bad("repository name must not be more than 255 characters");
  if (name.tag.empty() && name.digest.empty()) name.tag = "latest";
  return name;
}

}  // namespace kubelet
