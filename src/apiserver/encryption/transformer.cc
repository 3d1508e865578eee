#include "apiserver/encryption/transformer.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apiserver/encryption/ciphers.h"
#include "base/status_macros.h"

namespace apiserver::encryption {
namespace {

constexpr char kEncrypted[] = "k8s:enc:";

class OneKey final : public Transformer {
 public:
  OneKey(Cipher cipher, std::string secret) : cipher_(cipher), secret_(std::move(secret)) {}

  absl::StatusOr<Opened> Open(absl::string_view stored, absl::string_view context) const override {
    absl::StatusOr<std::string> plain = cipher_ == Cipher::kAesCbc   ? OpenAesCbc(secret_, stored)
                                        : cipher_ == Cipher::kAesGcm ? OpenAesGcm(secret_, stored, context)
                                                                     : OpenSecretbox(secret_, stored);
    if (!plain.ok()) return plain.status();
    return Opened{*std::move(plain), false};
  }
  absl::StatusOr<std::string> Seal(absl::string_view plain, absl::string_view context) const override {
    switch (cipher_) {
      case Cipher::kAesCbc: return SealAesCbc(secret_, plain);
      case Cipher::kAesGcm: return SealAesGcm(secret_, plain, context);
      case Cipher::kSecretbox: break;
    }
    return SealSecretbox(secret_, plain);
  }

 private:
  const Cipher cipher_;
  const std::string secret_;
};

class Identity final : public Transformer {
 public:
  absl::StatusOr<Opened> Open(absl::string_view stored, absl::string_view) const override {
    if (absl::StartsWith(stored, kEncrypted)) return absl::DataLossError("identity transformer tried to read encrypted data");
    return Opened{std::string(stored), false};
  }
  absl::StatusOr<std::string> Seal(absl::string_view plain, absl::string_view) const override { return std::string(plain); }
};

class Providers final : public Transformer {
 public:
  Providers(std::vector<Provider> providers, std::string no_match) : providers_(std::move(providers)), no_match_(std::move(no_match)) {}

  absl::StatusOr<Opened> Open(absl::string_view stored, absl::string_view context) const override {
    std::vector<std::string> errors;
    for (size_t i = 0; i < providers_.size(); ++i) {
      const Provider& provider = providers_[i];
      if (!absl::StartsWith(stored, provider.prefix)) continue;
      absl::StatusOr<Opened> opened = provider.transformer->Open(stored.substr(provider.prefix.size()), context);
      if (!opened.ok()) {
        if (provider.prefix.empty() && absl::StartsWith(stored, kEncrypted)) continue;  // somebody else's, or nobody's
        errors.emplace_back(opened.status().message());
        continue;
      }
      opened->stale |= i != 0;
      return opened;
    }
    if (errors.size() == 1) return absl::DataLossError(errors[0]);
    if (!errors.empty()) return absl::DataLossError(absl::StrCat("[", absl::StrJoin(errors, ", "), "]"));
    return absl::DataLossError(no_match_);
  }

  absl::StatusOr<std::string> Seal(absl::string_view plain, absl::string_view context) const override {
    const Provider& provider = providers_.front();
    ASSIGN_OR_RETURN(std::string sealed, provider.transformer->Seal(plain, context));
    if (provider.prefix.empty()) return sealed;
    return absl::StrCat(provider.prefix, sealed);
  }

 private:
  const std::vector<Provider> providers_;
  const std::string no_match_;
};

}  // namespace

absl::string_view NameOf(Cipher cipher) {
  switch (cipher) {
    case Cipher::kAesCbc: return "aescbc";
    case Cipher::kAesGcm: return "aesgcm";
    case Cipher::kSecretbox: break;
  }
  return "secretbox";
}

TransformerPtr NewCipherTransformer(Cipher cipher, std::vector<NamedKey> keys) {
  static constexpr absl::string_view kNames[] = {"AES-CBC", "AES-GCM", "Secretbox"};
  std::vector<Provider> by_key;
  for (NamedKey& key : keys) {
    by_key.push_back({absl::StrCat(key.name, ":"), std::make_unique<OneKey>(cipher, std::move(key.secret))});
  }
  return NewProviders(std::move(by_key),
                      absl::StrCat("no matching key was found for the provided ", kNames[static_cast<int>(cipher)], " transformer"));
}
TransformerPtr NewIdentityTransformer() { return std::make_unique<Identity>(); }
TransformerPtr NewProviders(std::vector<Provider> providers, std::string no_match) {
  return std::make_unique<Providers>(std::move(providers), std::move(no_match));
}

}  // namespace apiserver::encryption
