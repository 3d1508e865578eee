#include "apiserver/encryption/configuration_check.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "apimachinery/codec.h"

namespace apiserver::encryption {
namespace {

using apimachinery::FieldErrors;
using apimachinery::FieldPath;
using apimachinery::Value;

std::pair<std::string, std::string> Split(const std::string& text) {  // resource, group
  const size_t dot = text.find('.');
  return dot == std::string::npos ? std::pair(text, std::string()) : std::pair(text.substr(0, dot), text.substr(dot + 1));
}

void CheckOverlap(const Value& resources, const FieldPath& path, FieldErrors& errors) {
  bool duplicate = false, overlap = false;
  const apimachinery::Array& all = resources.array();
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < all.size(); ++j) {
      if (i == j) continue;
      const auto [one, group] = Split(all[i].as_string());
      const auto [other, other_group] = Split(all[j].as_string());
      duplicate |= one == other && group == other_group;
      overlap |= one == "*" && (group == "*" || group == other_group);
    }
  }
  if (duplicate) errors.Invalid(path, resources, "the same resource cannot be specified multiple times");
  if (overlap) {
    errors.Invalid(path, resources,
                   "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked");
  }
}

std::string NameProblem(const std::string& name) {
  if (std::any_of(name.begin(), name.end(), [](char c) { return absl::ascii_isupper(c); })) {
    return "resource name should not contain capital letters";
  }
  if (name == "*") return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
  for (const char* own : {"apiserveripinfo", "serviceipallocations", "servicenodeportallocations"}) {
    if (name == own) return "resources which do not have REST API/s cannot be encrypted";
  }
  const auto [resource, group] = Split(name);
  if (group == "*" && resource != "*") return "encrypting the same resource across groups is not supported";
  if (group == "extensions") return "'extensions' group has been removed and cannot be used for encryption";
  if (group == "events.k8s.io") {
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file";
  }
  return "";
}

void CheckKeys(const Value& spec, const FieldPath& path, std::initializer_list<size_t> sizes, FieldErrors& errors) {
  const apimachinery::Array& keys = spec.GetArray("keys");
  if (keys.empty()) errors.Required(path, "at least one keys is required");
  for (size_t i = 0; i < keys.size(); ++i) {
    const FieldPath secret_path = path.Index(i).Child("secret");
    if (keys[i].GetString("name").empty()) errors.Required(path.Index(i).Child("name"), "name is a mandatory field for a key");
    const std::string text = keys[i].GetString("secret");
    std::string secret;
    if (text.empty()) {
      errors.Required(secret_path, "secret is a mandatory field for a key");
    } else if (!apimachinery::Base64Decode(text, &secret)) {
      errors.Invalid(secret_path, Value("REDACTED"), "secrets must be base64 encoded");
    } else if (std::find(sizes.begin(), sizes.end(), secret.size()) == sizes.end()) {
      errors.Invalid(secret_path, Value("REDACTED"),
                     absl::StrCat("secret is not of the expected length, got ", secret.size(), ", expected one of [", absl::StrJoin(sizes, " "), "]"));
    }
  }
}

void CheckKms(const Value& kms, const FieldPath& path, std::set<std::string>& names, FieldErrors& errors) {
  const std::string name = kms.GetString("name"), version = kms.GetString("apiVersion", "v1"), endpoint = kms.GetString("endpoint");
  if (name.empty()) {
    errors.Required(path.Child("name"), "name is a mandatory field for a provider");
  } else {
    if (version != "v1" && name.find(':') != std::string::npos) {
      errors.Invalid(path.Child("name"), Value(name), absl::StrCat("invalid KMS provider name ", name, ", must not contain ':'"));
    }
    if (version != "v1" && !names.insert(name).second) {
      errors.Invalid(path.Child("name"), Value(name), absl::StrCat("duplicate KMS provider name ", name, ", names must be unique"));
    }
  }
  const std::string timeout = kms.GetString("timeout", "3s");
  if (absl::Duration d; !absl::ParseDuration(timeout, &d) || d <= absl::ZeroDuration()) {
    errors.Invalid(path.Child("timeout"), Value(timeout), "timeout should be a positive value");
  }
  const size_t colon = endpoint.find("://");
  if (endpoint.empty()) {
    errors.Invalid(path.Child("endpoint"), Value(""), "endpoint is a mandatory field for a kms");
  } else if (const std::string scheme = colon == std::string::npos ? "" : endpoint.substr(0, colon); scheme != "unix") {
    errors.Invalid(path.Child("endpoint"), Value(endpoint),
                   absl::StrCat("unsupported scheme \"", scheme, "\" for KMS provider, only unix is supported"));
  }
  if (const Value* size = kms.Find("cachesize"); size != nullptr && !size->is_null()) {
    if (version != "v1") {
      errors.Invalid(path.Child("cachesize"), *size, "cachesize is not supported in v2");
    } else if (size->is_int() && size->as_int() == 0) {
      errors.Invalid(path.Child("cachesize"), *size, "cachesize should be a non-zero value");
    }
  }
  if (version != "v1" && version != "v2") {
    errors.Invalid(path.Child("apiVersion"), Value(version), "unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported");
  }
}

// A provider as upstream shows it; secrets stay out of it.
Value Shown(const Value& provider) {
  Value out = Value::MakeObject();
  for (const auto& [name, shown] : {std::pair("aesgcm", "AESGCM"), {"aescbc", "AESCBC"}, {"secretbox", "Secretbox"}, {"identity", "Identity"}, {"kms", "KMS"}}) {
    const Value* spec = provider.Find(name);
    if (spec == nullptr || spec->is_null()) {
      out.Set(shown, Value());
      continue;
    }
    Value& to = out[shown];
    to = Value::MakeObject();
    if (name == absl::string_view("identity")) continue;
    if (name == absl::string_view("kms")) {
      to.Set("Name", spec->GetString("name"));
      to.Set("Endpoint", spec->GetString("endpoint"));
      continue;
    }
    to["Keys"] = Value::MakeArray();
    for (const Value& key : spec->GetArray("keys")) {
      Value one = Value::MakeObject();
      one.Set("Name", key.GetString("name"));
      one.Set("Secret", "REDACTED");
      to["Keys"].Append(std::move(one));
    }
  }
  return out;
}

void CheckProvider(const Value& provider, const FieldPath& path, std::set<std::string>& kms_names, FieldErrors& errors) {
  int kinds = 0;
  for (const char* name : {"aesgcm", "aescbc", "secretbox", "identity", "kms"}) {
    const Value* spec = provider.Find(name);
    kinds += spec != nullptr && !spec->is_null() ? 1 : 0;
  }
  if (kinds == 0) {
    errors.Invalid(path, Shown(provider), "provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity");
  } else if (kinds > 1) {
    errors.Invalid(path, Shown(provider), "more than one provider specified in a single element, should split into different list elements");
  }
  const auto given = [&](const char* name) {
    const Value* spec = provider.Find(name);
    return spec != nullptr && !spec->is_null() ? spec : nullptr;
  };
  if (const Value* kms = given("kms")) {
    CheckKms(*kms, path.Child("kms"), kms_names, errors);
  } else if (const Value* gcm = given("aesgcm")) {
    CheckKeys(*gcm, path.Child("aesgcm").Child("keys"), {16, 24, 32}, errors);
  } else if (const Value* cbc = given("aescbc")) {
    CheckKeys(*cbc, path.Child("aescbc").Child("keys"), {16, 24, 32}, errors);
  } else if (const Value* box = given("secretbox")) {
    CheckKeys(*box, path.Child("secretbox").Child("keys"), {32}, errors);
  }
}

}  // namespace

FieldErrors CheckConfiguration(const Value& file) {
  FieldErrors errors;
  const FieldPath root("resources");
  const apimachinery::Array& rules = file.GetArray("resources");
  if (rules.empty()) errors.Required(root, "at least one resources is required");
  std::set<std::string> kms_names;
  for (size_t i = 0; i < rules.size(); ++i) {
    const FieldPath resources_path = root.Index(i).Child("resources"), providers_path = root.Index(i).Child("providers");
    if (const Value* resources = rules[i].Find("resources"); resources == nullptr || !resources->is_array() || resources->array().empty()) {
      errors.Required(resources_path, absl::StrCat("at least one ", resources_path.ToString(), " is required"));
    } else {
      CheckOverlap(*resources, resources_path, errors);
      for (size_t j = 0; j < resources->array().size(); ++j) {
        const Value& name = resources->array()[j];
        if (const std::string problem = NameProblem(name.as_string()); !problem.empty()) errors.Invalid(resources_path.Index(j), name, problem);
      }
    }
    const apimachinery::Array& providers = rules[i].GetArray("providers");
    if (providers.empty()) errors.Required(providers_path, absl::StrCat("at least one ", providers_path.ToString(), " is required"));
    for (size_t j = 0; j < providers.size(); ++j) CheckProvider(providers[j], providers_path.Index(j), kms_names, errors);
  }
  return errors;
}

}  // namespace apiserver::encryption
