#include "apiserver/discovery/health_checks.h"

namespace apiserver::discovery {
namespace {

// Most are parts of one start-up here: they pass when that is done.
constexpr HealthCheck kChecks[] = {
    {"ping", false},
    {"log", false},
    {"etcd", false},
    {"etcd-readiness", true},
    {"informer-sync", true},
    {"poststarthook/start-apiserver-admission-initializer", false},
    {"poststarthook/generic-apiserver-start-informers", false},
    {"poststarthook/priority-and-fairness-config-consumer", false},
    {"poststarthook/priority-and-fairness-filter", false},
    {"poststarthook/storage-object-count-tracker-hook", false},
    {"poststarthook/start-apiextensions-informers", false},
    {"poststarthook/start-apiextensions-controllers", false},
    {"poststarthook/crd-informer-synced", false},
    {"poststarthook/start-system-namespaces-controller", false},
    {"poststarthook/start-cluster-authentication-info-controller", false},
    {"poststarthook/start-kube-apiserver-identity-lease-controller", false},
    {"poststarthook/start-kube-apiserver-identity-lease-garbage-collector", false},
    {"poststarthook/start-legacy-token-tracking-controller", false},
    {"poststarthook/start-service-ip-repair-controllers", false},
    {"poststarthook/rbac/bootstrap-roles", false},
    {"poststarthook/scheduling/bootstrap-system-priority-classes", false},
    {"poststarthook/priority-and-fairness-config-producer", false},
    {"poststarthook/bootstrap-controller", false},
    {"poststarthook/start-kubernetes-service-cidr-controller", false},
    {"poststarthook/start-kube-aggregator-informers", false},
    {"poststarthook/apiservice-status-local-available-controller", false},
    {"poststarthook/apiservice-status-remote-available-controller", false},
    {"poststarthook/apiservice-registration-controller", false},
    {"poststarthook/apiservice-discovery-controller", false},
    {"poststarthook/kube-apiserver-autoregistration", false},
    {"autoregister-completion", false},
    {"poststarthook/apiservice-openapi-controller", false},
    {"poststarthook/apiservice-openapiv3-controller", false},
    {"shutdown", true},
};

}  // namespace

absl::Span<const HealthCheck> HealthChecks() { return kChecks; }

}  // namespace apiserver::discovery
