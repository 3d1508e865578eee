#include "apiserver/jwt/configuration.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "apimachinery/cel/go_url.h"
#include "apimachinery/field_error.h"
#include "apimachinery/names.h"
#include "apiserver/config_files/config_file.h"
#include "base/http/client.h"
#include "base/status_macros.h"

namespace apiserver::jwt {
namespace {

using apimachinery::FieldErrors;
using apimachinery::FieldPath;
using apimachinery::Value;
namespace cel = apimachinery::cel;
namespace files = config_files;

const std::vector<files::FileKind>& Kinds() {
  static const auto& kinds = *new std::vector<files::FileKind>([] {
    const auto prefixed = [](absl::string_view name) {
      return files::Object(name, "v1.PrefixedClaimOrExpression", {files::Text("claim"), files::Text("prefix"), files::Text("expression")});
    };
    const std::vector<files::Shape> jwt = {
        files::Object("issuer", "v1.Issuer",
                      {files::Text("url"), files::Text("discoveryURL"), files::Text("certificateAuthority"), files::Texts("audiences"),
                       files::Text("audienceMatchPolicy"), files::Text("egressSelectorType")}),
        files::List("claimValidationRules", "v1.ClaimValidationRule",
                    {files::Text("claim"), files::Text("requiredValue"), files::Text("expression"), files::Text("message")}),
        files::Object("claimMappings", "v1.ClaimMappings",
                      {prefixed("username"), prefixed("groups"),
                       files::Object("uid", "v1.ClaimOrExpression", {files::Text("claim"), files::Text("expression")}),
                       files::List("extra", "v1.ExtraMapping", {files::Text("key"), files::Text("valueExpression")})}),
        files::List("userValidationRules", "v1.UserValidationRule", {files::Text("expression"), files::Text("message")})};
    const files::Shape anonymous =
        files::Object("anonymous", "v1.AnonymousAuthConfig",
                      {files::Flag("enabled"), files::List("conditions", "v1.AnonymousAuthCondition", {files::Text("path")})});
    return std::vector<files::FileKind>{{"AuthenticationConfiguration",
                                         {"apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1", "apiserver.config.k8s.io/v1alpha1"},
                                         {files::List("jwt", "v1.JWTAuthenticator", jwt), anonymous}}};
  }());
  return kinds;
}

const cel::Env& ClaimsEnv() {
  static const auto& env = *new cel::Env([] {
    cel::Env made;
    made.Variable("claims", cel::MapType(cel::StringType(), cel::AnyType()));
    return made;
  }());
  return env;
}

const cel::Env& UserEnv() {
  static const auto& env = *new cel::Env([] {
    cel::Env made;
    made.Struct("kubernetes.UserInfo", {{"username", cel::StringType()}, {"uid", cel::StringType()}, {"groups", cel::ListType(cel::StringType())},
                                        {"extra", cel::MapType(cel::StringType(), cel::ListType(cel::StringType()))}});
    made.Variable("user", cel::StructType("kubernetes.UserInfo"));
    return made;
  }());
  return env;
}

// Reads one jwt authenticator and tells what is wrong with it.
class Reader {
 public:
  explicit Reader(FieldErrors& errors) : errors_(errors) {}

  Issuer Read(const Value& jwt, const FieldPath& path) {
    Issuer out;
    out.algorithms = KnownAlgorithms();
    ReadIssuer(jwt, path.Child("issuer"), out);
    ReadClaimRules(jwt, path.Child("claimValidationRules"), out);
    ReadMappings(jwt, path.Child("claimMappings"), out);
    ReadUserRules(jwt, path.Child("userValidationRules"), out);
    return out;
  }

 private:
  void ReadIssuer(const Value& jwt, const FieldPath& path, Issuer& out) {
    out.url = jwt.GetString("issuer.url");
    out.discovery_url = jwt.GetString("issuer.discoveryURL");
    out.ca_pem = jwt.GetString("issuer.certificateAuthority");
    if (out.url.empty()) {
      errors_.Required(path.Child("url"));
    } else {
      CheckUrl(out.url, path.Child("url"));
    }
    if (!out.discovery_url.empty()) {
      if (!out.url.empty() && Bare(out.url) == Bare(out.discovery_url)) {
        errors_.Invalid(path.Child("discoveryURL"), Value(out.discovery_url), "discoveryURL must be different from URL");
      }
      CheckUrl(out.discovery_url, path.Child("discoveryURL"));
    }
    ReadAudiences(jwt, path, out);
    if (!out.ca_pem.empty() && !base::http::MakeClientTls({.ca_pem = out.ca_pem}).ok()) {
      errors_.Invalid(path.Child("certificateAuthority"), Value("<omitted>"), "data does not contain any valid RSA or ECDSA certificates");
    }
    if (const std::string egress = jwt.GetString("issuer.egressSelectorType"); !egress.empty()) {
      const bool known = egress == "controlplane" || egress == "cluster";
      errors_.Invalid(path.Child("egressSelectorType"), Value(egress),
                      known ? "connections are made directly: there is no egress selector" : "egress selector must be either controlplane or cluster");
    }
  }

  static absl::string_view Bare(absl::string_view url) {
    while (absl::ConsumeSuffix(&url, "/")) {
    }
    return url;
  }

  void CheckUrl(const std::string& text, const FieldPath& path) {
    cel::GoUrl url;
    if (const std::string error = cel::ParseGoUrl(text, &url); !error.empty()) return errors_.Invalid(path, Value(text), error);
    if (url.scheme != "https") errors_.Invalid(path, Value(text), "URL scheme must be https");
    if (url.has_user) errors_.Invalid(path, Value(text), "URL must not contain a username or password");
    if (!url.query.empty()) errors_.Invalid(path, Value(text), "URL must not contain a query");
    if (!url.fragment.empty()) errors_.Invalid(path, Value(text), "URL must not contain a fragment");
  }

  void ReadAudiences(const Value& jwt, const FieldPath& issuer, Issuer& out) {
    const FieldPath path = issuer.Child("audiences"), policy_path = issuer.Child("audienceMatchPolicy");
    const apimachinery::Array& audiences = jwt.GetArray("issuer.audiences");
    const std::string policy = jwt.GetString("issuer.audienceMatchPolicy");
    if (audiences.empty()) return errors_.Required(path, absl::StrCat("at least one ", path.ToString(), " is required"));
    std::set<std::string> seen;
    for (size_t i = 0; i < audiences.size(); ++i) {
      const std::string& audience = audiences[i].as_string();
      if (audience.empty()) errors_.Required(path.Index(i));
      if (!seen.insert(audience).second) errors_.Duplicate(path.Index(i), Value(audience));
      out.audiences.push_back(audience);
    }
    if (audiences.size() > 1 && policy != "MatchAny") {
      errors_.Invalid(policy_path, Value(policy), "audienceMatchPolicy must be MatchAny for multiple audiences");
    } else if (audiences.size() == 1 && !policy.empty() && policy != "MatchAny") {
      errors_.Invalid(policy_path, Value(policy), "audienceMatchPolicy must be empty or MatchAny for single audience");
    }
  }

  // False: it does not compile.
  bool Compile(const std::string& text, const FieldPath& path, const cel::Env& env, bool rule, Expression* out) {
    absl::StatusOr<cel::Program> program = cel::Compile(text, env);
    if (!program.ok()) {
      const char* stage = absl::IsFailedPrecondition(program.status()) ? "program instantiation failed: " : "compilation failed: ";
      errors_.Invalid(path, Value(text), absl::StrCat(stage, program.status().message()));
      return false;
    }
    if (rule && !program->output_type()->Is(cel::TypeKind::kBool)) {
      errors_.Invalid(path, Value(text), "must evaluate to bool");
      return false;
    }
    out->text = text;
    out->program = std::make_shared<const cel::Program>(*std::move(program));
    return true;
  }

  void ReadClaimRules(const Value& jwt, const FieldPath& path, Issuer& out) {
    std::set<std::string> claims, expressions;
    const apimachinery::Array& rules = jwt.GetArray("claimValidationRules");
    for (size_t i = 0; i < rules.size(); ++i) {
      const std::string claim = rules[i].GetString("claim"), text = rules[i].GetString("expression"), message = rules[i].GetString("message"),
                        value = rules[i].GetString("requiredValue");
      const FieldPath at = path.Index(i);
      if (!claim.empty() && !text.empty()) {
        errors_.Invalid(at, Value(claim), "claim and expression can't both be set");
      } else if (claim.empty() && text.empty()) {
        errors_.Required(at, "claim or expression is required");
      } else if (!claim.empty()) {
        if (!message.empty()) errors_.Invalid(at.Child("message"), Value(message), "may not be specified when claim is set");
        if (!claims.insert(claim).second) errors_.Duplicate(at.Child("claim"), Value(claim));
        out.required.push_back({claim, value});
      } else {
        if (!value.empty()) errors_.Invalid(at.Child("requiredValue"), Value(value), "may not be specified when expression is set");
        if (!expressions.insert(text).second) {
          errors_.Duplicate(at.Child("expression"), Value(text));
          continue;
        }
        Expression expression{text, message, nullptr};
        if (!Compile(text, at.Child("expression"), ClaimsEnv(), true, &expression)) continue;
        says_verified_ |= UsesMember(text, "email_verified");
        out.claim_rules.push_back(std::move(expression));
      }
    }
  }

  // Whether the text looks at claims.MEMBER. Compiled before, so that what is left to tell apart is names.
  static bool UsesMember(absl::string_view text, absl::string_view member) {
    for (const char* between : {".", ".?", "[?\"", "[\"", "[?'", "['"}) {
      const std::string wanted = absl::StrCat("claims", between, member);
      for (size_t at = text.find(wanted); at != absl::string_view::npos; at = text.find(wanted, at + 1)) {
        const size_t end = at + wanted.size();
        if (end == text.size() || !(absl::ascii_isalnum(text[end]) || text[end] == '_')) return true;
      }
    }
    return false;
  }

  Mapping ReadMapping(const Value& from, const FieldPath& path, bool required) {
    Mapping out;
    out.claim = from.GetString("claim");
    out.prefix = from.GetString("prefix");
    const std::string text = from.GetString("expression");
    if (!text.empty() && !out.claim.empty()) {
      errors_.Invalid(path, Value(""), "claim and expression can't both be set");
    } else if (text.empty() && out.claim.empty()) {
      if (required) errors_.Required(path, "claim or expression is required");
    } else if (!text.empty()) {
      if (from.Has("prefix")) errors_.Invalid(path.Child("prefix"), Value(out.prefix), "may not be specified when expression is set");
      Compile(text, path.Child("expression"), ClaimsEnv(), false, &out.expression);
    } else if (!from.Has("prefix")) {
      errors_.Required(path.Child("prefix"), "prefix is required when claim is set. It can be set to an empty string to disable prefixing");
    }
    return out;
  }

  void ReadMappings(const Value& jwt, const FieldPath& path, Issuer& out) {
    static const Value nothing = Value::MakeObject();
    const auto member = [&](const char* name) -> const Value& {
      const Value* found = jwt.At(absl::StrCat("claimMappings.", name));
      return found != nullptr && found->is_object() ? *found : nothing;
    };
    out.username = ReadMapping(member("username"), path.Child("username"), true);
    says_verified_ |= UsesMember(out.username.expression.text, "email_verified");
    out.groups = ReadMapping(member("groups"), path.Child("groups"), false);
    const Value& uid = member("uid");
    out.uid.claim = uid.GetString("claim");
    if (const std::string text = uid.GetString("expression"); !text.empty() && !out.uid.claim.empty()) {
      errors_.Invalid(path.Child("uid"), Value(""), "claim and expression can't both be set");
    } else if (!text.empty()) {
      Compile(text, path.Child("uid").Child("expression"), ClaimsEnv(), false, &out.uid.expression);
    }
    ReadExtra(jwt, path.Child("extra"), out);
    if (UsesMember(out.username.expression.text, "email") && !says_verified_) {
      errors_.Invalid(path.Child("username").Child("expression"), Value(out.username.expression.text),
                      "claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or "
                      "claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression");
    }
  }

  void ReadExtra(const Value& jwt, const FieldPath& path, Issuer& out) {
    std::set<std::string> keys;
    const apimachinery::Array& extra = jwt.GetArray("claimMappings.extra");
    for (size_t i = 0; i < extra.size(); ++i) {
      const std::string key = extra[i].GetString("key"), text = extra[i].GetString("valueExpression");
      const FieldPath at = path.Index(i), key_path = at.Child("key");
      if (key.empty()) {
        errors_.Required(key_path);
      } else {
        for (const std::string& problem : apimachinery::IsDomainPrefixedPath(key)) errors_.Invalid(key_path, Value(key), problem);
      }
      if (key != absl::AsciiStrToLower(key)) errors_.Invalid(key_path, Value(key), "must be lowercase");
      const size_t slash = key.find('/');
      const std::string domain = slash == std::string::npos ? "" : absl::StrCat(".", key.substr(0, slash));
      if (absl::EndsWith(domain, ".k8s.io") || absl::EndsWith(domain, ".kubernetes.io")) {
        errors_.Invalid(key_path, Value(key), "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use");
      }
      if (!keys.insert(key).second) {
        errors_.Duplicate(key_path, Value(key));
        continue;
      }
      if (text.empty()) {
        errors_.Required(at.Child("valueExpression"));
        continue;
      }
      ExtraMapping mapping{key, {}};
      if (!Compile(text, at.Child("valueExpression"), ClaimsEnv(), false, &mapping.value)) continue;
      says_verified_ |= UsesMember(text, "email_verified");
      out.extra.push_back(std::move(mapping));
    }
  }

  void ReadUserRules(const Value& jwt, const FieldPath& path, Issuer& out) {
    std::set<std::string> seen;
    const apimachinery::Array& rules = jwt.GetArray("userValidationRules");
    for (size_t i = 0; i < rules.size(); ++i) {
      const std::string text = rules[i].GetString("expression");
      const FieldPath at = path.Index(i).Child("expression");
      if (text.empty()) {
        errors_.Required(at);
      } else if (!seen.insert(text).second) {
        errors_.Duplicate(at, Value(text));
      } else if (Expression expression{text, rules[i].GetString("message"), nullptr}; Compile(text, at, UserEnv(), true, &expression)) {
        out.user_rules.push_back(std::move(expression));
      }
    }
  }

  FieldErrors& errors_;
  bool says_verified_ = false;  // of one authenticator: a Reader reads one
};

}  // namespace

std::vector<std::string> KnownAlgorithms() { return {"ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"}; }

absl::StatusOr<Value> DecodeConfiguration(absl::string_view text) {
  if (text.empty()) return absl::InvalidArgumentError("empty config data");
  return files::DecodeConfigFile(text, Kinds());
}

absl::StatusOr<Configuration> ReadConfiguration(const Value& file, absl::Span<const std::string> own_issuers) {
  Configuration out;
  FieldErrors errors;
  const FieldPath root("jwt");
  const apimachinery::Array& jwts = file.GetArray("jwt");
  constexpr size_t kMost = 64;
  if (jwts.size() > kMost) errors.TooMany(root, static_cast<int>(jwts.size()), static_cast<int>(kMost));
  std::set<std::string> urls, discoveries;
  for (size_t i = 0; i < jwts.size() && i <= kMost; ++i) {
    Issuer issuer = Reader(errors).Read(jwts[i], root.Index(i));
    const FieldPath path = root.Index(i).Child("issuer");
    if (!urls.insert(issuer.url).second) errors.Duplicate(path.Child("url"), Value(issuer.url));
    if (!issuer.discovery_url.empty() && !discoveries.insert(issuer.discovery_url).second) {
      errors.Duplicate(path.Child("discoveryURL"), Value(issuer.discovery_url));
    }
    out.issuers.push_back(std::move(issuer));
  }
  if (const Value* anonymous = file.Find("anonymous"); anonymous != nullptr && anonymous->is_object()) {
    out.anonymous.emplace().enabled = anonymous->GetBool("enabled");
    const Value* conditions = anonymous->Find("conditions");
    for (const Value& condition : anonymous->GetArray("conditions")) out.anonymous->paths.push_back(condition.GetString("path"));
    if (!out.anonymous->enabled && !out.anonymous->paths.empty()) {
      Value shown = Value::MakeArray();
      for (const std::string& path : out.anonymous->paths) {
        Value one = Value::MakeObject();
        one.Set("Path", path);
        shown.Append(std::move(one));
      }
      errors.Invalid(FieldPath("anonymous").Child("conditions"), conditions == nullptr ? Value() : shown,
                     "enabled should be set to true when conditions are defined");
    }
  }
  if (!errors.empty()) return absl::InvalidArgumentError(absl::StrCat("invalid authentication configuration: ", errors.ToString()));
  for (const Issuer& issuer : out.issuers) {
    if (std::find(own_issuers.begin(), own_issuers.end(), issuer.url) == own_issuers.end()) continue;
    std::vector<std::string> own(own_issuers.begin(), own_issuers.end());
    std::sort(own.begin(), own.end());
    errors.Invalid(FieldPath("issuer").Child("url"), Value(issuer.url),
                   absl::StrCat("URL must not overlap with disallowed issuers: [", absl::StrJoin(own, " "), "]"));
    return absl::InvalidArgumentError(errors.ToString());
  }
  return out;
}

}  // namespace apiserver::jwt
