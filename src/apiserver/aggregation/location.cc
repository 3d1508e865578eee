#include "apiserver/aggregation/location.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace apiserver::aggregation {
namespace {

constexpr absl::string_view kUnreserved = "-_.~", kPath = "-_.~$&+,/:;=@", kToken = "!#$&'*+-.^_`|~";

void Escape(char c, std::string* out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out->append({'%', kHex[byte >> 4], kHex[byte & 15]});
}

std::string EscapeBut(absl::string_view text, absl::string_view kept) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || kept.find(c) != absl::string_view::npos) {
      out += c;
    } else {
      Escape(c, &out);
    }
  }
  return out;
}

std::string EscapeWord(absl::string_view text) {
  std::string out = EscapeBut(text, absl::StrCat(kUnreserved, " "));
  std::replace(out.begin(), out.end(), ' ', '+');
  return out;
}

}  // namespace

std::string EscapePath(absl::string_view decoded) { return EscapeBut(decoded, kPath); }

std::string EncodeQuery(base::http::QueryParams params) {
  std::stable_sort(params.begin(), params.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out;
  for (const auto& [key, value] : params) absl::StrAppend(&out, out.empty() ? "" : "&", EscapeWord(key), "=", EscapeWord(value));
  return out;
}

std::string EscapeHeaderKey(absl::string_view key) { return EscapeBut(key, kToken); }

}  // namespace apiserver::aggregation
