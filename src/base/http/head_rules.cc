#include "base/http/head_rules.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/http/message.h"

namespace base::http {
namespace {

bool IsHostByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("!$%&()*+,-.:;=[]'_~", c);
}

// "/path", "http://host/path", "*" of OPTIONS, anything of CONNECT.
bool TargetIsFine(absl::string_view method, absl::string_view target) {
  if (method == "CONNECT") return true;
  if (target == "*") return true;
  if (!absl::StartsWith(target, "/") && !absl::StrContains(target, "://")) return false;
  return EscapesAreWhole(target.substr(0, target.find('?')));
}

}  // namespace

bool EscapesAreWhole(absl::string_view text) {
  for (size_t at = text.find('%'); at != absl::string_view::npos; at = text.find('%', at + 1)) {
    const absl::string_view digits = text.substr(at + 1, 2);
    if (digits.size() < 2 || !std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit)) return false;
  }
  return true;
}

HeadRefusal CheckHead(absl::string_view method, absl::string_view target, int version, const std::vector<HeadField>& fields) {
  if (!TargetIsFine(method, target)) return {400, "", ""};
  int hosts = 0, encodings = 0;
  absl::string_view host, expect;
  bool chunked = true, other_length = false;
  for (const HeadField& field : fields) {
    if (absl::EqualsIgnoreCase(field.name, "host")) {
      ++hosts;
      host = field.value;
    } else if (absl::EqualsIgnoreCase(field.name, "transfer-encoding")) {
      ++encodings;
      chunked = absl::EqualsIgnoreCase(field.value, "chunked");
    } else if (absl::EqualsIgnoreCase(field.name, "content-length")) {
      other_length |= field.value.empty() || !std::all_of(field.value.begin(), field.value.end(), absl::ascii_isdigit);
    } else if (absl::EqualsIgnoreCase(field.name, "expect")) {
      expect = field.value;
    }
  }
  if (hosts > 1) return {400, "", ""};
  if (version >= 11 && (encodings > 1 || !chunked)) return {501, "", "Unsupported transfer encoding"};
  if (version < 11 && encodings > 0) return {400, "", ""};  // whose body would end where the reader likes
  if (other_length) return {400, "", ""};
  if (version >= 11 && hosts == 0 && method != "CONNECT") return {400, "missing required Host header", ""};
  if (!std::all_of(host.begin(), host.end(), IsHostByte)) return {400, "malformed Host header", ""};
  if (!expect.empty() && !absl::EqualsIgnoreCase(expect, "100-continue")) return {417, "", ""};
  return {};
}

std::string RefusalText(const HeadRefusal& refusal) {
  const std::string code = absl::StrCat(refusal.status, " ", ReasonPhrase(refusal.status));
  if (refusal.status == 417) return absl::StrCat("HTTP/1.1 ", code, "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  const std::string line = refusal.reason.empty() ? code : absl::StrCat(code, ": ", refusal.reason);
  return absl::StrCat("HTTP/1.1 ", line, "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n",
                      refusal.body.empty() ? line : refusal.body);
}

}  // namespace base::http
