#include "apiserver/audit/event.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "apimachinery/time.h"

namespace apiserver::audit {
namespace {

using apimachinery::Value;

constexpr size_t kMaxUserAgent = 1024;
constexpr absl::string_view kTruncated = "...TRUNCATED";

Value ListOf(const std::vector<std::string>& words) {
  Value list = Value::MakeArray();
  for (const std::string& word : words) list.Append(word);
  return list;
}

void SetText(Value& object, absl::string_view name, const std::string& text) {
  if (!text.empty()) object.Set(name, text);
}

Value UserValue(const std::optional<pipeline::UserInfo>& user) {
  Value out = Value::MakeObject();
  if (!user) return out;
  SetText(out, "username", user->name);
  SetText(out, "uid", user->uid);
  if (!user->groups.empty()) out.Set("groups", ListOf(user->groups));
  for (const auto& [key, values] : user->extra) out["extra"].Set(key, ListOf(values));
  return out;
}

Value ReferenceValue(const ObjectReference& of) {
  Value out = Value::MakeObject();
  SetText(out, "resource", of.resource);
  SetText(out, "namespace", of.ns);
  SetText(out, "name", of.name);
  SetText(out, "uid", of.uid);
  SetText(out, "apiGroup", of.group);
  SetText(out, "apiVersion", of.version);
  SetText(out, "resourceVersion", of.resource_version);
  SetText(out, "subresource", of.subresource);
  return out;
}

// The canonical text of an address; "" for what is none.
std::string CanonicalIp(absl::string_view text) {
  const std::string plain(absl::StripAsciiWhitespace(text));
  unsigned char bytes[16];
  char canonical[INET6_ADDRSTRLEN];
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, plain.c_str(), bytes) == 1) return inet_ntop(family, bytes, canonical, sizeof(canonical));
  }
  return "";
}

std::string QuotedList(const std::vector<std::string>& words) {
  return absl::StrJoin(words, ",", [](std::string* out, const std::string& word) { *out += apimachinery::GoQuote(word); });
}

// RFC 3339 with as many fraction digits as it takes.
std::string NanoText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

}  // namespace

std::string ToJson(const Event& event) {
  Value out = Value::MakeObject();
  out.Set("kind", "Event");
  out.Set("apiVersion", "audit.k8s.io/v1");
  out.Set("level", LevelName(event.level));
  out.Set("auditID", event.id);
  out.Set("stage", StageName(event.stage));
  out.Set("requestURI", event.uri);
  out.Set("verb", event.verb);
  out.Set("user", UserValue(event.user));
  if (event.acts_as) out.Set("impersonatedUser", UserValue(event.acts_as));
  if (!event.source_ips.empty()) out.Set("sourceIPs", ListOf(event.source_ips));
  SetText(out, "userAgent", event.user_agent);
  if (event.object) out.Set("objectRef", ReferenceValue(*event.object));
  if (event.response_status) out.Set("responseStatus", *event.response_status);
  if (!event.request_object.empty()) out.Set("requestObject", Value::Raw(event.request_object));
  if (!event.response_object.empty()) out.Set("responseObject", Value::Raw(event.response_object));
  out.Set("requestReceivedTimestamp", apimachinery::FormatMicroTime(event.received));
  out.Set("stageTimestamp", apimachinery::FormatMicroTime(event.at));
  for (const auto& [key, value] : event.annotations) out["annotations"].Set(key, value);
  return apimachinery::WriteJson(out);
}

std::string ToLegacy(const Event& event) {
  using apimachinery::GoQuote;
  const auto quoted = [](absl::string_view text) { return GoQuote(text); };
  std::string user = "<none>", groups = "<none>", as = "<self>", as_groups = "<lookup>", ns = "<none>", response = "<deferred>";
  if (event.user && !event.user->name.empty()) {
    user = event.user->name;
    if (!event.user->groups.empty()) groups = QuotedList(event.user->groups);
  }
  if (event.acts_as) {
    as = event.acts_as->name;
    if (!event.acts_as->groups.empty()) as_groups = QuotedList(event.acts_as->groups);
  }
  if (event.object && !event.object->ns.empty()) ns = event.object->ns;
  if (event.response_status) response = absl::StrCat(event.response_status->GetInt("code"));
  const std::string ip = event.source_ips.empty() ? "<unknown>" : event.source_ips.front();
  return absl::StrCat(NanoText(absl::FromUnixMicros(absl::ToUnixMicros(event.received))), " AUDIT: id=", quoted(event.id),
                      " stage=", quoted(StageName(event.stage)), " ip=", quoted(ip), " method=", quoted(event.verb),
                      " user=", quoted(user), " groups=", quoted(groups), " as=", quoted(as), " asgroups=", quoted(as_groups),
                      " user-agent=", quoted(event.user_agent), " namespace=", quoted(ns), " uri=", quoted(event.uri),
                      " response=\"", response, "\"");
}

std::vector<std::string> SourceIps(absl::string_view forwarded_for, absl::string_view real_ip, absl::string_view remote) {
  std::vector<std::string> ips;
  for (const absl::string_view part : absl::StrSplit(forwarded_for, ',', absl::SkipWhitespace())) {
    if (std::string ip = CanonicalIp(part); !ip.empty()) ips.push_back(std::move(ip));
  }
  if (std::string ip = CanonicalIp(real_ip); !ip.empty() && std::find(ips.begin(), ips.end(), ip) == ips.end()) {
    ips.push_back(std::move(ip));
  }
  absl::string_view host = remote.substr(0, std::min(remote.rfind(':'), remote.size()));
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) host = host.substr(1, host.size() - 2);
  if (std::string ip = CanonicalIp(host); !ip.empty() && (ips.empty() || ips.back() != ip)) ips.push_back(std::move(ip));
  return ips;
}

std::string TruncateUserAgent(absl::string_view user_agent) {
  if (user_agent.size() <= kMaxUserAgent) return std::string(user_agent);
  return absl::StrCat(user_agent.substr(0, kMaxUserAgent), kTruncated);
}

}  // namespace apiserver::audit
