#include "apiserver/proxy/forwarder.h"

#include <atomic>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "apimachinery/api_error.h"
#include "apiserver/proxy/relay.h"
#include "base/http/client.h"
#include "base/status_macros.h"

namespace apiserver::proxy {
namespace {

using apimachinery::BadRequest;
using apimachinery::Value;
using base::http::Client;
using base::http::ClientRequest;
using base::http::Request;
using base::http::ResponseWriter;
using Fail = std::function<void(ResponseWriter&, const absl::Status&)>;

// Where a request goes.
struct Target {
  bool tls = true;
  bool kubelet = true;
  std::string host;
  int port = 10250;
  std::string path;  // encoded, with query
};

std::string Query(const base::http::QueryParams& params) {
  std::string text;
  for (const auto& [key, value] : params) {
    absl::StrAppend(&text, text.empty() ? "?" : "&", base::http::PercentEncode(key), "=",
                    base::http::PercentEncode(value));
  }
  return text;
}

const Value* FindContainer(const Value& pod, absl::string_view name) {
  for (const char* list : {"spec.containers", "spec.initContainers", "spec.ephemeralContainers"}) {
    for (const Value& c : pod.GetArray(list)) {
      if (c.GetString("name") == name) return &c;
    }
  }
  return nullptr;
}

std::string Names(const Value& pod, const char* list) {
  std::vector<std::string> names;
  for (const Value& c : pod.GetArray(list)) names.push_back(c.GetString("name"));
  return absl::StrCat("[", absl::StrJoin(names, " "), "]");
}

// The container a request means; upstream's refusals when it does not say.
absl::StatusOr<std::string> ChooseContainer(const Value& pod, const std::string& asked) {
  const std::string name = pod.GetString("metadata.name");
  if (!asked.empty()) {
    if (FindContainer(pod, asked) == nullptr) {
      return BadRequest(absl::StrCat("container ", asked, " is not valid for pod ", name));
    }
    return asked;
  }
  const apimachinery::Array& containers = pod.GetArray("spec.containers");
  if (containers.size() == 1) return containers.front().GetString("name");
  if (const Value* annotations = pod.At("metadata.annotations")) {
    if (const Value* preferred = annotations->Find("kubectl.kubernetes.io/default-container");
        preferred != nullptr && preferred->is_string() && FindContainer(pod, preferred->as_string()) != nullptr) {
      return preferred->as_string();
    }
  }
  std::string text = absl::StrCat("a container name must be specified for pod ", name, ", choose one of: ",
                                  Names(pod, "spec.containers"));
  if (!pod.GetArray("spec.initContainers").empty()) {
    absl::StrAppend(&text, " or one of the init containers: ", Names(pod, "spec.initContainers"));
  }
  return BadRequest(text);
}

class ForwarderImpl final : public http::Forwarder {
 public:
  ForwarderImpl(ForwarderOptions options, registry::Registry& registry)
      : options_(std::move(options)), registry_(registry) {}

  absl::Status Init() {
    base::http::ClientOptions kubelet;
    kubelet.ca_file = options_.certificate_authority;
    kubelet.cert_file = options_.client_certificate;
    kubelet.key_file = options_.client_key;
    ASSIGN_OR_RETURN(kubelet_, Client::Create(kubelet));
    base::http::ClientOptions plain;
    plain.tls = false;
    ASSIGN_OR_RETURN(plain_, Client::Create(plain));
    ASSIGN_OR_RETURN(unchecked_, Client::Create(base::http::ClientOptions()));
    return absl::OkStatus();
  }

  void Forward(const pipeline::RequestContext& context, Request request, std::unique_ptr<ResponseWriter> writer,
               Fail fail) override {
    const base::http::QueryParams params = base::http::ParseQuery(request.query);
    absl::StatusOr<Target> target = FindTarget(context.info, params, request);
    if (!target.ok()) return fail(*writer, target.status());
    Run(*target, std::move(request), std::move(writer), std::move(fail));
  }

 private:
  absl::StatusOr<Target> FindTarget(const pipeline::RequestInfo& info, const base::http::QueryParams& params,
                                    const Request& request) {
    if (info.resource == "nodes") return NodeProxy(info, request);
    if (info.resource == "services") return ServiceProxy(info, request);
    ASSIGN_OR_RETURN(pipeline::ObjectPtr pod, registry_.GetFresh({"", "pods"}, info.ns, info.name));
    if (pod == nullptr) return apimachinery::NotFound("", "pods", info.name);
    if (info.subresource == "proxy") return PodProxy(*pod, info, request);
    const std::string node = pod->GetString("spec.nodeName");
    Target target;
    const std::string ns = info.ns, name = info.name;
    base::http::QueryParams passed;
    if (info.subresource == "portforward") {
      if (node.empty()) return BadRequest(absl::StrCat("pod ", name, " does not have a host assigned"));
      for (const auto& [key, value] : params) {
        if (key == "ports" || key == "port") passed.emplace_back(key == "ports" ? "port" : key, value);
      }
      target.path = absl::StrCat("/portForward/", ns, "/", name, Query(passed));
    } else {
      ASSIGN_OR_RETURN(const std::string container,
                       ChooseContainer(*pod, std::string(base::http::FindParam(params, "container"))));
      if (info.subresource == "log") {
        for (const auto& [key, value] : params) {
          if (key != "container" && key != "insecureSkipTLSVerifyBackend" && key != "pretty") passed.emplace_back(key, value);
        }
        if (node.empty()) {
          // A pod that is nowhere has said nothing.
          target.host.clear();
          return target;
        }
        target.path = absl::StrCat("/containerLogs/", ns, "/", name, "/", container, Query(passed));
      } else {
        if (node.empty()) return BadRequest(absl::StrCat("pod ", name, " does not have a host assigned"));
        const std::string phase = pod->GetString("status.phase");
        if (phase == "Succeeded" || phase == "Failed") {
          return BadRequest(absl::StrCat("cannot ", info.subresource, " into a container in a completed pod; current phase is ",
                                         phase));
        }
        for (const auto& [key, value] : params) {
          const bool stream = key == "stdin" || key == "stdout" || key == "stderr";
          const bool yes = value == "true" || value == "1";
          if (stream) {
            if (yes) passed.emplace_back(key == "stdin" ? "input" : key == "stdout" ? "output" : "error", "1");
          } else if (key == "tty") {
            if (yes) passed.emplace_back("tty", "1");
          } else if (key == "command") {
            passed.emplace_back(key, value);
          }
        }
        target.path = absl::StrCat("/", info.subresource, "/", ns, "/", name, "/", container, Query(passed));
      }
    }
    RETURN_IF_ERROR(KubeletOf(node, &target));
    return target;
  }

  absl::Status KubeletOf(const std::string& node_name, Target* target) {
    pipeline::ObjectPtr node = registry_.Get({"", "nodes"}, "", node_name);
    if (node == nullptr) {
      ASSIGN_OR_RETURN(node, registry_.GetFresh({"", "nodes"}, "", node_name));
    }
    if (node == nullptr) return apimachinery::NotFound("", "nodes", node_name);
    target->port = static_cast<int>(node->GetInt("status.daemonEndpoints.kubeletEndpoint.Port", 10250));
    if (target->port == 0) target->port = 10250;
    for (const std::string& type : options_.preferred_address_types) {
      for (const Value& address : node->GetArray("status.addresses")) {
        if (address.GetString("type") != type) continue;
        target->host = address.GetString("address");
        return absl::OkStatus();
      }
    }
    std::vector<std::string> known;
    for (const Value& address : node->GetArray("status.addresses")) {
      known.push_back(absl::StrCat("{", address.GetString("type"), " ", address.GetString("address"), "}"));
    }
    apimachinery::ApiStatus status;
    status.message =
        absl::StrCat("no preferred addresses found; known addresses: [", absl::StrJoin(known, " "), "]");
    return status;
  }

  // "[scheme:]name[:port]"
  static void SplitId(const std::string& id, std::string* scheme, std::string* name, std::string* port) {
    const std::vector<std::string> parts = absl::StrSplit(id, ':');
    if (parts.size() == 3) {
      *scheme = parts[0];
      *name = parts[1];
      *port = parts[2];
    } else {
      *name = parts[0];
      if (parts.size() == 2) *port = parts[1];
    }
  }

  // What follows ".../proxy" in the raw path, and the query.
  static std::string ProxyPath(const pipeline::RequestInfo& info, const Request& request) {
    const std::string marker = absl::StrCat("/", info.parts[0], "/");
    size_t at = request.raw_path.find(marker);
    at = at == std::string::npos ? at : request.raw_path.find("/proxy", at + marker.size());
    std::string path = at == std::string::npos ? "/" : request.raw_path.substr(at + 6);
    if (path.empty()) path = "/";
    return request.query.empty() ? path : absl::StrCat(path, "?", request.query);
  }

  absl::StatusOr<Target> NodeProxy(const pipeline::RequestInfo& info, const Request& request) {
    std::string scheme, name, port;
    SplitId(info.name, &scheme, &name, &port);
    Target target;
    RETURN_IF_ERROR(KubeletOf(name, &target));
    int number = 0;
    if (!port.empty() && absl::SimpleAtoi(port, &number) && number != target.port) {
      target.port = number;
      target.kubelet = false;
      target.tls = scheme == "https";
    }
    target.path = ProxyPath(info, request);
    return target;
  }

  absl::StatusOr<Target> PodProxy(const Value& pod, const pipeline::RequestInfo& info, const Request& request) {
    Target target;
    target.kubelet = false;
    target.tls = false;
    target.host = pod.GetString("status.podIP");
    if (target.host.empty()) return apimachinery::ServiceUnavailable(absl::StrCat("address not allowed"));
    target.port = 80;
    for (const Value& c : pod.GetArray("spec.containers")) {
      if (!c.GetArray("ports").empty()) {
        target.port = static_cast<int>(c.GetArray("ports").front().GetInt("containerPort"));
        break;
      }
    }
    target.path = ProxyPath(info, request);
    return target;
  }

  absl::StatusOr<Target> ServiceProxy(const pipeline::RequestInfo& info, const Request& request) {
    std::string scheme, name, port;
    SplitId(info.name, &scheme, &name, &port);
    const pipeline::ObjectPtr endpoints = registry_.Get({"", "endpoints"}, info.ns, name);
    if (endpoints == nullptr) return apimachinery::NotFound("", "services", name);
    Target target;
    target.kubelet = false;
    target.tls = scheme == "https";
    for (const Value& subset : endpoints->GetArray("subsets")) {
      const apimachinery::Array& addresses = subset.GetArray("addresses");
      if (addresses.empty()) continue;
      for (const Value& p : subset.GetArray("ports")) {
        if (!port.empty() && p.GetString("name") != port && absl::StrCat(p.GetInt("port")) != port &&
            subset.GetArray("ports").size() > 1) {
          continue;
        }
        target.host = addresses[turn_++ % addresses.size()].GetString("ip");
        target.port = static_cast<int>(p.GetInt("port"));
        target.path = ProxyPath(info, request);
        return target;
      }
    }
    return apimachinery::ServiceUnavailable(absl::StrCat("no endpoints available for service \"", name, "\""));
  }

  void Run(const Target& target, Request request, std::unique_ptr<ResponseWriter> writer, Fail fail) {
    if (target.host.empty()) return writer->Send(200, {{"Content-Type", "text/plain"}}, "");
    ClientRequest out;
    out.host = target.host;
    out.port = target.port;
    out.method = request.method;
    out.target = target.path;
    // Kubelets know the API server, not its clients.
    out.headers = PassedOn(std::move(request.headers));
    out.headers.push_back({"X-Forwarded-For", HostOf(request.remote_address)});
    out.body = std::move(request.body);
    Client& client = target.kubelet ? *kubelet_ : target.tls ? *unchecked_ : *plain_;
    RelayHooks hooks;
    if (target.kubelet && absl::StartsWith(target.path, "/containerLogs/")) {
      hooks.withhold = [](const base::http::ResponseHead& head) { return head.status >= 400; };
      hooks.withheld = [fail](ResponseWriter& to, int status, const std::string& text) { fail(to, NoLog(status, text)); };
    }
    hooks.failed = [fail](ResponseWriter& to, const absl::Status& status) {
      apimachinery::ApiStatus error = apimachinery::InternalError("");
      error.message = absl::StrCat("error dialing backend: ", status.ok() ? "empty response" : status.message());
      error.code = 502;
      error.reason = "";
      fail(to, error);
    };
    Relay(client, std::move(out), std::move(writer), std::move(hooks));
  }

  // What a kubelet says of a log it cannot give is the answer's message, as upstream words it.
  static absl::Status NoLog(int status, const std::string& text) {
    if (status == 400) return BadRequest(text);
    if (status != 404) return apimachinery::InternalError(text);
    apimachinery::ApiStatus missing = apimachinery::InternalError("");
    missing.code = 404;
    missing.reason = "NotFound";
    missing.message = absl::StrCat("the server could not find the requested resource: ", text);
    return missing;
  }

  const ForwarderOptions options_;
  registry::Registry& registry_;
  std::unique_ptr<Client> kubelet_, plain_, unchecked_;
  std::atomic<size_t> turn_{0};
};

}  // namespace

absl::StatusOr<std::unique_ptr<http::Forwarder>> NewForwarder(const ForwarderOptions& options,
                                                              registry::Registry& registry) {
  auto forwarder = std::make_unique<ForwarderImpl>(options, registry);
  RETURN_IF_ERROR(forwarder->Init());
  return forwarder;
}

}  // namespace apiserver::proxy
