#include "apiserver/audit/auditor.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/go_quote.h"
#include "base/file.h"
#include "base/metrics/metrics.h"
#include "base/status_macros.h"

namespace apiserver::audit {
namespace {

constexpr std::pair<absl::string_view, Mode> kModes[] = {
    {"batch", Mode::kBatch}, {"blocking", Mode::kBlocking}, {"blocking-strict", Mode::kBlockingStrict}};

struct AuditMetrics {
  base::CounterFamily levels{"apiserver_audit_level_total", "Requests by the level they are audited at.", {"level"}};
  base::CounterFamily rejected{"apiserver_audit_requests_rejected_total",
                               "Requests refused because their arrival could not be logged.", {}};
};
AuditMetrics& Metrics() {
  static auto* const metrics = new AuditMetrics;
  return *metrics;
}
[[maybe_unused]] const AuditMetrics& kFromTheStart = Metrics();  // shown before anything happens

const Mode* FindMode(absl::string_view name) {
  for (const auto& [word, mode] : kModes) {
    if (word == name) return &mode;
  }
  return nullptr;
}

}  // namespace

absl::Status CheckOptions(const Options& o) {
  if (o.file.path.empty()) return absl::OkStatus();
  std::vector<std::string> problems;
  const Mode* const mode = FindMode(o.mode);
  const auto positive = [&](absl::string_view what, double value) {
    if (value > 0) return true;
    problems.push_back(absl::StrCat("invalid audit batch log ", what, " ", value, ", must be a positive number"));
    return false;
  };
  if (mode == nullptr) {
    problems.push_back(absl::StrCat("invalid audit log mode ", o.mode,
                                    ", allowed modes are \"batch,blocking,blocking-strict\""));
  } else if (*mode == Mode::kBatch && positive("buffer size", o.backend.buffer_size) &&
             positive("max batch size", o.backend.max_batch) && o.backend.throttle &&
             positive("throttle QPS", o.backend.throttle_qps)) {
    positive("throttle burst", o.backend.throttle_burst);
  }
  if (o.truncate && o.backend.max_event_bytes <= 0) {
    problems.push_back(absl::StrCat("invalid audit truncate log max event size ", o.backend.max_event_bytes,
                                    ", must be a positive number"));
  } else if (o.truncate && o.backend.max_batch_bytes < o.backend.max_event_bytes) {
    problems.push_back(absl::StrCat("invalid audit truncate log max batch size ", o.backend.max_batch_bytes,
                                    ", must be greater than max event size (", o.backend.max_event_bytes, ")"));
  }
  for (const auto& [flag, value] : {std::pair<absl::string_view, int>{"maxage", o.file.max_age_days},
                                    {"maxbackup", o.file.max_backups}, {"maxsize", o.max_megabytes}}) {
    if (value < 0) problems.push_back(absl::StrCat("--audit-log-", flag, " ", value, " can't be a negative number"));
  }
  if (o.format != "json" && o.format != "legacy") {
    problems.push_back(absl::StrCat("invalid audit log format ", o.format, ", allowed formats are \"legacy,json\""));
  }
  if (problems.empty()) return absl::OkStatus();
  if (problems.size() == 1) return absl::InvalidArgumentError(problems[0]);
  return absl::InvalidArgumentError(absl::StrCat("[", absl::StrJoin(problems, ", "), "]"));
}

absl::StatusOr<std::unique_ptr<Auditor>> Auditor::Open(Options options) {
  RETURN_IF_ERROR(CheckOptions(options));
  if (options.policy_file.empty()) return std::unique_ptr<Auditor>();
  const auto refuse = [&](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("loading audit policy file: ", why));
  };
  const absl::StatusOr<std::string> text = base::ReadFile(options.policy_file);
  if (!text.ok()) {
    return refuse(absl::StrCat("failed to read file path ", apimachinery::GoQuote(options.policy_file), ": ",
                               text.status().message()));
  }
  absl::StatusOr<Policy> policy = ParsePolicy(*text);
  if (!policy.ok()) return refuse(absl::StrCat(policy.status().message(), ": from file ", options.policy_file));
  if (options.file.path.empty()) return std::unique_ptr<Auditor>();
  std::unique_ptr<Auditor> auditor(new Auditor);
  auditor->policy_ = *std::move(policy);
  auditor->mode_ = options.backend.mode = *FindMode(options.mode);
  options.backend.legacy = options.format == "legacy";
  if (!options.truncate) options.backend.max_event_bytes = options.backend.max_batch_bytes = 0;
  options.file.max_bytes = int64_t{options.max_megabytes} << 20;
  ASSIGN_OR_RETURN(auditor->file_, OpenLogFile(options.file));
  auditor->backend_ = NewBackend(options.backend, *auditor->file_);
  return auditor;
}

Auditor::~Auditor() { Stop(); }

void Auditor::Stop() {
  if (backend_ != nullptr) backend_->Stop();
}

absl::StatusOr<std::shared_ptr<Record>> Auditor::Begin(const pipeline::RequestContext& context, const Arrival& arrival,
                                                       bool known) {
  const Decision decision = policy_.Decide(known ? &context.user : nullptr, context.info);
  Metrics().levels.With({LevelName(decision.level)}).Add();
  if (decision.level == Level::kNone) return std::shared_ptr<Record>();
  auto record = std::make_shared<Record>(decision, context, arrival, known, *backend_);
  if (!record->Received() && mode_ == Mode::kBlockingStrict) {
    Metrics().rejected.With({}).Add();
    return absl::UnavailableError("failed to store audit event");
  }
  return record;
}

}  // namespace apiserver::audit
