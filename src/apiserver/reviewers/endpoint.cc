#include "apiserver/reviewers/endpoint.h"

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/go_url.h"
#include "apimachinery/codec.h"
#include "apimachinery/yaml.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace apiserver::reviewers {
namespace {

using apimachinery::Value;

constexpr char kPodCredentials[] = "/var/run/secrets/kubernetes.io/serviceaccount/";

// The member that an entry of this name holds; nullptr: there is none.
const Value* Named(const Value& config, const char* list, const std::string& name, const char* member) {
  for (const Value& entry : config.GetArray(list)) {
    if (entry.GetString("name") == name) return entry.Find(member);
  }
  return nullptr;
}

// A PEM that stands in the file, or in another one beside it.
absl::StatusOr<std::string> Pem(const Value& from, const std::string& member, const std::string& folder) {
  std::string pem;
  if (const std::string data = from.GetString(member + "-data"); !data.empty()) {
    if (!apimachinery::Base64Decode(data, &pem)) return absl::InvalidArgumentError(absl::StrCat(member, "-data is not base64"));
    return pem;
  }
  const std::string path = from.GetString(member);
  if (path.empty()) return pem;
  return base::ReadFile(path[0] == '/' ? path : absl::StrCat(folder, path));
}

absl::Status SetServer(const std::string& text, Endpoint* endpoint) {
  apimachinery::cel::GoUrl url;
  if (const std::string error = apimachinery::cel::ParseGoUrl(text, &url); !error.empty()) return absl::InvalidArgumentError(error);
  endpoint->tls = url.scheme != "http";
  endpoint->host = url.Hostname();
  endpoint->port = endpoint->tls ? 443 : 80;
  if (endpoint->host.empty() || (!url.Port().empty() && !absl::SimpleAtoi(url.Port(), &endpoint->port))) {
    return absl::InvalidArgumentError(absl::StrCat("invalid server \"", text, "\""));
  }
  endpoint->path = url.EscapedPath().empty() ? "/" : url.EscapedPath();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Endpoint> ReadKubeconfig(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  ASSIGN_OR_RETURN(const Value config, apimachinery::ParseYamlOrJson(text));
  const std::string folder = path.substr(0, path.rfind('/') + 1), current = config.GetString("current-context");
  const Value* context = Named(config, "contexts", current, "context");
  const Value* cluster = context == nullptr ? nullptr : Named(config, "clusters", context->GetString("cluster"), "cluster");
  if (cluster == nullptr || cluster->GetString("server").empty()) {
    return absl::InvalidArgumentError(
        "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable");
  }
  Endpoint out;
  RETURN_IF_ERROR(SetServer(cluster->GetString("server"), &out));
  ASSIGN_OR_RETURN(out.tls_options.ca_pem, Pem(*cluster, "certificate-authority", folder));
  out.tls_options.verify = !cluster->GetBool("insecure-skip-tls-verify");
  out.tls_options.server_name = cluster->GetString("tls-server-name");
  if (const Value* user = Named(config, "users", context->GetString("user"), "user"); user != nullptr && user->is_object()) {
    ASSIGN_OR_RETURN(out.tls_options.cert_pem, Pem(*user, "client-certificate", folder));
    ASSIGN_OR_RETURN(out.tls_options.key_pem, Pem(*user, "client-key", folder));
    out.token = user->GetString("token");
    out.token_file = user->GetString("tokenFile");
    out.user = user->GetString("username");
    out.password = user->GetString("password");
  }
  return out;
}

absl::StatusOr<Endpoint> InCluster() {
  const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || port == nullptr) {
    return absl::InvalidArgumentError(
        "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined");
  }
  const std::string address = absl::StrContains(host, ":") ? absl::StrCat("[", host, "]") : std::string(host);
  Endpoint out;
  RETURN_IF_ERROR(SetServer(absl::StrCat("https://", address, ":", port), &out));
  ASSIGN_OR_RETURN(out.tls_options.ca_pem, base::ReadFile(absl::StrCat(kPodCredentials, "ca.crt")));
  out.token_file = absl::StrCat(kPodCredentials, "token");
  return out;
}

}  // namespace apiserver::reviewers
