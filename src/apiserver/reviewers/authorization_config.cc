#include "apiserver/reviewers/authorization_config.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/expressions/expressions.h"
#include "apimachinery/field_error.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/names.h"
#include "apiserver/config_files/config_file.h"
#include "apiserver/reviewers/access_reviewer.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace apiserver::reviewers {
namespace {

using apimachinery::FieldErrors;
using apimachinery::FieldPath;
using apimachinery::GoQuote;
using apimachinery::Value;
namespace files = config_files;

constexpr absl::Duration kFlagTimeout = absl::Seconds(30);  // of webhooks that flags name
constexpr size_t kMostConditions = 64;

const std::vector<files::FileKind>& Kinds() {
  static const auto& kinds = *new std::vector<files::FileKind>([] {
    const std::vector<files::Shape> webhook = {
        files::Text("authorizedTTL"), files::Flag("cacheAuthorizedRequests"), files::Text("unauthorizedTTL"),
        files::Flag("cacheUnauthorizedRequests"), files::Text("timeout"), files::Text("subjectAccessReviewVersion"),
        files::Text("matchConditionSubjectAccessReviewVersion"), files::Text("failurePolicy"),
        files::Object("connectionInfo", "v1.WebhookConnectionInfo", {files::Text("type"), files::Text("kubeConfigFile")}),
        files::List("matchConditions", "v1.WebhookMatchCondition", {files::Text("expression")})};
    return std::vector<files::FileKind>{
        {"AuthorizationConfiguration",
         {"apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1", "apiserver.config.k8s.io/v1alpha1"},
         {files::List("authorizers", "v1.AuthorizerConfiguration",
                      {files::Text("type"), files::Text("name"), files::Object("webhook", "v1.WebhookConfiguration", webhook)})}}};
  }());
  return kinds;
}

absl::Status ReadDuration(const Value& from, const char* member, absl::Duration by_default, absl::Duration* out) {
  *out = by_default;
  const std::string text = from.GetString(member);
  if (text.empty()) return absl::OkStatus();
  if (!absl::ParseDuration(text, out)) return absl::InvalidArgumentError(absl::StrCat("time: invalid duration ", GoQuote(text)));
  if (*out == absl::ZeroDuration()) *out = by_default;
  return absl::OkStatus();
}

class Reader {
 public:
  absl::Status Read(const Value& file) {
    const apimachinery::Array& authorizers = file.GetArray("authorizers");
    if (authorizers.empty()) errors_.Required(FieldPath("authorizers"), "at least one authorization mode must be defined");
    for (size_t i = 0; i < authorizers.size(); ++i) RETURN_IF_ERROR(ReadOne(authorizers[i], FieldPath("authorizers").Index(i)));
    return errors_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(errors_.ToString());
  }
  std::vector<AuthorizerEntry> entries;

 private:
  absl::Status ReadOne(const Value& from, const FieldPath& path) {
    static constexpr absl::string_view kTypes[] = {"ABAC", "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"};
    AuthorizerEntry entry;
    entry.type = from.GetString("type");
    entry.name = from.GetString("name");
    const Value* webhook = from.Find("webhook");
    if (webhook != nullptr && !webhook->is_object()) webhook = nullptr;
    AuthorizerEntry::Webhook& w = entry.webhook;
    if (webhook != nullptr) {
      RETURN_IF_ERROR(ReadDuration(*webhook, "timeout", absl::ZeroDuration(), &w.timeout));
      RETURN_IF_ERROR(ReadDuration(*webhook, "authorizedTTL", absl::Minutes(5), &w.allowed_ttl));
      RETURN_IF_ERROR(ReadDuration(*webhook, "unauthorizedTTL", absl::Seconds(30), &w.refused_ttl));
    }
    if (entry.type.empty()) {
      errors_.Required(path.Child("type"));
      return absl::OkStatus();
    }
    if (std::find(std::begin(kTypes), std::end(kTypes), entry.type) == std::end(kTypes)) {
      errors_.NotSupported(path.Child("type"), Value(entry.type), kTypes);
      return absl::OkStatus();
    }
    if (!types_.insert(entry.type).second && entry.type != "Webhook") {
      errors_.Duplicate(path.Child("type"), Value(entry.type));
      return absl::OkStatus();
    }
    if (entry.name.empty()) {
      errors_.Required(path.Child("name"));
    } else if (names_.contains(entry.name)) {
      errors_.Duplicate(path.Child("name"), Value(entry.name));
    } else if (const auto problems = apimachinery::IsDns1123Subdomain(entry.name); !problems.empty()) {
      errors_.Invalid(path.Child("name"), Value(entry.name), absl::StrCat("authorizer name is invalid: ", absl::StrJoin(problems, ", ")));
    }
    names_.insert(entry.name);
    if (entry.type == "Webhook" && webhook == nullptr) {
      errors_.Required(path.Child("webhook"), "required when type=Webhook");
    } else if (entry.type == "Webhook") {
      ReadWebhook(*webhook, path, w);
    } else if (webhook != nullptr) {
      errors_.Invalid(path.Child("webhook"), Value("non-null"), "may only be specified when type=Webhook");
    }
    entries.push_back(std::move(entry));
    return absl::OkStatus();
  }

  void ReadWebhook(const Value& from, const FieldPath& path, AuthorizerEntry::Webhook& w) {
    if (w.timeout == absl::ZeroDuration()) {
      errors_.Required(path.Child("timeout"));
    } else if (w.timeout > absl::Seconds(30) || w.timeout < absl::ZeroDuration()) {
      errors_.Invalid(path.Child("timeout"), Value(absl::FormatDuration(w.timeout)), "must be > 0s and <= 30s");
    }
    if (w.allowed_ttl < absl::ZeroDuration()) errors_.Invalid(path.Child("authorizedTTL"), Value(absl::FormatDuration(w.allowed_ttl)), "must be > 0s");
    if (w.refused_ttl < absl::ZeroDuration()) errors_.Invalid(path.Child("unauthorizedTTL"), Value(absl::FormatDuration(w.refused_ttl)), "must be > 0s");
    if (const Value* keep = from.Find("cacheAuthorizedRequests"); keep != nullptr && keep->is_bool() && !keep->as_bool()) w.allowed_ttl = absl::ZeroDuration();
    if (const Value* keep = from.Find("cacheUnauthorizedRequests"); keep != nullptr && keep->is_bool() && !keep->as_bool()) w.refused_ttl = absl::ZeroDuration();
    w.version = from.GetString("subjectAccessReviewVersion");
    OneOf(path.Child("subjectAccessReviewVersion"), w.version, {"v1", "v1beta1"});
    const std::string match_version = from.GetString("matchConditionSubjectAccessReviewVersion");
    const apimachinery::Array& conditions = from.GetArray("matchConditions");
    if (!match_version.empty()) {
      OneOf(path.Child("matchConditionSubjectAccessReviewVersion"), match_version, {"v1"});
    } else if (!conditions.empty()) {
      errors_.Required(path.Child("matchConditionSubjectAccessReviewVersion"), "required if match conditions are specified");
    }
    const std::string policy = from.GetString("failurePolicy");
    OneOf(path.Child("failurePolicy"), policy, {"NoOpinion", "Deny"});
    w.deny_on_failure = policy == "Deny";
    ReadConnection(from, path.Child("connectionInfo"), w);
    if (conditions.size() > kMostConditions) {
      errors_.TooMany(path.Child("matchConditions"), static_cast<int>(conditions.size()), static_cast<int>(kMostConditions));
      return;
    }
    std::set<std::string> seen;
    for (size_t i = 0; i < conditions.size(); ++i) {
      const FieldPath at = path.Child("matchConditions").Index(i).Child("expression");
      const std::string text = conditions[i].GetString("expression");
      if (absl::StripAsciiWhitespace(text).empty()) {
        errors_.Required(at);
      } else if (!seen.insert(text).second) {
        errors_.Duplicate(at, Value(text));
      } else if (const auto program = apimachinery::expressions::Compile(text, MatchEnv(), apimachinery::expressions::Returns::kBool); !program.ok()) {
        errors_.Invalid(at, Value(text), program.status().message());
      } else {
        w.conditions.push_back(text);
      }
    }
  }

  void ReadConnection(const Value& from, const FieldPath& path, AuthorizerEntry::Webhook& w) {
    static constexpr absl::string_view kConnections[] = {"InClusterConfig", "KubeConfigFile"};
    const FieldPath file_path = path.Child("kubeConfigFile");
    const std::string type = from.GetString("connectionInfo.type");
    const Value* file = from.At("connectionInfo.kubeConfigFile");
    w.kubeconfig = file == nullptr || !file->is_string() ? "" : file->as_string();
    w.in_cluster = type == "InClusterConfig";
    if (type.empty()) return errors_.Required(path.Child("type"));
    if (w.in_cluster) {
      if (file != nullptr) errors_.Invalid(file_path, *file, "can only be set when type=KubeConfigFile");
      return;
    }
    if (type != "KubeConfigFile") {
      Value shown = Value::MakeObject();
      shown.Set("Type", type);
      shown.Set("KubeConfigFile", file == nullptr ? Value() : *file);
      return errors_.NotSupported(path.Child("type"), shown, kConnections);
    }
    struct stat info {};
    if (w.kubeconfig.empty()) {
      errors_.Required(file_path);
    } else if (w.kubeconfig[0] != '/') {
      errors_.Invalid(file_path, *file, "must be an absolute path");
    } else if (stat(w.kubeconfig.c_str(), &info) != 0) {
      errors_.Invalid(file_path, *file, absl::StrCat("error loading file: stat ", w.kubeconfig, ": no such file or directory"));
    } else if (!S_ISREG(info.st_mode)) {
      errors_.Invalid(file_path, *file, "must be a regular file");
    }
  }

  void OneOf(const FieldPath& path, const std::string& value, std::initializer_list<absl::string_view> valid) {
    if (value.empty()) return errors_.Required(path);
    if (std::find(valid.begin(), valid.end(), value) == valid.end()) errors_.NotSupported(path, Value(value), valid);
  }

  FieldErrors errors_;
  std::set<std::string> types_, names_;
};

absl::StatusOr<std::shared_ptr<const auth::ForeignMode>> MakeWebhook(const AuthorizerEntry::Webhook& webhook, const base::Clock& clock) {
  absl::StatusOr<Endpoint> endpoint = webhook.in_cluster ? InCluster() : ReadKubeconfig(webhook.kubeconfig);
  if (!endpoint.ok()) return endpoint.status();
  ASSIGN_OR_RETURN(std::unique_ptr<ReviewClient> client, NewReviewClient(*std::move(endpoint), webhook.timeout));
  AccessOptions options{webhook.version, webhook.allowed_ttl, webhook.refused_ttl, webhook.deny_on_failure, {}};
  for (const std::string& text : webhook.conditions) {
    ASSIGN_OR_RETURN(apimachinery::cel::Program program,
                     apimachinery::expressions::Compile(text, MatchEnv(), apimachinery::expressions::Returns::kBool));
    options.conditions.push_back({text, std::make_shared<const apimachinery::cel::Program>(std::move(program))});
  }
  return NewAccessReviewer(std::move(options), std::move(client), clock);
}

// The entries that flags stand for.
absl::StatusOr<std::vector<AuthorizerEntry>> EntriesOf(const AuthorizationFlags& flags) {
  static constexpr absl::string_view kModes[] = {"AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"};
  if (flags.modes.empty()) return absl::InvalidArgumentError("at least one authorization-mode must be passed");
  std::vector<AuthorizerEntry> entries;
  std::set<std::string> seen;
  for (const std::string& mode : flags.modes) {
    if (std::find(std::begin(kModes), std::end(kModes), mode) == std::end(kModes)) {
      return absl::InvalidArgumentError(absl::StrCat("authorization-mode ", GoQuote(mode), " is not a valid mode"));
    }
    if (mode == "Webhook" && flags.webhook_config_file.empty()) {
      return absl::InvalidArgumentError("authorization-mode Webhook's authorization config file not passed");
    }
    if (!seen.insert(mode).second) {
      std::vector<std::string> quoted;
      for (const std::string& m : flags.modes) quoted.push_back(GoQuote(m));
      return absl::InvalidArgumentError(absl::StrCat("authorization-mode [", absl::StrJoin(quoted, " "), "] has mode specified more than once"));
    }
    AuthorizerEntry entry{mode, absl::AsciiStrToLower(mode), {}};
    if (mode == "Webhook") {
      entry.name = "default";
      entry.webhook = {kFlagTimeout, flags.webhook_allowed_ttl, flags.webhook_refused_ttl, flags.webhook_version, false, false,
                       flags.webhook_config_file, {}};
    }
    entries.push_back(std::move(entry));
  }
  if (!flags.webhook_config_file.empty() && !seen.contains("Webhook")) {
    return absl::InvalidArgumentError("cannot specify --authorization-webhook-config-file without mode Webhook");
  }
  return entries;
}

absl::StatusOr<std::vector<AuthorizerEntry>> EntriesOfFile(const std::string& path) {
  absl::StatusOr<std::string> text = base::ReadFile(path);
  if (!text.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("failed to load AuthorizationConfiguration from file: ", text.status().message()));
  }
  ASSIGN_OR_RETURN(std::vector<AuthorizerEntry> entries, ReadAuthorizationConfig(*text));
  for (const AuthorizerEntry& entry : entries) {
    const std::string name = absl::AsciiStrToLower(entry.type);
    if (entry.type != "Webhook" && entry.name != name) {
      return absl::InvalidArgumentError(absl::StrCat("expected name ", name, " for authorizer ", entry.type, " instead of ", entry.name));
    }
    if (entry.type == "ABAC") return absl::InvalidArgumentError("authorizers of type ABAC are not supported");
  }
  return entries;
}

}  // namespace

absl::StatusOr<std::vector<AuthorizerEntry>> ReadAuthorizationConfig(absl::string_view text) {
  constexpr char kLoading[] = "failed to load AuthorizationConfiguration from file: ";
  const absl::StatusOr<Value> file = files::DecodeConfigFile(text, Kinds());
  if (!file.ok()) return absl::InvalidArgumentError(absl::StrCat(kLoading, file.status().message()));
  Reader reader;
  const absl::Status read = reader.Read(*file);
  if (absl::StartsWith(read.message(), "time: ")) return absl::InvalidArgumentError(absl::StrCat(kLoading, read.message()));
  RETURN_IF_ERROR(read);
  return std::move(reader.entries);
}

absl::StatusOr<std::vector<auth::Mode>> MakeModes(const AuthorizationFlags& flags, const base::Clock& clock) {
  const bool by_flags = !flags.modes.empty() && !(flags.modes.size() == 1 && flags.modes[0] == "AlwaysAllow");
  if (!flags.config_file.empty() && (by_flags || !flags.webhook_config_file.empty())) {
    return absl::InvalidArgumentError(
        "--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined");
  }
  ASSIGN_OR_RETURN(const std::vector<AuthorizerEntry> entries,
                   flags.config_file.empty() ? EntriesOf(flags) : EntriesOfFile(flags.config_file));
  std::vector<auth::Mode> modes;
  for (const AuthorizerEntry& entry : entries) {
    auth::Mode mode{entry.type, entry.name, nullptr};
    if (entry.type == "Webhook") {
      ASSIGN_OR_RETURN(mode.foreign, MakeWebhook(entry.webhook, clock));
    }
    modes.push_back(std::move(mode));
  }
  return modes;
}

}  // namespace apiserver::reviewers
