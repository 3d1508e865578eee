// get, list, watch.
#include <algorithm>

#include "absl/random/random.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "apimachinery/fields.h"
#include "apimachinery/labels.h"
#include "apiserver/pipeline/go_numbers.h"
#include "apiserver/registry/continue_token.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/subresources.h"
#include "apiserver/registry/read_series.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::BadRequest;
using apimachinery::Value;
using pipeline::RequestContext;
using pipeline::RequestOptions;

constexpr absl::Duration kFreshTimeout = absl::Seconds(3);

// An error that carries no reason, as upstream's servers let some through.
absl::Status Bare(absl::string_view message) {
  apimachinery::ApiStatus status = apimachinery::InternalError("");
  status.reason.clear();
  status.causes.clear();
  status.message = std::string(message);
  return status;
}

absl::StatusOr<int64_t> ParseRevision(absl::string_view text, bool list) {
  if (text.empty()) return 0;
  const absl::StatusOr<uint64_t> revision = pipeline::ParseUint(text);
  if (revision.ok()) return static_cast<int64_t>(std::min<uint64_t>(*revision, INT64_MAX));
  const std::string problem =
      absl::StrCat("resourceVersion: Invalid value: \"", text, "\": ", revision.status().message());
  if (list) return BadRequest(absl::StrCat("invalid resource version: ", problem));
  return Bare(problem);
}

// Whether upstream keeps objects of the kind in its watch cache: where it does not, the store answers at once.
bool CachedUpstream(const apimachinery::Kind& kind) { return kind.kind != "Event" || kind.custom != nullptr; }

absl::Status TooLarge(int64_t wanted, int64_t current, int retry_after = 1) {
  apimachinery::ApiStatus status =
      apimachinery::Timeout(absl::StrCat("Too large resource version: ", wanted, ", current: ", current), retry_after);
  status.causes.push_back({"ResourceVersionTooLarge", "Too large resource version", ""});
  return status;
}

absl::Status GaveUp() {
  apimachinery::ApiStatus status = apimachinery::Timeout("request did not complete within the allotted timeout", 0);
  status.always_details = true;
  return status;
}

// The rules on resourceVersion, resourceVersionMatch, continue and sendInitialEvents of lists and watches, after the
// selectors' grammar: a selector that cannot be read is told of first, one that the kind does not know last.
absl::Status CheckListOptions(const RequestOptions& o) {
  if (const auto labels = apimachinery::LabelSelector::Parse(o.label_selector); !labels.ok()) {
    return BadRequest(labels.status().message());
  }
  if (const auto fields = apimachinery::FieldSelector::Parse(o.field_selector); !fields.ok()) {
    return BadRequest(fields.status().message());
  }
  apimachinery::FieldErrors errors;
  const apimachinery::FieldPath match("resourceVersionMatch"), initial("sendInitialEvents");
  const std::string& m = o.resource_version_match;
  if (o.watch) {
    if (o.has_send_initial_events && m != "NotOlderThan") {
      errors.Forbidden(match, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    if (!m.empty()) {
      static constexpr absl::string_view kValid[] = {"NotOlderThan"};
      if (!o.has_send_initial_events) {
        errors.Forbidden(match, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
      }
      if (m != "NotOlderThan") errors.NotSupported(match, Value(m), kValid);
    }
    if (!o.continue_token.empty()) errors.Forbidden(match, "resourceVersionMatch is forbidden when continue is provided");
  } else {
    if (!m.empty()) {
      if (o.resource_version.empty()) {
        errors.Forbidden(match, "resourceVersionMatch is forbidden unless resourceVersion is provided");
      }
      if (!o.continue_token.empty()) errors.Forbidden(match, "resourceVersionMatch is forbidden when continue is provided");
      if (m != "Exact" && m != "NotOlderThan") {
        static constexpr absl::string_view kValid[] = {"Exact", "NotOlderThan", ""};
        errors.NotSupported(match, Value(m), kValid);
      }
      if (m == "Exact" && o.resource_version == "0") {
        errors.Forbidden(match, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
      }
    }
    if (o.has_send_initial_events) errors.Forbidden(initial, "sendInitialEvents is forbidden for list");
  }
  if (errors.empty()) return absl::OkStatus();
  return apimachinery::Invalid("meta.k8s.io", "ListOptions", "", errors);
}

}  // namespace

// Until the cache shows what the request asks for: all that was committed (no version), or `revision`.
absl::Status Registry::AwaitCache(const RequestContext& context, const Resource& resource, int64_t revision) const {
  cache::Cache& cache = *env_.cache;
  const absl::Duration patience = std::min(kFreshTimeout, context.deadline - env_.clock->Now());
  const auto late = [&] { return env_.clock->Now() >= context.deadline; };
  if (context.options.resource_version.empty()) {
    if (context.fresh) return absl::OkStatus();
    const absl::Time began = absl::Now();
    const absl::Status fresh = cache.WaitFresh(patience);
    CountFreshRead(resource.group(), resource.plural(), absl::Now() - began, fresh.ok());
    if (fresh.ok()) return fresh;
    return late() ? GaveUp() : apimachinery::ServiceUnavailable(fresh.message()).ToStatus();
  }
  if (revision <= cache.revision()) return absl::OkStatus();
  if (!CachedUpstream(*resource.kind)) {
    RETURN_IF_ERROR(cache.WaitFresh(patience));
    return revision <= cache.revision() ? absl::OkStatus() : TooLarge(revision, cache.revision(), 0);
  }
  if (cache.WaitFor(revision, patience).ok()) return absl::OkStatus();
  return late() ? GaveUp() : TooLarge(revision, cache.revision());
}

absl::Status Registry::AwaitFresh(const pipeline::GroupResource& what, absl::Duration patience) const {
  const absl::Time began = absl::Now();
  const absl::Status fresh = env_.cache->WaitFresh(patience);
  CountFreshRead(what.group, what.resource, absl::Now() - began, fresh.ok());
  return fresh;
}

absl::Status Registry::Readable(absl::string_view store_key) const {
  const absl::Status why_not = env_.store->Unreadable(store_key);
  return why_not.ok() ? why_not : apimachinery::InternalError(why_not.message());
}

absl::StatusOr<Answer> Registry::Get(RequestContext& context) {
  if (AsksComponents(context.info)) return GetComponent(context);
  ASSIGN_OR_RETURN(const ResourcePtr resource, Resolve(context.info));
  if (!context.info.subresource.empty() && context.info.subresource != "status") {
    return Subresources(*this).Get(context, *resource);
  }
  ASSIGN_OR_RETURN(const int64_t revision, ParseRevision(context.options.resource_version, /*list=*/false));
  RETURN_IF_ERROR(AwaitCache(context, *resource, revision));
  cache::EntryPtr entry = env_.cache->Get(*resource->mirror, resource->Key(context.info.ns, context.info.name));
  if (entry == nullptr) RETURN_IF_ERROR(Readable(resource->StoreKey(resource->namespaced() ? context.info.ns : "", context.info.name)));
  if (entry == nullptr) return apimachinery::NotFound(context.info.group, context.info.resource, context.info.name);
  Answer answer;
  answer.object = std::move(entry);
  if (answer.object->kind != resource->kind) {
    ASSIGN_OR_RETURN(Value tree, TreeOf(*resource, *answer.object));
    answer.object = MakeEntry(*resource->kind, tree);
  }
  return answer;
}

absl::StatusOr<ListAnswer> Registry::List(RequestContext& context) {
  if (AsksComponents(context.info)) return ListComponents(context);
  ASSIGN_OR_RETURN(const ResourcePtr resource, Resolve(context.info));
  ASSIGN_OR_RETURN(ListAnswer list, ListAsStored(context, resource));
  RETURN_IF_ERROR(ConvertItems(list));
  return list;
}

absl::Status Registry::CheckSelection(const RequestContext& context, const Resource& resource) {
  const RequestOptions& o = context.options;
  RETURN_IF_ERROR(CheckListOptions(o));
  return cache::ParseFilter(*resource.kind, "", o.label_selector, o.field_selector).status();
}

absl::StatusOr<ListAnswer> Registry::ListAsStored(RequestContext& context, const ResourcePtr& resource) {
  const RequestOptions& o = context.options;
  RETURN_IF_ERROR(CheckListOptions(o));
  ASSIGN_OR_RETURN(cache::Filter filter,
                   cache::ParseFilter(*resource->kind, resource->namespaced() ? context.info.ns : "", o.label_selector,
                                      o.field_selector));
  // Upstream's cache gives all it has at version 0; what it does not hold, it reads by pages from the store.
  const bool whole = o.resource_version == "0" && CachedUpstream(*resource->kind);
  StoreList from_store;
  from_store.limit = whole ? 0 : std::max<int64_t>(o.limit, 0);
  if (!o.continue_token.empty()) {
    ASSIGN_OR_RETURN(const ContinueToken token, DecodeContinue(o.continue_token));
    if (!o.resource_version.empty() && o.resource_version != "0") {
      return BadRequest("specifying resource version is not allowed when using continue");
    }
    from_store.revision = std::max<int64_t>(token.revision, 0);
    from_store.start = token.start;
    return ListFromStore(resource, filter, from_store);
  }
  ASSIGN_OR_RETURN(const int64_t revision, ParseRevision(o.resource_version, /*list=*/true));
  const bool exact = o.resource_version_match == "Exact" ||
                     (o.limit > 0 && revision > 0 && o.resource_version_match.empty());
  if (exact) {
    const bool one = filter.fields.RequiresExactMatch("metadata.name") != nullptr && (!resource->namespaced() || !filter.ns.empty());
    if (revision > env_.cache->revision() && one) {  // upstream's cache has no part in reading one object
      RETURN_IF_ERROR(env_.cache->WaitFresh(kFreshTimeout));
      if (revision > env_.cache->revision()) return TooLarge(revision, env_.cache->revision(), 0);
    }
    if (revision > env_.cache->revision()) RETURN_IF_ERROR(AwaitCache(context, *resource, revision));
    from_store.revision = revision;
    return ListFromStore(resource, filter, from_store);
  }
  RETURN_IF_ERROR(AwaitCache(context, *resource, revision));
  RETURN_IF_ERROR(Readable(absl::StrCat(cache::kRegistryPrefix, resource->storage->storage_prefix, "/", filter.ns, filter.ns.empty() ? "" : "/")));
  ListAnswer list = ListFromCache(resource, std::move(filter), from_store.limit);
  CountCacheList(resource->group(), resource->plural(), list.items.size());
  return list;
}

ListAnswer Registry::ListFromCache(const ResourcePtr& resource, cache::Filter filter, int64_t limit) const {
  ListAnswer answer;
  answer.resource = resource;
  const std::string* const name = filter.fields.RequiresExactMatch("metadata.name");
  if (name != nullptr && (!resource->namespaced() || !filter.ns.empty())) {
    answer.revision = env_.cache->revision();
    cache::EntryPtr entry = env_.cache->Get(*resource->mirror, resource->Key(filter.ns, *name));
    if (entry == nullptr || !filter.Matches(*entry)) return answer;
    answer.revision = std::max(answer.revision, entry->revision);
    answer.items.push_back(std::move(entry));
    return answer;
  }
  const std::string prefix = filter.ns.empty() ? "" : filter.ns + "/";
  cache::Listing listing = env_.cache->List(*resource->mirror, prefix);
  CountCacheFetched(resource->group(), resource->plural(), listing.items.size());
  answer.revision = listing.revision;
  filter.ns.clear();  // the prefix has seen to it
  const bool all = filter.MatchesEverything();
  const size_t most = limit > 0 ? static_cast<size_t>(limit) : listing.items.size();
  if (all && listing.items.size() <= most) {
    answer.items = std::move(listing.items);
    return answer;
  }
  for (size_t i = 0; i < listing.items.size(); ++i) {
    if (answer.items.size() == most) {  // more follow, whether they match or not
      answer.continue_token = EncodeContinue(
          answer.revision, absl::StrCat(absl::StripPrefix(answer.items.back()->key, prefix), absl::string_view("\0", 1)));
      if (!filter.HasSelector()) answer.remaining = static_cast<int64_t>(listing.items.size() - i);
      break;
    }
    if (all || filter.Matches(*listing.items[i])) answer.items.push_back(std::move(listing.items[i]));
  }
  return answer;
}

absl::StatusOr<ListAnswer> Registry::ListFromStore(const ResourcePtr& resource, const cache::Filter& filter,
                                                   const StoreList& list) const {
  const std::string base = absl::StrCat(cache::kRegistryPrefix, resource->storage->storage_prefix, "/");
  const std::string prefix = absl::StrCat(base, filter.ns.empty() ? "" : filter.ns + "/");
  const std::string from = list.start.empty() ? "" : absl::StrCat(prefix, list.start);
  ListAnswer answer;
  answer.resource = resource;
  bool more = false;
  int fetched = 0;
  const absl::StatusOr<int64_t> listed = env_.store->List(
      prefix, from, list.revision, list.limit > 0 ? std::min<int64_t>(list.limit + 1, 5000) : store::kWholeRead,
      [&](store::KeyValue kv) {
        if (list.limit > 0 && answer.items.size() == static_cast<size_t>(list.limit)) {
          more = true;
          return false;
        }
        ++fetched;
        cache::EntryPtr entry =
            env_.cache->Decode(*resource->mirror, absl::StripPrefix(kv.key, base), kv.value, kv.mod_revision);
        if (entry != nullptr && filter.Matches(*entry)) answer.items.push_back(std::move(entry));
        return true;
      });
  if (!listed.ok()) return ListFailed(listed.status(), list);
  answer.revision = *listed;
  CountStoreList(resource->group(), resource->plural(), static_cast<size_t>(fetched), answer.items.size());
  if (more) {
    const std::string next = answer.items.back()->key + std::string(1, '\0');
    answer.continue_token =
        EncodeContinue(answer.revision, absl::StripPrefix(absl::StrCat(base, next), prefix));
    if (!filter.HasSelector()) {
      const absl::StatusOr<int64_t> count = env_.store->Count(prefix, absl::StrCat(base, next), answer.revision);
      if (count.ok()) answer.remaining = *count;
    }
  }
  return answer;
}

absl::Status Registry::ListFailed(const absl::Status& status, const StoreList& list) const {
  if (!absl::IsOutOfRange(status)) return apimachinery::InternalError(status.message());
  if (list.revision > env_.cache->revision()) return TooLarge(list.revision, env_.cache->revision());
  if (list.start.empty()) return apimachinery::Expired("The resourceVersion for the provided list is too old.");
  absl::Status gone = apimachinery::Expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new list "
      "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
      "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
      "modified, or deleted between the time the first chunk was returned and now may show up in the list.");
  gone.SetPayload(kContinuePayload, absl::Cord(EncodeInconsistentContinue(list.start)));
  return gone;
}

absl::StatusOr<WatchAnswer> Registry::Watch(RequestContext& context, std::unique_ptr<cache::WatchSink> sink) {
  if (AsksComponents(context.info)) {
    apimachinery::ApiStatus refusal = apimachinery::MethodNotSupported("", context.info.resource, "watch");
    refusal.message = absl::StrCat("watch is not supported on resources of kind \"", context.info.resource, "\"");
    return refusal;
  }
  ASSIGN_OR_RETURN(const ResourcePtr resource, Resolve(context.info));
  RequestOptions& o = context.options;
  RETURN_IF_ERROR(CheckListOptions(o));
  cache::WatchRequest request;
  ASSIGN_OR_RETURN(request.filter,
                   cache::ParseFilter(*resource->kind, resource->namespaced() ? context.info.ns : "", o.label_selector,
                                      o.field_selector));
  request.filter.name = context.info.name;
  if (!request.filter.name.empty() && !o.field_selector.empty()) {
    const std::string* const selected = request.filter.fields.RequiresExactMatch("metadata.name");
    if (selected == nullptr || *selected != request.filter.name) {
      return BadRequest("fieldSelector metadata.name doesn't match requested name");
    }
  }
  ASSIGN_OR_RETURN(const int64_t revision, ParseRevision(o.resource_version, /*list=*/false));
  const bool asked_for_state = o.has_send_initial_events && o.send_initial_events;
  const bool initial_events = o.has_send_initial_events ? o.send_initial_events : revision == 0;
  if (o.resource_version.empty() || asked_for_state) RETURN_IF_ERROR(AwaitCache(context, *resource, revision));
  request.after_revision = initial_events ? -1 : revision > 0 ? revision : -2;
  request.bookmarks = o.allow_bookmarks;
  request.initial_bookmark = asked_for_state && o.allow_bookmarks;
  thread_local absl::InsecureBitGen bits;
  request.timeout = o.timeout_seconds > 0 ? absl::Seconds(o.timeout_seconds)
                                          : absl::Minutes(absl::Uniform(bits, 30.0, 60.0));
  if (resource->definition != nullptr && resource->definition->webhook_conversion) {
    sink = conversion::ConvertingSink(*env_.converter, resource->definition, *resource->kind->custom, std::move(sink));
  }
  WatchAnswer answer;
  answer.resource = resource;
  absl::StatusOr<std::unique_ptr<cache::WatchTicket>> ticket =
      env_.cache->Watch(*resource->mirror, std::move(request), std::move(sink));
  if (!ticket.ok()) return apimachinery::Expired(ticket.status().message());
  answer.ticket = *std::move(ticket);
  return answer;
}

}  // namespace apiserver::registry
