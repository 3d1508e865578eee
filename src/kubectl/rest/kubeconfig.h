// Kubeconfig files: finding, merging, reading and writing them. The document is kept as a value
// tree so that what we do not know survives a rewrite. Pure apart from Load and Save.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apimachinery/value.h"

namespace kubectl {

using apimachinery::Value;

// A named entry remembers its file: relative paths in it are relative to that file, and changes go
// back there.
struct KubeconfigEntry {
  Value value;
  std::string file;
};

struct Kubeconfig {
  std::map<std::string, KubeconfigEntry> clusters, users, contexts;
  std::string current_context;
  std::string current_context_file;
  Value preferences = Value::MakeObject();
  std::vector<std::pair<std::string, Value>> extensions;

  // Adds `document` read from `file`. The first file to set something wins.
  absl::Status Merge(const Value& document, const std::string& file);
  // The document in kubeconfig's own layout, entries sorted by name.
  Value ToDocument() const;
  const Value* Cluster(const std::string& name) const;
  const Value* User(const std::string& name) const;
  const Value* Context(const std::string& name) const;
};

// --kubeconfig, else $KUBECONFIG (colon-separated), else ~/.kube/config.
std::vector<std::string> KubeconfigFiles(const std::string& flag, const char* env,
                                         const std::string& home);
// The file that new entries go to.
std::string DefaultKubeconfigFile(const std::vector<std::string>& files);

// Missing files are skipped unless named by the flag (`explicit_file`).
absl::StatusOr<Kubeconfig> LoadKubeconfig(const std::vector<std::string>& files,
                                          bool explicit_file);
// Reads one file (an empty document when it is missing), and writes it back.
absl::StatusOr<Value> ReadKubeconfigFile(const std::string& file);
absl::Status WriteKubeconfigFile(const std::string& file, const Value& document);

// What the command line says about the connection.
struct ConnectionFlags {
  std::string kubeconfig, context, cluster, user, server, token, ns;
  std::string certificate_authority, client_certificate, client_key, tls_server_name;
  std::string username, password, as, as_uid;
  std::vector<std::string> as_group, as_user_extra;
  bool insecure_skip_tls_verify = false;
  std::string request_timeout = "0";
  std::string cache_dir;
};

// Everything a client needs. PEM texts, not paths.
struct Connection {
  std::string server;  // scheme://host[:port][/prefix], no final slash
  std::string ns = "default";
  bool ns_explicit = false;  // -n was given
  std::string ca_pem, cert_pem, key_pem, token, username, password, tls_server_name;
  bool insecure = false;
  std::string as, as_uid;
  std::vector<std::string> as_group;
  std::vector<std::string> as_user_extra;  // key=value
  double timeout_seconds = 0;
};

// `in_cluster_root` is /var/run/secrets/kubernetes.io/serviceaccount except in tests.
absl::StatusOr<Connection> ResolveConnection(const Kubeconfig& config,
                                             const ConnectionFlags& flags);

}  // namespace kubectl
