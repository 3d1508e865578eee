#include "scheduler/daemon.h"

#include <malloc.h>

#include <atomic>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/log.h"
#include "base/release_memory.h"
#include "base/shutdown.h"
#include "base/status_macros.h"
#include "client/event_recorder.h"
#include "client/health_server.h"
#include "client/kubeconfig.h"
#include "scheduler/plugins/plugins.h"
#include "scheduler/scheduler.h"

namespace scheduler {

absl::Status RunScheduler(const Options& options) {
  mallopt(M_ARENA_MAX, 2);  // mostly idle threads: their arenas would be most of our memory
  ASSIGN_OR_RETURN(client::ClientConfig config, client::LoadKubeconfig(options.kubeconfig));
  config.user_agent = "kube-scheduler";
  ASSIGN_OR_RETURN(std::shared_ptr<client::Transport> transport, client::Connect(config));
  const client::ApiClient api(transport, "kube-scheduler");
  const client::EventRecorder events(api, {"default-scheduler", "", /*new_style=*/true});

  absl::Mutex mu;
  const Scheduler* running = nullptr;  // guarded by mu: what /metrics shows
  std::unique_ptr<client::HealthServer> health;
  if (options.secure_port > 0) {
    client::HealthServerOptions serve;
    serve.address = absl::StrCat(options.bind_address, ":", options.secure_port);
    serve.cert_file = options.tls_cert_file;
    serve.key_file = options.tls_private_key_file;
    serve.metrics = [&mu, &running](base::MetricsPage& page) {
      absl::MutexLock lock(&mu);
      if (running != nullptr) running->AddMetrics(page);
    };
    ASSIGN_OR_RETURN(health, client::HealthServer::Start(std::move(serve)));
  }

  std::atomic<bool> stopping{false}, lost{false};
  std::thread waiter([&] {
    base::WaitForShutdown();
    stopping = true;
  });
  {
    client::EventRecorder leader_events = events.As({"default-scheduler"});
    client::LeaderElector elector(api, options.leader_election, &leader_events);
    if (elector.Acquire([&] { return stopping.load(); })) {
      base::LogInfo("leading identity=", elector.identity());
      elector.KeepRenewing([&] {
        lost = true;
        base::RequestShutdown();
      });
      client::Informers informers(api);
      client::TimerThread housekeeping;
      housekeeping.PostAfter(absl::Seconds(10), base::ReleaseMemory);
      housekeeping.PostAfter(absl::Minutes(1), base::ReleaseMemory);
      Profiles profiles;
      for (const ProfileConfig& profile : options.config.profiles) {
        Profile& made = profiles[profile.scheduler_name] = MakeProfile(profile.filters, profile.scores, profile.fit);
        made.preempts = profile.preempts;
        made.percentage_of_nodes_to_score = profile.percentage_of_nodes_to_score;
      }
      SchedulerOptions pace;
      pace.initial_backoff = options.config.initial_backoff;
      pace.max_backoff = options.config.max_backoff;
      Scheduler scheduler(api, informers, events, std::move(profiles), pace);
      informers.Start();
      while (!stopping && !informers.WaitForSync(absl::Milliseconds(200))) {
      }
      if (!stopping) scheduler.Run();
      const auto show = [&](const Scheduler* what) {
        absl::MutexLock lock(&mu);
        running = what;
      };
      show(&scheduler);
      waiter.join();
      show(nullptr);
      scheduler.Stop();
      informers.Stop();
    }
  }
  if (waiter.joinable()) waiter.join();
  return lost ? absl::AbortedError("leader election lost") : absl::OkStatus();
}

}  // namespace scheduler
