#include "controller-manager/job/job_plan.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "controller-manager/framework/metadata.h"

namespace controller_manager {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Seconds(10);
constexpr absl::Duration kMaxBackoff = absl::Minutes(10);
constexpr int kMaxPodsAtOnce = 500;
constexpr char kCompletionsReached[] = "CompletionsReached";
constexpr char kReachedText[] = "Reached expected number of succeeded pods";

bool HasFinalizer(const Pod& pod) {
  const auto& all = pod.metadata().finalizers();
  return std::find(all.begin(), all.end(), kJobTracking) != all.end();
}

// A pod that is deleted before it ends counts as failed: it has no other chance to be counted.
bool Failed(const Pod& pod) {
  return pod.status().phase() == "Failed" || (IsDeleting(pod.metadata()) && pod.status().phase() != "Succeeded");
}
bool Succeeded(const Pod& pod) { return pod.status().phase() == "Succeeded"; }

int IndexOf(const Pod& pod) {
  int index = -1;
  return absl::SimpleAtoi(Annotation(pod.metadata(), kCompletionIndex), &index) ? index : -1;
}

absl::Time EndOf(const Pod& pod) {
  absl::Time end = CreatedAt(pod.metadata());
  for (const auto& status : pod.status().containerstatuses()) {
    if (status.state().has_terminated()) end = std::max(end, ToTime(status.state().terminated().finishedat()));
  }
  return end;
}

class Planner {
 public:
  Planner(const Job& job, const std::vector<PodPtr>& pods, bool may_act, absl::Time now)
      : job_(job), pods_(pods), may_act_(may_act), now_(now), indexed_(job.spec().completionmode() == "Indexed") {
    plan_.job = job;
  }

  JobPlan Run() {
    if (IsFinished(job_)) {
      for (const PodPtr& pod : pods_) {
        if (HasFinalizer(*pod)) plan_.release.push_back(pod);
      }
      return std::move(plan_);
    }
    if (IsDeleting(job_.metadata())) {
      for (const PodPtr& pod : pods_) {
        if (HasFinalizer(*pod)) plan_.release.push_back(pod);
      }
      return std::move(plan_);
    }
    Suspend();
    Count();
    const std::string before = job_.status().SerializePartialAsString();
    const std::string failure = FailureReason();
    if (!failure.empty()) {
      SetCondition("FailureTarget", failure, FailureText(failure));
      StopAll();
    } else if (Complete()) {
      SetCondition("SuccessCriteriaMet", kCompletionsReached, kReachedText);
      StopAll();
    } else if (job_.spec().suspend()) {
      StopAll();
    } else if (may_act_) {
      Scale();
    }
    Finish();
    auto& status = Status();
    status.set_active(static_cast<int>(active_.size()));
    status.set_ready(ready_);
    status.set_terminating(terminating_);
    plan_.status_changed = status.SerializePartialAsString() != before;
    return std::move(plan_);
  }

 private:
  k8s::batch::v1::JobStatus& Status() { return *plan_.job.mutable_status(); }

  const k8s::batch::v1::JobCondition* Condition(const std::string& type) {
    for (const auto& condition : Status().conditions()) {
      if (condition.type() == type) return &condition;
    }
    return nullptr;
  }

  bool SetCondition(const std::string& type, const std::string& reason, const std::string& message,
                    bool value = true) {
    k8s::batch::v1::JobCondition* condition = nullptr;
    for (auto& c : *Status().mutable_conditions()) {
      if (c.type() == type) condition = &c;
    }
    const std::string status = value ? "True" : "False";
    if (condition == nullptr && !value) return false;
    if (condition != nullptr && condition->status() == status) return false;
    if (condition == nullptr) condition = Status().add_conditions();
    condition->set_type(type);
    condition->set_status(status);
    condition->set_reason(reason);
    condition->set_message(message);
    SetTime(now_, condition->mutable_lastprobetime());
    SetTime(now_, condition->mutable_lasttransitiontime());
    return true;
  }

  void Suspend() {
    if (job_.spec().suspend()) {
      if (SetCondition("Suspended", "JobSuspended", "Job suspended")) {
        plan_.events.push_back({false, "Suspended", "Job suspended"});
      }
      Status().clear_starttime();
      return;
    }
    if (SetCondition("Suspended", "JobResumed", "Job resumed", false)) {
      plan_.events.push_back({false, "Resumed", "Job resumed"});
      SetTime(now_, Status().mutable_starttime());
    }
    if (!Status().has_starttime()) SetTime(now_, Status().mutable_starttime());
    if (job_.spec().has_activedeadlineseconds()) {
      plan_.recheck = ToTime(Status().starttime()) + absl::Seconds(job_.spec().activedeadlineseconds()) - now_;
    }
  }

  void Count() {
    auto& uncounted = *Status().mutable_uncountedterminatedpods();
    absl::flat_hash_set<std::string> holding;  // pods that still have the finalizer
    for (const PodPtr& pod : pods_) {
      if (HasFinalizer(*pod)) holding.insert(pod->metadata().uid());
    }
    if (indexed_) completed_ = ParseIndexes(job_.status().completedindexes());
    const auto settle = [&](google::protobuf::RepeatedPtrField<std::string>& uids) {
      int settled = 0;
      google::protobuf::RepeatedPtrField<std::string> rest;
      for (const std::string& uid : uids) {
        if (holding.contains(uid)) {
          *rest.Add() = uid;
        } else {
          ++settled;
        }
      }
      uids.Swap(&rest);
      return settled;
    };
    const int succeeded = settle(*uncounted.mutable_succeeded()), failed = settle(*uncounted.mutable_failed());
    if (!indexed_) Status().set_succeeded(Status().succeeded() + succeeded);
    Status().set_failed(Status().failed() + failed);

    absl::flat_hash_set<std::string> listed(uncounted.succeeded().begin(), uncounted.succeeded().end());
    listed.insert(uncounted.failed().begin(), uncounted.failed().end());
    for (const PodPtr& pod : pods_) {
      const bool ended = Succeeded(*pod) || Failed(*pod);
      if (IsDeleting(pod->metadata()) && !IsTerminal(*pod)) ++terminating_;
      if (!ended) {
        active_.push_back(pod);
        if (IsReady(*pod)) ++ready_;
        continue;
      }
      if (Failed(*pod)) last_failure_ = std::max(last_failure_, EndOf(*pod));
      if (!HasFinalizer(*pod)) continue;
      plan_.count.push_back(pod);
      if (Succeeded(*pod) && indexed_) {
        const int index = IndexOf(*pod);
        if (index >= 0 && index < job_.spec().completions()) completed_.insert(index);
      }
      if (listed.contains(pod->metadata().uid())) continue;
      *(Succeeded(*pod) ? uncounted.mutable_succeeded() : uncounted.mutable_failed())->Add() = pod->metadata().uid();
    }
    if (indexed_) {
      Status().set_completedindexes(FormatIndexes(completed_));
      Status().set_succeeded(static_cast<int>(completed_.size()));
      succeeded_ = Status().succeeded();
    } else {
      succeeded_ = Status().succeeded() + uncounted.succeeded_size();
    }
    failed_ = Status().failed() + uncounted.failed_size();
  }

  std::string FailureReason() {
    if (const auto* target = Condition("FailureTarget"); target != nullptr) return target->reason();
    const int limit = job_.spec().has_backofflimit() ? job_.spec().backofflimit() : 6;
    if (failed_ > limit) return "BackoffLimitExceeded";
    if (job_.spec().template_().spec().restartpolicy() == "OnFailure") {
      int restarts = 0;
      for (const PodPtr& pod : active_) {
        for (const auto& status : pod->status().containerstatuses()) restarts += status.restartcount();
      }
      if (limit == 0 ? restarts > 0 : restarts >= limit) return "BackoffLimitExceeded";
    }
    if (job_.spec().has_activedeadlineseconds() && !job_.spec().suspend() && Status().has_starttime() &&
        now_ - ToTime(Status().starttime()) >= absl::Seconds(job_.spec().activedeadlineseconds())) {
      return "DeadlineExceeded";
    }
    return "";
  }

  static std::string FailureText(const std::string& reason) {
    return reason == "DeadlineExceeded" ? "Job was active longer than specified deadline"
                                        : "Job has reached the specified backoff limit";
  }

  bool Complete() const {
    if (job_.spec().has_completions()) return succeeded_ >= job_.spec().completions();
    return succeeded_ > 0 && active_.empty();  // a work queue: one success says that all is done
  }

  void StopAll() {
    if (!may_act_) return;
    for (const PodPtr& pod : active_) plan_.remove.push_back(pod);
  }

  void Scale() {
    const int parallelism = job_.spec().parallelism();
    const int have = static_cast<int>(active_.size());
    int want = parallelism;
    if (job_.spec().has_completions()) {
      want = std::min(parallelism, job_.spec().completions() - succeeded_);
    } else if (succeeded_ > 0) {
      want = std::min(parallelism, have);
    }
    if (have > want) {
      std::vector<PodPtr> surplus = active_;
      SortForDeletion(surplus, active_, now_);
      plan_.remove.assign(surplus.begin(), surplus.begin() + (have - want));
      return;
    }
    if (have == want) return;
    if (job_.spec().podreplacementpolicy() == "Failed" && terminating_ > 0) {
      want = std::max(have, want - terminating_);  // only what has ended is replaced
    }
    if (failed_ > 0 && last_failure_ > absl::InfinitePast()) {
      const absl::Duration backoff =
          std::min(kMaxBackoff, kFirstBackoff * (int64_t{1} << std::min(failed_ - 1, 10)));
      const absl::Duration left = last_failure_ + backoff - now_;
      if (left > absl::ZeroDuration()) {
        plan_.recheck = std::min(plan_.recheck.value_or(left), left);
        return;
      }
    }
    std::set<int> taken = completed_;
    if (indexed_) {
      for (const PodPtr& pod : active_) taken.insert(IndexOf(*pod));
    }
    int next = 0;
    for (int i = 0; i < std::min(want - have, kMaxPodsAtOnce); ++i) {
      if (!indexed_) {
        plan_.create.push_back(-1);
        continue;
      }
      while (taken.contains(next)) ++next;
      if (next >= job_.spec().completions()) break;
      taken.insert(next);
      plan_.create.push_back(next);
    }
  }

  // The final condition comes when no pod runs and all are counted.
  void Finish() {
    const auto& uncounted = Status().uncountedterminatedpods();
    if (!active_.empty() || terminating_ > 0 || uncounted.succeeded_size() + uncounted.failed_size() > 0) return;
    if (const auto* target = Condition("FailureTarget"); target != nullptr && target->status() == "True") {
      const std::string reason = target->reason(), message = target->message();
      SetCondition("Failed", reason, message);
      plan_.events.push_back({true, reason, message});
    } else if (const auto* met = Condition("SuccessCriteriaMet"); met != nullptr && met->status() == "True") {
      SetCondition("Complete", kCompletionsReached, kReachedText);
      SetTime(now_, Status().mutable_completiontime());
      plan_.events.push_back({false, "Completed", "Job completed"});
    }
  }

  const Job& job_;
  const std::vector<PodPtr>& pods_;
  const bool may_act_;
  const absl::Time now_;
  const bool indexed_;
  JobPlan plan_;
  std::vector<PodPtr> active_;
  std::set<int> completed_;
  int ready_ = 0, terminating_ = 0, succeeded_ = 0, failed_ = 0;
  absl::Time last_failure_ = absl::InfinitePast();
};

}  // namespace

bool IsFinished(const Job& job) {
  for (const auto& condition : job.status().conditions()) {
    if ((condition.type() == "Complete" || condition.type() == "Failed") && condition.status() == "True") return true;
  }
  return false;
}

std::set<int> ParseIndexes(const std::string& text) {
  std::set<int> out;
  for (absl::string_view part : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::vector<absl::string_view> ends = absl::StrSplit(part, '-');
    int first = 0, last = 0;
    if (!absl::SimpleAtoi(ends[0], &first)) continue;
    if (ends.size() < 2 || !absl::SimpleAtoi(ends[1], &last)) last = first;
    for (int i = first; i <= last; ++i) out.insert(i);
  }
  return out;
}

std::string FormatIndexes(const std::set<int>& indexes) {
  std::string out;
  for (auto it = indexes.begin(); it != indexes.end();) {
    const int first = *it;
    int last = first;
    for (++it; it != indexes.end() && *it == last + 1; ++it) last = *it;
    absl::StrAppend(&out, out.empty() ? "" : ",", first);
    if (last > first) absl::StrAppend(&out, last == first + 1 ? "," : "-", last);
  }
  return out;
}

JobPlan PlanJob(const Job& job, const std::vector<PodPtr>& pods, bool may_act, absl::Time now) {
  return Planner(job, pods, may_act, now).Run();
}

}  // namespace controller_manager
