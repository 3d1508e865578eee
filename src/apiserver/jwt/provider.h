// An OpenID Connect provider on the network: its discovery document and its keys.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apiserver/jwt/configuration.h"
#include "apiserver/jwt/verifier.h"

namespace apiserver::jwt {

// GETs a document. The error says what upstream's client says.
using Get = std::function<absl::StatusOr<std::string>(const std::string& url)>;
absl::StatusOr<Get> HttpsGet(const std::string& ca_pem);

// Looks for the provider on a thread of its own, again and again until it is there. Thread-safe.
class Provider {
 public:
  Provider(Issuer issuer, Get get, absl::Duration retry = absl::Seconds(10));
  ~Provider();

  // FailedPrecondition: the provider has not been found yet. Blocks for a call when keys have to be fetched.
  absl::StatusOr<Keys> Find(bool again);
  bool found() const;

 private:
  void Discover();
  absl::StatusOr<std::string> KeysUrl() const;
  absl::StatusOr<Keys> Fetch(const std::string& url) const;

  const Issuer issuer_;
  const Get get_;
  const absl::Duration retry_;
  mutable std::mutex mu_;
  std::condition_variable wake_;
  bool stopping_ = false, fetched_ = false;  // under mu_
  std::string keys_url_;                     // under mu_
  Keys keys_;                                // under mu_
  std::mutex fetching_;                      // one fetch at a time
  std::thread thread_;
};

}  // namespace apiserver::jwt
