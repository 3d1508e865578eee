// Quota accounting of one API server: takes usage from the quotas of a namespace before objects are stored.
//
// A quota's status.used is raised by compare-and-swap, so that any number of API servers never admit one object too
// many. Requests of one namespace that come together are judged one after the other and charged in one write.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "apimachinery/quota/usage.h"
#include "apiserver/pipeline/objects.h"

namespace apiserver::admission {

// What a request would use. Lives on the stack of its thread.
struct QuotaRequest {
  std::string ns;
  apimachinery::quota::Counted what;
  const apimachinery::Value* object = nullptr;
  apimachinery::quota::Amounts delta;  // positive amounts only
  std::vector<std::string> negative;  // what the object says it uses less than nothing of
  bool dry_run = false;

  std::string refusal;  // filled in: the text of the 403; empty and `error` OK: admitted
  absl::Status error;
  std::vector<std::string> charged;  // names of the quotas that were raised, for giving back
};

// Thread-safe. The seams outlive it.
class QuotaLedger {
 public:
  QuotaLedger(const pipeline::ObjectReader& reader, pipeline::ObjectWriter& writer) : reader_(reader), writer_(writer) {}

  // Blocks until the request is judged and charged.
  void Charge(QuotaRequest& request);
  // The object was not stored after all. Best effort: only while nobody else has written the quota since, because
  // their figure may not contain this charge; what stays is found by the controller's recount.
  void GiveBack(const std::string& ns, const std::vector<std::string>& quotas,
                const apimachinery::quota::Amounts& delta, uint64_t epoch);
  // Counts the foreign writes that were seen on any quota of the namespace.
  uint64_t Epoch(const std::string& ns);

 private:
  struct Waiter {
    QuotaRequest* request;
    bool done = false, leads = false;
  };
  struct Namespace {
    bool busy = false;
    std::deque<Waiter*> waiting;
    std::map<std::string, pipeline::ObjectPtr> latest;  // what we wrote last, by name: the cache may lag behind it
    uint64_t epoch = 0;
  };
  struct Account;  // one quota while a batch is judged

  void Process(const std::string& ns, const std::vector<Waiter*>& batch);
  std::vector<Account> Open(const std::string& ns, bool fresh);
  bool JudgeAll(std::vector<Account>& accounts, const std::vector<Waiter*>& batch);
  static void Judge(std::vector<Account>& accounts, QuotaRequest& request);
  void Write(const std::string& ns, Account& account);
  void Remember(const std::string& ns, const std::string& name, const pipeline::ObjectPtr& written, bool foreign);

  const pipeline::ObjectReader& reader_;
  pipeline::ObjectWriter& writer_;
  absl::Mutex mu_;
  absl::CondVar changed_;
  std::map<std::string, Namespace> namespaces_ ABSL_GUARDED_BY(mu_);
};

}  // namespace apiserver::admission
