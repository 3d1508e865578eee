#include "apiserver/aggregation/forwarding.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "apimachinery/api_error.h"
#include "apiserver/aggregation/location.h"
#include "apiserver/aggregation/remote_asker.h"
#include "apiserver/proxy/relay.h"
#include "base/metrics/certificate_series.h"

namespace apiserver::aggregation {
namespace {

using base::http::Header;
using base::http::Headers;
using base::http::ResponseHead;
using base::http::ResponseWriter;

constexpr absl::Duration kDiscovery = absl::Seconds(5);

Headers TextHeaders(Headers more) {
  more.push_back({"Content-Type", "text/plain; charset=utf-8"});
  more.push_back({"X-Content-Type-Options", "nosniff"});
  return more;
}

// "/apis/G/V": clients find out with it what there is; they do not wait long.
bool IsDiscovery(const pipeline::RequestInfo& info) {
  const std::vector<absl::string_view> parts = absl::StrSplit(info.path, '/', absl::SkipEmpty());
  return !info.is_resource_request && parts.size() == 3;
}

bool TellsWhoAsks(absl::string_view name) {
  return name == "x-remote-user" || name == "x-remote-uid" || name == "x-remote-group" || absl::StartsWith(name, "x-remote-extra-");
}

// The headers of the request as the other server sees them: who asks is what we found out, never what was sent.
Headers HeadersFor(const http::ExtensionRequest& request, bool upgrade) {
  const bool trailers = base::http::HeaderHasToken(request.request.headers, "te", "trailers");
  std::string forwarded;
  Headers headers;
  for (Header& h : proxy::PassedOn(request.request.headers)) {
    if (TellsWhoAsks(h.name) || h.name == "audit-id") continue;
    if (!upgrade && (h.name == "x-forwarded-host" || h.name == "x-forwarded-proto" || h.name == "x-forwarded-uri")) continue;
    if (h.name == "x-forwarded-for") {
      absl::StrAppend(&forwarded, h.value, ", ");
    } else {
      headers.push_back(std::move(h));
    }
  }
  if (trailers) headers.push_back({"Te", "trailers"});
  headers.push_back({"Audit-Id", request.context.audit_id});
  headers.push_back({"X-Forwarded-For", forwarded + proxy::HostOf(request.request.remote_address)});
  if (!upgrade) {
    headers.push_back({"X-Forwarded-Host", std::string(request.request.header("host"))});
    headers.push_back({"X-Forwarded-Proto", "https"});
    headers.push_back({"X-Forwarded-Uri", EscapePath(request.request.path)});
  }
  const pipeline::UserInfo& user = request.context.user;
  headers.push_back({"X-Remote-User", user.name});
  if (!user.uid.empty()) headers.push_back({"X-Remote-Uid", user.uid});
  for (const std::string& group : user.groups) headers.push_back({"X-Remote-Group", group});
  for (const auto& [key, values] : user.extra) {
    for (const std::string& value : values) headers.push_back({absl::StrCat("X-Remote-Extra-", EscapeHeaderKey(key)), value});
  }
  return headers;
}

// The name of a header that cannot be sent: names of users and groups may hold what ends a line. Empty: all can.
std::string Unsendable(const Headers& headers) {
  for (const Header& h : headers) {
    for (const char c : h.value) {
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return h.name;
    }
  }
  return "";
}

bool IsRedirect(const ResponseHead& head) {
  return head.status >= 300 && head.status <= 399 && !base::http::FindHeader(head.headers, "location").empty();
}

}  // namespace

void RefuseForwarding(http::ExtensionRequest& request, int status, absl::string_view text) {
  request.writer->Send(status, TextHeaders(std::move(request.more)), absl::StrCat(text, "\n"));
}

void ForwardTo(const Target& target, const Endpoint& endpoint, bool reject_redirects, base::http::Client& client,
               http::ExtensionRequest request) {
  const bool upgrade = proxy::AsksForUpgrade(request.request.headers);
  base::http::ClientRequest out;
  out.host = endpoint.host;
  out.port = endpoint.port;
  out.tls = target.tls;
  out.method = request.request.method;
  out.target = EscapePath(request.request.path);
  if (const std::string query = EncodeQuery(base::http::ParseQuery(request.request.query)); !query.empty()) {
    absl::StrAppend(&out.target, "?", query);
  }
  out.headers = HeadersFor(request, upgrade);
  if (const std::string name = Unsendable(out.headers); !name.empty()) {
    return RefuseForwarding(request, 503, absl::StrCat("error trying to reach service: net/http: invalid header field value for \"", name, "\""));
  }
  out.body = std::move(request.request.body);
  const bool discovery = IsDiscovery(request.context.info);
  if (request.context.deadline != absl::InfiniteFuture()) out.timeout = std::max(request.context.deadline - absl::Now(), absl::Milliseconds(1));
  if (discovery) out.timeout = std::min(out.timeout, kDiscovery);

  proxy::RelayHooks hooks;
  hooks.more = request.more;
  hooks.withhold = [reject_redirects, upgrade](const ResponseHead& head) {
    return (upgrade && head.status < 400) || (reject_redirects && IsRedirect(head));
  };
  hooks.withheld = [more = request.more, upgrade](ResponseWriter& to, int status, const std::string&) {
    if (upgrade) return to.Send(503, TextHeaders(more), absl::StrCat("invalid upgrade response: status code ", status, "\n"));
    Headers headers = more;
    headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
    to.Send(502, std::move(headers), "the backend attempted to redirect this request, which is not permitted");
  };
  hooks.failed = [more = request.more, upgrade, discovery, fail = std::move(request.fail)](ResponseWriter& to, const absl::Status& status) {
    if (absl::IsDeadlineExceeded(status) && !discovery) {
      return fail(to, apimachinery::Timeout("request did not complete within the allotted timeout", 0));
    }
    const std::string problem = status.ok() ? "EOF" : Problem(status);
    CertificatesOfServices().Failed(problem);
    to.Send(503, TextHeaders(more), absl::StrCat(upgrade ? "" : "error trying to reach service: ", problem, "\n"));
  };
  Relay(client, std::move(out), std::move(request.writer), std::move(hooks));
}

}  // namespace apiserver::aggregation
