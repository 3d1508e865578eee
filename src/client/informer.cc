#include "client/informer.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/log.h"
#include "client/api_error.h"
#include "client/wire.h"
#include "k8s/meta/v1/objectmeta.pb.h"

namespace client {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(200);
constexpr absl::Duration kMaxBackoff = absl::Seconds(5);  // an API server that restarts is found again soon
constexpr int64_t kPage = 1000;
constexpr int kMetadata = 1;        // of every kind
constexpr int kManagedFields = 17;  // of ObjectMeta

// `object` without metadata.managedFields, which no daemon reads and which are a third of most objects.
// The result views `object` or `scratch`.
absl::string_view WithoutManagedFields(absl::string_view object, std::string& scratch) {
  absl::string_view rest = object;
  WireField field;
  if (!NextField(rest, field) || field.number != kMetadata) return object;
  std::string metadata;
  bool found = false;
  absl::string_view meta = field.bytes;
  WireField inner;
  for (absl::string_view before = meta; NextField(meta, inner); before = meta) {
    if (inner.number == kManagedFields) {
      found = true;
    } else {
      metadata.append(before.data(), before.size() - meta.size());
    }
  }
  if (!found) return object;
  scratch.clear();
  AppendBytesField(scratch, kMetadata, metadata);
  scratch.append(rest.data(), rest.size());
  return scratch;
}

// Only the resource version of a bookmark's object.
absl::string_view ResourceVersionOf(absl::string_view object) { return BytesField(BytesField(object, kMetadata), 6); }

}  // namespace

std::string KeyOf(absl::string_view ns, absl::string_view name) {
  return ns.empty() ? std::string(name) : absl::StrCat(ns, "/", name);
}

std::pair<std::string, std::string> SplitKey(absl::string_view key) {
  const size_t slash = key.find('/');
  if (slash == absl::string_view::npos) return {"", std::string(key)};
  return {std::string(key.substr(0, slash)), std::string(key.substr(slash + 1))};
}

InformerBase::InformerBase(const ApiClient& client, const ResourceInfo& info, std::string ns, Selection select,
                           TimerThread& timer, bool metadata_only)
    : client_(client), info_(info), ns_(std::move(ns)), select_(std::move(select)), timer_(timer),
      metadata_only_(metadata_only), backoff_(kFirstBackoff) {}

InformerBase::~InformerBase() = default;

void InformerBase::Start() {
  timer_.Post([this] { ListThenWatch(); });
}

void InformerBase::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
  }
  watch_.reset();
}

void InformerBase::Halt() {
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
  }
  timer_.Post([this] { watch_.reset(); });
}

bool InformerBase::IsStopped() const {
  absl::MutexLock lock(&mu_);
  return stopped_;
}

bool InformerBase::HasSynced() const {
  absl::MutexLock lock(&mu_);
  return synced_;
}

size_t InformerBase::size() const {
  absl::MutexLock lock(&mu_);
  return objects_.size();
}

void InformerBase::ListThenWatch() {
  watch_.reset();
  if (IsStopped()) return;
  ListOptions options;
  options.select = select_;
  options.metadata_only = metadata_only_;
  if (!expired_) {
    options.resource_version = "0";
  } else {
    options.limit = kPage;
  }
  absl::flat_hash_set<std::string> seen;
  std::string scratch;
  bool malformed = false;
  while (true) {
    const absl::StatusOr<ListMeta> meta =
        client_.transport().List(ApiClient::TargetOf(info_, ns_, ""), options, [&](absl::string_view bytes) {
          Any object = Parse(WithoutManagedFields(bytes, scratch));
          if (object == nullptr) {
            malformed = true;
            return;
          }
          const auto& metadata = Meta(object.get());
          seen.insert(KeyOf(metadata.namespace_(), metadata.name()));
          Upsert(std::move(object));
        });
    if (!meta.ok() || malformed) {
      base::LogWarning("list failed resource=", info_.resource, " error=\"",
                       malformed ? "malformed object" : meta.status().message(), "\"");
      if (!meta.ok() && IsGone(meta.status())) expired_ = true;
      return Retry(/*list=*/true);
    }
    resource_version_ = meta->resource_version;
    if (meta->continue_token.empty()) break;
    options.continue_token = meta->continue_token;
    options.resource_version.clear();
  }
  std::vector<std::pair<std::string, Any>> gone;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [key, object] : objects_) {
      if (!seen.contains(key)) gone.emplace_back(key, object);
    }
  }
  for (auto& [key, object] : gone) Remove(key, std::move(object));
  {
    absl::MutexLock lock(&mu_);
    synced_ = true;
  }
  expired_ = false;
  WatchFromHere();
}

void InformerBase::WatchFromHere() {
  watch_.reset();
  if (IsStopped()) return;
  WatchOptions options;
  options.select = select_;
  options.metadata_only = metadata_only_;
  options.resource_version = resource_version_;
  // Between five and ten minutes, as upstream, spread by the address so that watches do not end together.
  options.timeout = absl::Seconds(300 + (reinterpret_cast<uintptr_t>(this) >> 6) % 300);
  watch_started_ = absl::Now();
  watch_ = client_.transport().StartWatch(
      ApiClient::TargetOf(info_, ns_, ""), options,
      {[this](const WatchEvent& event) { OnEvent(event); }, [this](absl::Status status) { OnDone(std::move(status)); }});
}

void InformerBase::OnEvent(const WatchEvent& event) {
  backoff_ = kFirstBackoff;
  if (event.type == EventType::kBookmark) {
    resource_version_ = std::string(ResourceVersionOf(event.object));
    return;
  }
  std::string scratch;
  Any object = Parse(WithoutManagedFields(event.object, scratch));
  if (object == nullptr) {
    base::LogError("malformed watch event resource=", info_.resource);
    return;
  }
  const auto& metadata = Meta(object.get());
  resource_version_ = metadata.resourceversion();
  if (event.type == EventType::kDeleted) {
    Remove(KeyOf(metadata.namespace_(), metadata.name()), std::move(object));
  } else {
    Upsert(std::move(object));
  }
}

void InformerBase::OnDone(absl::Status status) {
  if (status.ok() && absl::Now() - watch_started_ > absl::Seconds(1)) {
    timer_.Post([this] { WatchFromHere(); });
    return;
  }
  if (IsGone(status)) {
    expired_ = true;
    return Retry(/*list=*/true);
  }
  if (!status.ok()) {
    base::LogDebug("watch ended resource=", info_.resource, " error=\"", status.message(), "\"");
  }
  // A server that cannot be reached may come back with our version; any other refusal asks for a fresh start.
  Retry(/*list=*/!status.ok() && !absl::IsUnavailable(status) && !IsTooManyRequests(status));
}

void InformerBase::Retry(bool list) {
  const absl::Duration delay = backoff_;
  backoff_ = std::min(backoff_ * 2, kMaxBackoff);
  timer_.PostAfter(delay, [this, list] {
    if (list) {
      ListThenWatch();
    } else {
      WatchFromHere();
    }
  });
}

InformerBase::Any InformerBase::ReplaceLocked(const std::string& key, Any object) {
  Any old;
  const auto found = objects_.find(key);
  if (found != objects_.end()) old = found->second;
  std::vector<std::string> keys;
  for (auto& [name, index] : indexes_) {
    if (old != nullptr) {
      keys.clear();
      index.keys(old.get(), keys);
      for (const std::string& k : keys) {
        const auto entry = index.objects.find(k);
        if (entry == index.objects.end()) continue;
        entry->second.erase(key);
        if (entry->second.empty()) index.objects.erase(entry);
      }
    }
    if (object != nullptr) {
      keys.clear();
      index.keys(object.get(), keys);
      for (const std::string& k : keys) index.objects[k].insert(key);
    }
  }
  if (object == nullptr) {
    if (found != objects_.end()) objects_.erase(found);
  } else if (found != objects_.end()) {
    found->second = std::move(object);
  } else {
    objects_.emplace(key, std::move(object));
  }
  return old;
}

void InformerBase::Upsert(Any object) {
  const auto& metadata = Meta(object.get());
  const std::string key = KeyOf(metadata.namespace_(), metadata.name());
  Any old;
  {
    absl::MutexLock lock(&mu_);
    if (stopped_) return;
    const auto found = objects_.find(key);
    if (found != objects_.end() && Meta(found->second.get()).resourceversion() == metadata.resourceversion()) return;
    old = ReplaceLocked(key, object);
  }
  // Deleted and created again between two lists: two objects, not one change.
  if (old != nullptr && Meta(old.get()).uid() != metadata.uid()) {
    for (const Handlers& handlers : handlers_) {
      if (handlers.deleted) handlers.deleted(old);
    }
    old = nullptr;
  }
  for (const Handlers& handlers : handlers_) {
    if (old == nullptr) {
      if (handlers.added) handlers.added(object);
    } else if (handlers.updated) {
      handlers.updated(old, object);
    }
  }
}

void InformerBase::Remove(const std::string& key, Any last) {
  {
    absl::MutexLock lock(&mu_);
    if (stopped_ || ReplaceLocked(key, nullptr) == nullptr) return;
  }
  for (const Handlers& handlers : handlers_) {
    if (handlers.deleted) handlers.deleted(last);
  }
}

void InformerBase::AddAnyIndex(absl::string_view name, IndexFn keys) {
  absl::MutexLock lock(&mu_);
  indexes_[std::string(name)].keys = std::move(keys);
}

InformerBase::Any InformerBase::GetAny(absl::string_view key) const {
  absl::MutexLock lock(&mu_);
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<InformerBase::Any> InformerBase::ListAny() const {
  absl::MutexLock lock(&mu_);
  std::vector<Any> out;
  out.reserve(objects_.size());
  for (const auto& [key, object] : objects_) out.push_back(object);
  return out;
}

std::vector<InformerBase::Any> InformerBase::NamespaceAny(absl::string_view ns) const {
  if (ns.empty()) return ListAny();
  const std::string prefix = absl::StrCat(ns, "/");
  absl::MutexLock lock(&mu_);
  std::vector<Any> out;
  for (auto it = objects_.lower_bound(prefix); it != objects_.end() && absl::StartsWith(it->first, prefix); ++it) {
    out.push_back(it->second);
  }
  return out;
}

std::vector<InformerBase::Any> InformerBase::IndexedAny(absl::string_view index, absl::string_view key) const {
  absl::MutexLock lock(&mu_);
  std::vector<Any> out;
  const auto found = indexes_.find(index);
  if (found == indexes_.end()) return out;
  const auto objects = found->second.objects.find(key);
  if (objects == found->second.objects.end()) return out;
  for (const std::string& object_key : objects->second) out.push_back(objects_.at(object_key));
  return out;
}

std::string Informers::IdOf(const ResourceInfo& info, absl::string_view ns, const Selection& select) {
  return absl::StrCat(info.group, "/", info.resource, "|", ns, "|", select.label_selector, "|", select.field_selector);
}

void Informers::Start() {
  for (auto& [id, informer] : informers_) {
    if (started_.insert(informer.get()).second) informer->Start();
  }
}

bool Informers::HasSynced() const {
  for (const auto& [id, informer] : informers_) {
    if (!informer->HasSynced()) return false;
  }
  return true;
}

bool Informers::WaitForSync(absl::Duration timeout) const {
  const absl::Time deadline = absl::Now() + timeout;
  while (!HasSynced()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return true;
}

void Informers::Stop() {
  timer_.Stop();
  informers_.clear();
}

}  // namespace client
