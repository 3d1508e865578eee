#include "base/component_flags.h"

#include "base/flags.h"

namespace base {
namespace {

constexpr char kText[] = "the log is text on standard error, written at once; -v alone says how much";
constexpr char kMetrics[] = "all metrics are served as they are";
constexpr char kIdentity[] = "the health and metrics port answers without identities";
constexpr char kProfiling[] = "there is no profiling endpoint";
constexpr char kOneVersion[] = "there is one version to be";
constexpr char kSockets[] = "addresses and ports are bound by their owner alone";
constexpr char kTls[] = "the health and metrics port offers what OpenSSL holds safe, by one certificate";
constexpr char kHttp[] = "connections are bounded alike for HTTP/1.1 and HTTP/2";

}  // namespace

void AddLoggingFlagsWithoutEffect(FlagSet& flags) {
  flags.NoEffect({"log-text-info-buffer-size", "logging-format", "vmodule"}, kText);
  flags.NoEffect({"log-flush-frequency"}, kText, FlagType::kDuration);
  flags.NoEffect({"log-text-split-stream"}, kText, FlagType::kBool);
}

void AddMetricsFlagsWithoutEffect(FlagSet& flags) {
  flags.NoEffect({"allow-metric-labels", "allow-metric-labels-manifest", "disabled-metrics", "show-hidden-metrics-for-version"}, kMetrics);
}

void AddClientFlagsWithoutEffect(FlagSet& flags) {
  constexpr char kNotHeldBack[] = "requests are not held back here; the API server's flow control does it";
  flags.NoEffect({"kube-api-qps"}, kNotHeldBack, FlagType::kDouble);
  flags.NoEffect({"kube-api-burst"}, kNotHeldBack, FlagType::kInt);
  flags.NoEffect({"kube-api-content-type"}, "the API server is spoken to in protobuf");
}

void AddLeastTlsFlag(FlagSet& flags) {
  flags.Custom("tls-min-version", "least version of TLS: VersionTLS10, VersionTLS11, VersionTLS12", "''", [](const std::string& text) {
    const bool met = text.empty() || text == "VersionTLS10" || text == "VersionTLS11" || text == "VersionTLS12";
    return met ? absl::OkStatus() : absl::InvalidArgumentError("not supported: TLS 1.2 and 1.3 are spoken");
  });
}

void AddComponentFlagsWithoutEffect(FlagSet& flags) {
  constexpr bool kIsBool = true;
  AddLoggingFlagsWithoutEffect(flags);
  AddMetricsFlagsWithoutEffect(flags);
  AddClientFlagsWithoutEffect(flags);
  flags.NoEffect({"authentication-kubeconfig", "authentication-token-webhook-cache-ttl", "authorization-kubeconfig",
                  "authorization-always-allow-paths", "authorization-webhook-cache-authorized-ttl",
                  "authorization-webhook-cache-unauthorized-ttl", "client-ca-file", "requestheader-allowed-names",
                  "requestheader-client-ca-file", "requestheader-extra-headers-prefix", "requestheader-group-headers",
                  "requestheader-uid-headers", "requestheader-username-headers"},
                 kIdentity);
  flags.NoEffect({"authentication-skip-lookup", "authentication-tolerate-lookup-failure"}, kIdentity, kIsBool);
  flags.NoEffect({"contention-profiling", "profiling"}, kProfiling, kIsBool);
  flags.NoEffect({"emulated-version", "min-compatibility-version"}, kOneVersion);
  flags.NoEffect({"permit-address-sharing", "permit-port-sharing"}, kSockets, kIsBool);
  flags.NoEffect({"tls-cipher-suites", "tls-sni-cert-key"}, kTls);
  AddLeastTlsFlag(flags);
  flags.NoEffect({"disable-http2-serving"}, kHttp, kIsBool);
  flags.NoEffect({"http2-max-streams-per-connection"}, kHttp);
  flags.NoEffect({"cert-dir"}, "a self-signed certificate is kept in memory");
  flags.NoEffect({"master"}, "the API server is the one of --kubeconfig");
  flags.NoEffect({"feature-gates"}, "features are those that are on by default in this release");
}

}  // namespace base
