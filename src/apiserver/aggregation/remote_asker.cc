#include "apiserver/aggregation/remote_asker.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apiserver/aggregation/remote_documents.h"
#include "base/metrics/certificate_series.h"
#include "base/status_macros.h"

namespace apiserver::aggregation {
namespace {

using apimachinery::Value;
using base::http::Client;

// An end of the server waits for what is being asked.
constexpr absl::Duration kSoon = absl::Seconds(5), kDocument = absl::Seconds(10);
constexpr size_t kMaxDocument = 32 << 20;
constexpr int kAttempts = 5;  // each may meet another endpoint
constexpr char kAggregator[] = "system:kube-aggregator", kDocumentReader[] = "system:aggregator";
constexpr char kAcceptAggregated[] =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

bool Well(int status) { return status >= 200 && status < 300; }

}  // namespace

absl::StatusOr<Endpoint> Resolver::Resolve(const ServiceReference& reference) {
  const pipeline::ObjectPtr service = registry_.Get({"", "services"}, reference.ns, reference.name);
  if (!to_endpoints_) return ServiceAddress(reference, service.get());
  return ServiceEndpoint(reference, service.get(),
                         SlicesOf(reference.name, registry_.List({"discovery.k8s.io", "endpointslices"}, reference.ns)), turn_++);
}

namespace {

// Shown before anything happens.
base::CertificateSeries& kCertificates = *new base::CertificateSeries("apiserver_kube_aggregator");

}  // namespace

base::CertificateSeries& CertificatesOfServices() { return kCertificates; }

struct RemoteAsker::Question {
  std::string path, accept = "application/json";
  const char* user = kAggregator;
  bool master = false;
  std::string etag;
  absl::Duration timeout = kSoon;
};

std::string Problem(const absl::Status& status) {
  if (absl::StartsWith(status.message(), "EOF") || absl::StrContains(status.message(), "closed")) return "EOF";
  return std::string(status.message());
}

absl::StatusOr<Client::Response> RemoteAsker::Ask(const ApiService& service, const Tls& tls, const Question& question) {
  ASSIGN_OR_RETURN(const Endpoint endpoint, resolver_.Resolve(*service.service));
  base::http::ClientRequest request;
  request.host = endpoint.host;
  request.port = endpoint.port;
  request.target = question.path;
  request.tls = tls;
  request.headers = {{"Accept", question.accept}, {"User-Agent", "kube-apiserver"}, {"X-Remote-User", question.user}};
  if (question.master) request.headers.push_back({"X-Remote-Group", "system:masters"});
  if (!question.etag.empty()) request.headers.push_back({"If-None-Match", question.etag});
  absl::StatusOr<Client::Response> response = client_.Fetch(std::move(request), question.timeout, kMaxDocument);
  if (!response.ok()) CertificatesOfServices().Failed(response.status().message());
  return response;
}

absl::Status RemoteAsker::ProbeOnce(const ApiService& service) {
  ASSIGN_OR_RETURN(const Endpoint endpoint, resolver_.Resolve(*service.service));
  const std::string path = service.group.empty() ? absl::StrCat("/api/", service.version) : service.path();
  const std::string url = absl::StrCat("https://", endpoint.text(), path);
  Question question{path};
  question.master = true;
  const absl::StatusOr<Client::Response> response = Ask(service, unchecked_, question);
  const std::string failing = absl::StrCat("failing or missing response from ", url, ": ");
  if (absl::IsDeadlineExceeded(response.status())) {
    return absl::DeadlineExceededError(absl::StrCat(
        failing, "Get \"", url, "\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"));
  }
  if (!response.ok()) return absl::UnavailableError(absl::StrCat(failing, "Get \"", url, "\": ", Problem(response.status())));
  if (Well(response->status)) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(failing, "bad status from ", url, ": ", response->status));
}

absl::Status RemoteAsker::Probe(const ApiService& service) {
  absl::Status status;
  for (int i = 0; i < kAttempts; ++i) {
    status = ProbeOnce(service);
    if (status.ok() || absl::IsDeadlineExceeded(status)) break;
  }
  return status;
}

void RemoteAsker::Discover(const ApiService& service, const Tls& tls, Knowledge* knowledge) {
  Question all{"/apis", kAcceptAggregated};
  all.master = true;
  all.etag = knowledge->discovery_etag;
  const absl::StatusOr<Client::Response> response = Ask(service, tls, all);
  if (response.ok() && response->status == 304 && !all.etag.empty()) return;
  knowledge->discovery_etag.clear();
  knowledge->entry = EntryOfNobody(service.version);
  if (!response.ok() || response->status == 503) return;
  if (response->status == 200 && IsAggregatedDiscovery(base::http::FindHeader(response->headers, "content-type"))) {
    const absl::StatusOr<Value> list = apimachinery::ParseJson(response->body);
    if (!list.ok()) return;
    knowledge->entry = EntryOfAggregated(*list, service.group, service.version);
    knowledge->discovery_etag = std::string(base::http::FindHeader(response->headers, "etag"));
    return;
  }
  const absl::StatusOr<Client::Response> one = Ask(service, tls, Question{service.path()});
  if (!one.ok() || one->status != 200) return;
  const absl::StatusOr<Value> list = apimachinery::ParseJson(one->body);
  if (list.ok()) knowledge->entry = EntryOfResources(*list, service.version);
}

void RemoteAsker::ReadDocuments(const ApiService& service, const Tls& tls, Knowledge* knowledge) {
  Question index{"/openapi/v3"};
  index.user = kDocumentReader;
  index.timeout = kDocument;
  absl::StatusOr<Client::Response> response = Ask(service, tls, index);
  if (response.ok() && Well(response->status)) {
    const absl::StatusOr<Value> paths = apimachinery::ParseJson(response->body);
    if (paths.ok()) knowledge->documents = DocumentsOf(*paths);
  }
  Question v2 = index;
  v2.path = "/openapi/v2";
  v2.etag = knowledge->v2_etag;
  response = Ask(service, tls, v2);
  if (!response.ok() || response->status != 200) return;  // what was known stays
  const absl::StatusOr<Value> document = apimachinery::ParseJson(response->body);
  if (!document.ok()) return;
  knowledge->document_v2 = std::make_shared<const Value>(FilterV2(*document, service.path() + "/"));
  knowledge->v2_etag = std::string(base::http::FindHeader(response->headers, "etag"));
}

}  // namespace apiserver::aggregation
