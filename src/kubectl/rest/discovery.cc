#include "kubectl/rest/discovery.h"

#include <sys/stat.h>

#include <algorithm>
#include <ctime>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"

namespace kubectl {
namespace {

constexpr int kCacheSeconds = 6 * 3600;
constexpr char kAggregated[] =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

std::vector<std::string> Strings(const Value& value, absl::string_view key) {
  std::vector<std::string> strings;
  for (const Value& item : value.GetArray(key)) strings.push_back(item.as_string());
  return strings;
}

bool Contains(const std::vector<std::string>& list, absl::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

bool ApiResource::HasVerb(absl::string_view verb) const { return Contains(verbs, verb); }

std::string ApiResource::Path(absl::string_view ns, absl::string_view object,
                              absl::string_view sub) const {
  std::string path =
      group.empty() ? absl::StrCat("/api/", version) : absl::StrCat("/apis/", group, "/", version);
  if (namespaced && !ns.empty()) absl::StrAppend(&path, "/namespaces/", UrlEscape(ns));
  absl::StrAppend(&path, "/", name);
  if (!object.empty()) absl::StrAppend(&path, "/", UrlEscape(object));
  if (!sub.empty()) absl::StrAppend(&path, "/", sub);
  return path;
}

std::string EncodeResources(const std::vector<ApiResource>& resources) {
  std::string text;
  for (const ApiResource& r : resources) {
    absl::StrAppend(&text, r.group, "\t", r.version, "\t", r.name, "\t", r.singular, "\t", r.kind,
                    "\t", r.namespaced ? "1" : "0", "\t", r.preferred ? "1" : "0", "\t",
                    absl::StrJoin(r.verbs, ","), "\t");
    absl::StrAppend(&text, absl::StrJoin(r.short_names, ","), "\t",
                    absl::StrJoin(r.categories, ","), "\t", absl::StrJoin(r.subresources, ","),
                    "\n");
  }
  return text;
}

std::vector<ApiResource> DecodeResources(absl::string_view text) {
  std::vector<ApiResource> resources;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> f = absl::StrSplit(line, '\t');
    if (f.size() != 11) return {};
    ApiResource r{f[0], f[1], f[2], f[3], f[4], f[5] == "1", f[6] == "1"};
    r.verbs = absl::StrSplit(f[7], ',', absl::SkipEmpty());
    r.short_names = absl::StrSplit(f[8], ',', absl::SkipEmpty());
    r.categories = absl::StrSplit(f[9], ',', absl::SkipEmpty());
    r.subresources = absl::StrSplit(f[10], ',', absl::SkipEmpty());
    resources.push_back(std::move(r));
  }
  return resources;
}

void Discovery::AddDocument(const Value& document) {
  for (const Value& group : document.GetArray("items")) {
    bool first = true;
    for (const Value& version : group.GetArray("versions")) {
      for (const Value& item : version.GetArray("resources")) {
        ApiResource r;
        r.group = group.GetString("metadata.name");
        r.version = version.GetString("version");
        r.name = item.GetString("resource");
        r.singular = item.GetString("singularResource");
        r.kind = item.GetString("responseKind.kind");
        r.namespaced = item.GetString("scope") == "Namespaced";
        r.preferred = first;
        r.verbs = Strings(item, "verbs");
        r.short_names = Strings(item, "shortNames");
        r.categories = Strings(item, "categories");
        for (const Value& sub : item.GetArray("subresources"))
          r.subresources.push_back(sub.GetString("subresource"));
        resources_.push_back(std::move(r));
      }
      first = false;
    }
  }
}

// A server that does not aggregate: a request for each group and version.
absl::Status Discovery::FetchLegacy() {
  std::vector<std::pair<std::string, bool>> group_versions;
  ASSIGN_OR_RETURN(const Value core, client_->Get("/api"));
  for (const std::string& version : Strings(core, "versions"))
    group_versions.emplace_back(version, true);
  ASSIGN_OR_RETURN(const Value groups, client_->Get("/apis"));
  for (const Value& group : groups.GetArray("groups")) {
    for (const Value& version : group.GetArray("versions")) {
      group_versions.emplace_back(
          version.GetString("groupVersion"),
          version.GetString("version") == group.GetString("preferredVersion.version"));
    }
  }
  for (const auto& [gv, preferred] : group_versions) {
    const size_t slash = gv.find('/');
    absl::StatusOr<Value> list =
        client_->Get(absl::StrCat(slash == std::string::npos ? "/api/" : "/apis/", gv));
    if (!list.ok()) continue;
    for (const Value& item : list->GetArray("resources")) {
      const std::vector<std::string> names =
          absl::StrSplit(item.GetString("name"), absl::MaxSplits('/', 1));
      if (names.size() == 2) {
        for (ApiResource& r : resources_) {
          if (r.name == names[0] && r.ApiVersion() == gv) r.subresources.push_back(names[1]);
        }
        continue;
      }
      ApiResource r;
      r.group = slash == std::string::npos ? "" : gv.substr(0, slash);
      r.version = slash == std::string::npos ? gv : gv.substr(slash + 1);
      r.name = names[0];
      r.singular = item.GetString("singularName");
      r.kind = item.GetString("kind");
      r.namespaced = item.GetBool("namespaced");
      r.preferred = preferred;
      r.verbs = Strings(item, "verbs");
      r.short_names = Strings(item, "shortNames");
      r.categories = Strings(item, "categories");
      resources_.push_back(std::move(r));
    }
  }
  return absl::OkStatus();
}

absl::Status Discovery::Fetch() {
  resources_.clear();
  for (const char* path : {"/api", "/apis"}) {
    Request request;
    request.path = path;
    request.accept = kAggregated;
    ASSIGN_OR_RETURN(const Value document, client_->Json(request));
    if (document.GetString("kind") != "APIGroupDiscoveryList") {
      resources_.clear();
      RETURN_IF_ERROR(FetchLegacy());
      break;
    }
    AddDocument(document);
  }
  for (ApiResource& r : resources_) {
    if (r.singular.empty()) r.singular = absl::AsciiStrToLower(r.kind);
  }
  loaded_ = fresh_ = true;
  if (!cache_file_.empty()) {
    const std::string dir = cache_file_.substr(0, cache_file_.rfind('/'));
    if (base::MakeDirs(dir, 0750).ok())
      (void)base::WriteFileAtomic(cache_file_, EncodeResources(resources_), 0660);
  }
  return absl::OkStatus();
}

absl::Status Discovery::Load(bool fresh) {
  if (loaded_ && (!fresh || fresh_)) return absl::OkStatus();
  struct stat info;
  if (!fresh && !cache_file_.empty() && stat(cache_file_.c_str(), &info) == 0 &&
      time(nullptr) - info.st_mtime < kCacheSeconds) {
    absl::StatusOr<std::string> text = base::ReadFile(cache_file_);
    if (text.ok()) resources_ = DecodeResources(*text);
    if (!resources_.empty()) {
      loaded_ = true;
      return absl::OkStatus();
    }
  }
  return Fetch();
}

void Discovery::Invalidate() {
  loaded_ = fresh_ = false;
  if (!cache_file_.empty()) (void)::remove(cache_file_.c_str());
}

absl::StatusOr<const std::vector<ApiResource>*> Discovery::Resources() {
  RETURN_IF_ERROR(Load(false));
  return &resources_;
}

absl::StatusOr<std::vector<ApiGroup>> Discovery::Groups() {
  RETURN_IF_ERROR(Load(false));
  std::vector<ApiGroup> groups;
  for (const ApiResource& r : resources_) {
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const ApiGroup& g) { return g.name == r.group; });
    if (group == groups.end()) group = groups.insert(groups.end(), ApiGroup{r.group, {}});
    if (!Contains(group->versions, r.version)) group->versions.push_back(r.version);
  }
  return groups;
}

const ApiResource* Discovery::FindKind(const std::string& group, const std::string& version,
                                       const std::string& kind) const {
  for (const ApiResource& r : resources_) {
    if (r.group == group && (version.empty() || r.version == version) && r.kind == kind) return &r;
  }
  return nullptr;
}

// Resource names first (any case), then short names, then kinds as they are written.
const ApiResource* Discovery::FindArgument(const std::string& argument) const {
  struct Wanted {
    std::string name, version, group;
    bool any_group;
  };
  const auto parts_of = [](const std::string& text) {
    std::vector<Wanted> wanted;
    const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits('.', 2));
    if (parts.size() == 3) wanted.push_back({parts[0], parts[1], parts[2], false});
    const std::vector<std::string> two = absl::StrSplit(text, absl::MaxSplits('.', 1));
    wanted.push_back({two[0], "", two.size() > 1 ? two[1] : "", two.size() < 2});
    return wanted;
  };
  const auto group_fits = [](const ApiResource& r, const Wanted& w) {
    return (w.any_group ||
            (w.group.empty() ? r.group.empty() : absl::StartsWith(r.group, w.group))) &&
           (w.version.empty() || r.version == w.version);
  };
  for (const Wanted& w : parts_of(absl::AsciiStrToLower(argument))) {
    for (const ApiResource& r : resources_) {
      if (group_fits(r, w) && (r.name == w.name || r.singular == w.name)) return &r;
    }
    for (const ApiResource& r : resources_) {
      if (group_fits(r, w) && Contains(r.short_names, w.name)) return &r;
    }
  }
  for (const Wanted& w : parts_of(argument)) {
    for (const ApiResource& r : resources_) {
      if (group_fits(r, w) && r.kind == w.name) return &r;
    }
  }
  return nullptr;
}

absl::StatusOr<ApiResource> Discovery::ForArgument(const std::string& argument) {
  for (const bool fresh : {false, true}) {
    RETURN_IF_ERROR(Load(fresh));
    if (const ApiResource* r = FindArgument(argument); r != nullptr) return *r;
  }
  const std::vector<std::string> parts = absl::StrSplit(argument, absl::MaxSplits('.', 1));
  return Error(absl::StrCat("the server doesn't have a resource type \"",
                            absl::AsciiStrToLower(parts[0]), "\""));
}

absl::StatusOr<ApiResource> Discovery::ForKind(const std::string& api_version,
                                               const std::string& kind) {
  const size_t slash = api_version.find('/');
  const std::string group = slash == std::string::npos ? "" : api_version.substr(0, slash);
  const std::string version =
      slash == std::string::npos ? api_version : api_version.substr(slash + 1);
  for (const bool fresh : {false, true}) {
    RETURN_IF_ERROR(Load(fresh));
    if (const ApiResource* r = FindKind(group, version, kind); r != nullptr) return *r;
  }
  return absl::NotFoundError(
      absl::StrCat("no matches for kind \"", kind, "\" in version \"", api_version, "\""));
}

absl::StatusOr<ApiResource> Discovery::ForGroupKind(const std::string& group,
                                                    const std::string& kind) {
  for (const bool fresh : {false, true}) {
    RETURN_IF_ERROR(Load(fresh));
    if (const ApiResource* r = FindKind(group, "", kind); r != nullptr) return *r;
  }
  return absl::NotFoundError(
      absl::StrCat("no matches for kind \"", kind, "\" in group \"", group, "\""));
}

absl::StatusOr<std::vector<std::string>> Discovery::Category(const std::string& name) {
  RETURN_IF_ERROR(Load(false));
  std::vector<std::string> names;
  for (const ApiResource& r : resources_) {
    if (r.preferred && Contains(r.categories, name) && r.HasVerb("list"))
      names.push_back(r.QualifiedName());
  }
  return names;
}

}  // namespace kubectl
