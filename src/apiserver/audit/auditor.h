// The audit log as a whole: what --audit-* flags make of requests. Thread-safe.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "apiserver/audit/backend.h"
#include "apiserver/audit/log_file.h"
#include "apiserver/audit/policy.h"
#include "apiserver/audit/record.h"

namespace apiserver::audit {

// As the flags say it.
struct Options {
  std::string policy_file;  // "": nothing is audited
  std::string mode = "blocking", format = "json", version = "audit.k8s.io/v1";
  LogFileOptions file;
  int max_megabytes = 0;  // of `file`
  BackendOptions backend;
  bool truncate = false;
};

// InvalidArgument names what is wrong with the flags.
absl::Status CheckOptions(const Options& options);

class Auditor {
 public:
  // nullptr without a policy file or a log file. InvalidArgument: the policy cannot be used.
  static absl::StatusOr<std::unique_ptr<Auditor>> Open(Options options);
  ~Auditor();

  // The record of a request, or nullptr when nothing is to be told of it. `known`: its user was authenticated.
  // Tells of its arrival. Unavailable: that was lost where it must not be, so the request is to be refused.
  absl::StatusOr<std::shared_ptr<Record>> Begin(const pipeline::RequestContext& context, const Arrival& arrival, bool known);

  bool writes_at_once() const { return mode_ != Mode::kBatch; }  // on the thread of the request
  void Stop();

 private:
  Auditor() = default;
  Policy policy_;
  Mode mode_ = Mode::kBlocking;
  std::unique_ptr<LogFile> file_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace apiserver::audit
