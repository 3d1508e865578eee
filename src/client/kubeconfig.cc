#include "client/kubeconfig.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/value.h"
#include "apimachinery/yaml.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "client/rest_transport.h"
#include "client/transport_grpc.h"

namespace client {
namespace {

using apimachinery::Value;

// The entry of a named list ("clusters", "users", "contexts") under its own key.
absl::StatusOr<const Value*> Entry(const Value& config, absl::string_view list, absl::string_view key,
                                   absl::string_view name) {
  for (const Value& entry : config.GetArray(list)) {
    if (entry.GetString("name") != name) continue;
    const Value* found = entry.Find(key);
    static const Value& kNone = *new Value(Value::MakeObject());
    return found != nullptr && found->is_object() ? found : &kNone;
  }
  return absl::InvalidArgumentError(absl::StrCat("kubeconfig: ", key, " \"", name, "\" is not in ", list));
}

std::string Absolute(const std::string& base_dir, const std::string& path) {
  return path.empty() || path[0] == '/' || base_dir.empty() ? path : absl::StrCat(base_dir, "/", path);
}

// `key`-data (base64) wins over the file named by `key`.
absl::StatusOr<std::string> DataOrFile(const Value& entry, const std::string& key, const std::string& base_dir) {
  if (const std::string data = entry.GetString(key + "-data"); !data.empty()) {
    std::string decoded;
    if (!absl::Base64Unescape(data, &decoded)) {
      return absl::InvalidArgumentError(absl::StrCat("kubeconfig: ", key, "-data is not base64"));
    }
    return decoded;
  }
  const std::string file = entry.GetString(key);
  if (file.empty()) return std::string();
  return base::ReadFile(Absolute(base_dir, file));
}

}  // namespace

absl::StatusOr<ClientConfig> ParseKubeconfig(const std::string& text, const std::string& base_dir,
                                             const std::string& context) {
  ASSIGN_OR_RETURN(const Value config, apimachinery::ParseYamlOrJson(text));
  std::string name = context.empty() ? config.GetString("current-context") : context;
  if (name.empty()) {
    const auto& contexts = config.GetArray("contexts");
    if (contexts.size() != 1) return absl::InvalidArgumentError("kubeconfig: no current-context");
    name = contexts[0].GetString("name");
  }
  ASSIGN_OR_RETURN(const Value* chosen, Entry(config, "contexts", "context", name));
  ASSIGN_OR_RETURN(const Value* cluster, Entry(config, "clusters", "cluster", chosen->GetString("cluster")));
  ClientConfig out;
  out.ns = chosen->GetString("namespace");
  out.server = cluster->GetString("server");
  out.tls_server_name = cluster->GetString("tls-server-name");
  out.insecure = cluster->GetBool("insecure-skip-tls-verify");
  ASSIGN_OR_RETURN(out.ca_pem, DataOrFile(*cluster, "certificate-authority", base_dir));
  for (const Value& extension : cluster->GetArray("extensions")) {
    if (extension.GetString("name") == "skiff.dev/grpc") out.grpc_server = extension.GetString("extension.server");
  }
  if (const std::string user_name = chosen->GetString("user"); !user_name.empty()) {
    ASSIGN_OR_RETURN(const Value* user, Entry(config, "users", "user", user_name));
    ASSIGN_OR_RETURN(out.cert_pem, DataOrFile(*user, "client-certificate", base_dir));
    ASSIGN_OR_RETURN(out.key_pem, DataOrFile(*user, "client-key", base_dir));
    out.token = user->GetString("token");
    out.token_file = Absolute(base_dir, user->GetString("tokenFile"));
  }
  if (out.server.empty()) return absl::InvalidArgumentError("kubeconfig: the cluster has no server");
  return out;
}

absl::StatusOr<ClientConfig> LoadKubeconfig(const std::string& path, const std::string& context) {
  if (path.empty()) {
    return absl::InvalidArgumentError("--kubeconfig is required: the file that says how to reach the API server");
  }
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  const size_t slash = path.rfind('/');
  return ParseKubeconfig(text, slash == std::string::npos ? "" : path.substr(0, slash), context);
}

absl::StatusOr<std::unique_ptr<Transport>> Connect(const ClientConfig& config) {
  return config.grpc_server.empty() ? NewRestTransport(config) : NewGrpcTransport(config);
}

}  // namespace client
