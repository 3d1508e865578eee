#include "apiserver/http/health.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "apiserver/discovery/health_checks.h"
#include "base/http/message.h"

namespace apiserver::http {
namespace {

using absl::string_view;

constexpr char kNoPage[] = "404 page not found\n";

void One(string_view endpoint, string_view check, absl::FunctionRef<bool(string_view, string_view)> passes,
         HealthAnswer* answer) {
  for (const discovery::HealthCheck& known : discovery::HealthChecks()) {
    if (known.name != check || (known.ready_only && endpoint != "readyz")) continue;
    const bool ok = passes(endpoint, check);
    answer->status = ok ? 200 : 500;
    answer->body = ok ? "ok" : "internal server error: not ready\n";
    answer->nosniff = !ok;
    return;
  }
  answer->status = 404;
  answer->body = kNoPage;
}

}  // namespace

bool AnswerHealth(string_view path, string_view query, absl::FunctionRef<bool(string_view, string_view)> passes,
                  HealthAnswer* answer) {
  string_view endpoint;
  for (const string_view root : {"healthz", "livez", "readyz"}) {
    if (path.substr(0, 1) == "/" && absl::StartsWith(path.substr(1), root)) endpoint = root;
  }
  if (endpoint.empty()) return false;
  string_view rest = path.substr(1 + endpoint.size());
  if (!rest.empty()) {
    if (!absl::ConsumePrefix(&rest, "/")) return false;
    One(endpoint, rest, passes, answer);
    return true;
  }
  const base::http::QueryParams params = base::http::ParseQuery(query);
  std::vector<std::string> excluded;
  bool verbose = false;
  for (const auto& [key, value] : params) {
    if (key == "exclude") excluded.push_back(value);
    verbose |= key == "verbose";
  }
  std::string lines;
  bool ok = true;
  for (const discovery::HealthCheck& check : discovery::HealthChecks()) {
    if (check.ready_only && endpoint != "readyz") continue;
    if (const auto it = std::find(excluded.begin(), excluded.end(), check.name); it != excluded.end()) {
      excluded.erase(it);
      absl::StrAppend(&lines, "[+]", check.name, " excluded: ok\n");
    } else if (passes(endpoint, check.name)) {
      absl::StrAppend(&lines, "[+]", check.name, " ok\n");
    } else {
      ok = false;
      absl::StrAppend(&lines, "[-]", check.name, " failed: reason withheld\n");
    }
  }
  if (!excluded.empty()) {
    for (std::string& name : excluded) name = absl::StrCat("\"", name, "\"");
    absl::StrAppend(&lines, "warn: some health checks cannot be excluded: no matches for ",
                    absl::StrJoin(excluded, ", "), "\n");
  }
  answer->status = ok ? 200 : 500;
  answer->body = !ok ? absl::StrCat(lines, endpoint, " check failed\n")
                     : verbose ? absl::StrCat(lines, endpoint, " check passed\n") : "ok";
  return true;
}

}  // namespace apiserver::http
