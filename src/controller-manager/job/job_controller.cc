#include "controller-manager/job/job_controller.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "controller-manager/framework/batches.h"
#include "controller-manager/framework/expectations.h"
#include "controller-manager/framework/pod_control.h"
#include "controller-manager/job/job_plan.h"
#include "controller-manager/replicaset/replica_controller.h"

namespace controller_manager {
namespace {

using apimachinery::Value;
using JobPtr = std::shared_ptr<const Job>;

class JobController final : public Controller {
 public:
  JobController(const Context& context, int workers)
      : Controller("job-controller", workers), api_(context.api), clock_(context.clock),
        jobs_(context.informers.For<Job>()), pods_(context.informers.For<Pod>()),
        events_(context.events.As({"job-controller"})), control_(context.api, events_) {
    IndexPodsByController(context.informers);
    jobs_.OnChange([this](const Job& job) { queue().Add(Key(job.metadata())); });
    pods_.AddHandler({[this](const PodPtr& pod) { OnPod(*pod, /*created=*/true, /*gone=*/false); },
                      [this](const PodPtr&, const PodPtr& pod) { OnPod(*pod, false, IsDeleting(pod->metadata())); },
                      [this](const PodPtr& pod) { OnPod(*pod, false, true); }});
  }
  ~JobController() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const JobPtr job = jobs_.Get(key);
    if (job == nullptr) {
      expected_.Forget(key);
      return ReleaseOrphans(key);
    }
    if (!job->spec().managedby().empty() && job->spec().managedby() != "kubernetes.io/job-controller") {
      return absl::OkStatus();
    }
    const absl::Time now = clock_.Now();
    const std::vector<PodPtr> pods = pods_.Indexed(kPodsByController, job->metadata().uid());
    const JobPlan plan = PlanJob(*job, pods, expected_.Satisfied(key, now), now);
    const client::ObjectRef about = client::RefTo(*job);
    if (plan.status_changed) {
      const absl::Status written = api_.UpdateStatus(plan.job).status();
      if (IsNotFound(written)) return absl::OkStatus();
      RETURN_IF_ERROR(written);
      for (const JobPlan::Event& event : plan.events) {
        if (event.warning) {
          events_.Warning(about, event.reason, event.message);
        } else {
          events_.Normal(about, event.reason, event.message);
        }
      }
    }
    if (plan.recheck.has_value()) queue().AddAfter(key, *plan.recheck);
    for (const auto* list : {&plan.count, &plan.release}) {
      RETURN_IF_ERROR(ForEach(static_cast<int>(list->size()), 8, [&](int i) { return DropFinalizer(*(*list)[i]); }));
    }
    RETURN_IF_ERROR(Remove(key, plan, about, now));
    return Create(key, *job, plan, about, now);
  }

 private:
  static std::string Key(const ObjectMeta& metadata) {
    return client::KeyOf(metadata.namespace_(), metadata.name());
  }

  void OnPod(const Pod& pod, bool created, bool gone) {
    const OwnerReference* owner = ControllerOf(pod.metadata());
    if (owner == nullptr || owner->kind() != "Job") return;
    const std::string key = client::KeyOf(pod.metadata().namespace_(), owner->name());
    if (created) expected_.CreationObserved(key);
    if (gone) expected_.DeletionObserved(key, pod.metadata().uid());
    queue().Add(key);
  }

  // Pods of a job that is gone must not wait for being counted.
  absl::Status ReleaseOrphans(const std::string& key) {
    const auto [ns, name] = client::SplitKey(key);
    for (const PodPtr& pod : pods_.Namespace(ns)) {
      const OwnerReference* owner = ControllerOf(pod->metadata());
      if (owner != nullptr && owner->kind() == "Job" && owner->name() == name) {
        RETURN_IF_ERROR(DropFinalizer(*pod));
      }
    }
    return absl::OkStatus();
  }

  absl::Status DropFinalizer(const Pod& pod) {
    Value rest = Value::MakeArray();
    bool found = false;
    for (const std::string& finalizer : pod.metadata().finalizers()) {
      if (finalizer == kJobTracking) {
        found = true;
      } else {
        rest.Append(finalizer);
      }
    }
    if (!found) return absl::OkStatus();
    Value patch;
    patch.Ensure("metadata").Set("uid", pod.metadata().uid());
    patch.Ensure("metadata").Set("finalizers", std::move(rest));
    const absl::Status patched = api_.Patch<Pod>(pod.metadata().namespace_(), pod.metadata().name(),
                                                 client::kMergePatch, apimachinery::WriteJson(patch))
                                     .status();
    return IsNotFound(patched) || client::IsConflict(patched) ? absl::OkStatus() : patched;
  }

  absl::Status Remove(const std::string& key, const JobPlan& plan, const client::ObjectRef& about, absl::Time now) {
    if (plan.remove.empty()) return absl::OkStatus();
    std::vector<std::string> uids;
    for (const PodPtr& pod : plan.remove) uids.push_back(pod->metadata().uid());
    expected_.ExpectDeletions(key, uids, now);
    return ForEach(static_cast<int>(plan.remove.size()), 8, [&](int i) {
      const absl::Status status = control_.Delete(*plan.remove[i], about);
      if (!status.ok()) expected_.DeletionObserved(key, uids[i]);
      return status;
    });
  }

  absl::Status Create(const std::string& key, const Job& job, const JobPlan& plan, const client::ObjectRef& about,
                      absl::Time now) {
    if (plan.create.empty()) return absl::OkStatus();
    const int count = static_cast<int>(plan.create.size());
    expected_.ExpectCreations(key, count, now);
    const BatchResult result =
        SlowStartBatch(count, [&](int i) { return control_.Create(MakePod(job, plan.create[i]), about); });
    for (int i = result.done; i < count; ++i) expected_.CreationObserved(key);
    return client::IsNamespaceTerminating(result.status) ? absl::OkStatus() : result.status;
  }

  static Pod MakePod(const Job& job, int index) {
    Pod pod = PodFromTemplate(job.spec().template_(), job.metadata(), ControllerRefTo(job));
    auto& metadata = *pod.mutable_metadata();
    metadata.add_finalizers(kJobTracking);
    if (index < 0) return pod;
    const std::string text = absl::StrCat(index);
    metadata.set_generatename(absl::StrCat(job.metadata().name(), "-", text, "-"));
    (*metadata.mutable_annotations())[kCompletionIndex] = text;
    (*metadata.mutable_labels())[kCompletionIndex] = text;
    if (pod.spec().hostname().empty()) pod.mutable_spec()->set_hostname(absl::StrCat(job.metadata().name(), "-", text));
    const auto add = [&](auto& container) {
      for (const auto& env : container.env()) {
        if (env.name() == "JOB_COMPLETION_INDEX") return;
      }
      auto& env = *container.add_env();
      env.set_name("JOB_COMPLETION_INDEX");
      env.mutable_valuefrom()->mutable_fieldref()->set_fieldpath(
          absl::StrCat("metadata.labels['", kCompletionIndex, "']"));
    };
    for (auto& container : *pod.mutable_spec()->mutable_initcontainers()) add(container);
    for (auto& container : *pod.mutable_spec()->mutable_containers()) add(container);
    return pod;
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  client::Informer<Job>& jobs_;
  client::Informer<Pod>& pods_;
  const client::EventRecorder events_;
  const PodControl control_;
  Expectations expected_;
};

class TtlAfterFinished final : public Controller {
 public:
  TtlAfterFinished(const Context& context, int workers)
      : Controller("ttl-after-finished-controller", workers), api_(context.api), clock_(context.clock),
        jobs_(context.informers.For<Job>()) {
    jobs_.OnChange([this](const Job& job) {
      if (job.spec().has_ttlsecondsafterfinished() && IsFinished(job)) {
        queue().Add(client::KeyOf(job.metadata().namespace_(), job.metadata().name()));
      }
    });
  }
  ~TtlAfterFinished() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const JobPtr job = jobs_.Get(key);
    if (job == nullptr || !job->spec().has_ttlsecondsafterfinished() || !IsFinished(*job) ||
        IsDeleting(job->metadata())) {
      return absl::OkStatus();
    }
    absl::Time finished;
    for (const auto& condition : job->status().conditions()) {
      if (condition.type() == "Complete" || condition.type() == "Failed") {
        finished = std::max(finished, ToTime(condition.lasttransitiontime()));
      }
    }
    const absl::Duration left = finished + absl::Seconds(job->spec().ttlsecondsafterfinished()) - clock_.Now();
    if (left > absl::ZeroDuration()) {
      queue().AddAfter(key, left);
      return absl::OkStatus();
    }
    const absl::Status deleted =
        api_.Delete<Job>(job->metadata().namespace_(), job->metadata().name(),
                         {.propagation = "Foreground",
                          .uid = job->metadata().uid(),
                          .resource_version = job->metadata().resourceversion()});
    return IsNotFound(deleted) ? absl::OkStatus() : deleted;
  }

 private:
  const client::ApiClient& api_;
  const base::Clock& clock_;
  client::Informer<Job>& jobs_;
};

}  // namespace

std::unique_ptr<Controller> NewJobController(const Context& context, int workers) {
  return std::make_unique<JobController>(context, workers);
}

std::unique_ptr<Controller> NewTtlAfterFinishedController(const Context& context, int workers) {
  return std::make_unique<TtlAfterFinished>(context, workers);
}

}  // namespace controller_manager
