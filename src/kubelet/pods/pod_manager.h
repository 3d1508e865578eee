// Runs the pods of the node: one worker at a time a pod gathers its facts, plans, acts, and reports the status.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/http/worker_pool.h"
#include "client/event_recorder.h"
#include "client/timer_thread.h"
#include "client/work_queue.h"
#include "kubelet/pods/admission.h"
#include "kubelet/pods/container_config.h"
#include "kubelet/pods/plan.h"
#include "kubelet/pods/pod_record.h"
#include "kubelet/pods/status_manager.h"
#include "kubelet/probes/prober.h"
#include "kubelet/runtime/container_runtime.h"
#include "kubelet/volumes/volume_manager.h"

namespace kubelet {

struct PodManagerOptions {
  NodeSettings node;
  std::string host_ip;
  int workers = 8;
  absl::Duration volume_refresh = absl::Seconds(30);  // how old configMap and secret volumes may get
  int64_t node_milli_cpu = 0, node_memory = 0;        // allocatable
  AdmissionSettings admission;
  std::function<std::shared_ptr<const k8s::core::v1::Node>()> own_node;  // nullptr: not known yet
};

// Thread-safe. The references must outlive it.
class PodManager {
 public:
  PodManager(PodManagerOptions options, ContainerRuntime& runtime, VolumeManager& volumes, ApiObjects& objects,
             StatusManager& statuses, client::EventRecorder events);
  ~PodManager();

  // Adds or changes a pod, of the API or of a file.
  void SetPod(std::shared_ptr<const k8s::core::v1::Pod> pod);
  // The pod left its source: what runs of it ends, and is forgotten.
  void RemovePod(const std::string& uid);
  // For static pods: the API object that shows them, under whose uid the status is written.
  void SetMirror(const std::string& static_uid, const std::string& mirror_uid);
  // Once all sources are known: removes what an earlier kubelet left of pods that are no more.
  void RemoveOrphans();
  void Resync();  // looks at every pod again
  // Ends pods that use more local storage than they may; a look at the disk.
  void EnforceStorageLimits();

  // For the server.
  std::vector<std::shared_ptr<const k8s::core::v1::Pod>> Pods() const;  // with their newest status
  std::shared_ptr<const k8s::core::v1::Pod> FindPod(const std::string& ns, const std::string& name) const;
  // NotFound: no such container, or it never ran. `previous`: the run before the current one.
  absl::StatusOr<ContainerStatus> FindRun(const k8s::core::v1::Pod& pod, const std::string& container, bool previous) const;

 private:
  using RecordPtr = std::shared_ptr<PodRecord>;
  void Work();
  bool Sync(const std::string& uid);  // whether the pod is on its way out
  void Evict(PodRecord& record, const std::string& message);
  // Pods that hold resources of the node, but for that of `uid`.
  std::vector<std::shared_ptr<const k8s::core::v1::Pod>> Holding(const std::string& uid) const;
  void Reject(PodRecord& record, const Rejection& rejection) ABSL_EXCLUSIVE_LOCKS_REQUIRED(record.mu);
  PodFacts Gather(PodRecord& record, absl::Time now);
  bool Execute(const RecordPtr& record, const PodFacts& facts, const PodPlan& plan, absl::Time now);
  bool SetUpVolumes(PodRecord& record, const PodFacts& facts, absl::Time now);
  bool MakeSandbox(PodRecord& record, const PodFacts& facts, const PodPlan& plan, absl::Time now);
  bool StartContainer(const RecordPtr& record, const PodFacts& facts, const std::string& name, absl::Time now);
  // nullopt: not now; the record says why.
  std::optional<Image> EnsureImage(const RecordPtr& record, const k8s::core::v1::Container& container, absl::Time now);
  void Pull(const RecordPtr& record, const k8s::core::v1::Container& container);
  void RunPostStart(const RecordPtr& record, const k8s::core::v1::Container& container, const std::string& run_id);
  void Stop(const RecordPtr& record, const PodFacts& facts, const StopAction& action);
  void Report(PodRecord& record, const PodFacts& facts, const PodPlan& plan, bool finished, absl::Time now);
  void Finish(const RecordPtr& record, const PodFacts& facts);
  void StartProbes(const RecordPtr& record, const PodFacts& facts);
  void ProbeTick(const RecordPtr& record, std::shared_ptr<ActiveProbe> probe);
  void Fail(PodRecord& record, const std::string& container, const std::string& reason, const std::string& message,
            absl::Duration retry);
  PodContext ContextOf(const PodFacts& facts) const;
  RecordPtr Find(const std::string& uid) const;

  const PodManagerOptions options_;
  ContainerRuntime& runtime_;
  VolumeManager& volumes_;
  ApiObjects& objects_;
  StatusManager& statuses_;
  const client::EventRecorder events_;
  const std::string runtime_name_;
  Prober prober_;
  client::WorkQueue queue_;
  client::TimerThread timer_;
  std::unique_ptr<base::http::WorkerPool> side_;    // pulls and hooks: may take long
  std::unique_ptr<base::http::WorkerPool> probing_;
  mutable absl::Mutex mu_;
  std::map<std::string, RecordPtr> records_ ABSL_GUARDED_BY(mu_);  // by uid
  std::vector<std::thread> threads_;
};

}  // namespace kubelet
