#include "controller-manager/daemon.h"

#include <malloc.h>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/log.h"
#include "base/release_memory.h"
#include "base/shutdown.h"
#include "base/status_macros.h"
#include "client/health_server.h"
#include "client/kubeconfig.h"
#include "controller-manager/admissionpolicy/policy_status.h"
#include "controller-manager/certificates/certificate_controllers.h"
#include "controller-manager/clusterrole/role_aggregation.h"
#include "controller-manager/cronjob/cronjob_controller.h"
#include "controller-manager/daemonset/daemonset_controller.h"
#include "controller-manager/deployment/deployment_controller.h"
#include "controller-manager/disruption/disruption_controller.h"
#include "controller-manager/endpoints/endpoints_controller.h"
#include "controller-manager/endpointslice/endpointslice_controller.h"
#include "controller-manager/framework/controller.h"
#include "controller-manager/garbagecollector/gc_controller.h"
#include "controller-manager/job/job_controller.h"
#include "controller-manager/namespace/namespace_controller.h"
#include "controller-manager/nodeipam/node_ipam.h"
#include "controller-manager/nodelifecycle/node_lifecycle.h"
#include "controller-manager/nodelifecycle/node_ttl.h"
#include "controller-manager/persistentvolume/ephemeral_claims.h"
#include "controller-manager/persistentvolume/volume_binder.h"
#include "controller-manager/podautoscaler/pod_autoscaler.h"
#include "controller-manager/podgc/pod_gc.h"
#include "controller-manager/replicaset/replica_controller.h"
#include "controller-manager/resourcequota/resource_quota_controller.h"
#include "controller-manager/serviceaccount/namespace_defaults.h"
#include "controller-manager/serviceaccount/token_secrets.h"
#include "controller-manager/statefulset/statefulset_controller.h"
#include "controller-manager/tainteviction/taint_eviction.h"
#include "controller-manager/volumeprotection/protection.h"

namespace controller_manager {
namespace {

using Controllers = std::vector<std::unique_ptr<Controller>>;

// The controllers that `options` turns on, under upstream's names.
absl::StatusOr<Controllers> MakeControllers(const Options& o, const Context& context) {
  Controllers all;
  const auto add = [&](const char* name, const std::function<std::unique_ptr<Controller>()>& make) {
    if (o.Enabled(name)) all.push_back(make());
  };
  add("replicaset-controller", [&] { return NewReplicaSetController(context, o.concurrent_replicaset_syncs); });
  add("replicationcontroller-controller", [&] { return NewReplicationController(context, o.concurrent_rc_syncs); });
  add("deployment-controller", [&] { return NewDeploymentController(context, o.concurrent_deployment_syncs); });
  add("endpoints-controller", [&] { return NewEndpointsController(context, o.concurrent_endpoint_syncs); });
  add("endpointslice-controller", [&] {
    return NewEndpointSliceController(context, o.concurrent_service_endpoint_syncs, o.max_endpoints_per_slice);
  });
  add("namespace-controller", [&] { return NewNamespaceController(context, o.concurrent_namespace_syncs); });
  if (o.enable_garbage_collector) {
    add("garbage-collector-controller", [&] { return NewGarbageCollector(context, o.concurrent_gc_syncs); });
  }
  add("validatingadmissionpolicy-status-controller", [&] { return NewPolicyStatusController(context, o.concurrent_policy_status_syncs); });
  add("clusterrole-aggregation-controller", [&] { return NewClusterRoleAggregationController(context, 1); });
  add("node-lifecycle-controller", [&] {
    return NewNodeLifecycleController(
        context, {o.node_monitor_period,
                  {o.node_monitor_grace_period, o.node_startup_grace_period},
                  {o.node_eviction_rate, o.secondary_node_eviction_rate, o.large_cluster_size_threshold,
                   o.unhealthy_zone_threshold}});
  });
  add("taint-eviction-controller", [&] { return NewTaintEvictionController(context, 8); });
  add("pod-garbage-collector-controller", [&] { return NewPodGcController(context, o.terminated_pod_gc_threshold); });
  add("daemonset-controller", [&] { return NewDaemonSetController(context, o.concurrent_daemonset_syncs); });
  add("statefulset-controller", [&] { return NewStatefulSetController(context, o.concurrent_statefulset_syncs); });
  add("cronjob-controller", [&] { return NewCronJobController(context, o.concurrent_cron_job_syncs); });
  add("job-controller", [&] { return NewJobController(context, o.concurrent_job_syncs); });
  add("ttl-after-finished-controller",
      [&] { return NewTtlAfterFinishedController(context, o.concurrent_ttl_after_finished_syncs); });
  add("resourcequota-controller", [&] {
    return NewResourceQuotaController(context, {o.concurrent_resource_quota_syncs, o.resource_quota_sync_period});
  });
  add("disruption-controller", [&] { return NewDisruptionController(context, 2); });
  add("horizontal-pod-autoscaler-controller", [&] {
    return NewPodAutoscaler(context, o.concurrent_horizontal_pod_autoscaler_syncs, o.horizontal_pod_autoscaler_sync_period);
  });
  add("ttl-controller", [&] { return NewNodeTtlController(context, 2); });
  add("persistentvolume-binder-controller", [&] { return NewVolumeBinder(context); });
  add("ephemeral-volume-controller", [&] { return NewEphemeralClaims(context, o.concurrent_ephemeral_volume_syncs); });
  add("persistentvolumeclaim-protection-controller", [&] { return NewClaimProtectionController(context, 1); });
  add("persistentvolume-protection-controller", [&] { return NewVolumeProtectionController(context, 1); });
  add("certificatesigningrequest-approving-controller", [&] { return NewCertificateApprover(context, 1); });
  add("certificatesigningrequest-cleaner-controller", [&] { return NewCertificateCleaner(context); });
  if (o.signing.Any() && o.Enabled("certificatesigningrequest-signing-controller")) {
    ASSIGN_OR_RETURN(SigningAuthorities authorities, LoadSigningAuthorities(o.signing));
    all.push_back(NewCertificateSigner(context, 5, std::move(authorities), o.cluster_signing_duration));
  }
  add("serviceaccount-controller", [&] { return NewServiceAccountController(context, 1); });
  if (!o.service_account_private_key_file.empty() && o.Enabled("serviceaccount-token-controller")) {
    TokenSecretConfig config{o.concurrent_serviceaccount_token_syncs, nullptr, ""};
    ASSIGN_OR_RETURN(const std::string pem, base::ReadFile(o.service_account_private_key_file));
    ASSIGN_OR_RETURN(const auto keys, pki::JwtKey::ParsePem(pem));
    config.key = keys.front();
    if (!config.key->can_sign()) return absl::InvalidArgumentError("--service-account-private-key-file holds no private key");
    if (!o.root_ca_file.empty()) {
      ASSIGN_OR_RETURN(config.root_ca, base::ReadFile(o.root_ca_file));
    }
    all.push_back(NewTokenSecretController(context, std::move(config)));
  }
  if (!o.root_ca_file.empty() && o.Enabled("root-ca-certificate-publisher-controller")) {
    ASSIGN_OR_RETURN(std::string ca, base::ReadFile(o.root_ca_file));
    all.push_back(NewRootCaPublisher(context, 1, std::move(ca)));
  }
  if (o.allocate_node_cidrs && o.Enabled("node-ipam-controller")) {
    ASSIGN_OR_RETURN(auto ipam, NewNodeIpamController(context, {o.cluster_cidr, o.node_cidr_mask_size,
                                                                o.service_cluster_ip_range}));
    all.push_back(std::move(ipam));
  }
  return all;
}

}  // namespace

absl::Status RunControllerManager(const Options& options) {
  RETURN_IF_ERROR(CheckSigning(options.signing));
  mallopt(M_ARENA_MAX, 2);  // many mostly idle threads: their arenas would be most of our memory
  ASSIGN_OR_RETURN(client::ClientConfig config, client::LoadKubeconfig(options.kubeconfig));
  config.user_agent = "kube-controller-manager";
  ASSIGN_OR_RETURN(std::shared_ptr<client::Transport> transport, client::Connect(config));
  const client::ApiClient api(transport, "kube-controller-manager");
  const client::EventRecorder events(api, {"kube-controller-manager"});

  std::unique_ptr<client::HealthServer> health;
  if (options.secure_port > 0) {
    client::HealthServerOptions serve;
    serve.address = absl::StrCat(options.bind_address, ":", options.secure_port);
    serve.cert_file = options.tls_cert_file;
    serve.key_file = options.tls_private_key_file;
    ASSIGN_OR_RETURN(health, client::HealthServer::Start(std::move(serve)));
  }

  std::atomic<bool> stopping{false}, lost{false};
  std::thread waiter([&] {
    base::WaitForShutdown();
    stopping = true;
  });
  absl::Status result;
  {
    client::EventRecorder leader_events = events.As({"kube-controller-manager"});
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
      const Context context{api, informers, events};
      absl::StatusOr<Controllers> controllers = MakeControllers(options, context);
      result = controllers.status();
      if (result.ok()) {
        informers.Start();
        while (!stopping && !informers.WaitForSync(absl::Milliseconds(200))) {
        }
        if (!stopping) {
          for (auto& controller : *controllers) controller->Run();
          base::LogInfo("running controllers=", controllers->size());
        }
        waiter.join();
        for (auto& controller : *controllers) controller->Stop();
        informers.Stop();
      } else {
        base::RequestShutdown();
      }
    }
  }
  if (waiter.joinable()) waiter.join();
  if (lost) return absl::AbortedError("leader election lost");
  return result;
}

}  // namespace controller_manager
