#include "apiserver/encryption/configuration.h"

#include <map>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/codec.h"
#include "apimachinery/schema.h"
#include "apiserver/config_files/config_file.h"
#include "apiserver/encryption/configuration_check.h"
#include "base/status_macros.h"

namespace apiserver::encryption {
namespace {

using apimachinery::Value;
namespace files = config_files;

const std::vector<files::FileKind>& Kinds() {
  static const auto& kinds = *new std::vector<files::FileKind>([] {
    const auto keys = [](absl::string_view name, absl::string_view type) {
      return files::Object(name, type, {files::List("keys", "v1.Key", {files::Text("name"), files::Text("secret")})});
    };
    const std::vector<files::Shape> providers = {
        keys("aesgcm", "v1.AESConfiguration"), keys("aescbc", "v1.AESConfiguration"), keys("secretbox", "v1.SecretboxConfiguration"),
        files::Object("identity", "v1.IdentityConfiguration", {}),
        files::Object("kms", "v1.KMSConfiguration",
                      {files::Text("apiVersion"), files::Text("name"), files::Number("cachesize"), files::Text("endpoint"),
                       files::Text("timeout")})};
    const std::vector<files::Shape> members = {files::List(
        "resources", "v1.ResourceConfiguration", {files::Texts("resources"), files::List("providers", "v1.ProviderConfiguration", providers)})};
    return std::vector<files::FileKind>{{"EncryptionConfiguration", {"apiserver.config.k8s.io/v1"}, members},
                                        {"EncryptionConfig", {"v1"}, members}};
  }());
  return kinds;
}

absl::StatusOr<Provider> MakeProvider(const Value& provider, const MakeKms& make_kms) {
  for (const Cipher cipher : {Cipher::kAesGcm, Cipher::kAesCbc, Cipher::kSecretbox}) {
    const Value* spec = provider.Find(NameOf(cipher));
    if (spec == nullptr || spec->is_null()) continue;
    std::vector<NamedKey> keys;
    for (const Value& key : spec->GetArray("keys")) {
      NamedKey named{key.GetString("name"), ""};
      (void)apimachinery::Base64Decode(key.GetString("secret"), &named.secret);  // it is base64: it was checked
      keys.push_back(std::move(named));
    }
    return Provider{absl::StrCat("k8s:enc:", NameOf(cipher), ":v1:"), NewCipherTransformer(cipher, std::move(keys))};
  }
  const Value* kms = provider.Find("kms");
  if (kms == nullptr || kms->is_null()) return Provider{"", NewIdentityTransformer()};
  if (kms->GetString("apiVersion", "v1") == "v1") {
    return absl::InvalidArgumentError("KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  "
                                      "Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.");
  }
  KmsAddress address{kms->GetString("name"), kms->GetString("endpoint")};
  absl::ParseDuration(kms->GetString("timeout", "3s"), &address.timeout);
  ASSIGN_OR_RETURN(TransformerPtr transformer, make_kms(address));
  return Provider{absl::StrCat("k8s:enc:kms:v2:", address.name, ":"), std::move(transformer)};
}

// Resources of the built-in kinds by where their objects lie.
const absl::flat_hash_map<std::string, std::pair<std::string, std::string>>& Owners() {
  static const auto& owners = *new absl::flat_hash_map<std::string, std::pair<std::string, std::string>>([] {
    absl::flat_hash_map<std::string, std::pair<std::string, std::string>> by_prefix;
    for (const apimachinery::Kind& kind : apimachinery::Schema::Builtin().kinds()) {
      if (kind.storage_prefix.empty()) continue;
      std::string group(kind.group);
      if (group == "events.k8s.io" || group == "extensions") continue;  // stored by others
      by_prefix.try_emplace(std::string(kind.storage_prefix), std::move(group), std::string(kind.plural));
    }
    return by_prefix;
  }());
  return owners;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Configuration>> Configuration::Read(absl::string_view text, absl::string_view path,
                                                                         const MakeKms& make_kms) {
  constexpr char kParsing[] = "error while parsing file: ";
  if (text.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(kParsing, "error while loading file: encryption provider configuration file \"", path, "\" is empty"));
  }
  absl::StatusOr<Value> file = files::DecodeConfigFile(text, Kinds());
  if (!file.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(kParsing, "error decoding encryption provider configuration file \"", path, "\": ", file.status().message()));
  }
  if (const apimachinery::FieldErrors errors = CheckConfiguration(*file); !errors.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(kParsing, errors.ToString()));
  }
  auto out = std::make_shared<Configuration>();
  for (const Value& rule : file->GetArray("resources")) {
    Rule& made = out->rules_.emplace_back();
    for (const Value& resource : rule.GetArray("resources")) made.patterns.push_back(ParsePattern(resource.as_string()));
    std::vector<Provider> providers;
    for (const Value& provider : rule.GetArray("providers")) {
      absl::StatusOr<Provider> one = MakeProvider(provider, make_kms);
      if (!one.ok()) return absl::InvalidArgumentError(absl::StrCat("error while building transformers: ", one.status().message()));
      providers.push_back(*std::move(one));
    }
    made.transformer = NewProviders(std::move(providers), "no matching prefix found");
  }
  return std::shared_ptr<const Configuration>(std::move(out));
}

Configuration::Pattern Configuration::ParsePattern(absl::string_view text) {
  const size_t dot = text.find('.');
  if (dot == absl::string_view::npos) return {"", std::string(text)};
  return {std::string(text.substr(dot + 1)), std::string(text.substr(0, dot))};
}

const Transformer* Configuration::Find(absl::string_view group, absl::string_view resource) const {
  for (const Rule& rule : rules_) {
    for (const Pattern& pattern : rule.patterns) {
      const bool same_group = pattern.group == group || (pattern.group == "*" && pattern.resource == "*");
      if (same_group && (pattern.resource == "*" || pattern.resource == resource)) return rule.transformer.get();
    }
  }
  return nullptr;
}

const Transformer* Configuration::FindByKey(absl::string_view key) const {
  if (!absl::ConsumePrefix(&key, "/registry/")) return nullptr;
  const size_t first = key.find('/');
  if (first == absl::string_view::npos) return nullptr;
  const auto of_one = Owners().find(key.substr(0, first));
  if (of_one != Owners().end()) return Find(of_one->second.first, of_one->second.second);
  const size_t second = key.find('/', first + 1);
  if (second == absl::string_view::npos) return nullptr;
  const auto of_two = Owners().find(key.substr(0, second));
  if (of_two != Owners().end()) return Find(of_two->second.first, of_two->second.second);
  // Custom resources lie below their group, which has a dot; what has none is the servers' own (ranges, masterleases).
  const absl::string_view group = key.substr(0, first);
  if (!absl::StrContains(group, '.')) return nullptr;
  return Find(group, key.substr(first + 1, second - first - 1));
}

}  // namespace apiserver::encryption
