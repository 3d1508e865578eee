#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/authorizer.h"
#include "apimachinery/cel/function.h"
#include "apimachinery/cel/opaque.h"
#include "apimachinery/names.h"

namespace apimachinery::cel {
namespace {

// Authorizers and the checks made of them: a question that gets filled in.
struct Check {
  const AuthorizationOracle* oracle = nullptr;
  AuthorizationQuestion question;
};

#define A "kubernetes.authorization.Authorizer"
#define P "kubernetes.authorization.PathCheck"
#define G "kubernetes.authorization.GroupCheck"
#define R "kubernetes.authorization.ResourceCheck"
#define D "kubernetes.authorization.Decision"

enum class Stage { kAuthorizer, kPath, kGroup, kResource };

template <Stage kStage>
struct StageTraits : BoxDefaults {
  static const TypePtr& Type() {
    static constexpr absl::string_view kNames[] = {A, P, G, R};
    static const TypePtr& type = *new TypePtr(StructType(kNames[static_cast<int>(kStage)]));
    return type;
  }
  static bool Equal(const Check& a, const Check& b) { return &a == &b; }
  static int64_t Size(const Check&) { return 1; }
  static absl::string_view GoType(const Check&) { return Type()->name(); }
};
template <Stage kStage>
using StageBox = Boxed<Check, StageTraits<kStage>>;

struct DecisionTraits : BoxDefaults {
  static const TypePtr& Type() {
    static const TypePtr& type = *new TypePtr(StructType(D));
    return type;
  }
  static bool Equal(const AuthorizationAnswer& a, const AuthorizationAnswer& b) { return &a == &b; }
  static int64_t Size(const AuthorizationAnswer&) { return 1; }
  static absl::string_view GoType(const AuthorizationAnswer&) { return Type()->name(); }
};
using DecisionBox = Boxed<AuthorizationAnswer, DecisionTraits>;

bool Blank(absl::string_view text) { return absl::StripAsciiWhitespace(text).empty(); }

Val Path(Args args) {
  if (Blank(args[1].text())) return Val::Error("path must not be empty");
  Check check = StageBox<Stage::kAuthorizer>::Unbox(args[0]);
  check.question.resource_request = false;
  check.question.path = std::string(args[1].text());
  return StageBox<Stage::kPath>::Box(std::move(check));
}

Val Group(Args args) {
  Check check = StageBox<Stage::kAuthorizer>::Unbox(args[0]);
  check.question.group = std::string(args[1].text());
  return StageBox<Stage::kGroup>::Box(std::move(check));
}

Val ServiceAccount(Args args) {
  if (!IsDns1123Subdomain(args[2].text()).empty()) return Val::Error("Invalid service account name");
  if (!IsDns1123Label(args[1].text()).empty()) return Val::Error("Invalid service account namespace");
  Check check = StageBox<Stage::kAuthorizer>::Unbox(args[0]);
  check.question.service_account_namespace = std::string(args[1].text());
  check.question.service_account_name = std::string(args[2].text());
  return StageBox<Stage::kAuthorizer>::Box(std::move(check));
}

Val Resource(Args args) {
  if (Blank(args[1].text())) return Val::Error("resource must not be empty");
  Check check = StageBox<Stage::kGroup>::Unbox(args[0]);
  check.question.resource = std::string(args[1].text());
  return StageBox<Stage::kResource>::Box(std::move(check));
}

template <std::string AuthorizationQuestion::*kField>
Val Narrow(Args args) {
  Check check = StageBox<Stage::kResource>::Unbox(args[0]);
  check.question.*kField = std::string(args[1].text());
  return StageBox<Stage::kResource>::Box(std::move(check));
}

template <Stage kStage>
Val Ask(Args args) {
  Check check = StageBox<kStage>::Unbox(args[0]);
  check.question.verb = std::string(args[1].text());
  return DecisionBox::Box(check.oracle->Ask(check.question));
}

Val Allowed(Args args) { return Val::Bool(DecisionBox::Unbox(args[0]).allowed); }
Val Reason(Args args) { return Val::String(DecisionBox::Unbox(args[0]).reason); }
Val Errored(Args args) { return Val::Bool(!DecisionBox::Unbox(args[0]).error.empty()); }
Val ErrorText(Args args) { return Val::String(DecisionBox::Unbox(args[0]).error); }

}  // namespace

Val AuthorizerValue(const AuthorizationOracle& oracle) { return StageBox<Stage::kAuthorizer>::Box(Check{&oracle, {}}); }

Val ResourceCheckValue(const AuthorizationOracle& oracle, AuthorizationQuestion question) {
  return StageBox<Stage::kResource>::Box(Check{&oracle, std::move(question)});
}

const TypePtr& AuthorizerType() { return StageTraits<Stage::kAuthorizer>::Type(); }
const TypePtr& ResourceCheckType() { return StageTraits<Stage::kResource>::Type(); }

absl::Span<const OverloadRow> AuthorizerFunctions() {
  static constexpr OverloadRow kRows[] = {
      {"path", "authorizer_path", A ".(string) -> " P, Path},
      {"group", "authorizer_group", A ".(string) -> " G, Group},
      {"serviceAccount", "authorizer_serviceaccount", A ".(string, string) -> " A, ServiceAccount},
      {"resource", "groupcheck_resource", G ".(string) -> " R, Resource},
      {"subresource", "resourcecheck_subresource", R ".(string) -> " R, Narrow<&AuthorizationQuestion::subresource>},
      {"namespace", "resourcecheck_namespace", R ".(string) -> " R, Narrow<&AuthorizationQuestion::ns>},
      {"name", "resourcecheck_name", R ".(string) -> " R, Narrow<&AuthorizationQuestion::name>},
      {"fieldSelector", "authorizer_fieldselector", R ".(string) -> " R, Narrow<&AuthorizationQuestion::field_selector>},
      {"labelSelector", "authorizer_labelselector", R ".(string) -> " R, Narrow<&AuthorizationQuestion::label_selector>},
      {"check", "pathcheck_check", P ".(string) -> " D, Ask<Stage::kPath>},
      {"check", "resourcecheck_check", R ".(string) -> " D, Ask<Stage::kResource>},
      {"errored", "decision_errored", D ".() -> bool", Errored},
      {"error", "decision_error", D ".() -> string", ErrorText},
      {"allowed", "decision_allowed", D ".() -> bool", Allowed},
      {"reason", "decision_reason", D ".() -> string", Reason},
  };
  return kRows;
}

}  // namespace apimachinery::cel
