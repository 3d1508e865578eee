#include "controller-manager/cronjob/cronjob_controller.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/cronjob/cron_schedule.h"
#include "controller-manager/framework/metadata.h"
#include "controller-manager/job/job_plan.h"
#include "k8s/batch/v1/cronjob.pb.h"

namespace controller_manager {
namespace {

using k8s::batch::v1::CronJob;
using CronJobPtr = std::shared_ptr<const CronJob>;
using JobPtr = std::shared_ptr<const Job>;

constexpr char kByOwner[] = "owner";

class CronJobController final : public Controller {
 public:
  CronJobController(const Context& context, int workers)
      : Controller("cronjob-controller", workers), api_(context.api), clock_(context.clock),
        crons_(context.informers.For<CronJob>()), jobs_(context.informers.For<Job>()),
        events_(context.events.As({"cronjob-controller"})) {
    jobs_.AddIndex(kByOwner, [](const Job& job, std::vector<std::string>& keys) {
      if (const OwnerReference* owner = ControllerOf(job.metadata())) keys.push_back(owner->uid());
    });
    crons_.OnChange([this](const CronJob& cron) {
      queue().Add(client::KeyOf(cron.metadata().namespace_(), cron.metadata().name()));
    });
    jobs_.OnChange([this](const Job& job) {
      const OwnerReference* owner = ControllerOf(job.metadata());
      if (owner != nullptr && owner->kind() == "CronJob") {
        queue().Add(client::KeyOf(job.metadata().namespace_(), owner->name()));
      }
    });
  }
  ~CronJobController() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const CronJobPtr seen = crons_.Get(key);
    if (seen == nullptr || IsDeleting(seen->metadata())) return absl::OkStatus();
    CronJob cron = *seen;
    const client::ObjectRef about = client::RefTo(cron);
    const std::vector<JobPtr> jobs = jobs_.Indexed(kByOwner, cron.metadata().uid());
    UpdateActive(jobs, about, cron);
    RETURN_IF_ERROR(CleanUp(jobs, about, cron));
    absl::Status started;
    if (!cron.spec().suspend()) started = StartDue(key, jobs, about, cron);
    if (cron.status().SerializePartialAsString() != seen->status().SerializePartialAsString()) {
      const absl::Status written = api_.UpdateStatus(cron).status();
      if (!IsNotFound(written)) RETURN_IF_ERROR(written);
    }
    return started;
  }

 private:
  void UpdateActive(const std::vector<JobPtr>& jobs, const client::ObjectRef& about, CronJob& cron) {
    auto& active = *cron.mutable_status()->mutable_active();
    for (auto it = active.begin(); it != active.end();) {
      const auto job = std::find_if(jobs.begin(), jobs.end(),
                                    [&](const JobPtr& j) { return j->metadata().uid() == it->uid(); });
      if (job != jobs.end() && !IsFinished(**job)) {
        ++it;
        continue;
      }
      if (job != jobs.end()) {
        std::string how = "Complete";
        for (const auto& condition : (*job)->status().conditions()) {
          if (condition.type() == "Failed" && condition.status() == "True") how = "Failed";
        }
        events_.Normal(about, "SawCompletedJob",
                       absl::StrCat("Saw completed job: ", (*job)->metadata().name(), ", condition: ", how));
        if (how == "Complete" && (*job)->status().has_completiontime()) {
          *cron.mutable_status()->mutable_lastsuccessfultime() = (*job)->status().completiontime();
        }
      }
      it = active.erase(it);
    }
  }

  // Finished jobs beyond the history limits go, the oldest first.
  absl::Status CleanUp(const std::vector<JobPtr>& jobs, const client::ObjectRef& about, const CronJob& cron) {
    std::vector<JobPtr> succeeded, failed;
    for (const JobPtr& job : jobs) {
      for (const auto& condition : job->status().conditions()) {
        if (condition.status() != "True") continue;
        if (condition.type() == "Complete") succeeded.push_back(job);
        if (condition.type() == "Failed") failed.push_back(job);
      }
    }
    const auto trim = [&](std::vector<JobPtr>& list, int limit) -> absl::Status {
      std::sort(list.begin(), list.end(), [](const JobPtr& a, const JobPtr& b) {
        return CreatedAt(a->metadata()) < CreatedAt(b->metadata());
      });
      for (int i = 0; i < static_cast<int>(list.size()) - limit; ++i) {
        RETURN_IF_ERROR(Delete(*list[i], about));
      }
      return absl::OkStatus();
    };
    if (cron.spec().has_successfuljobshistorylimit()) {
      RETURN_IF_ERROR(trim(succeeded, cron.spec().successfuljobshistorylimit()));
    }
    if (cron.spec().has_failedjobshistorylimit()) RETURN_IF_ERROR(trim(failed, cron.spec().failedjobshistorylimit()));
    return absl::OkStatus();
  }

  absl::Status Delete(const Job& job, const client::ObjectRef& about) {
    const absl::Status deleted = api_.Delete<Job>(job.metadata().namespace_(), job.metadata().name(),
                                                  {.propagation = "Background", .uid = job.metadata().uid()});
    if (deleted.ok()) events_.Normal(about, "SuccessfulDelete", absl::StrCat("Deleted job ", job.metadata().name()));
    return IsNotFound(deleted) ? absl::OkStatus() : deleted;
  }

  absl::Status StartDue(const std::string& key, const std::vector<JobPtr>& jobs, const client::ObjectRef& about,
                        CronJob& cron) {
    absl::TimeZone zone = absl::UTCTimeZone();
    if (!cron.spec().timezone().empty() && !absl::LoadTimeZone(cron.spec().timezone(), &zone)) {
      events_.Warning(about, "UnknownTimeZone",
                      absl::StrCat("invalid timeZone: \"", cron.spec().timezone(), "\""));
      return absl::OkStatus();
    }
    const auto schedule = CronSchedule::Parse(cron.spec().schedule(), zone);
    if (!schedule.ok()) {
      events_.Warning(about, "UnparseableSchedule",
                      absl::StrCat("unparseable schedule: \"", cron.spec().schedule(), "\" : ",
                                   schedule.status().message()));
      return absl::OkStatus();  // a change of the object brings it back
    }
    const absl::Time now = clock_.Now();
    absl::Time from = cron.status().has_lastscheduletime() ? ToTime(cron.status().lastscheduletime())
                                                           : CreatedAt(cron.metadata());
    if (cron.spec().has_startingdeadlineseconds()) {
      from = std::max(from, now - absl::Seconds(cron.spec().startingdeadlineseconds()));
    }
    absl::Time due = absl::InfinitePast();
    int missed = 0;
    for (absl::Time t = schedule->Next(from); t <= now; t = schedule->Next(t)) {
      due = t;
      if (++missed == 101) {
        events_.Warning(about, "TooManyMissedTimes",
                        "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
      }
      if (missed > 100000) break;
    }
    const absl::Time next = schedule->Next(now);
    if (next < absl::InfiniteFuture()) queue().AddAfter(key, next - now + absl::Milliseconds(100));
    if (missed == 0) return absl::OkStatus();

    const std::string name = absl::StrCat(cron.metadata().name(), "-", absl::ToUnixSeconds(due) / 60);
    for (const JobPtr& job : jobs) {
      if (job->metadata().name() == name) return Note(*job, due, cron);
    }
    if (cron.spec().concurrencypolicy() == "Forbid" && !cron.status().active().empty()) {
      events_.Normal(about, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid");
      return absl::OkStatus();
    }
    if (cron.spec().concurrencypolicy() == "Replace") {
      for (const auto& ref : cron.status().active()) {
        for (const JobPtr& job : jobs) {
          if (job->metadata().uid() == ref.uid()) RETURN_IF_ERROR(Delete(*job, about));
        }
      }
      cron.mutable_status()->clear_active();
    }
    const absl::StatusOr<Job> created = api_.Create(MakeJob(cron, name, due, zone));
    if (IsAlreadyExists(created.status())) {
      ASSIGN_OR_RETURN(const Job there, api_.Get<Job>(cron.metadata().namespace_(), name));
      return IsControlledBy(there.metadata(), cron.metadata().uid()) ? Note(there, due, cron) : absl::OkStatus();
    }
    if (client::IsNamespaceTerminating(created.status())) return absl::OkStatus();
    if (!created.ok()) {
      events_.Warning(about, "FailedCreate", absl::StrCat("Error creating job: ", created.status().message()));
      return created.status();
    }
    events_.Normal(about, "SuccessfulCreate", absl::StrCat("Created job ", name));
    return Note(*created, due, cron);
  }

  static absl::Status Note(const Job& job, absl::Time due, CronJob& cron) {
    auto& status = *cron.mutable_status();
    const bool listed = std::any_of(status.active().begin(), status.active().end(),
                                    [&](const auto& ref) { return ref.uid() == job.metadata().uid(); });
    if (!listed && !IsFinished(job)) {
      auto& ref = *status.add_active();
      ref.set_apiversion("batch/v1");
      ref.set_kind("Job");
      ref.set_namespace_(job.metadata().namespace_());
      ref.set_name(job.metadata().name());
      ref.set_uid(job.metadata().uid());
      ref.set_resourceversion(job.metadata().resourceversion());
    }
    SetTime(due, status.mutable_lastscheduletime());
    return absl::OkStatus();
  }

  static Job MakeJob(const CronJob& cron, const std::string& name, absl::Time due, absl::TimeZone zone) {
    Job job;
    auto& metadata = *job.mutable_metadata();
    metadata.set_name(name);
    metadata.set_namespace_(cron.metadata().namespace_());
    const auto& job_template = cron.spec().jobtemplate();
    *metadata.mutable_labels() = job_template.metadata().labels();
    *metadata.mutable_annotations() = job_template.metadata().annotations();
    (*metadata.mutable_annotations())["batch.kubernetes.io/cronjob-scheduled-timestamp"] =
        absl::FormatTime("%Y-%m-%dT%H:%M:%S%Ez", due, zone);
    if (zone == absl::UTCTimeZone()) {
      (*metadata.mutable_annotations())["batch.kubernetes.io/cronjob-scheduled-timestamp"] =
          absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", due, zone);
    }
    *metadata.add_ownerreferences() = ControllerRefTo(cron);
    *job.mutable_spec() = job_template.spec();
    return job;
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  client::Informer<CronJob>& crons_;
  client::Informer<Job>& jobs_;
  const client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> NewCronJobController(const Context& context, int workers) {
  return std::make_unique<CronJobController>(context, workers);
}

}  // namespace controller_manager
