// A local copy of one kind of object, kept by list and watch, with events for what changes.
//
//   Informers informers(client);
//   Informer<Pod>& pods = informers.For<Pod>({.field_selector = "spec.nodeName=n1"});
//   pods.AddIndex("node", [](const Pod& pod, auto& keys) { keys.push_back(pod.spec().nodename()); });
//   pods.AddHandler({.added = ..., .updated = ..., .deleted = ...});
//   informers.Start(); informers.WaitForSync();
//
// Objects are immutable and shared; decoded once, without metadata.managedFields. Handlers run one at a time per
// informer, after the store changed, on a thread of the transport: they must not block (put a key into a queue).
// A watch that breaks resumes where it stopped; an expired one lists again and reports the difference.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/api_client.h"
#include "client/timer_thread.h"

namespace k8s::meta::v1 {
class ObjectMeta;
}

namespace client {

// "namespace/name", or "name" without a namespace.
std::string KeyOf(absl::string_view ns, absl::string_view name);
std::pair<std::string, std::string> SplitKey(absl::string_view key);  // {namespace, name}

// The untyped half: store, indexes, list, watch, resume. Thread-safe; AddIndex and AddHandler before Start.
class InformerBase {
 public:
  using Any = std::shared_ptr<const void>;
  virtual ~InformerBase();
  bool HasSynced() const;
  size_t size() const;
  void Start();
  // No more lists, watches and events. The object must live on until its TimerThread has stopped.
  void Halt();

 protected:
  using IndexFn = std::function<void(const void*, std::vector<std::string>&)>;
  struct Handlers {
    std::function<void(const Any&)> added;
    std::function<void(const Any& old, const Any& now)> updated;
    std::function<void(const Any&)> deleted;
  };

  InformerBase(const ApiClient& client, const ResourceInfo& info, std::string ns, Selection select, TimerThread& timer,
               bool metadata_only = false);
  virtual Any Parse(absl::string_view bytes) const = 0;  // null: malformed
  virtual const k8s::meta::v1::ObjectMeta& Meta(const void* object) const = 0;

  void AddAnyIndex(absl::string_view name, IndexFn keys);
  void AddAnyHandler(Handlers handlers) { handlers_.push_back(std::move(handlers)); }
  Any GetAny(absl::string_view key) const;
  std::vector<Any> ListAny() const;
  std::vector<Any> NamespaceAny(absl::string_view ns) const;
  std::vector<Any> IndexedAny(absl::string_view index, absl::string_view key) const;

  // Called by the typed class's destructor: no virtual call may follow.
  void Stop();

 private:
  friend class Informers;
  struct Index {
    IndexFn keys;
    absl::flat_hash_map<std::string, absl::flat_hash_set<std::string>> objects;  // index key -> object keys
  };

  bool IsStopped() const;
  void ListThenWatch();  // on the timer's thread
  void WatchFromHere();  // on the timer's thread
  void OnEvent(const WatchEvent& event);
  void OnDone(absl::Status status);
  void Retry(bool list);
  void Upsert(Any object);
  void Remove(const std::string& key, Any last);
  Any ReplaceLocked(const std::string& key, Any object) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);  // null: erases

  const ApiClient& client_;
  const ResourceInfo& info_;
  const std::string ns_;
  const Selection select_;
  TimerThread& timer_;
  const bool metadata_only_;
  std::vector<Handlers> handlers_;

  mutable absl::Mutex mu_;
  absl::btree_map<std::string, Any> objects_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, Index> indexes_ ABSL_GUARDED_BY(mu_);
  bool synced_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;

  // Of whoever lists or delivers: one at a time.
  std::string resource_version_;
  bool expired_ = false;  // "0" may be as old as what expired: list the most recent
  absl::Duration backoff_;
  absl::Time watch_started_;
  std::unique_ptr<Watch> watch_;  // the timer's thread
};

template <typename T>
struct EventHandler {
  using Ptr = std::shared_ptr<const T>;
  std::function<void(const Ptr&)> added;
  std::function<void(const Ptr& old, const Ptr& now)> updated;
  std::function<void(const Ptr&)> deleted;  // the last known state
};

template <typename T>
class Informer final : public InformerBase {
 public:
  using Ptr = std::shared_ptr<const T>;
  Informer(const ApiClient& client, std::string ns, Selection select, TimerThread& timer)
      : InformerBase(client, kResource<T>, std::move(ns), std::move(select), timer) {}
  ~Informer() override { Stop(); }

  void AddHandler(EventHandler<T> handler) {
    Handlers any;
    if (handler.added) any.added = [f = handler.added](const Any& o) { f(Cast(o)); };
    if (handler.updated) any.updated = [f = handler.updated](const Any& a, const Any& b) { f(Cast(a), Cast(b)); };
    if (handler.deleted) any.deleted = [f = handler.deleted](const Any& o) { f(Cast(o)); };
    AddAnyHandler(std::move(any));
  }
  // One function for all three: added, updated (new state) and deleted (last state).
  void OnChange(std::function<void(const T&)> changed) {
    AddHandler({[changed](const Ptr& o) { changed(*o); }, [changed](const Ptr&, const Ptr& o) { changed(*o); },
                [changed](const Ptr& o) { changed(*o); }});
  }
  void AddIndex(absl::string_view name, std::function<void(const T&, std::vector<std::string>&)> keys) {
    AddAnyIndex(name, [keys = std::move(keys)](const void* object, std::vector<std::string>& out) {
      keys(*static_cast<const T*>(object), out);
    });
  }

  Ptr Get(absl::string_view key) const { return Cast(GetAny(key)); }
  Ptr Get(absl::string_view ns, absl::string_view name) const { return Cast(GetAny(KeyOf(ns, name))); }
  std::vector<Ptr> List() const { return CastAll(ListAny()); }
  std::vector<Ptr> Namespace(absl::string_view ns) const { return CastAll(NamespaceAny(ns)); }
  std::vector<Ptr> Indexed(absl::string_view index, absl::string_view key) const {
    return CastAll(IndexedAny(index, key));
  }

 private:
  static Ptr Cast(const Any& any) { return std::static_pointer_cast<const T>(any); }
  static std::vector<Ptr> CastAll(const std::vector<Any>& all) {
    std::vector<Ptr> out;
    out.reserve(all.size());
    for (const Any& any : all) out.push_back(Cast(any));
    return out;
  }
  Any Parse(absl::string_view bytes) const override {
    auto object = std::make_shared<T>();
    if (!object->ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) return nullptr;
    return object;
  }
  const k8s::meta::v1::ObjectMeta& Meta(const void* object) const override {
    return static_cast<const T*>(object)->metadata();
  }
};

// The informers of one daemon, each kind and selection once. `client` must outlive it.
class Informers {
 public:
  explicit Informers(const ApiClient& client) : client_(client) {}
  ~Informers() { Stop(); }

  template <typename T>
  Informer<T>& For(Selection select = {}, std::string ns = "") {
    const std::string id = IdOf(kResource<T>, ns, select);
    auto& slot = informers_[id];
    if (slot == nullptr) slot = std::make_unique<Informer<T>>(client_, std::move(ns), std::move(select), timer_);
    return static_cast<Informer<T>&>(*slot);
  }

  void Start();  // informers asked for later start themselves by the next Start()
  bool HasSynced() const;
  bool WaitForSync(absl::Duration timeout = absl::InfiniteDuration()) const;  // false: timed out
  void Stop();  // no handler runs afterwards

 private:
  static std::string IdOf(const ResourceInfo& info, absl::string_view ns, const Selection& select);

  const ApiClient& client_;
  TimerThread timer_;
  absl::btree_map<std::string, std::unique_ptr<InformerBase>> informers_;
  absl::flat_hash_set<InformerBase*> started_;
};

}  // namespace client
