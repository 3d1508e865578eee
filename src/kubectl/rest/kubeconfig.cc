#include "kubectl/rest/kubeconfig.h"

#include <sys/stat.h>

#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"
#include "kubectl/cli/flags.h"
#include "kubectl/rest/exec_credential.h"

namespace kubectl {
namespace {

constexpr char kServiceAccount[] = "/var/run/secrets/kubernetes.io/serviceaccount";

std::string DirOf(const std::string& file) {
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash);
}

// The content behind a pair of keys: `name-data` in base64, or `name`, a path relative to the file.
absl::StatusOr<std::string> Material(const Value& entry, absl::string_view name,
                                     const std::string& file) {
  const std::string data = entry.GetString(absl::StrCat(name, "-data"));
  if (!data.empty()) {
    std::string decoded;
    if (!absl::Base64Unescape(data, &decoded)) {
      return Error(absl::StrCat("error loading config file \"", file, "\": illegal base64 data in ",
                                name, "-data"));
    }
    return decoded;
  }
  std::string path = entry.GetString(name);
  if (path.empty()) return std::string();
  if (path[0] != '/' && !file.empty()) path = absl::StrCat(DirOf(file), "/", path);
  absl::StatusOr<std::string> content = base::ReadFile(path);
  if (!content.ok()) {
    return Error(
        absl::StrCat("unable to read ", name, " ", path, " due to ", content.status().message()));
  }
  return content;
}

std::string DropSlash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

// Inside a pod: the service account's token and CA, the address from the environment.
bool InCluster(Connection* connection) {
  const char* host = getenv("KUBERNETES_SERVICE_HOST");
  const char* port = getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || port == nullptr) return false;
  absl::StatusOr<std::string> token = base::ReadFile(absl::StrCat(kServiceAccount, "/token"));
  if (!token.ok()) return false;
  connection->token = std::string(absl::StripAsciiWhitespace(*token));
  const std::string name = absl::StrContains(host, ':') ? absl::StrCat("[", host, "]") : host;
  connection->server = absl::StrCat("https://", name, ":", port);
  if (auto ca = base::ReadFile(absl::StrCat(kServiceAccount, "/ca.crt")); ca.ok())
    connection->ca_pem = *ca;
  if (auto ns = base::ReadFile(absl::StrCat(kServiceAccount, "/namespace")); ns.ok())
    connection->ns = *ns;
  return true;
}

void Collect(const Value& document, absl::string_view list, absl::string_view inner,
             const std::string& file, std::map<std::string, KubeconfigEntry>* into) {
  for (const Value& item : document.GetArray(list)) {
    const Value* value = item.Find(inner);
    into->emplace(item.GetString("name"),
                  KubeconfigEntry{
                      value != nullptr && value->is_object() ? *value : Value::MakeObject(), file});
  }
}

Value EntryList(const std::map<std::string, KubeconfigEntry>& entries, absl::string_view inner) {
  Value list = Value::MakeArray();
  for (const auto& [name, entry] : entries) {
    Value item;
    item.Set(inner, entry.value);
    item.Set("name", name);
    list.Append(std::move(item));
  }
  return list;
}

const Value* Lookup(const std::map<std::string, KubeconfigEntry>& entries,
                    const std::string& name) {
  const auto it = entries.find(name);
  return it == entries.end() ? nullptr : &it->second.value;
}

absl::Status CheckPem(const Connection& connection) {
  const auto bad = [](const std::string& text) { return !text.empty() && !absl::StrContains(text, "-----BEGIN "); };
  if (bad(connection.ca_pem)) return Error("unable to load root certificates: unable to parse bytes as PEM block");
  if (bad(connection.cert_pem)) return Error("tls: failed to find any PEM data in certificate input");
  if (bad(connection.key_pem)) return Error("tls: failed to find any PEM data in key input");
  return absl::OkStatus();
}

}  // namespace

absl::Status Kubeconfig::Merge(const Value& document, const std::string& file) {
  Collect(document, "clusters", "cluster", file, &clusters);
  Collect(document, "users", "user", file, &users);
  Collect(document, "contexts", "context", file, &contexts);
  if (current_context.empty()) {
    current_context = document.GetString("current-context");
    if (!current_context.empty()) current_context_file = file;
  }
  if (const Value* p = document.Find("preferences");
      p != nullptr && p->is_object() && preferences.empty())
    preferences = *p;
  return absl::OkStatus();
}

Value Kubeconfig::ToDocument() const {
  Value document;
  document.Set("kind", "Config");
  document.Set("apiVersion", "v1");
  if (!preferences.empty()) document.Set("preferences", preferences);
  document.Set("clusters", clusters.empty() ? Value() : EntryList(clusters, "cluster"));
  document.Set("users", users.empty() ? Value() : EntryList(users, "user"));
  document.Set("contexts", contexts.empty() ? Value() : EntryList(contexts, "context"));
  document.Set("current-context", current_context);
  return document;
}

const Value* Kubeconfig::Cluster(const std::string& name) const { return Lookup(clusters, name); }
const Value* Kubeconfig::User(const std::string& name) const { return Lookup(users, name); }
const Value* Kubeconfig::Context(const std::string& name) const { return Lookup(contexts, name); }

std::vector<std::string> KubeconfigFiles(const std::string& flag, const char* env,
                                         const std::string& home) {
  if (!flag.empty()) return {flag};
  std::vector<std::string> files;
  if (env != nullptr && *env != '\0') {
    for (absl::string_view part : absl::StrSplit(env, ':', absl::SkipEmpty())) {
      const std::string file(part);
      if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
    }
    if (!files.empty()) return files;
  }
  return {absl::StrCat(home, "/.kube/config")};
}

std::string DefaultKubeconfigFile(const std::vector<std::string>& files) {
  // The first that exists, else the last named.
  for (const std::string& file : files) {
    struct stat info;
    if (stat(file.c_str(), &info) == 0) return file;
  }
  return files.back();
}

absl::StatusOr<Value> ReadKubeconfigFile(const std::string& file) {
  absl::StatusOr<std::string> text = base::ReadFile(file);
  if (!text.ok()) {
    if (absl::IsNotFound(text.status())) return Value::MakeObject();
    return text.status();
  }
  absl::StatusOr<Value> document = ParseYaml(*text);
  if (!document.ok()) {
    return Error(
        absl::StrCat("error loading config file \"", file, "\": ", document.status().message()));
  }
  if (!document->is_object()) return Value::MakeObject();
  return document;
}

absl::Status WriteKubeconfigFile(const std::string& file, const Value& document) {
  RETURN_IF_ERROR(base::MakeDirs(DirOf(file)));
  return base::WriteFileAtomic(file, WriteYaml(document), 0600);
}

absl::StatusOr<Kubeconfig> LoadKubeconfig(const std::vector<std::string>& files,
                                          bool explicit_file) {
  Kubeconfig config;
  for (const std::string& file : files) {
    if (explicit_file) {
      struct stat info;
      if (stat(file.c_str(), &info) != 0)
        return Error(absl::StrCat("stat ", file, ": no such file or directory"));
    }
    ASSIGN_OR_RETURN(Value document, ReadKubeconfigFile(file));
    RETURN_IF_ERROR(config.Merge(document, file));
  }
  return config;
}

absl::StatusOr<Connection> ResolveConnection(const Kubeconfig& config,
                                             const ConnectionFlags& flags) {
  Connection connection;
  const std::string context_name = flags.context.empty() ? config.current_context : flags.context;
  const Value* context = config.Context(context_name);
  if (context == nullptr && !flags.context.empty()) {
    return Error(absl::StrCat("context \"", flags.context, "\" does not exist"));
  }
  std::string cluster_name = context != nullptr ? context->GetString("cluster") : "";
  std::string user_name = context != nullptr ? context->GetString("user") : "";
  if (!flags.cluster.empty()) cluster_name = flags.cluster;
  if (!flags.user.empty()) user_name = flags.user;
  const auto cluster = config.clusters.find(cluster_name);
  const auto user = config.users.find(user_name);
  if (!flags.cluster.empty() && cluster == config.clusters.end()) {
    return Error(absl::StrCat("cluster \"", flags.cluster, "\" does not exist"));
  }
  if (!flags.user.empty() && user == config.users.end()) {
    return Error(absl::StrCat("auth info \"", flags.user, "\" does not exist"));
  }
  if (config.clusters.empty() && config.users.empty() && flags.server.empty() &&
      InCluster(&connection)) {
    // nothing configured, but we run in a pod
  } else if (cluster != config.clusters.end()) {
    const Value& value = cluster->second.value;
    connection.server = DropSlash(value.GetString("server"));
    connection.insecure = value.GetBool("insecure-skip-tls-verify");
    connection.tls_server_name = value.GetString("tls-server-name");
    if (flags.certificate_authority.empty() && !flags.insecure_skip_tls_verify) {
      ASSIGN_OR_RETURN(connection.ca_pem,
                       Material(value, "certificate-authority", cluster->second.file));
    }
  }
  if (!flags.server.empty()) {
    connection.server = DropSlash(flags.server);
    if (!absl::StrContains(connection.server, "://"))
      connection.server = absl::StrCat("http://", connection.server);
  }
  if (connection.server.empty()) connection.server = "http://localhost:8080";
  if (user != config.users.end()) {
    const Value& value = user->second.value;
    ASSIGN_OR_RETURN(connection.cert_pem, Material(value, "client-certificate", user->second.file));
    ASSIGN_OR_RETURN(connection.key_pem, Material(value, "client-key", user->second.file));
    connection.token = value.GetString("token");
    if (connection.token.empty() && value.Has("tokenFile")) {
      ASSIGN_OR_RETURN(const std::string token, Material(value, "tokenFile", user->second.file));
      connection.token = std::string(absl::StripAsciiWhitespace(token));
    }
    connection.username = value.GetString("username");
    connection.password = value.GetString("password");
    connection.as = value.GetString("as");
    connection.as_uid = value.GetString("as-uid");
    for (const Value& group : value.GetArray("as-groups")) connection.as_group.push_back(group.as_string());
    for (const auto& [key, values] : value.GetObject("as-user-extra")) {
      if (!values.is_array()) continue;
      for (const Value& one : values.array()) connection.as_user_extra.push_back(absl::StrCat(key, "=", one.as_string()));
    }
    if (const Value* exec = value.Find("exec"); exec != nullptr) {
      RETURN_IF_ERROR(RunExecCredential(*exec, DirOf(user->second.file), &connection));
    }
  }
  const auto read = [](const std::string& path, std::string* into) -> absl::Status {
    if (path.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(*into, base::ReadFile(path));
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(read(flags.certificate_authority, &connection.ca_pem));
  RETURN_IF_ERROR(read(flags.client_certificate, &connection.cert_pem));
  RETURN_IF_ERROR(read(flags.client_key, &connection.key_pem));
  RETURN_IF_ERROR(CheckPem(connection));
  if (!flags.token.empty()) connection.token = flags.token;
  if (!flags.username.empty()) connection.username = flags.username;
  if (!flags.password.empty()) connection.password = flags.password;
  if (!flags.tls_server_name.empty()) connection.tls_server_name = flags.tls_server_name;
  if (flags.insecure_skip_tls_verify) connection.insecure = true;
  if (!flags.as.empty()) connection.as = flags.as;
  if (!flags.as_uid.empty()) connection.as_uid = flags.as_uid;
  if (!flags.as_group.empty()) connection.as_group = flags.as_group;
  if (!flags.as_user_extra.empty()) connection.as_user_extra = flags.as_user_extra;
  std::erase_if(connection.as_user_extra, [](const std::string& extra) { return !absl::StrContains(extra, '='); });
  if (connection.as.empty() &&
      !(connection.as_uid.empty() && connection.as_group.empty() && connection.as_user_extra.empty())) {
    return Rendered(absl::StrCat("Error in configuration: requesting uid, groups or user-extra for ", user == config.users.end() ? "" : user->first,
                              " without impersonating a user"));
  }
  if (context != nullptr && !context->GetString("namespace").empty())
    connection.ns = context->GetString("namespace");
  if (!flags.ns.empty()) {
    connection.ns = flags.ns;
    connection.ns_explicit = true;
  }
  if (flags.request_timeout != "0") {
    double seconds = 0;
    absl::StatusOr<absl::Duration> duration = ParseGoDuration(flags.request_timeout);
    if (duration.ok())
      connection.timeout_seconds = absl::ToDoubleSeconds(*duration);
    else if (absl::SimpleAtod(flags.request_timeout, &seconds))
      connection.timeout_seconds = seconds;
    else
      return Error(absl::StrCat(
          "Invalid timeout value. Timeout must be a single integer in seconds, or an integer "
          "followed by a corresponding time unit (e.g. 1s | 2m | 3h)"));
  }
  return connection;
}

}  // namespace kubectl
