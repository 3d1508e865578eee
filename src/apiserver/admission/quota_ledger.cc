#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/api_error.h"
#include "apiserver/admission/resource_quota.h"

namespace apiserver::admission {

using apimachinery::Value;
namespace quota = apimachinery::quota;
using quota::Amounts;

namespace {

const pipeline::GroupResource& Quotas() {
  static const auto& what = *new pipeline::GroupResource{"", "resourcequotas"};
  return what;
}

int64_t VersionOf(const Value& object) {
  int64_t version = 0;
  return absl::SimpleAtoi(object.GetString("metadata.resourceVersion"), &version) ? version : 0;
}

// The 403 of taking `request` from what a quota shows; empty: it fits, and `used` gets the new figure.
std::string TakeFrom(const std::string& name, const Amounts& hard, const QuotaRequest& request, Amounts* used) {
  const Amounts wanted = quota::Mask(request.delta, hard);
  Amounts now = *used;
  quota::Add(now, wanted);
  Amounts exceeded;
  for (const auto& [resource, amount] : wanted) {
    if (hard.at(resource) < now.at(resource)) exceeded.emplace(resource, amount);
  }
  if (!exceeded.empty()) {
    return absl::StrCat("exceeded quota: ", name, ", requested: ", quota::Print(exceeded), ", used: ",
                        quota::Print(quota::Mask(*used, exceeded)), ", limited: ",
                        quota::Print(quota::Mask(hard, exceeded)));
  }
  *used = std::move(now);
  return "";
}

}  // namespace

struct QuotaLedger::Account {
  pipeline::ObjectPtr source;
  std::string name;
  Amounts hard, used;
  std::vector<QuotaRequest*> charges;  // not dry runs

  void Read(const Value& object) {
    hard = quota::AmountsAt(object, "status.hard");
    used = quota::AmountsAt(object, "status.used");
  }
};

void QuotaLedger::Charge(QuotaRequest& request) {
  Waiter self{&request};
  absl::MutexLock lock(&mu_);
  Namespace& ns = namespaces_[request.ns];
  ns.waiting.push_back(&self);
  if (ns.busy) {
    while (!self.done && !self.leads) changed_.Wait(&mu_);
    if (self.done) return;
  }
  ns.busy = true;
  const std::vector<Waiter*> batch(ns.waiting.begin(), ns.waiting.end());
  ns.waiting.clear();
  mu_.Unlock();
  Process(request.ns, batch);
  mu_.Lock();
  for (Waiter* waiter : batch) waiter->done = true;
  if (ns.waiting.empty()) {
    ns.busy = false;
  } else {
    ns.waiting.front()->leads = true;
  }
  changed_.SignalAll();
}

std::vector<QuotaLedger::Account> QuotaLedger::Open(const std::string& ns, bool fresh) {
  std::vector<Account> accounts;
  std::vector<pipeline::ObjectPtr> objects = reader_.List(Quotas(), ns);
  {
    absl::MutexLock lock(&mu_);
    std::erase_if(namespaces_[ns].latest, [&](const auto& known) {  // quotas that are gone
      return std::none_of(objects.begin(), objects.end(),
                          [&](const auto& object) { return object->GetString("metadata.name") == known.first; });
    });
  }
  for (pipeline::ObjectPtr& object : objects) {
    const std::string name = object->GetString("metadata.name");
    if (fresh) {
      const auto stored = reader_.GetFresh(Quotas(), ns, name);
      if (!stored.ok() || *stored == nullptr) continue;
      object = *stored;
    } else {
      absl::MutexLock lock(&mu_);
      const auto& latest = namespaces_[ns].latest;
      const auto known = latest.find(name);
      if (known != latest.end() && VersionOf(*known->second) > VersionOf(*object)) object = known->second;
    }
    Account account{object, name};
    account.Read(*object);
    accounts.push_back(std::move(account));
  }
  return accounts;
}

// Judges one request against every quota that counts it, and takes it from all of them or from none. What a quota obliges
// objects to say and whether it knows what is used come first, of all quotas.
void QuotaLedger::Judge(std::vector<Account>& accounts, QuotaRequest& request) {
  std::vector<Account*> counting;
  for (Account& account : accounts) {
    if (!quota::InScopes(*account.source, request.what, *request.object)) continue;
    const Amounts counted = quota::NamesUsedBy(request.what, account.hard);
    if (counted.empty()) continue;
    if (const std::string missing = quota::MissingRequirements(request.what, counted, *request.object); !missing.empty()) {
      request.refusal = absl::StrCat("failed quota: ", account.name, ": ", missing);
      return;
    }
    const auto known = [&](const auto& entry) { return account.used.contains(entry.first); };
    if (!std::all_of(counted.begin(), counted.end(), known)) {
      request.refusal = absl::StrCat("status unknown for quota: ", account.name, ", resources: ",
                                     absl::StrJoin(counted, ",", [](std::string* out, const auto& entry) { out->append(entry.first); }));
      return;
    }
    counting.push_back(&account);
  }
  if (!counting.empty() && !request.negative.empty()) {
    request.refusal = absl::StrCat("quota usage is negative for resource(s): ", absl::StrJoin(request.negative, ","));
    return;
  }
  std::vector<std::pair<Account*, Amounts>> takes;
  for (Account* account : counting) {
    Amounts used = account->used;
    if (request.refusal = TakeFrom(account->name, account->hard, request, &used); !request.refusal.empty()) return;
    if (!quota::Equal(used, account->used)) takes.emplace_back(account, std::move(used));
  }
  for (auto& [account, used] : takes) {
    if (request.dry_run) continue;
    account->used = std::move(used);
    account->charges.push_back(&request);
  }
}

bool QuotaLedger::JudgeAll(std::vector<Account>& accounts, const std::vector<Waiter*>& batch) {
  bool refused = false;
  for (Waiter* waiter : batch) {
    waiter->request->refusal.clear();
    Judge(accounts, *waiter->request);
    refused = refused || !waiter->request->refusal.empty();
  }
  return !refused;
}

void QuotaLedger::Process(const std::string& ns, const std::vector<Waiter*>& batch) {
  std::vector<Account> accounts = Open(ns, /*fresh=*/false);
  if (!JudgeAll(accounts, batch)) {  // a "no" must not come from a lagging cache
    accounts = Open(ns, /*fresh=*/true);
    JudgeAll(accounts, batch);
  }
  for (Account& account : accounts) {
    if (!account.charges.empty()) Write(ns, account);
  }
}

void QuotaLedger::Write(const std::string& ns, Account& account) {
  bool foreign = false;
  std::vector<std::string> refusals;
  const auto written = writer_.ModifyStatus(Quotas(), ns, account.name, [&](Value& object) {
    const bool same = object.GetString("metadata.resourceVersion") == account.source->GetString("metadata.resourceVersion");
    refusals.assign(account.charges.size(), "");
    bool any = false;
    if (same) {
      any = true;
    } else {  // somebody was faster: everything is judged again on what there is now
      foreign = true;
      account.Read(object);
      for (size_t i = 0; i < account.charges.size(); ++i) {
        const QuotaRequest& request = *account.charges[i];
        if (!request.refusal.empty() || !request.error.ok()) continue;
        refusals[i] = TakeFrom(account.name, account.hard, request, &account.used);
        any = any || refusals[i].empty();
      }
    }
    if (any) object.Ensure("status").Set("used", quota::ToValue(account.used));
    return any;
  });
  if (!written.ok() && apimachinery::ApiStatus::From(written.status()).code == 404) return;  // the quota is gone
  for (size_t i = 0; i < account.charges.size(); ++i) {
    QuotaRequest& request = *account.charges[i];
    if (!written.ok()) {
      request.error = written.status();
    } else if (!refusals[i].empty()) {
      request.refusal = refusals[i];
    } else {
      request.charged.push_back(account.name);
    }
  }
  if (written.ok()) Remember(ns, account.name, *written, foreign);
}

void QuotaLedger::Remember(const std::string& ns, const std::string& name, const pipeline::ObjectPtr& written,
                           bool foreign) {
  absl::MutexLock lock(&mu_);
  Namespace& entry = namespaces_[ns];
  entry.latest[name] = written;
  if (foreign) ++entry.epoch;
}

uint64_t QuotaLedger::Epoch(const std::string& ns) {
  absl::MutexLock lock(&mu_);
  return namespaces_[ns].epoch;
}

void QuotaLedger::GiveBack(const std::string& ns, const std::vector<std::string>& quotas, const Amounts& delta,
                           uint64_t epoch) {
  for (const std::string& name : quotas) {
    std::string expected;
    {
      absl::MutexLock lock(&mu_);
      const Namespace& entry = namespaces_[ns];
      const auto known = entry.latest.find(name);
      if (entry.epoch != epoch || known == entry.latest.end()) return;
      expected = known->second->GetString("metadata.resourceVersion");
    }
    bool ours = false;
    const auto written = writer_.ModifyStatus(Quotas(), ns, name, [&](Value& object) {
      ours = object.GetString("metadata.resourceVersion") == expected;
      if (!ours) return false;
      Amounts used = quota::AmountsAt(object, "status.used");
      quota::Subtract(used, quota::Mask(delta, quota::AmountsAt(object, "status.hard")));
      object.Ensure("status").Set("used", quota::ToValue(used));
      return true;
    });
    if (written.ok() && ours) Remember(ns, name, *written, /*foreign=*/false);
  }
}

}  // namespace apiserver::admission
