#include "apiserver/aggregation/aggregator.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "apiserver/aggregation/availability.h"
#include "apiserver/aggregation/condition_writer.h"
#include "apiserver/aggregation/forwarding.h"
#include "apiserver/aggregation/remote_asker.h"
#include "apiserver/aggregation/remote_documents.h"
#include "base/file.h"
#include "base/http/worker_pool.h"
#include "base/log.h"
#include "base/metrics/queue_series.h"
#include "base/status_macros.h"

namespace apiserver::aggregation {
namespace {

using apimachinery::Value;
using base::http::Client;
using base::http::ClientTls;
using http::ExtensionsSnapshot;
using pipeline::ObjectPtr;

constexpr absl::Duration kAgain = absl::Seconds(30), kDocumentsAgain = absl::Minutes(1);
constexpr absl::Duration kFirstRetry = absl::Milliseconds(5);
constexpr int kRounds = 4;  // servers that are asked at the same time

// What is done about one APIService that has a service. All under Impl::mu_.
struct Remote {
  std::shared_ptr<const Target> target;
  ObjectPtr object;
  Knowledge knowledge;
  absl::Time next = absl::InfinitePast(), next_documents = absl::InfinitePast();
  int failures = 0;
  bool running = false, dirty = true;
};

class AggregatorImpl final : public Aggregator {
 public:
  AggregatorImpl(AggregatorOptions options, registry::Registry& registry)
      : options_(std::move(options)), registry_(registry), resolver_(registry, options_.to_endpoints), rounds_(kRounds, 1 << 16) {}
  ~AggregatorImpl() override { Stop(); }

  absl::Status Init() {
    if (!options_.client_cert_file.empty()) {
      ASSIGN_OR_RETURN(cert_pem_, base::ReadFile(options_.client_cert_file));
      ASSIGN_OR_RETURN(key_pem_, base::ReadFile(options_.client_key_file));
    }
    base::http::ClientTlsOptions unchecked;
    unchecked.verify = false;
    unchecked.cert_pem = cert_pem_;
    unchecked.key_pem = key_pem_;
    ASSIGN_OR_RETURN(std::shared_ptr<const ClientTls> tls, base::http::MakeClientTls(unchecked));
    ASSIGN_OR_RETURN(client_, Client::Create({}));
    asker_ = std::make_unique<RemoteAsker>(*client_, resolver_, std::move(tls));
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  void Stop() override {
    {
      const std::lock_guard lock(mu_);
      if (stopping_) return;
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    rounds_.Stop();
  }

  void Update(const std::vector<ObjectPtr>& api_services) override {
    std::map<std::string, Remote> remotes;
    std::vector<discovery::ListedVersion> listed;
    const std::lock_guard lock(mu_);
    for (const ObjectPtr& object : api_services) {
      ApiService service = ParseApiService(*object);
      listed.push_back({service.group, service.version, service.priority});
      if (!service.service) continue;
      const std::string name = service.name;
      const auto known = remotes_.find(name);
      if (known != remotes_.end() && known->second.target->service.resource_version == service.resource_version) {
        remotes.insert(remotes_.extract(known));
        continue;
      }
      Remote remote;
      if (known != remotes_.end()) {
        remote = std::move(known->second);
        remote.dirty = true;
        remote.next_documents = absl::InfinitePast();
      } else {
        remote.knowledge.entry = EntryOfNobody(service.version);
      }
      remote.target = TargetOf(std::move(service));
      remote.object = object;
      remotes.emplace(name, std::move(remote));
    }
    remotes_.swap(remotes);
    listed_ = std::move(listed);
    Publish();
    wake_.notify_all();
  }

  void Touch(absl::string_view ns) override {
    if (!any_) return;
    const std::lock_guard lock(mu_);
    for (auto& [name, remote] : remotes_) remote.dirty |= remote.target->service.service->ns == ns;
    wake_.notify_all();
  }

  std::shared_ptr<const ExtensionsSnapshot> snapshot() const override {
    const std::lock_guard lock(mu_);
    return snapshot_;
  }

  bool Takes(absl::string_view path) const override { return any_ && TargetOfPath(path) != nullptr; }

  void Forward(http::ExtensionRequest request) override {
    const std::shared_ptr<const Target> target = TargetOfPath(request.request.path);
    if (target == nullptr || !target->service.available) return RefuseForwarding(request, 503, "service unavailable");
    if (target->tls == nullptr) return RefuseForwarding(request, 500, target->problem);
    const absl::StatusOr<Endpoint> endpoint = resolver_.Resolve(*target->service.service);
    if (!endpoint.ok()) return RefuseForwarding(request, 503, "service unavailable");
    ForwardTo(*target, *endpoint, options_.reject_redirects, *client_, std::move(request));
  }

 private:
  using Targets = std::unordered_map<std::string, std::shared_ptr<const Target>>;

  // "/apis/G/V[/...]", "/api[/...]", "/openapi/v3/apis/G/V" → the target, nullptr: ours.
  std::shared_ptr<const Target> TargetOfPath(absl::string_view path) const {
    const absl::string_view whole = path;
    if (absl::ConsumePrefix(&path, "/openapi/v3/")) {
      const std::lock_guard lock(mu_);
      const auto owner = document_owners_.find(std::string(path));
      return owner == document_owners_.end() ? nullptr : Find(owner->second);
    }
    const std::vector<absl::string_view> parts = absl::StrSplit(whole, absl::MaxSplits('/', 4));
    const std::lock_guard lock(mu_);
    if (parts.size() >= 2 && parts[1] == "api") return Find("v1.");
    if (parts.size() < 4 || parts[1] != "apis") return nullptr;
    return Find(absl::StrCat(parts[3], ".", parts[2]));
  }
  std::shared_ptr<const Target> Find(const std::string& name) const {  // under mu_
    const auto found = targets_.find(name);
    return found == targets_.end() ? nullptr : found->second;
  }

  std::shared_ptr<const Target> TargetOf(ApiService service) const {
    auto target = std::make_shared<Target>();
    base::http::ClientTlsOptions tls;
    tls.verify = !service.skip_verify;
    tls.ca_pem = service.ca_pem;
    tls.server_name = service.server_name();
    tls.cert_pem = cert_pem_;
    tls.key_pem = key_pem_;
    absl::StatusOr<std::shared_ptr<const ClientTls>> made = base::http::MakeClientTls(tls);
    if (made.ok()) {
      target->tls = *std::move(made);
    } else {
      target->problem = std::string(made.status().message());
    }
    target->service = std::move(service);
    return target;
  }

  // Makes what readers see of `remotes_`. Under mu_.
  void Publish() {
    auto snapshot = std::make_shared<ExtensionsSnapshot>();
    snapshot->listed = listed_;
    Targets targets;
    std::map<std::string, std::string> owners;
    for (const auto& [name, remote] : remotes_) {
      const ApiService& service = remote.target->service;
      targets.emplace(name, remote.target);
      snapshot->remote.push_back({service.group, service.version, service.priority, remote.knowledge.entry});
      for (const auto& [path, url] : remote.knowledge.documents) {
        // Servers list more than they are asked for: their other documents are nobody's business here.
        if (absl::StrCat("/", path) != service.path()) continue;
        snapshot->documents.emplace(path, url);
        owners.emplace(path, name);
      }
      if (remote.knowledge.document_v2 != nullptr) snapshot->documents_v2.push_back(remote.knowledge.document_v2);
    }
    targets_.swap(targets);
    document_owners_.swap(owners);
    snapshot_ = std::move(snapshot);
    any_ = !targets_.empty();
  }

  void Run() {
    std::unique_lock lock(mu_);
    while (!stopping_) {
      absl::Time next = absl::InfiniteFuture();
      const absl::Time now = absl::Now();
      for (auto& [name, remote] : remotes_) {
        if (remote.running) continue;
        if (remote.dirty || remote.next <= now) {
          remote.running = rounds_.Submit([this, name = name] { Round(name); });
        } else {
          next = std::min(next, remote.next);
        }
      }
      if (next == absl::InfiniteFuture()) {
        wake_.wait(lock);
      } else {
        wake_.wait_for(lock, absl::ToChronoMilliseconds(std::max(next - now, absl::Milliseconds(1))));
      }
    }
  }

  // Looks after one APIService: its condition, then what its server has.
  void Round(const std::string& name) {
    std::unique_lock lock(mu_);
    const auto started = remotes_.find(name);
    if (started == remotes_.end() || stopping_) return;
    started->second.dirty = false;
    const std::shared_ptr<const Target> target = started->second.target;
    const ObjectPtr object = started->second.object;
    Knowledge knowledge = started->second.knowledge;
    const bool documents = started->second.next_documents <= absl::Now();
    lock.unlock();

    const base::QueuedWork work(queue_, name);
    const Availability is = Look(*object, target->service);
    const absl::Status told = WriteAvailability(registry_, *object, [&](const Value&) { return is; });
    if (!told.ok()) base::LogWarning("availability of an API service not written name=", name, " error=", told.message());
    if (is.available) {
      asker_->Discover(target->service, target->tls, &knowledge);
      if (documents) asker_->ReadDocuments(target->service, target->tls, &knowledge);
    } else {
      knowledge.entry = EntryOfNobody(target->service.version);
      knowledge.discovery_etag.clear();
    }

    lock.lock();
    const auto ended = remotes_.find(name);
    if (ended == remotes_.end()) return;
    Remote& remote = ended->second;
    remote.running = false;
    remote.knowledge = std::move(knowledge);
    if (is.available && told.ok()) {
      remote.failures = 0;
      remote.next = absl::Now() + kAgain;
      if (documents) remote.next_documents = absl::Now() + kDocumentsAgain;
    } else {
      queue_.Retried();
      remote.next = absl::Now() + std::min(kAgain, kFirstRetry * (int64_t{1} << std::min(remote.failures++, 16)));
    }
    Publish();
    wake_.notify_all();
  }

  Availability Look(const Value& object, const ApiService& service) {
    const ObjectPtr behind = registry_.Get({"", "services"}, service.service->ns, service.service->name);
    const std::vector<ObjectPtr> slices = SlicesOf(service.service->name, registry_.List({"discovery.k8s.io", "endpointslices"}, service.service->ns));
    if (const std::optional<Availability> amiss = Judge(object, behind.get(), slices)) return *amiss;
    const absl::Status answer = asker_->Probe(service);
    return answer.ok() ? Answered() : NotAnswered(answer.message());
  }

  const AggregatorOptions options_;
  registry::Registry& registry_;
  Resolver resolver_;
  std::string cert_pem_, key_pem_;
  base::QueueSeries& queue_ = base::QueueSeries::Of("RemoteAvailabilityController");
  std::unique_ptr<Client> client_;
  std::unique_ptr<RemoteAsker> asker_;
  base::http::WorkerPool rounds_;
  std::atomic<bool> any_{false};
  mutable std::mutex mu_;
  std::condition_variable wake_;
  // Under mu_.
  bool stopping_ = false;
  std::map<std::string, Remote> remotes_;
  std::vector<discovery::ListedVersion> listed_;
  Targets targets_;
  std::map<std::string, std::string> document_owners_;
  std::shared_ptr<const ExtensionsSnapshot> snapshot_ = std::make_shared<const ExtensionsSnapshot>();
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Aggregator>> NewAggregator(AggregatorOptions options, registry::Registry& registry) {
  auto aggregator = std::make_unique<AggregatorImpl>(std::move(options), registry);
  RETURN_IF_ERROR(aggregator->Init());
  return aggregator;
}

}  // namespace apiserver::aggregation
