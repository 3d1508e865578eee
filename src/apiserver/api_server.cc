#include "apiserver/api_server.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "apimachinery/json.h"
#include "apiserver/admission/admission.h"
#include "apiserver/admission/plugin_settings.h"
#include "apiserver/aggregation/controller.h"
#include "apiserver/apiextensions/controller.h"
#include "apiserver/audit/auditor.h"
#include "apiserver/auth/authenticator.h"
#include "apiserver/auth/authorizer.h"
#include "apiserver/auth/token_issuer.h"
#include "apiserver/cache/cache.h"
#include "apiserver/component_health.h"
#include "apiserver/encryption/configuration_file.h"
#include "apiserver/encryption/encrypted_store.h"
#include "apiserver/flowcontrol/flow_control.h"
#include "apiserver/grpc/grpc_door.h"
#include "apiserver/http/rest.h"
#include "apiserver/metrics.h"
#include "apiserver/proxy/forwarder.h"
#include "apiserver/registry/bootstrap.h"
#include "apiserver/registry/caretaker.h"
#include "apiserver/registry/flow_keeper.h"
#include "apiserver/registry/registry.h"
#include "apiserver/reviewers/token_reviewer.h"
#include "apiserver/store/measured_store.h"
#include "apiserver/store/store.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/heap_keeper.h"
#include "base/http/server.h"
#include "base/http/worker_pool.h"
#include "base/log.h"
#include "base/metrics/metrics.h"
#include "base/status_macros.h"

namespace apiserver {
namespace {

constexpr size_t kMaxDispatched = 1 << 20;  // never reached: a task has a seat
constexpr absl::Duration kTokenReviewTimeout = absl::Seconds(30);
constexpr absl::Duration kStoreWait = absl::Seconds(60);  // for a store that starts at the same time

absl::StatusOr<std::string> ReadOptional(const std::string& path) {
  return path.empty() ? absl::StatusOr<std::string>("") : base::ReadFile(path);
}

std::string JsonList(const std::vector<std::string>& texts) {
  apimachinery::Value list = apimachinery::Value::MakeArray();
  for (const std::string& text : texts) list.Append(text);
  return apimachinery::WriteJson(list);
}

class ApiServerImpl final : public ApiServer {
 public:
  explicit ApiServerImpl(const Flags& flags) : flags_(flags) {}
  ~ApiServerImpl() override { Stop(); }

  absl::Status Init() {
    RETURN_IF_ERROR(CheckFiles());
    ASSIGN_OR_RETURN(auditor_, audit::Auditor::Open(flags_.audit));
    RETURN_IF_ERROR(ConnectStore());
    registry::Environment env;
    measured_store_ = store::Measure(*store_, [this](absl::string_view key) -> store::KeyOwner {
      const registry::ResourcePtr resource = resources_->OwnerOf(key);
      if (resource == nullptr) return {};
      return {std::string(resource->group()), std::string(resource->plural())};
    });
    env.store = measured_store_.get();
    env.cache = cache_.get();
    env.resources = resources_.get();
    env.clock = &base::SystemClock();
    env.event_ttl = flags_.event_ttl;
    env.components = [this] { return AskComponents(StoreAddress()); };
    env.service_cidr = std::string(flags_.service_cluster_ip_range.substr(0, flags_.service_cluster_ip_range.find(',')));
    const std::vector<std::string> range = absl::StrSplit(flags_.service_node_port_range, '-');
    if (range.size() != 2 || !absl::SimpleAtoi(range[0], &env.node_port_first) ||
        !absl::SimpleAtoi(range[1], &env.node_port_last)) {
      return absl::InvalidArgumentError("--service-node-port-range must be FIRST-LAST");
    }
    registry_ = std::make_unique<registry::Registry>(std::move(env));
    converter_ = conversion::NewConverter(*registry_);
    registry_->environment().converter = converter_.get();
    RETURN_IF_ERROR(MakePolicy());
    definitions_ = apiextensions::NewController(*registry_);
    RETURN_IF_ERROR(definitions_->Start());
    if (flags_.proxy_client_cert_file.empty() != flags_.proxy_client_key_file.empty()) {
      return absl::InvalidArgumentError("--proxy-client-cert-file and --proxy-client-key-file go together");
    }
    aggregation::AggregatorOptions aggregation;
    aggregation.client_cert_file = flags_.proxy_client_cert_file;
    aggregation.client_key_file = flags_.proxy_client_key_file;
    aggregation.to_endpoints = flags_.enable_aggregator_routing;
    aggregation.reject_redirects = flags_.aggregator_reject_forwarding_redirect;
    ASSIGN_OR_RETURN(aggregator_, aggregation::NewAggregator(aggregation, *registry_));
    api_services_ = aggregation::NewController(*registry_, *aggregator_);
    RETURN_IF_ERROR(api_services_->Start());
    RETURN_IF_ERROR(OpenDoors());
    bootstrap_ = std::thread([this] { RunBootstrap(); });
    compactor_ = std::thread([this] { Compact(); });
    return absl::OkStatus();
  }

  int port() const override { return server_->port(); }

  void Stop() override {
    {
      const std::lock_guard lock(mu_);
      if (stopping_) return;
      stopping_ = true;
    }
    wake_.notify_all();
    if (bootstrap_.joinable()) bootstrap_.join();
    if (compactor_.joinable()) compactor_.join();
    flow_keeper_.reset();
    if (door_ != nullptr) door_->SetReady(false);
    if (api_services_ != nullptr) api_services_->Stop();
    if (aggregator_ != nullptr) aggregator_->Stop();
    if (definitions_ != nullptr) definitions_->Stop();
    caretaker_.reset();  // leaves the endpoints
    if (cache_ != nullptr) cache_->Stop();  // ends the watches: clients go elsewhere
    if (flow_ != nullptr) flow_->Stop();  // what waits for a seat is refused: the doors need not wait for it
    if (grpc_ != nullptr) grpc_->Stop();
    if (converter_ != nullptr) converter_->Stop();
    if (server_ != nullptr) server_->Stop(absl::Seconds(1));
    if (dispatch_ != nullptr) dispatch_->Stop();
    door_.reset();
    if (auditor_ != nullptr) auditor_->Stop();
  }

 private:
  store::StoreOptions StoreAddress() const {
    return {flags_.etcd_servers, flags_.etcd_cafile, flags_.etcd_certfile, flags_.etcd_keyfile};
  }

  // Whether the files of the doors can be read: told at once, not when the store has been found.
  absl::Status CheckFiles() const {
    const std::pair<const char*, const std::string*> files[] = {
        {"--tls-cert-file", &flags_.tls_cert_file},
        {"--tls-private-key-file", &flags_.tls_private_key_file},
        {"--client-ca-file", &flags_.client_ca_file},
        {"--requestheader-client-ca-file", &flags_.requestheader_client_ca_file},
        {"--etcd-cafile", &flags_.etcd_cafile},
        {"--etcd-certfile", &flags_.etcd_certfile},
        {"--etcd-keyfile", &flags_.etcd_keyfile},
    };
    for (const auto& [flag, path] : files) {
      if (const absl::Status read = ReadOptional(*path).status(); !read.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(flag, ": ", read.message()));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ConnectStore() {
    std::shared_ptr<const encryption::Configuration> encrypted;
    if (!flags_.encryption_provider_config.empty()) {
      ASSIGN_OR_RETURN(encrypted, encryption::ReadFile(flags_.encryption_provider_config));
    }
    ASSIGN_OR_RETURN(store_, store::ConnectEtcd(StoreAddress()));
    if (encrypted != nullptr) {
      encryption::ReadAgain again;
      if (flags_.encryption_reload) again = encryption::ChangesOf(flags_.encryption_provider_config);
      store_ = encryption::Encrypt(std::move(store_), std::move(encrypted), std::move(again));
    }
    cache_ = cache::Cache::Create(*store_, registry::ResourceTable::StoragePrefixes());
    const absl::Time give_up = absl::Now() + kStoreWait;
    absl::Status started = cache_->Start();
    while (absl::IsUnavailable(started) && absl::Now() < give_up) {
      base::LogWarning("store not reachable, trying again error=", started.message());
      started = cache_->Start();
    }
    RETURN_IF_ERROR(started);
    resources_ = std::make_unique<registry::ResourceTable>(*cache_);
    return absl::OkStatus();
  }

  absl::Status MakePolicy() {
    registry::Environment& env = registry_->environment();
    auth::AuthenticatorConfig authn;
    std::vector<std::string> verify_keys;
    for (const std::string& file : flags_.service_account_key_files) {
      ASSIGN_OR_RETURN(std::string pem, base::ReadFile(file));
      verify_keys.push_back(std::move(pem));
    }
    ASSIGN_OR_RETURN(const std::string signing_key, ReadOptional(flags_.service_account_signing_key_file));
    if (verify_keys.empty() && !signing_key.empty()) verify_keys.push_back(signing_key);
    authn.service_account_keys = verify_keys;
    authn.service_account_issuers = flags_.service_account_issuers;
    authn.api_audiences = flags_.api_audiences;
    ASSIGN_OR_RETURN(authn.token_auth_csv, ReadOptional(flags_.token_auth_file));
    authn.bootstrap_tokens = flags_.enable_bootstrap_token_auth;
    authn.anonymous = flags_.anonymous_auth;
    authn.front_proxy_names = flags_.requestheader_allowed_names;
    RETURN_IF_ERROR(AddIssuers(authn));
    ASSIGN_OR_RETURN(authenticator_, auth::NewAuthenticator(std::move(authn), registry_.get(), *env.clock));
    ASSIGN_OR_RETURN(std::vector<auth::Mode> modes, reviewers::MakeModes(flags_.authorization, *env.clock));
    authorizer_ = auth::NewAuthorizer(std::move(modes), *registry_);
    if (!signing_key.empty() && !flags_.service_account_issuers.empty()) {
      auth::TokenIssuerConfig issuer;
      issuer.signing_key_pem = signing_key;
      issuer.service_account_keys = verify_keys;
      issuer.issuer = flags_.service_account_issuers.front();
      issuer.api_audiences = flags_.api_audiences;
      issuer.jwks_uri = flags_.service_account_jwks_uri;
      issuer.extend_expiration = flags_.service_account_extend_token_expiration;
      issuer.max_expiration_seconds = absl::ToInt64Seconds(flags_.service_account_max_token_expiration);
      if (issuer.jwks_uri.empty()) {
        issuer.jwks_uri = absl::StrCat("https://", AdvertisedAddress(), "/openid/v1/jwks");
      }
      ASSIGN_OR_RETURN(token_issuer_, auth::NewTokenIssuer(std::move(issuer), *env.clock));
    }
    admission::Config admission;
    admission.enable = flags_.enable_admission_plugins;
    admission.disable = flags_.disable_admission_plugins;
    admission.not_ready_toleration_seconds = flags_.not_ready_toleration_seconds;
    admission.unreachable_toleration_seconds = flags_.unreachable_toleration_seconds;
    if (!flags_.admission_config_file.empty()) {
      ASSIGN_OR_RETURN(admission.settings, admission::ReadPluginSettings(flags_.admission_config_file));
    }
    RETURN_IF_ERROR(admission::CheckPluginNames(admission));
    chain_ = admission::NewChain(admission, *registry_, registry_.get(), authorizer_.get(), *env.clock);
    env.admission = chain_.get();
    env.authenticator = authenticator_.get();
    env.authorizer = authorizer_.get();
    env.token_issuer = token_issuer_.get();
    return absl::OkStatus();
  }

  // Whose tokens are accepted besides our own, and where nobody may ask: by the file, or by flags.
  absl::Status AddIssuers(auth::AuthenticatorConfig& authn) const {
    const std::string& path = flags_.authentication_config;
    ASSIGN_OR_RETURN(apimachinery::Value file, jwt::AsFile(flags_.oidc));
    std::vector<std::string> algorithms = flags_.oidc.signing_algs;
    if (!path.empty()) {
      if (!file.is_null()) return absl::InvalidArgumentError("authentication-config file and oidc-* flags are mutually exclusive");
      absl::StatusOr<std::string> text = base::ReadFile(path);
      absl::StatusOr<apimachinery::Value> decoded = text.ok() ? jwt::DecodeConfiguration(*text) : text.status();
      if (!decoded.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("failed to load authentication configuration from file \"", path, "\": ", decoded.status().message()));
      }
      file = *std::move(decoded);
      algorithms = jwt::KnownAlgorithms();
    }
    if (file.is_null()) return AddTokenReviewer(authn);
    ASSIGN_OR_RETURN(jwt::Configuration read, jwt::ReadConfiguration(file, flags_.service_account_issuers));
    if (read.anonymous.has_value()) {
      if (!flags_.anonymous_auth) {
        return absl::InvalidArgumentError("anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in "
                                          "authentication configuration file");
      }
      authn.anonymous = read.anonymous->enabled;
      authn.anonymous_paths = read.anonymous->paths;
    }
    for (jwt::Issuer& issuer : read.issuers) {
      issuer.algorithms = algorithms;
      ASSIGN_OR_RETURN(jwt::Get get, jwt::HttpsGet(issuer.ca_pem));
      authn.sources.push_back(jwt::NewTokenSource(std::move(issuer), std::move(get), base::SystemClock()));
    }
    return AddTokenReviewer(authn);
  }

  absl::Status AddTokenReviewer(auth::AuthenticatorConfig& authn) const {
    if (flags_.token_webhook_config_file.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(reviewers::Endpoint endpoint, reviewers::ReadKubeconfig(flags_.token_webhook_config_file));
    ASSIGN_OR_RETURN(auto client, reviewers::NewReviewClient(std::move(endpoint), kTokenReviewTimeout));
    reviewers::TokenOptions options{flags_.token_webhook_version, flags_.token_webhook_ttl,
                                    flags_.api_audiences.empty() ? flags_.service_account_issuers : flags_.api_audiences};
    authn.sources.push_back(reviewers::NewTokenReviewer(std::move(options), std::move(client), base::SystemClock()));
    return absl::OkStatus();
  }

  std::string AdvertisedAddress() const {
    return absl::StrCat(flags_.advertise_address.empty() ? flags_.bind_address : flags_.advertise_address, ":",
                        flags_.secure_port);
  }

  absl::Status OpenDoors() {
    proxy::ForwarderOptions forwarding;
    forwarding.client_certificate = flags_.kubelet_client_certificate;
    forwarding.client_key = flags_.kubelet_client_key;
    forwarding.certificate_authority = flags_.kubelet_certificate_authority;
    forwarding.preferred_address_types = flags_.kubelet_preferred_address_types;
    ASSIGN_OR_RETURN(forwarder_, proxy::NewForwarder(forwarding, *registry_));
    const int processors = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    const int workers = flags_.workers > 0 ? flags_.workers : std::max(32, 8 * processors);
    if (flags_.enable_priority_and_fairness) OpenFlowControl(workers);
    http::RestOptions rest;
    rest.flow = flow_.get();
    rest.auditor = auditor_.get();
    rest.registry = registry_.get();
    rest.forwarder = forwarder_.get();
    rest.extensions = aggregator_.get();
    rest.front_proxy_headers = {flags_.requestheader_username_headers, flags_.requestheader_uid_headers,
                                flags_.requestheader_group_headers, flags_.requestheader_extra_headers_prefix};
    rest.server_address = AdvertisedAddress();
    rest.request_timeout = flags_.request_timeout;
    rest.metrics = [this] { return MetricsText(*registry_); };
    rest.own_metrics = [this] { return OwnMetricsText(*registry_); };
    door_ = std::make_unique<http::RestDoor>(std::move(rest));
    base::http::ServerOptions options;
    options.addresses = {absl::StrCat(absl::StrContains(flags_.bind_address, ":") ? absl::StrCat("[", flags_.bind_address, "]")
                                                                                   : flags_.bind_address,
                                      ":", flags_.secure_port)};
    options.cert_file = flags_.tls_cert_file;
    options.key_file = flags_.tls_private_key_file;
    options.client_ca_file = flags_.client_ca_file;
    options.front_proxy_ca_file = flags_.requestheader_client_ca_file;
    options.io_threads = std::min(processors, 4);
    if (flags_.http2_max_streams > 0) options.max_streams_per_connection = flags_.http2_max_streams;
    options.workers = flow_ == nullptr ? workers : workers + workers / 2;
    options.at_once = [this](base::http::Request& request, std::unique_ptr<base::http::ResponseWriter>& writer) {
      return door_->AnswerAtOnce(request, writer);
    };
    static auto* const failed_handshakes =
        new base::CounterFamily("apiserver_tls_handshake_errors_total", "Connections whose TLS handshake failed.", {});
    options.on_handshake_error = [&counter = failed_handshakes->With(base::Labels())] { counter.Add(); };
    options.on_body_too_large = [this](const base::http::Request& head, base::http::ResponseWriter& writer) {
      door_->BodyTooLarge(head, writer);
    };
    options.body_timeout = flags_.request_timeout;
    options.on_body_too_late = [this](const base::http::Request& head, base::http::ResponseWriter& writer) {
      door_->BodyTooLate(head, writer);
    };
    ASSIGN_OR_RETURN(server_, base::http::Server::Create(
                                  options, [this](base::http::Request r, std::unique_ptr<base::http::ResponseWriter> w) {
                                    door_->Handle(std::move(r), std::move(w));
                                  }));
    const int grpc_port = flags_.grpc_port < 0 ? server_->port() + 1 : flags_.grpc_port;
    if (grpc_port > 0) {
      grpc::GrpcDoorOptions grpc;
      grpc.address = absl::StrCat(flags_.bind_address, ":", grpc_port);
      grpc.cert_file = flags_.tls_cert_file;
      grpc.key_file = flags_.tls_private_key_file;
      grpc.client_ca_file = flags_.client_ca_file;
      grpc.flow = flow_.get();
      grpc.auditor = auditor_.get();
      ASSIGN_OR_RETURN(grpc_, grpc::OpenGrpcDoor(grpc, *registry_));
    }
    base::LogInfo("serving addresses=", absl::StrJoin(server_->addresses(), ","), " grpc_port=", grpc_port);
    return absl::OkStatus();
  }

  // A seat is a request that a thread works on. There are more threads than seats, for sorting the requests that come:
  // nobody waits for a thread to be told to wait, or to be refused.
  void OpenFlowControl(int workers) {
    const int seats = std::max(1, std::min(flags_.max_requests_inflight + flags_.max_mutating_requests_inflight, workers));
    dispatch_ = std::make_unique<base::http::WorkerPool>(seats, kMaxDispatched);
    flowcontrol::FlowControlOptions options;
    options.seats = seats;
    options.run = [this](std::function<void()> task) { (void)dispatch_->Submit(std::move(task)); };
    flow_ = std::make_unique<flowcontrol::FlowControl>(std::move(options), *registry_, base::SystemClock());
  }

  void RunBootstrap() {
    bootstrap_options_.secure_port = server_->port();
    if (auto ca = ReadOptional(flags_.client_ca_file); ca.ok()) bootstrap_options_.client_ca_pem = *ca;
    if (auto ca = ReadOptional(flags_.requestheader_client_ca_file); ca.ok() && !ca->empty()) {
      bootstrap_options_.front_proxy = {{"requestheader-client-ca-file", *ca},
                                        {"requestheader-allowed-names", JsonList(flags_.requestheader_allowed_names)},
                                        {"requestheader-username-headers", JsonList(flags_.requestheader_username_headers)},
                                        {"requestheader-group-headers", JsonList(flags_.requestheader_group_headers)},
                                        {"requestheader-extra-headers-prefix", JsonList(flags_.requestheader_extra_headers_prefix)}};
      if (!flags_.requestheader_uid_headers.empty()) {
        bootstrap_options_.front_proxy["requestheader-uid-headers"] = JsonList(flags_.requestheader_uid_headers);
      }
    }
    std::unique_lock lock(mu_);
    while (!stopping_) {
      lock.unlock();
      const absl::Status status = registry::Bootstrap(*registry_, bootstrap_options_);
      // What was written must be seen by the authorizer of the first request after /readyz.
      const bool seen = status.ok() && registry_->AwaitFresh({"rbac.authorization.k8s.io", "clusterroles"}, absl::Seconds(5)).ok();
      lock.lock();
      if (seen) {
        door_->SetReady(true);
        flow_keeper_ = registry::FlowKeeper::Start(*registry_);
        registry::CaretakerOptions care;
        care.keep_endpoints = flags_.endpoint_reconciler_type != "none";
        care.endpoints.port = server_->port();
        care.endpoints.address = flags_.advertise_address;
        if (care.endpoints.address.empty() && flags_.bind_address != "0.0.0.0") care.endpoints.address = flags_.bind_address;
        caretaker_ = registry::Caretaker::Start(*registry_, std::move(care));
        base::LogInfo("ready");
        return;
      }
      wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; });
    }
  }

  void Compact() {
    int64_t version = 0, revision = 0;
    std::unique_lock lock(mu_);
    while (!stopping_ && flags_.etcd_compaction_interval > absl::ZeroDuration()) {
      wake_.wait_for(lock, absl::ToChronoSeconds(flags_.etcd_compaction_interval), [this] { return stopping_; });
      if (stopping_) return;
      lock.unlock();
      const absl::Status status = store_->Compact(&version, &revision);
      if (!status.ok()) base::LogWarning("store compaction failed error=", status.message());
      lock.lock();
    }
  }

  const Flags flags_;
  std::unique_ptr<audit::Auditor> auditor_;
  std::unique_ptr<store::Store> store_, measured_store_;
  std::unique_ptr<cache::Cache> cache_;
  std::unique_ptr<registry::ResourceTable> resources_;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<conversion::Converter> converter_;
  std::unique_ptr<auth::Authenticator> authenticator_;
  std::unique_ptr<auth::Authorizer> authorizer_;
  std::unique_ptr<auth::TokenIssuer> token_issuer_;
  std::unique_ptr<admission::Chain> chain_;
  std::unique_ptr<apiextensions::Controller> definitions_;
  std::unique_ptr<aggregation::Aggregator> aggregator_;
  std::unique_ptr<aggregation::Controller> api_services_;
  std::unique_ptr<flowcontrol::FlowControl> flow_;
  std::unique_ptr<base::http::WorkerPool> dispatch_;  // threads for requests that had to wait
  std::unique_ptr<http::Forwarder> forwarder_;
  std::unique_ptr<http::RestDoor> door_;
  std::unique_ptr<base::http::Server> server_;
  std::unique_ptr<grpc::GrpcDoor> grpc_;
  registry::BootstrapOptions bootstrap_options_;
  std::unique_ptr<registry::FlowKeeper> flow_keeper_;
  std::unique_ptr<registry::Caretaker> caretaker_;
  std::mutex mu_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread bootstrap_, compactor_;
  base::HeapKeeper heap_keeper_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ApiServer>> ApiServer::Start(const Flags& flags) {
  auto server = std::make_unique<ApiServerImpl>(flags);
  RETURN_IF_ERROR(server->Init());
  return server;
}

}  // namespace apiserver
