// ConfigMap, Secret, ServiceAccount, Lease, PriorityClass, RuntimeClass.
#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apiserver/validation/kinds.h"
#include "apiserver/validation/pod.h"

namespace apiserver::validation {
namespace {

constexpr size_t kMaxData = 1024 * 1024;

size_t DecodedSize(const Value& base64) {
  if (!base64.is_string()) return 0;  // null: a key without bytes
  const std::string& text = base64.as_string();
  size_t padding = 0;
  while (padding < text.size() && padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  return text.size() / 4 * 3 - padding;
}

void ConfigMapCreate(FieldErrors& e, const Value& map) {
  Metadata(e, map, true, SubdomainName);
  size_t total = 0;
  const Path data("data"), binary("binaryData");
  for (const auto& [key, value] : Entries(map, "data")) {
    const Path at = data.Key(key);
    Named(e, at, key, apimachinery::IsConfigMapKey(key));
    if (Sub(map, "binaryData").Has(key)) e.Invalid(at, key, "duplicate of key present in binaryData");
    total += value.as_string().size();
  }
  for (const auto& [key, value] : Entries(map, "binaryData")) {
    Named(e, binary.Key(key), key, apimachinery::IsConfigMapKey(key));
    total += DecodedSize(value);
  }
  if (total > kMaxData) e.TooLong(Path("[]"), kMaxData);  // how upstream prints the path of the whole
}

void StaysImmutable(FieldErrors& e, const Value& object, const Value& old, Strings members) {
  constexpr char kText[] = "field is immutable when `immutable` is set";
  if (!Flag(old, "immutable")) return;
  const Path p;
  if (!Flag(object, "immutable")) e.Forbidden(p / "immutable", kText);
  for (absl::string_view member : members) {
    if (!SameValue(object.Find(member), old.Find(member))) e.Forbidden(p / member, kText);
  }
}

void ConfigMapUpdate(FieldErrors& e, const Value& map, const Value& old) {
  MetadataUpdate(e, map, old);
  StaysImmutable(e, map, old, {"data", "binaryData"});
  ConfigMapCreate(e, map);
}

void JsonObjectKey(FieldErrors& e, const Path& data, const Value& secret, absl::string_view key) {
  const Value* value = Sub(secret, "data").Find(key);
  if (value == nullptr) return e.Required(data.Key(key));
  std::string text;
  if (value->is_string()) absl::Base64Unescape(value->as_string(), &text);
  const auto parsed = apimachinery::ParseJson(text);
  if (!parsed.ok()) {
    e.Invalid(data.Key(key), "<secret contents redacted>", parsed.status().message());
  } else if (!parsed->is_object() && !parsed->is_null()) {
    const char* what = parsed->is_array() ? "array" : parsed->is_string() ? "string" : parsed->is_bool() ? "bool" : "number";
    e.Invalid(data.Key(key), "<secret contents redacted>",
              absl::StrCat("json: cannot unmarshal ", what, " into Go value of type map[string]interface {}"));
  }
}

void SecretCreate(FieldErrors& e, const Value& secret) {
  Metadata(e, secret, true, SubdomainName);
  const Path data("data");
  const Value& values = Sub(secret, "data");
  size_t total = 0;
  for (const auto& [key, value] : values.object()) {
    Named(e, data.Key(key), key, apimachinery::IsConfigMapKey(key));
    total += DecodedSize(value);
  }
  if (total > kMaxData) e.TooLong(data, kMaxData);
  const absl::string_view type = Text(secret, "type");
  if (type == "kubernetes.io/service-account-token") {
    const Path annotations("metadata.annotations");
    if (Text(Sub(Sub(secret, "metadata"), "annotations"), "kubernetes.io/service-account.name").empty()) {
      e.Required(annotations.Key("kubernetes.io/service-account.name"));
    }
  } else if (type == "kubernetes.io/dockercfg") {
    JsonObjectKey(e, data, secret, ".dockercfg");
  } else if (type == "kubernetes.io/dockerconfigjson") {
    JsonObjectKey(e, data, secret, ".dockerconfigjson");
  } else if (type == "kubernetes.io/basic-auth") {
    if (!values.Has("username") && !values.Has("password")) {
      e.Required(data.Key("username"));
      e.Required(data.Key("password"));
    }
  } else if (type == "kubernetes.io/ssh-auth") {
    if (Text(values, "ssh-privatekey").empty()) e.Required(data.Key("ssh-privatekey"));
  } else if (type == "kubernetes.io/tls") {
    for (const char* key : {"tls.crt", "tls.key"}) {
      if (!values.Has(key)) e.Required(data.Key(key));
    }
  }
}

void SecretUpdate(FieldErrors& e, const Value& secret, const Value& old) {
  MetadataUpdate(e, secret, old);
  Immutable(e, Path("type"), secret.Find("type"), old.Find("type"));
  StaysImmutable(e, secret, old, {"data"});
  SecretCreate(e, secret);
}

void ServiceAccountCreate(FieldErrors& e, const Value& account) { Metadata(e, account, true, SubdomainName); }

void ServiceAccountUpdate(FieldErrors& e, const Value& account, const Value& old) {
  MetadataUpdate(e, account, old);
  Metadata(e, account, true, SubdomainName);
}

void LeaseSpec(FieldErrors& e, const Value& lease) {
  const Path p("spec");
  const Value& spec = Sub(lease, "spec");
  if (const Value* seconds = spec.Find("leaseDurationSeconds"); seconds && seconds->as_int() <= 0) {
    e.Invalid(p / "leaseDurationSeconds", *seconds, "must be greater than 0");
  }
  if (const Value* transitions = spec.Find("leaseTransitions"); transitions && transitions->as_int() < 0) {
    e.Invalid(p / "leaseTransitions", *transitions, "must be greater than or equal to 0");
  }
  if (spec.Has("strategy")) {
    const absl::string_view strategy = Text(spec, "strategy");
    if (!In(strategy, {"OldestEmulationVersion"})) {
      Named(e, p / "strategy", strategy, apimachinery::IsQualifiedName(strategy));
    }
  }
  if (const Value* preferred = spec.Find("preferredHolder");
      preferred != nullptr && !preferred->as_string().empty() && !spec.Has("strategy")) {
    e.Forbidden(p / "preferredHolder", "may only be specified when `strategy` is defined");
  }
}

void LeaseCreate(FieldErrors& e, const Value& lease) {
  Metadata(e, lease, true, SubdomainName);
  LeaseSpec(e, lease);
}

void LeaseUpdate(FieldErrors& e, const Value& lease, const Value& old) {
  MetadataUpdate(e, lease, old);
  LeaseSpec(e, lease);
}

void PriorityClassCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  const std::string name = object.GetString("metadata.name");
  const Path p;
  const int64_t value = Int(object, "value");
  if (absl::StartsWith(name, "system-")) {
    const bool cluster = name == "system-cluster-critical" && value == 2000000000;
    const bool node = name == "system-node-critical" && value == 2000001000;
    if (!cluster && !node) {
      std::string why = absl::StrCat(name, " is not a known system priority class");
      if (name == "system-cluster-critical") why = "value of system-cluster-critical PriorityClass must be 2000000000";
      if (name == "system-node-critical") why = "value of system-node-critical PriorityClass must be 2000001000";
      e.Forbidden(Path("metadata.name"),
                  absl::StrCat("priority class names with 'system-' prefix are reserved for system use only. error: ", why));
    }
  } else if (value > 1000000000) {
    e.Forbidden(p / "value", "maximum allowed value of a user defined priority is 1000000000");
  }
  if (const Value* policy = object.Find("preemptionPolicy")) {
    RequiredOneOf(e, p / "preemptionPolicy", policy->as_string(), {"PreemptLowerPriority", "Never"});
  }
}

void PriorityClassUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  const Path p;
  if (Int(object, "value") != Int(old, "value")) e.Forbidden(p / "value", "may not be changed in an update.");
  Immutable(e, p / "preemptionPolicy", object.Find("preemptionPolicy"), old.Find("preemptionPolicy"));
}

void RuntimeClassCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  const Path p;
  const absl::string_view handler = Text(object, "handler");
  Named(e, p / "handler", handler, apimachinery::IsDns1123Label(handler));
  if (const Value* overhead = object.Find("overhead")) {
    Value limits = Value::MakeObject();
    limits.Set("limits", Get(*overhead, "podFixed"));
    ResourceRequirements(e, Path("overhead.podFixed"), &limits, {});
  }
  if (const Value* scheduling = object.Find("scheduling")) {
    const Path at = p / "scheduling";
    Labels(e, at / "nodeSelector", scheduling->Find("nodeSelector"));
    const Array& tolerations = Items(*scheduling, "tolerations");
    Tolerations(e, at / "tolerations", tolerations);
    const Path list = at / "tolerations";
    for (size_t i = 0; i < tolerations.size(); ++i) {
      if (std::find(tolerations.begin(), tolerations.begin() + i, tolerations[i]) == tolerations.begin() + i) continue;
      Value shown = Value::MakeObject();  // as upstream prints its inner type
      shown.Set("Key", Value(Text(tolerations[i], "key")));
      shown.Set("Operator", Value(Text(tolerations[i], "operator")));
      shown.Set("Value", Value(Text(tolerations[i], "value")));
      shown.Set("Effect", Value(Text(tolerations[i], "effect")));
      shown.Set("TolerationSeconds", Get(tolerations[i], "tolerationSeconds"));
      e.Duplicate(list[i], shown);
    }
  }
}

void RuntimeClassUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  Immutable(e, Path("handler"), object.Find("handler"), old.Find("handler"));
}

}  // namespace

absl::Span<const KindRules> ConfigKinds() {
  static constexpr KindRules kRules[] = {
      {"", "ConfigMap", ConfigMapCreate, ConfigMapUpdate},
      {"", "Secret", SecretCreate, SecretUpdate},
      {"", "ServiceAccount", ServiceAccountCreate, ServiceAccountUpdate},
      {"coordination.k8s.io", "Lease", LeaseCreate, LeaseUpdate},
      {"scheduling.k8s.io", "PriorityClass", PriorityClassCreate, PriorityClassUpdate},
      {"node.k8s.io", "RuntimeClass", RuntimeClassCreate, RuntimeClassUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
