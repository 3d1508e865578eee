#include "controller-manager/resourcequota/resource_quota_controller.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/schema.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/framework/metadata.h"
#include "controller-manager/resourcequota/object_counts.h"
#include "controller-manager/resourcequota/quota_plan.h"
#include "k8s/core/v1/persistentvolume.pb.h"
#include "k8s/core/v1/pod.pb.h"
#include "k8s/core/v1/quota.pb.h"
#include "k8s/core/v1/service.pb.h"

namespace controller_manager {
namespace {

namespace quota = apimachinery::quota;
using apimachinery::Value;
using k8s::core::v1::PersistentVolumeClaim;
using k8s::core::v1::Pod;
using k8s::core::v1::ResourceQuota;
using k8s::core::v1::Service;

// The tree of a typed object, as the quota rules read it.
template <typename T>
Value TreeOf(const T& object) {
  static const apimachinery::Message& message =
      *apimachinery::Schema::Builtin().FindMessage(absl::StrCat("core.v1.", client::kResource<T>.kind));
  absl::StatusOr<Value> tree = apimachinery::DecodeWire(message, object.SerializePartialAsString());
  return tree.ok() ? *std::move(tree) : Value::MakeObject();
}

template <typename T>
quota::Counted CountedAs() {
  return {client::kResource<T>.group, client::kResource<T>.resource};
}

class ResourceQuotaController final : public Controller {
 public:
  ResourceQuotaController(const Context& context, ResourceQuotaConfig config)
      : Controller("resourcequota-controller", config.workers), api_(context.api), clock_(context.clock), config_(config),
        quotas_(context.informers.For<ResourceQuota>()), pods_(context.informers.For<Pod>()),
        services_(context.informers.For<Service>()), claims_(context.informers.For<PersistentVolumeClaim>()),
        counts_(context.api, [this](const std::string& group, const std::string& resource, const std::string& ns) {
          Gone(ns, quota::Amounts{{quota::CountName({group, resource}), apimachinery::Quantity::FromInt(1)},
                                  {resource, apimachinery::Quantity::FromInt(1)}});
        }) {
    quotas_.AddHandler({[this](const auto& q) { queue().Add(Key(*q)); },
                        [this](const auto& old, const auto& now) { QuotaChanged(*old, *now); },
                        [this](const auto& q) { Forget(Key(*q)); }});
    Follow(pods_);
    Follow(services_);
    Follow(claims_);
  }
  ~ResourceQuotaController() override { Stop(); }

  void Stop() override {
    Controller::Stop();
    counts_.Stop();
  }

  absl::Status Reconcile(const std::string& key) override {
    const auto [ns, name] = client::SplitKey(key);
    const auto stored = quotas_.Get(key);
    if (stored == nullptr) return absl::OkStatus();
    const Value tree = TreeOf(*stored);
    QuotaFacts facts;
    facts.spec_hard = quota::AmountsAt(tree, "spec.hard");
    facts.status_hard = quota::AmountsAt(tree, "status.hard");
    facts.status_used = quota::AmountsAt(tree, "status.used");
    uint64_t gone_seen = 0;
    {
      absl::MutexLock lock(&mu_);
      const State& state = states_[key];
      facts.gone = state.gone;
      gone_seen = state.gone_count;
      facts.rested = clock_.Now() - state.raised >= kQuotaRest;
    }
    if (!CountAll(ns, tree, facts)) {
      queue().AddAfter(key, absl::Milliseconds(100));
      return absl::OkStatus();
    }
    const QuotaPlan plan = PlanQuota(facts);
    queue().AddAfter(key, plan.recheck ? kQuotaRest : config_.sync_period);
    if (!plan.write) return absl::OkStatus();
    ResourceQuota changed = *stored;
    const auto fill = [](const quota::Amounts& from, auto* to) {
      to->clear();
      for (const auto& [resource, amount] : from) (*to)[resource].set_string(amount.ToString());
    };
    fill(plan.hard, changed.mutable_status()->mutable_hard());
    fill(plan.used, changed.mutable_status()->mutable_used());
    const absl::StatusOr<ResourceQuota> written = api_.UpdateStatus(changed);
    if (IsNotFound(written.status())) return absl::OkStatus();
    RETURN_IF_ERROR(written.status());
    absl::MutexLock lock(&mu_);
    State& state = states_[key];
    state.own_version = written->metadata().resourceversion();
    if (state.gone_count == gone_seen) {
      state.gone.clear();
    } else {
      quota::Subtract(state.gone, facts.gone);
    }
    return absl::OkStatus();
  }

 private:
  struct State {
    absl::Time raised = absl::InfinitePast();  // when somebody else last wrote the figure
    quota::Amounts gone;
    uint64_t gone_count = 0;
    std::string own_version;  // of our last write
  };

  static std::string Key(const ResourceQuota& q) { return client::KeyOf(q.metadata().namespace_(), q.metadata().name()); }

  void QuotaChanged(const ResourceQuota& old, const ResourceQuota& now) {
    if (old.spec().SerializeAsString() != now.spec().SerializeAsString()) queue().Add(Key(now));
    bool foreign = false;
    {
      absl::MutexLock lock(&mu_);
      State& state = states_[Key(now)];
      foreign = state.own_version != now.metadata().resourceversion();
      if (foreign) state.raised = clock_.Now();
    }
    // A charge whose object was never stored shows in a count after the rest.
    if (foreign) queue().AddAfter(Key(now), kQuotaRest);
  }

  void Forget(const std::string& key) {
    absl::MutexLock lock(&mu_);
    states_.erase(key);
  }

  template <typename T>
  void Follow(client::Informer<T>& informer) {
    informer.AddHandler({nullptr, [this](const auto& old, const auto& now) { Left(*old, now.get()); },
                         [this](const auto& object) { Left<T>(*object, nullptr); }});
  }
  // An object is gone (`now` is nullptr), or it may use less than before.
  template <typename T>
  void Left(const T& old, const T* now) {
    const std::string& ns = old.metadata().namespace_();
    const auto quotas = quotas_.Namespace(ns);
    if (quotas.empty()) return;
    const Value tree = TreeOf(old);
    quota::Amounts gone = quota::UsageOf(CountedAs<T>(), tree, clock_.Now());
    if (now != nullptr) quota::Subtract(gone, quota::UsageOf(CountedAs<T>(), TreeOf(*now), clock_.Now()));
    quota::KeepPositive(gone);
    if (gone.empty()) return;
    for (const auto& q : quotas) {
      if (quota::InScopes(TreeOf(*q), CountedAs<T>(), tree)) Credit(Key(*q), gone);
    }
  }
  void Gone(const std::string& ns, const quota::Amounts& gone) {
    for (const auto& q : quotas_.Namespace(ns)) Credit(Key(*q), gone);
  }
  void Credit(const std::string& key, const quota::Amounts& gone) {
    {
      absl::MutexLock lock(&mu_);
      State& state = states_[key];
      quota::Add(state.gone, gone);
      ++state.gone_count;
    }
    queue().Add(key);
  }

  template <typename T>
  void CountTyped(client::Informer<T>& informer, const std::string& ns, const Value& q, QuotaFacts& facts) {
    const quota::Amounts names = quota::NamesUsedBy(CountedAs<T>(), facts.spec_hard);
    if (names.empty()) return;
    quota::Amounts sum;
    for (const auto& [name, hard] : names) sum[name];
    for (const auto& object : informer.Namespace(ns)) {
      const Value tree = TreeOf(*object);
      if (!quota::InScopes(q, CountedAs<T>(), tree)) continue;
      quota::Add(sum, quota::Mask(quota::UsageOf(CountedAs<T>(), tree, clock_.Now()), names));
    }
    quota::Add(facts.counted, sum);
  }

  // False: some kind is not known yet.
  bool CountAll(const std::string& ns, const Value& q, QuotaFacts& facts) {
    CountTyped(pods_, ns, q, facts);
    CountTyped(services_, ns, q, facts);
    CountTyped(claims_, ns, q, facts);
    const bool scoped = !q.GetArray("spec.scopes").empty() || q.At("spec.scopeSelector") != nullptr;
    bool all = true;
    for (const auto& [name, hard] : facts.spec_hard) {
      absl::string_view group, resource;
      if (facts.counted.contains(name) || !quota::ParseCountName(name, &group, &resource)) continue;
      int64_t count = 0;
      if (!scoped) {  // other kinds are in no scope
        const auto answer = counts_.Count(std::string(group), std::string(resource), ns, &count);
        if (answer == ObjectCounts::Answer::kNotYet) all = false;
        if (answer == ObjectCounts::Answer::kNoSuchKind) queue().AddAfter(client::KeyOf(ns, q.GetString("metadata.name")), absl::Seconds(30));
      }
      facts.counted[name] = apimachinery::Quantity::FromInt(count);
    }
    return all;
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  const ResourceQuotaConfig config_;
  client::Informer<ResourceQuota>& quotas_;
  client::Informer<Pod>& pods_;
  client::Informer<Service>& services_;
  client::Informer<PersistentVolumeClaim>& claims_;
  absl::Mutex mu_;
  std::map<std::string, State> states_ ABSL_GUARDED_BY(mu_);
  ObjectCounts counts_;
};

}  // namespace

std::unique_ptr<Controller> NewResourceQuotaController(const Context& context, ResourceQuotaConfig config) {
  return std::make_unique<ResourceQuotaController>(context, config);
}

}  // namespace controller_manager
