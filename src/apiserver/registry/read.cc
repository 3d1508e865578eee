// get, list, watch.
#include "absl/random/random.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/json.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/subresources.h"
#include "base/status_macros.h"

namespace apiserver::registry {
namespace {

using apimachinery::BadRequest;
using apimachinery::Value;
using pipeline::RequestContext;
using pipeline::RequestOptions;

constexpr absl::Duration kFreshTimeout = absl::Seconds(3);

absl::StatusOr<int64_t> ParseRevision(absl::string_view text) {
  int64_t revision = 0;
  if (text.empty()) return revision;
  if (!absl::SimpleAtoi(text, &revision) || revision < 0) {
    return BadRequest(absl::StrCat("invalid resource version: resourceVersion: Invalid value: \"", text,
                                   "\": strconv.ParseUint: parsing \"", text, "\": invalid syntax"));
  }
  return revision;
}

absl::Status TooLarge(int64_t wanted, int64_t current) {
  apimachinery::ApiStatus status =
      apimachinery::Timeout(absl::StrCat("Too large resource version: ", wanted, ", current: ", current), 1);
  status.causes.push_back({"ResourceVersionTooLarge", "Too large resource version", ""});
  return status;
}

// Where a paged list goes on: upstream's token format, so that a client may move between servers.
std::string EncodeContinue(int64_t revision, absl::string_view start) {
  Value token = Value::MakeObject();
  token.Set("v", "meta.k8s.io/v1");
  token.Set("rv", revision);
  token.Set("start", start);
  return absl::WebSafeBase64Escape(apimachinery::WriteJson(token));
}

absl::Status DecodeContinue(absl::string_view text, int64_t* revision, std::string* start) {
  const auto refuse = [](absl::string_view why) {
    return BadRequest(absl::StrCat("invalid continue token: continue key is not valid: ", why)).ToStatus();
  };
  std::string json;
  if (!absl::WebSafeBase64Unescape(text, &json)) return refuse("illegal base64 data at input byte 0");
  const auto token = apimachinery::ParseJson(json);
  if (!token.ok()) return refuse(token.status().message());
  const std::string version = token->GetString("v");
  if (version != "meta.k8s.io/v1") {
    return refuse(absl::StrCat("server does not recognize this encoded version \"", version, "\""));
  }
  *revision = token->GetInt("rv");
  *start = token->GetString("start");
  if (*revision == 0) return refuse("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (start->empty()) return refuse("encoded start key empty (version meta.k8s.io/v1)");
  return absl::OkStatus();
}

// The rules on resourceVersion, resourceVersionMatch, continue and sendInitialEvents of lists and watches.
absl::Status CheckListOptions(const RequestOptions& o) {
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
      if (!o.continue_token.empty()) errors.Forbidden(match, "resourceVersionMatch is forbidden when continue is provided");
    }
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

absl::StatusOr<Answer> Registry::Get(RequestContext& context) {
  ASSIGN_OR_RETURN(const Resource* resource, Resolve(context.info));
  if (!context.info.subresource.empty() && context.info.subresource != "status") {
    return Subresources(*this).Get(context, *resource);
  }
  ASSIGN_OR_RETURN(const int64_t revision, ParseRevision(context.options.resource_version));
  if (context.options.resource_version.empty()) {
    const absl::Status fresh = context.fresh ? absl::OkStatus() : env_.cache->WaitFresh(kFreshTimeout);
    if (!fresh.ok()) return apimachinery::ServiceUnavailable(fresh.message());
  } else if (revision > 0 && !env_.cache->WaitFor(revision, kFreshTimeout).ok()) {
    return TooLarge(revision, env_.cache->revision());
  }
  cache::EntryPtr entry = env_.cache->Get(*resource->mirror, resource->Key(context.info.ns, context.info.name));
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
  ASSIGN_OR_RETURN(const Resource* resource, Resolve(context.info));
  RequestOptions& o = context.options;
  RETURN_IF_ERROR(CheckListOptions(o));
  ASSIGN_OR_RETURN(cache::Filter filter,
                   cache::ParseFilter(*resource->kind, resource->namespaced() ? context.info.ns : "", o.label_selector,
                                      o.field_selector));
  ASSIGN_OR_RETURN(const int64_t revision, ParseRevision(o.resource_version));
  if (!o.continue_token.empty()) {
    int64_t at = 0;
    std::string start;
    RETURN_IF_ERROR(DecodeContinue(o.continue_token, &at, &start));
    if (!o.resource_version.empty() && o.resource_version != "0") {
      return BadRequest("specifying resource version is not allowed when using continue");
    }
    return ListFromStore(context, *resource, filter, at, start);
  }
  if (o.resource_version_match == "Exact" || (o.limit > 0 && revision > 0 && o.resource_version_match.empty())) {
    return ListFromStore(context, *resource, filter, revision, "");
  }
  if (o.resource_version.empty()) {
    const absl::Status fresh = env_.cache->WaitFresh(kFreshTimeout);
    if (!fresh.ok()) return apimachinery::ServiceUnavailable(fresh.message());
  } else if (revision > 0 && !env_.cache->WaitFor(revision, kFreshTimeout).ok()) {
    return TooLarge(revision, env_.cache->revision());
  }
  cache::Listing listing = env_.cache->List(*resource->mirror, filter.ns.empty() ? "" : filter.ns + "/");
  ListAnswer answer;
  answer.resource = resource;
  answer.revision = listing.revision;
  filter.ns.clear();  // the prefix has seen to it
  const bool all = filter.MatchesEverything();
  if (all && (o.limit <= 0 || listing.items.size() <= static_cast<size_t>(o.limit))) {
    answer.items = std::move(listing.items);
    return answer;
  }
  const bool paged = o.limit > 0 && o.resource_version != "0";
  for (size_t i = 0; i < listing.items.size(); ++i) {
    if (!all && !filter.Matches(*listing.items[i])) continue;
    if (paged && answer.items.size() == static_cast<size_t>(o.limit)) {
      answer.continue_token = EncodeContinue(answer.revision, answer.items.back()->key + std::string(1, '\0'));
      if (!filter.HasSelector()) answer.remaining = static_cast<int64_t>(listing.items.size() - i);
      break;
    }
    answer.items.push_back(std::move(listing.items[i]));
  }
  return answer;
}

absl::StatusOr<ListAnswer> Registry::ListFromStore(RequestContext& context, const Resource& resource,
                                                   const cache::Filter& filter, int64_t revision,
                                                   absl::string_view from) {
  const int64_t limit = context.options.limit;
  const std::string base = absl::StrCat(cache::kRegistryPrefix, resource.storage->storage_prefix, "/");
  const std::string prefix = absl::StrCat(base, filter.ns.empty() ? "" : filter.ns + "/");
  ListAnswer answer;
  answer.resource = &resource;
  bool more = false;
  absl::StatusOr<int64_t> listed = env_.store->List(
      prefix, from.empty() ? "" : absl::StrCat(base, from), revision, limit > 0 ? limit + 1 : 5000,
      [&](store::KeyValue kv) {
        cache::EntryPtr entry =
            cache::EntryFromStore(absl::StripPrefix(kv.key, base), kv.value, kv.mod_revision);
        if (entry == nullptr || !filter.Matches(*entry)) return true;
        if (limit > 0 && answer.items.size() == static_cast<size_t>(limit)) {
          more = true;
          return false;
        }
        answer.items.push_back(std::move(entry));
        return true;
      });
  if (!listed.ok()) {
    if (absl::IsOutOfRange(listed.status())) {
      if (revision > env_.cache->revision()) return TooLarge(revision, env_.cache->revision());
      if (from.empty()) return apimachinery::Expired("The resourceVersion for the provided list is too old.");
      apimachinery::ApiStatus gone = apimachinery::Expired(
          "The provided continue parameter is too old to display a consistent list result. You can start a new list "
          "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
          "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
          "modified, or deleted between the time the first chunk was returned and now may show up in the list.");
      return gone;
    }
    return apimachinery::InternalError(listed.status().message());
  }
  answer.revision = *listed;
  if (more) {
    const std::string next = answer.items.back()->key + std::string(1, '\0');
    answer.continue_token = EncodeContinue(answer.revision, next);
    if (!filter.HasSelector()) {
      const absl::StatusOr<int64_t> count = env_.store->Count(prefix, absl::StrCat(base, next), answer.revision);
      if (count.ok()) answer.remaining = *count;
    }
  }
  return answer;
}

absl::StatusOr<WatchAnswer> Registry::Watch(RequestContext& context, std::unique_ptr<cache::WatchSink> sink) {
  ASSIGN_OR_RETURN(const Resource* resource, Resolve(context.info));
  RequestOptions& o = context.options;
  RETURN_IF_ERROR(CheckListOptions(o));
  cache::WatchRequest request;
  ASSIGN_OR_RETURN(request.filter,
                   cache::ParseFilter(*resource->kind, resource->namespaced() ? context.info.ns : "", o.label_selector,
                                      o.field_selector));
  request.filter.name = context.info.name;
  ASSIGN_OR_RETURN(const int64_t revision, ParseRevision(o.resource_version));
  const bool initial_events = o.has_send_initial_events ? o.send_initial_events : revision == 0;
  if (o.resource_version.empty()) {
    const absl::Status fresh = env_.cache->WaitFresh(kFreshTimeout);
    if (!fresh.ok()) return apimachinery::ServiceUnavailable(fresh.message());
  } else if (o.has_send_initial_events && o.send_initial_events && revision > 0 &&
             !env_.cache->WaitFor(revision, kFreshTimeout).ok()) {
    return TooLarge(revision, env_.cache->revision());
  }
  request.after_revision = initial_events ? -1 : revision > 0 ? revision : -2;
  request.bookmarks = o.allow_bookmarks;
  request.initial_bookmark = o.has_send_initial_events && o.send_initial_events;
  thread_local absl::InsecureBitGen bits;
  request.timeout = o.timeout_seconds > 0 ? absl::Seconds(o.timeout_seconds)
                                          : absl::Minutes(absl::Uniform(bits, 30.0, 60.0));
  WatchAnswer answer;
  answer.resource = resource;
  absl::StatusOr<std::unique_ptr<cache::WatchTicket>> ticket =
      env_.cache->Watch(*resource->mirror, std::move(request), std::move(sink));
  if (!ticket.ok()) return apimachinery::Expired(ticket.status().message());
  answer.ticket = *std::move(ticket);
  return answer;
}

}  // namespace apiserver::registry
