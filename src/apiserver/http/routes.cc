#include "apiserver/http/routes.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_split.h"
#include "apiserver/discovery/discovery.h"

namespace apiserver::http {
namespace {

using absl::string_view;
using apimachinery::Kind;

struct Verb {
  string_view verb, method;
};
constexpr Verb kCollection[] = {{"list", "GET"}, {"create", "POST"}, {"deletecollection", "DELETE"}};
constexpr Verb kAcrossNamespaces[] = {{"list", "GET"}};
constexpr Verb kItem[] = {{"get", "GET"}, {"update", "PUT"}, {"patch", "PATCH"}, {"delete", "DELETE"}};
constexpr Verb kSubresource[] = {
    {"get", "GET"}, {"update", "PUT"}, {"patch", "PATCH"}, {"create", "POST"}, {"delete", "DELETE"}};

// `has` answers whether the resource has a verb.
template <typename Has>
Route Decide(const Kind* kind, absl::Span<const Verb> verbs, string_view method, Has has) {
  Route route;
  for (const Verb& v : verbs) {
    if (!has(v.verb)) continue;
    route.kind = kind;
    if (v.method == method) {
      route.outcome = Route::Outcome::kServe;
      return route;
    }
    route.outcome = Route::Outcome::kMethodNotAllowed;
  }
  return route;
}

// What follows the version, as the router sees it: only a trailing slash is forgiven.
std::vector<string_view> PathBelowVersion(const pipeline::RequestInfo& info) {
  string_view path = info.path;
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  std::vector<string_view> parts = absl::StrSplit(path, '/');
  const size_t skip = info.api_prefix == "api" ? 2 : 3;
  parts.erase(parts.begin(), parts.begin() + static_cast<ptrdiff_t>(std::min(skip, parts.size())));
  return parts;
}

}  // namespace

Route FindRoute(const pipeline::RequestInfo& info, string_view method) {
  std::vector<string_view> parts = PathBelowVersion(info);
  const bool watches = !parts.empty() && parts[0] == "watch";
  if (watches) parts.erase(parts.begin());
  if (parts.empty()) return {};
  bool in_namespace = false;
  if (parts[0] == "namespaces" && parts.size() >= 3) {
    const bool own = parts.size() == 3 && (parts[2] == "status" || parts[2] == "finalize");
    in_namespace = !own;
    if (in_namespace) parts.erase(parts.begin(), parts.begin() + 2);
  }
  const Kind* kind = apimachinery::Schema::Builtin().FindResource(info.group, info.version, parts[0]);
  if (kind == nullptr || (in_namespace && !kind->namespaced)) return {};
  const auto has = [kind](string_view verb) { return kind->HasVerb(verb); };
  if (watches) {
    static constexpr Verb kWatch[] = {{"watch", "GET"}};
    if (parts.size() > 2 || (parts.size() == 2 && kind->namespaced != in_namespace)) return {};
    return Decide(kind, kWatch, method, has);
  }
  if (kind->namespaced && !in_namespace) {
    return parts.size() == 1 ? Decide(kind, kAcrossNamespaces, method, has) : Route();
  }
  if (parts.size() == 1) return Decide(kind, kCollection, method, has);
  if (parts.size() == 2) return Decide(kind, kItem, method, has);
  if (!kind->HasSubresource(parts[2])) return {};
  if (parts[2] == "proxy") {  // and what follows it
    static constexpr string_view kForwarded[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"};
    const bool known = std::find(std::begin(kForwarded), std::end(kForwarded), method) != std::end(kForwarded);
    return {known ? Route::Outcome::kServe : Route::Outcome::kMethodNotAllowed, kind};
  }
  if (parts.size() > 3) return {};
  const std::vector<std::string> verbs = discovery::SubresourceVerbs(kind->plural, parts[2]);
  return Decide(kind, kSubresource, method,
                [&verbs](string_view verb) { return std::find(verbs.begin(), verbs.end(), verb) != verbs.end(); });
}

}  // namespace apiserver::http
