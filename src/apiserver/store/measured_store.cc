#include "apiserver/store/measured_store.h"

#include <map>
#include <mutex>
#include <type_traits>

#include "absl/time/clock.h"
#include "base/metrics/metrics.h"

namespace apiserver::store {
namespace {

struct StoreMetrics {
  base::CounterFamily requests{"etcd_requests_total", "Requests to the store, by operation and resource.",
                               {"group", "operation", "resource"}};
  base::CounterFamily errors{"etcd_request_errors_total", "Failed requests to the store, by operation and resource.",
                             {"group", "operation", "resource"}};
  base::HistogramFamily duration{"etcd_request_duration_seconds",
                                 "Time that the store took, by operation and resource.",
                                 {"group", "operation", "resource"},
                                 {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1,  1.25, 1.5, 2,
                                  3,     4,     5,    6,   8,   10,  15,  20,  30, 45,   60}};
};

StoreMetrics& Metrics() {
  static auto* const metrics = new StoreMetrics;
  return *metrics;
}

struct Lists {
  std::mutex mu;
  std::map<std::pair<std::string, std::string>, ListCounts, std::less<>> by_resource;
};
Lists& AllLists() {
  static auto* const lists = new Lists;
  return *lists;
}

class MeasuredStore final : public Store {
 public:
  MeasuredStore(Store& inner, std::function<KeyOwner(absl::string_view)> owner)
      : inner_(inner), owner_(std::move(owner)) {}

  absl::StatusOr<std::optional<KeyValue>> Get(absl::string_view key, int64_t* revision) override {
    return Timed("get", key, [&] { return inner_.Get(key, revision); });
  }
  absl::StatusOr<int64_t> List(absl::string_view prefix, absl::string_view from, int64_t revision, int64_t page,
                               absl::FunctionRef<bool(KeyValue kv)> each) override {
    double fetched = 0, taken = 0;
    const auto count = [&](KeyValue kv) {
      ++fetched;
      const bool more = each(std::move(kv));
      taken += more ? 1 : 0;
      return more;
    };
    absl::StatusOr<int64_t> answer = Timed("list", prefix, [&] { return inner_.List(prefix, from, revision, page, count); });
    KeyOwner owner = owner_(prefix);
    Lists& all = AllLists();
    const std::lock_guard lock(all.mu);
    ListCounts& counts = all.by_resource[{std::move(owner.group), std::move(owner.resource)}];
    ++counts.lists;
    counts.fetched += fetched;
    counts.taken += taken;
    return answer;
  }
  absl::StatusOr<int64_t> Count(absl::string_view prefix, absl::string_view from, int64_t revision) override {
    return inner_.Count(prefix, from, revision);
  }
  absl::StatusOr<int64_t> Revision() override { return inner_.Revision(); }
  void AskRevision(std::function<void(absl::StatusOr<int64_t>)> answer) override { inner_.AskRevision(std::move(answer)); }
  absl::StatusOr<WriteResult> Create(absl::string_view key, absl::string_view value, int64_t lease) override {
    return Timed("create", key, [&] { return inner_.Create(key, value, lease); });
  }
  absl::StatusOr<WriteResult> Update(absl::string_view key, absl::string_view value, int64_t expected,
                                     int64_t lease) override {
    return Timed("update", key, [&] { return inner_.Update(key, value, expected, lease); });
  }
  absl::StatusOr<WriteResult> Delete(absl::string_view key, int64_t expected) override {
    return Timed("delete", key, [&] { return inner_.Delete(key, expected); });
  }
  absl::Status Unreadable(absl::string_view key) const override { return inner_.Unreadable(key); }
  bool Stale(absl::string_view key) const override { return inner_.Stale(key); }
  absl::StatusOr<int64_t> GrantLease(absl::Duration ttl) override { return inner_.GrantLease(ttl); }
  std::unique_ptr<WatchHandle> Watch(std::string prefix, int64_t revision, WatchSink sink) override {
    return inner_.Watch(std::move(prefix), revision, std::move(sink));
  }
  std::vector<std::optional<int64_t>> Sizes() override { return inner_.Sizes(); }
  absl::Status Compact(int64_t* version, int64_t* revision) override { return inner_.Compact(version, revision); }

 private:
  template <typename F>
  std::invoke_result_t<F> Timed(absl::string_view operation, absl::string_view key, F ask) {
    const absl::Time began = absl::Now();
    std::invoke_result_t<F> answer = ask();
    const KeyOwner owner = owner_(key);
    const absl::string_view labels[] = {owner.group, operation, owner.resource};
    Metrics().requests.With(labels).Add();
    Metrics().duration.With(labels).Observe(absl::ToDoubleSeconds(absl::Now() - began));
    if (!answer.ok()) Metrics().errors.With(labels).Add();
    return answer;
  }

  Store& inner_;
  const std::function<KeyOwner(absl::string_view)> owner_;
};

}  // namespace

ListCounts ListsOf(absl::string_view group, absl::string_view resource) {
  Lists& all = AllLists();
  const std::lock_guard lock(all.mu);
  const auto found = all.by_resource.find(std::make_pair(std::string(group), std::string(resource)));
  return found == all.by_resource.end() ? ListCounts() : found->second;
}

std::unique_ptr<Store> Measure(Store& inner, std::function<KeyOwner(absl::string_view key)> owner) {
  return std::make_unique<MeasuredStore>(inner, std::move(owner));
}

}  // namespace apiserver::store
