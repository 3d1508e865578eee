#include "kubectl/cmd/proxy_filter.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "kubectl/cli/errors.h"
#include "kubectl/rest/raw_connection.h"

namespace kubectl {

std::string RequestHead::Header(absl::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

bool RequestHead::IsUpgrade() const {
  return !Header("Upgrade").empty() && absl::StrContains(absl::AsciiStrToLower(Header("Connection")), "upgrade");
}

absl::StatusOr<RequestHead> ParseRequestHead(absl::string_view text) {
  RequestHead head;
  std::vector<absl::string_view> lines = absl::StrSplit(text, "\r\n");
  const std::vector<std::string> first = absl::StrSplit(lines[0], ' ');
  if (first.size() != 3 || first[0].empty() || !absl::StartsWith(first[1], "/") || !absl::StartsWith(first[2], "HTTP/1."))
    return absl::InvalidArgumentError("malformed HTTP request");
  head.method = first[0], head.target = first[1], head.version = first[2];
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    if (colon == absl::string_view::npos || colon == 0) return absl::InvalidArgumentError("malformed HTTP header");
    head.headers.emplace_back(lines[i].substr(0, colon), absl::StripAsciiWhitespace(lines[i].substr(colon + 1)));
  }
  return head;
}

absl::StatusOr<ProxyFilter::List> ProxyFilter::Compile(const std::string& expressions) {
  List list;
  for (const absl::string_view expression : absl::StrSplit(expressions, ',')) {
    std::string error;
    list.push_back(apimachinery::cel::CompileRegex(expression, &error));
    if (list.back() == nullptr) return Error(absl::StrCat("Error compiling re: ", error));
  }
  return list;
}

bool ProxyFilter::Any(const List& list, const std::string& text) {
  return std::any_of(list.begin(), list.end(), [&](const auto& regex) { return regex->Matches(text); });
}

absl::StatusOr<ProxyFilter> ProxyFilter::Make(const Rules& rules) {
  ProxyFilter filter;
  filter.disabled_ = rules.disabled;
  ASSIGN_OR_RETURN(filter.accept_paths_, Compile(rules.accept_paths));
  ASSIGN_OR_RETURN(filter.reject_paths_, Compile(rules.reject_paths));
  ASSIGN_OR_RETURN(filter.accept_hosts_, Compile(rules.accept_hosts));
  ASSIGN_OR_RETURN(filter.reject_methods_, Compile(rules.reject_methods));
  return filter;
}

bool ProxyFilter::Accepts(const RequestHead& request) const {
  if (disabled_) return true;
  std::string host = request.Header("Host");
  const size_t colon = host.rfind(':');
  if (colon != std::string::npos && host.find(']', colon) == std::string::npos) host.resize(colon);
  const std::string path = request.Path();
  return !Any(reject_paths_, path) && !Any(reject_methods_, request.method) && Any(accept_paths_, path) &&
         Any(accept_hosts_, host);
}

std::string ForwardedHead(const RequestHead& request, const std::string& path, const Connection& connection) {
  std::string head = absl::StrCat(request.method, " ", path, " HTTP/1.1\r\nHost: ", HostOfServer(connection.server), "\r\n");
  const bool upgrade = request.IsUpgrade();
  for (const auto& [name, value] : request.headers) {
    const std::string lower = absl::AsciiStrToLower(name);
    if (lower == "host" || lower == "connection" || lower == "keep-alive" || lower == "proxy-connection" ||
        lower == "proxy-authorization" || lower == "te" || lower == "trailer" || (lower == "upgrade" && !upgrade)) {
      continue;
    }
    absl::StrAppend(&head, name, ": ", value, "\r\n");
  }
  absl::StrAppend(&head, "Connection: ", upgrade ? "Upgrade" : "close", "\r\n",
                  IdentityHeaders(connection, request.Header("Authorization").empty()), "\r\n");
  return head;
}

}  // namespace kubectl
