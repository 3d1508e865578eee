// admissionregistration.k8s.io: webhook configurations, validating policies and their bindings.
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <map>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apimachinery/codec.h"
#include "apimachinery/expressions/expressions.h"
#include "apiserver/validation/go_url.h"
#include "apiserver/validation/kinds.h"
#include "apiserver/validation/webhook_client.h"

namespace apiserver::validation {

void WebhookUrl(FieldErrors& e, const Path& p, absl::string_view text) {
  constexpr char kForm[] = "; desired format: https://host[/path]";
  const GoUrl url = ParseGoUrl(text);
  if (!url.problem.empty()) return e.Required(p, absl::StrCat("url must be a valid URL: ", url.problem, kForm));
  if (url.scheme != "https") e.Invalid(p, url.scheme, absl::StrCat("'https' is the only allowed URL scheme", kForm));
  if (url.host.empty()) e.Invalid(p, "", absl::StrCat("host must be specified", kForm));
  if (url.has_user) e.Invalid(p, url.user, "user information is not permitted in the URL");
  if (!url.fragment.empty()) e.Invalid(p, url.fragment, "fragments are not permitted in the URL");
  if (!url.query.empty()) e.Invalid(p, url.query, "query parameters are not permitted in the URL");
}

void WebhookService(FieldErrors& e, const Path& p, const Value& service) {
  // Upstream mixes up the two: the name is reported where the namespace is missing and the other way round.
  if (Text(service, "namespace").empty()) e.Required(p / "name");
  if (Text(service, "name").empty()) e.Required(p / "namespace");
  const int64_t port = Int(service, "port");
  const Problems problems = apimachinery::IsValidPortNum(port);
  if (!problems.empty()) e.Invalid(p / "port", port, absl::StrCat("port is not valid: ", absl::StrJoin(problems, ", ")));
  const Value* at = service.Find("path");
  if (at == nullptr || at->as_string().empty() || at->as_string() == "/") return;
  const std::string& path = at->as_string();
  if (path == "//") return e.Invalid(p / "path", path, "segment[0] may not be empty");
  if (path[0] != '/') e.Invalid(p / "path", path, "must start with a '/'");
  absl::string_view check = absl::string_view(path).substr(1);
  if (absl::EndsWith(check, "/")) check.remove_suffix(1);
  const std::vector<absl::string_view> steps = absl::StrSplit(check, '/');
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].empty()) {
      e.Invalid(p / "path", path, absl::StrCat("segment[", i, "] may not be empty"));
      continue;
    }
    for (const std::string& problem : apimachinery::IsDns1123Subdomain(steps[i])) {
      e.Invalid(p / "path", path, absl::StrCat("segment[", i, "]: ", problem));
    }
  }
}

void WebhookCaBundle(FieldErrors& e, const Path& p, absl::string_view base64) {
  if (base64.empty()) return;
  std::string pem;
  apimachinery::Base64Decode(base64, &pem);
  const auto refuse = [&](absl::string_view why) {
    e.Invalid(p, Value(base64), absl::StrCat("unable to load root certificates: ", why));
  };
  std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
  bool any_block = false, certificate = false, damaged = false;
  while (!certificate && PEM_read_bio(bio.get(), &name, &header, &data, &length) == 1) {
    any_block = true;
    if (absl::string_view(name) == "CERTIFICATE" && header[0] == '\0') {
      const unsigned char* at = data;
      std::unique_ptr<X509, decltype(&X509_free)> parsed(d2i_X509(nullptr, &at, length), X509_free);
      certificate = parsed != nullptr;
      damaged = damaged || !certificate;
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
  }
  if (certificate) return;
  refuse(damaged     ? "failed to parse certificate: x509: malformed certificate"
         : any_block ? "no valid certificate authority data seen"
                     : "unable to parse bytes as PEM block");
}

namespace {

// Words of expressions that can name nothing.
bool IsReservedWord(absl::string_view name) {
  for (const absl::string_view word :
       {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
        "loop", "package", "namespace", "return", "var", "void", "while"}) {
    if (name == word) return true;
  }
  return false;
}


bool HasStar(const Array& items) {
  return std::any_of(items.begin(), items.end(), [](const Value& v) { return v.as_string() == "*"; });
}

void Resources(FieldErrors& e, const Path& p, const Value& rule) {
  const Array& resources = Items(rule, "resources");
  const Value& shown = Get(rule, "resources");
  if (resources.empty()) e.Required(p);
  std::set<std::string> whole, subs;
  bool all = false, star = false, plain = false;
  for (size_t i = 0; i < resources.size(); ++i) {
    const std::string& text = resources[i].as_string();
    if (text.empty()) {
      e.Required(p[i]);
      continue;
    }
    all = all || text == "*/*";
    star = star || text == "*";
    const size_t slash = text.find('/');
    if (slash == std::string::npos) {
      plain = text != "*";
      continue;
    }
    const std::string resource = text.substr(0, slash), sub = text.substr(slash + 1);
    if (whole.count(resource)) {
      e.Invalid(p[i], text, absl::StrCat("if '", resource, "/*' is present, must not specify ", text));
    }
    if (subs.count(sub)) e.Invalid(p[i], text, absl::StrCat("if '*/", sub, "' is present, must not specify ", text));
    if (sub == "*") whole.insert(resource);
    if (resource == "*") subs.insert(sub);
  }
  if (resources.size() > 1 && all) e.Invalid(p, shown, "if '*/*' is present, must not specify other resources");
  if (star && plain) {
    e.Invalid(p, shown, "if '*' is present, must not specify other resources without subresources");
  }
}

void Rule(FieldErrors& e, const Path& p, const Value& rule) {
  const Array& operations = Items(rule, "operations");
  const Path operations_path = p / "operations", versions_path = p / "apiVersions";
  if (operations.empty()) e.Required(operations_path);
  if (operations.size() > 1 && HasStar(operations)) {
    e.Invalid(operations_path, Get(rule, "operations"), "if '*' is present, must not specify other operations");
  }
  for (size_t i = 0; i < operations.size(); ++i) {
    OneOf(e, operations_path[i], operations[i].as_string(), {"*", "CONNECT", "CREATE", "DELETE", "UPDATE"});
  }
  const Array& groups = Items(rule, "apiGroups");
  const Array& versions = Items(rule, "apiVersions");
  if (groups.empty()) e.Required(p / "apiGroups");
  if (groups.size() > 1 && HasStar(groups)) {
    e.Invalid(p / "apiGroups", Get(rule, "apiGroups"), "if '*' is present, must not specify other API groups");
  }
  if (versions.empty()) e.Required(versions_path);
  if (versions.size() > 1 && HasStar(versions)) {
    e.Invalid(versions_path, Get(rule, "apiVersions"), "if '*' is present, must not specify other API versions");
  }
  for (size_t i = 0; i < versions.size(); ++i) {
    if (versions[i].as_string().empty()) e.Required(versions_path[i]);
  }
  Resources(e, p / "resources", rule);
  if (rule.Has("scope")) OneOf(e, p / "scope", Text(rule, "scope"), {"*", "Cluster", "Namespaced"});
}

namespace expressions = apimachinery::expressions;
using apimachinery::cel::Env;
using expressions::Returns;

// An expression must compile. Answers its type, or dyn.
apimachinery::cel::TypePtr Compiles(FieldErrors& e, const Path& p, absl::string_view text, const Env& env, Returns returns) {
  text = absl::StripAsciiWhitespace(text);
  const auto program = expressions::Compile(text, env, returns);
  if (program.ok()) return program->output_type();
  e.Invalid(p, Value(text), program.status().message());
  return apimachinery::cel::DynType();
}

void MatchConditions(FieldErrors& e, const Path& p, const Array& conditions, bool has_params) {
  if (conditions.size() > 64) return e.TooMany(p, static_cast<int>(conditions.size()), 64);
  std::set<std::string> names;
  for (size_t i = 0; i < conditions.size(); ++i) {
    const Path at = p[i];
    const std::string name(Text(conditions[i], "name"));
    const absl::string_view expression = Text(conditions[i], "expression");
    if (absl::StripAsciiWhitespace(expression).empty()) {
      e.Required(at / "expression");
    } else {
      Compiles(e, at / "expression", expression, expressions::AdmissionEnv(has_params, true), Returns::kBool);
    }
    if (name.empty()) {
      e.Required(at / "name");
    } else {
      LabelName(e, at / "name", name);
      if (!names.insert(name).second) e.Duplicate(at / "name", name);
    }
  }
}

void Webhooks(FieldErrors& e, const Value& object, bool mutating) {
  AnyMetadata(e, object, false, SubdomainName);
  const Path p("webhooks");
  const Array& hooks = Items(object, "webhooks");
  std::set<std::string> names;
  for (size_t i = 0; i < hooks.size(); ++i) {
    const Path at = p[i];
    const Value& hook = hooks[i];
    const absl::string_view name = Text(hook, "name");
    if (name.empty()) {
      e.Required(at / "name");
    } else {
      Named(e, at / "name", name, apimachinery::IsFullyQualifiedName(name));
    }
    const Path rules = at / "rules";
    for (size_t k = 0; k < Items(hook, "rules").size(); ++k) Rule(e, rules[k], Items(hook, "rules")[k]);
    if (hook.Has("failurePolicy")) OneOf(e, at / "failurePolicy", Text(hook, "failurePolicy"), {"Fail", "Ignore"});
    if (hook.Has("matchPolicy")) OneOf(e, at / "matchPolicy", Text(hook, "matchPolicy"), {"Equivalent", "Exact"});
    if (!hook.Has("sideEffects")) {
      e.Required(at / "sideEffects", "must specify one of None, NoneOnDryRun");
    } else {
      OneOf(e, at / "sideEffects", Text(hook, "sideEffects"), {"None", "NoneOnDryRun"});
    }
    if (const Value* seconds = hook.Find("timeoutSeconds"); seconds && (seconds->as_int() > 30 || seconds->as_int() < 1)) {
      e.Invalid(at / "timeoutSeconds", *seconds, "the timeout value must be between 1 and 30 seconds");
    }
    LabelSelectorObject(e, at / "namespaceSelector", hook.Find("namespaceSelector"));
    LabelSelectorObject(e, at / "objectSelector", hook.Find("objectSelector"));
    if (mutating && hook.Has("reinvocationPolicy")) {
      OneOf(e, at / "reinvocationPolicy", Text(hook, "reinvocationPolicy"), {"IfNeeded", "Never"});
    }
    const Value& client = Sub(hook, "clientConfig");
    const Path client_path = at / "clientConfig";
    if (client.Has("url") == client.Has("service")) {
      e.Required(client_path, "exactly one of url or service is required");
    } else if (client.Has("url")) {
      WebhookUrl(e, client_path / "url", Text(client, "url"));
    } else {
      WebhookService(e, client_path / "service", Sub(client, "service"));
    }
    MatchConditions(e, at / "matchConditions", Items(hook, "matchConditions"), false);
    const Array& versions = Items(hook, "admissionReviewVersions");
    const Path versions_path = at / "admissionReviewVersions";
    if (versions.empty()) {
      e.Required(versions_path, "must specify one of v1, v1beta1");
    } else {
      std::set<std::string> seen;
      bool known = false;
      for (size_t k = 0; k < versions.size(); ++k) {
        const std::string& version = versions[k].as_string();
        if (!seen.insert(version).second) {
          e.Invalid(versions_path[k], version, "duplicate version");
          continue;
        }
        Named(e, versions_path[k], version, apimachinery::IsDns1035Label(version));
        known = known || version == "v1" || version == "v1beta1";
      }
      if (!known) {
        e.Invalid(versions_path, Get(hook, "admissionReviewVersions"), "must include at least one of v1, v1beta1");
      }
    }
    if (!name.empty() && !names.insert(std::string(name)).second) e.Duplicate(at / "name", Value(name));
  }
}

void MutatingCreate(FieldErrors& e, const Value& object) { Webhooks(e, object, true); }
void MutatingUpdate(FieldErrors& e, const Value& object, const Value&) { Webhooks(e, object, true); }
void ValidatingCreate(FieldErrors& e, const Value& object) { Webhooks(e, object, false); }
void ValidatingUpdate(FieldErrors& e, const Value& object, const Value&) { Webhooks(e, object, false); }

// ---- ValidatingAdmissionPolicy

void MatchResources(FieldErrors& e, const Path& p, const Value& match) {
  if (!match.Has("matchPolicy")) {
    e.Required(p / "matchPolicy");
  } else {
    OneOf(e, p / "matchPolicy", Text(match, "matchPolicy"), {"Equivalent", "Exact"});
  }
  for (const char* key : {"namespaceSelector", "objectSelector"}) {
    if (!match.Has(key)) {
      e.Required(p / key);
    } else {
      LabelSelectorObject(e, p / key, match.Find(key));
    }
  }
  for (const char* key : {"resourceRules", "excludeResourceRules"}) {
    const Path list = p / key;
    for (size_t i = 0; i < Items(match, key).size(); ++i) {
      const Path at = list[i];
      const Value& rule = Items(match, key)[i];
      const Path names_path = at / "resourceNames";
      const Array& names = Items(rule, "resourceNames");
      std::set<std::string> seen;
      for (size_t k = 0; k < names.size(); ++k) {
        Named(e, names_path[k], names[k].as_string(), apimachinery::IsPathSegmentName(names[k].as_string()));
        if (!seen.insert(names[k].as_string()).second) e.Duplicate(names_path[k], names[k]);
      }
      Rule(e, at, rule);
    }
  }
}

bool HasNewline(absl::string_view text) { return text.find_first_of("\n\r") != absl::string_view::npos; }

void PolicySpec(FieldErrors& e, const Value& object) {
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  if (!spec.Has("failurePolicy")) {
    e.Required(p / "failurePolicy");
  } else {
    OneOf(e, p / "failurePolicy", Text(spec, "failurePolicy"), {"Fail", "Ignore"});
  }
  if (const Value* kind = spec.Find("paramKind")) {
    const Path at = p / "paramKind";
    const absl::string_view version = Text(*kind, "apiVersion"), name = Text(*kind, "kind");
    const std::vector<absl::string_view> parts = absl::StrSplit(version, '/');
    if (version.empty()) {
      e.Required(at / "apiVersion");
    } else if (parts.size() > 2) {
      e.Invalid(at / "apiVersion", Value(version), absl::StrCat("unexpected GroupVersion string: ", version));
    } else {
      if (parts.size() == 2 && !parts[0].empty()) {
        const Problems problems = apimachinery::IsDns1123Subdomain(parts[0]);
        if (!problems.empty()) e.Invalid(at / "apiVersion", Value(parts[0]), absl::StrJoin(problems, ","));
      }
      if (parts.back().empty()) {
        e.Invalid(at / "apiVersion", Value(version), "version must be specified");
      } else {
        const Problems problems = apimachinery::IsDns1035Label(parts.back());
        if (!problems.empty()) e.Invalid(at / "apiVersion", Value(parts.back()), absl::StrJoin(problems, ","));
      }
    }
    if (name.empty()) {
      e.Required(at / "kind");
    } else if (const Problems problems = apimachinery::IsDns1035Label(absl::AsciiStrToLower(name)); !problems.empty()) {
      e.Invalid(at / "kind", Value(name),
                absl::StrCat("may have mixed case, but should otherwise match: ", absl::StrJoin(problems, ",")));
    }
  }
  const Path constraints = p / "matchConstraints";
  if (const Value* match = spec.Find("matchConstraints")) {
    MatchResources(e, constraints, *match);
    if (Items(*match, "resourceRules").empty()) e.Required(constraints / "resourceRules");
  } else {
    e.Required(constraints);
  }
  const bool has_params = spec.Has("paramKind");
  MatchConditions(e, p / "matchConditions", Items(spec, "matchConditions"), has_params);
  Env env = expressions::AdmissionEnv(has_params, true), message_env = expressions::AdmissionEnv(has_params, false);
  std::map<std::string, apimachinery::cel::TypePtr> declared;
  const Path variables_path = p / "variables";
  const Array& variables = Items(spec, "variables");
  for (size_t i = 0; i < variables.size(); ++i) {
    const Path at = variables_path[i];
    const absl::string_view name = Text(variables[i], "name");
    expressions::DeclareVariables(&env, declared);
    if (absl::StripAsciiWhitespace(name).empty()) {
      e.Required(at / "name", "name is not specified");
    } else if (!apimachinery::IsCIdentifier(name).empty() || IsReservedWord(name)) {
      e.Invalid(at / "name", Value(name), "must be a valid CEL identifier");
    }
    if (absl::StripAsciiWhitespace(Text(variables[i], "expression")).empty()) {
      e.Required(at / "expression", "expression is not specified");
    } else {
      declared[std::string(name)] = Compiles(e, at / "expression", Text(variables[i], "expression"), env, Returns::kAny);
    }
  }
  if (!variables.empty()) {
    expressions::DeclareVariables(&env, declared);
    expressions::DeclareVariables(&message_env, declared);
  }
  const Array& validations = Items(spec, "validations");
  const Array& annotations = Items(spec, "auditAnnotations");
  constexpr char kSome[] = "validations or auditAnnotations must contain at least one item";
  if (validations.empty() && annotations.empty()) {
    e.Required(p / "validations", kSome);
    e.Required(p / "auditAnnotations", kSome);
    return;
  }
  const Path validations_path = p / "validations";
  for (size_t i = 0; i < validations.size(); ++i) {
    const Path at = validations_path[i];
    const Value& v = validations[i];
    const absl::string_view message = Text(v, "message"), message_expression = Text(v, "messageExpression");
    if (absl::StripAsciiWhitespace(Text(v, "expression")).empty()) {
      e.Required(at / "expression", "expression is not specified");
    } else {
      Compiles(e, at / "expression", Text(v, "expression"), env, Returns::kBool);
    }
    if (!message_expression.empty() && absl::StripAsciiWhitespace(message_expression).empty()) {
      e.Invalid(at / "messageExpression", Value(message_expression), "must be non-empty if specified");
    } else if (!message_expression.empty()) {
      Compiles(e, at / "messageExpression", message_expression, message_env, Returns::kString);
    }
    const absl::string_view trimmed = absl::StripAsciiWhitespace(message);
    if (!message.empty() && trimmed.empty()) {
      e.Invalid(at / "message", Value(message), "must be non-empty if specified");
    } else if (HasNewline(trimmed)) {
      e.Invalid(at / "message", Value(message), "must not contain line breaks");
    }
    if (v.Has("reason")) {
      OneOf(e, at / "reason", Text(v, "reason"), {"Forbidden", "Invalid", "RequestEntityTooLarge"});
    }
  }
  const Path annotations_path = p / "auditAnnotations";
  if (annotations.size() > 20) {
    e.Invalid(annotations_path, Get(spec, "auditAnnotations"), "must not have more than 20 auditAnnotations");
  }
  std::set<std::string> keys;
  for (size_t i = 0; i < annotations.size(); ++i) {
    const Path at = annotations_path[i];
    const std::string key(Text(annotations[i], "key"));
    const std::string full = absl::StrCat(object.GetString("metadata.name"), "/", key);
    Named(e, at / "key", full, apimachinery::IsQualifiedName(full));
    const absl::string_view expression = absl::StripAsciiWhitespace(Text(annotations[i], "valueExpression"));
    if (expression.empty()) {
      e.Required(at / "valueExpression", "valueExpression is not specified");
    } else if (expression.size() > 5 * 1024) {
      e.Required(at / "valueExpression", "must not exceed 5120 bytes in length");
    } else {
      Compiles(e, at / "valueExpression", expression, env, Returns::kStringOrNull);
    }
    if (!keys.insert(key).second) e.Duplicate(at / "key", key);
  }
}

void PolicyCreate(FieldErrors& e, const Value& object) {
  AnyMetadata(e, object, false, SubdomainName);
  PolicySpec(e, object);
}
void PolicyUpdate(FieldErrors& e, const Value& object, const Value&) { PolicyCreate(e, object); }
void PolicyStatus(FieldErrors& e, const Value& object, const Value&) {
  const Path p("status");
  const Value& status = Sub(object, "status");
  const Path warnings = p / "typeChecking.expressionWarnings";
  const Array& list = Items(Sub(status, "typeChecking"), "expressionWarnings");
  for (size_t i = 0; i < list.size(); ++i) {
    const Path at = warnings[i];
    if (Text(list[i], "warning").empty()) e.Required(at / "warning");
    if (Text(list[i], "fieldRef").empty()) e.Required(at / "fieldRef");
  }
  Conditions(e, p / "conditions", Items(status, "conditions"));
}

void BindingCreate(FieldErrors& e, const Value& object) {
  AnyMetadata(e, object, false, SubdomainName);
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  const absl::string_view name = Text(spec, "policyName");
  if (name.empty()) {
    e.Required(p / "policyName");
  } else {
    Named(e, p / "policyName", name, SubdomainName(name, false));
  }
  if (const Value* ref = spec.Find("paramRef")) {
    const Path at = p / "paramRef";
    const absl::string_view ref_name = Text(*ref, "name"), action = Text(*ref, "parameterNotFoundAction");
    const bool selector = ref->Has("selector");
    constexpr char kOne[] = "name and selector are mutually exclusive";
    if (!ref_name.empty()) {
      Named(e, at / "name", ref_name, apimachinery::IsPathSegmentName(ref_name));
      if (selector) e.Forbidden(at / "name", kOne);
    }
    if (selector) {
      LabelSelectorObject(e, at / "selector", ref->Find("selector"));
      if (!ref_name.empty()) e.Forbidden(at / "selector", kOne);
    }
    if (ref_name.empty() && !selector) e.Required(at, "one of name or selector must be specified");
    RequiredOneOf(e, at / "parameterNotFoundAction", action, {"Deny", "Allow"});
  }
  if (const Value* match = spec.Find("matchResources")) MatchResources(e, p / "matchResources", *match);
  const Path actions_path = p / "validationActions";
  const Array& actions = Items(spec, "validationActions");
  std::set<std::string> seen;
  for (size_t i = 0; i < actions.size(); ++i) {
    OneOf(e, actions_path[i], actions[i].as_string(), {"Audit", "Deny", "Warn"});
    if (!seen.insert(actions[i].as_string()).second) e.Duplicate(actions_path[i], actions[i]);
  }
  if (seen.count("Deny") && seen.count("Warn")) {
    e.Invalid(actions_path, Get(spec, "validationActions"),
              "must not contain both Deny and Warn (repeating the same validation failure information in the API "
              "response and headers serves no purpose)");
  }
  if (seen.empty()) e.Required(actions_path, "at least one validation action is required");
}
void BindingUpdate(FieldErrors& e, const Value& object, const Value&) { BindingCreate(e, object); }

}  // namespace

absl::Span<const KindRules> WebhookKinds() {
  static constexpr absl::string_view kGroup = "admissionregistration.k8s.io";
  static constexpr KindRules kRules[] = {
      {kGroup, "MutatingWebhookConfiguration", MutatingCreate, MutatingUpdate},
      {kGroup, "ValidatingWebhookConfiguration", ValidatingCreate, ValidatingUpdate},
      {kGroup, "ValidatingAdmissionPolicy", PolicyCreate, PolicyUpdate, PolicyStatus},
      {kGroup, "ValidatingAdmissionPolicyBinding", BindingCreate, BindingUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
