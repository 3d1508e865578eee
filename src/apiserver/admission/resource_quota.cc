// ResourceQuota: nothing is stored that its namespace has no quota left for.
#include "apiserver/admission/resource_quota.h"

#include <algorithm>

#include "apiserver/admission/plugin.h"
#include "base/clock.h"

namespace apiserver::admission {
namespace {

namespace quota = apimachinery::quota;

class TakenQuota final : public Reservation {
 public:
  TakenQuota(QuotaLedger& ledger, const QuotaRequest& request)
      : ledger_(ledger), ns_(request.ns), quotas_(request.charged), delta_(request.delta), epoch_(ledger.Epoch(ns_)) {}
  ~TakenQuota() override {
    if (!committed_) ledger_.GiveBack(ns_, quotas_, delta_, epoch_);
  }
  void Commit() override { committed_ = true; }

 private:
  QuotaLedger& ledger_;
  const std::string ns_;
  const std::vector<std::string> quotas_;
  const quota::Amounts delta_;
  const uint64_t epoch_;
  bool committed_ = false;
};

// Whether upstream's evaluator of the resource looks at this write.
bool Handles(const Attributes& a) {
  const bool create = a.operation == Operation::kCreate, update = a.operation == Operation::kUpdate;
  if (a.Is("", "pods", "resize")) return update;
  if (!a.info->subresource.empty() || a.info->ns.empty() || a.Is("", "namespaces") || a.info->resource == "events") {
    return false;
  }
  const bool changes_usage = a.Is("", "services") || a.Is("", "persistentvolumeclaims");
  return create || (update && changes_usage);
}

class ResourceQuota final : public Plugin {
 public:
  explicit ResourceQuota(const PluginSeams& seams)
      : Plugin("ResourceQuota"), reader_(seams.reader), clock_(seams.clock), ledger_(seams.reader, *seams.writer) {}

  absl::Status Reserve(const Attributes& a, std::unique_ptr<Reservation>* reservation) const override {
    if (!Handles(a) || reader_.List({"", "resourcequotas"}, a.info->ns).empty()) return absl::OkStatus();
    QuotaRequest request;
    request.ns = a.info->ns;
    request.what = {a.info->group, a.info->resource};
    request.object = a.object;
    request.dry_run = a.dry_run;
    request.delta = quota::UsageOf(request.what, *a.object, clock_.Now());
    for (const auto& [name, amount] : request.delta) {
      if (amount.Sign() < 0) request.negative.push_back(name);
    }
    if (a.old != nullptr) quota::Subtract(request.delta, quota::UsageOf(request.what, *a.old, clock_.Now()));
    quota::KeepPositive(request.delta);  // what an update gives up is the controller's to count
    ledger_.Charge(request);
    auto taken = std::make_unique<TakenQuota>(ledger_, request);  // gives back what a refusal leaves behind
    if (!request.error.ok()) return request.error;
    if (!request.refusal.empty()) return Refuse(a, request.refusal);
    if (!request.charged.empty() && reservation != nullptr) *reservation = std::move(taken);
    return absl::OkStatus();
  }

 private:
  const pipeline::ObjectReader& reader_;
  const base::Clock& clock_;
  mutable QuotaLedger ledger_;
};

}  // namespace

PluginPtr NewResourceQuota(const PluginSeams& seams) {
  return seams.writer == nullptr ? nullptr : std::make_unique<ResourceQuota>(seams);
}

}  // namespace apiserver::admission
