// ConfigMap, Secret, ServiceAccount.
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
    if (!IdenticalMember(object, old, member)) e.Forbidden(p / member, kText);
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

}  // namespace

absl::Span<const KindRules> ConfigKinds() {
  static constexpr KindRules kRules[] = {
      {"", "ConfigMap", ConfigMapCreate, ConfigMapUpdate},
      {"", "Secret", SecretCreate, SecretUpdate},
      {"", "ServiceAccount", ServiceAccountCreate, ServiceAccountUpdate},
  };
  return kRules;
}

}  // namespace apiserver::validation
