#include "pki/jwt.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/json.h"
#include "base/status_macros.h"

namespace pki {
namespace {

using apimachinery::Value;

std::string Base64Url(absl::string_view bytes) {
  std::string out = absl::WebSafeBase64Escape(bytes);
  while (!out.empty() && out.back() == '=') out.pop_back();
  return out;
}

std::string BigNumber(EVP_PKEY* key, const char* name, int width = 0) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return "";
  std::string out(width > 0 ? width : BN_num_bytes(number), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
  BN_free(number);
  return out;
}

class OpenSslKey final : public JwtKey {
 public:
  OpenSslKey(EVP_PKEY* key, bool is_private, std::string id = "") : key_(key), private_(is_private) {
    unsigned char* der = nullptr;
    const int length = i2d_PUBKEY(key, &der);
    unsigned char hash[SHA256_DIGEST_LENGTH];
    SHA256(der, length > 0 ? length : 0, hash);
    OPENSSL_free(der);
    id_ = id.empty() ? Base64Url(absl::string_view(reinterpret_cast<char*>(hash), sizeof(hash))) : std::move(id);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
      algorithm_ = "RS256";
    } else {
      const int bits = EVP_PKEY_get_bits(key);
      width_ = (bits + 7) / 8;
      algorithm_ = bits <= 256 ? "ES256" : bits <= 384 ? "ES384" : "ES512";
    }
  }
  ~OpenSslKey() override { EVP_PKEY_free(key_); }

  const std::string& id() const override { return id_; }
  const std::string& algorithm() const override { return algorithm_; }
  bool can_sign() const override { return private_; }

  absl::StatusOr<std::string> Sign(absl::string_view text) const override {
    EVP_MD_CTX* ctx = EVP_MD_CTX_new();
    size_t length = 0;
    std::string out;
    const auto* data = reinterpret_cast<const unsigned char*>(text.data());
    bool ok = EVP_DigestSignInit(ctx, nullptr, Digest(), nullptr, key_) == 1 &&
              EVP_DigestSign(ctx, nullptr, &length, data, text.size()) == 1;
    if (ok) {
      out.resize(length);
      ok = EVP_DigestSign(ctx, reinterpret_cast<unsigned char*>(out.data()), &length, data, text.size()) == 1;
      out.resize(length);
    }
    EVP_MD_CTX_free(ctx);
    if (!ok) return absl::InternalError("signing a token failed");
    return width_ == 0 ? out : FromDer(out);
  }

  bool Verify(absl::string_view text, absl::string_view signature) const override {
    return VerifyAs(algorithm_, text, signature);
  }

  bool VerifyAs(absl::string_view algorithm, absl::string_view text, absl::string_view signature) const override {
    const bool rsa = width_ == 0, pss = algorithm.substr(0, 2) == "PS";
    if (rsa ? algorithm.substr(0, 2) != "RS" && !pss : algorithm != algorithm_) return false;
    const absl::string_view bits = algorithm.substr(2);
    const EVP_MD* digest = bits == "256" ? EVP_sha256() : bits == "384" ? EVP_sha384() : bits == "512" ? EVP_sha512() : nullptr;
    if (digest == nullptr) return false;
    std::string der(signature);
    if (!rsa) {
      if (signature.size() != 2 * static_cast<size_t>(width_)) return false;
      der = ToDer(signature);
    }
    EVP_MD_CTX* ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX* padding = nullptr;
    const bool ok = EVP_DigestVerifyInit(ctx, &padding, digest, nullptr, key_) == 1 &&
                    (!pss || EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) == 1) &&
                    EVP_DigestVerify(ctx, reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
  }

  Value ToJwk() const override {
    Value jwk = Value::MakeObject();
    jwk.Set("use", "sig");
    jwk.Set("kty", width_ == 0 ? "RSA" : "EC");
    jwk.Set("kid", id_);
    if (width_ == 0) {
      jwk.Set("alg", algorithm_);
      jwk.Set("n", Base64Url(BigNumber(key_, OSSL_PKEY_PARAM_RSA_N)));
      jwk.Set("e", Base64Url(BigNumber(key_, OSSL_PKEY_PARAM_RSA_E)));
    } else {
      jwk.Set("crv", absl::StrCat("P-", EVP_PKEY_get_bits(key_)));
      jwk.Set("alg", algorithm_);
      jwk.Set("x", Base64Url(BigNumber(key_, OSSL_PKEY_PARAM_EC_PUB_X, width_)));
      jwk.Set("y", Base64Url(BigNumber(key_, OSSL_PKEY_PARAM_EC_PUB_Y, width_)));
    }
    return jwk;
  }

 private:
  const EVP_MD* Digest() const {
    if (algorithm_ == "ES384") return EVP_sha384();
    return algorithm_ == "ES512" ? EVP_sha512() : EVP_sha256();
  }
  // JWS carries r and s side by side, OpenSSL a DER sequence of them.
  std::string FromDer(const std::string& der) const {
    const auto* p = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* sig = d2i_ECDSA_SIG(nullptr, &p, static_cast<long>(der.size()));
    std::string out(2 * width_, '\0');
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), to, width_);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), to + width_, width_);
    ECDSA_SIG_free(sig);
    return out;
  }
  std::string ToDer(absl::string_view raw) const {
    const auto* from = reinterpret_cast<const unsigned char*>(raw.data());
    ECDSA_SIG* sig = ECDSA_SIG_new();
    ECDSA_SIG_set0(sig, BN_bin2bn(from, width_, nullptr), BN_bin2bn(from + width_, width_, nullptr));
    unsigned char* der = nullptr;
    const int length = i2d_ECDSA_SIG(sig, &der);
    std::string out(reinterpret_cast<char*>(der), length > 0 ? length : 0);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    return out;
  }

  EVP_PKEY* const key_;  // owned
  const bool private_;
  int width_ = 0;        // bytes of one EC coordinate; 0: RSA
  std::string id_, algorithm_;
};

}  // namespace

absl::StatusOr<std::vector<std::shared_ptr<const JwtKey>>> JwtKey::ParsePem(absl::string_view pem) {
  std::vector<std::shared_ptr<const JwtKey>> out;
  constexpr absl::string_view kBegin = "-----BEGIN ", kEnd = "-----END ";
  for (size_t at = pem.find(kBegin); at != absl::string_view::npos;) {
    const size_t next = pem.find(kBegin, at + 1);
    const absl::string_view block = pem.substr(at, next == absl::string_view::npos ? next : next - at);
    at = next;
    if (block.find(kEnd) == absl::string_view::npos || block.substr(kBegin.size(), 13) == "EC PARAMETERS") continue;
    BIO* bio = BIO_new_mem_buf(block.data(), static_cast<int>(block.size()));
    const absl::string_view first_line = block.substr(0, block.find('\n'));
    const bool is_private = first_line.find("PRIVATE KEY") != absl::string_view::npos;
    EVP_PKEY* key = nullptr;
    if (is_private) {
      key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    } else if (first_line.find("CERTIFICATE") != absl::string_view::npos) {
      if (X509* cert = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)) {
        key = X509_get_pubkey(cert);
        X509_free(cert);
      }
    } else {
      key = PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr);
    }
    BIO_free(bio);
    if (key == nullptr) continue;
    const int type = EVP_PKEY_get_base_id(key);
    if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC) {
      EVP_PKEY_free(key);
      continue;
    }
    out.push_back(std::make_shared<OpenSslKey>(key, is_private));
  }
  if (out.empty()) return absl::InvalidArgumentError("data does not contain any valid RSA or ECDSA keys");
  return out;
}

absl::StatusOr<std::shared_ptr<const JwtKey>> JwtKey::FromJwk(const Value& jwk) {
  const auto bytes = [&](const char* name) {
    std::string out;
    absl::WebSafeBase64Unescape(jwk.GetString(name), &out);
    return out;
  };
  const auto number = [](const std::string& text) {
    return BN_bin2bn(reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()), nullptr);
  };
  const std::string kind = jwk.GetString("kty");
  OSSL_PARAM_BLD* build = OSSL_PARAM_BLD_new();
  std::string point;
  BIGNUM *n = nullptr, *e = nullptr;
  if (kind == "RSA") {
    n = number(bytes("n"));
    e = number(bytes("e"));
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
  } else if (kind == "EC") {
    const std::string curve = jwk.GetString("crv"), x = bytes("x"), y = bytes("y");
    const size_t width = curve == "P-256" ? 32 : curve == "P-384" ? 48 : curve == "P-521" ? 66 : 0;
    if (width != 0 && x.size() <= width && y.size() <= width) {
      point = absl::StrCat("\x04", std::string(width - x.size(), '\0'), x, std::string(width - y.size(), '\0'), y);
    }
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve.c_str(), 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  }
  OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(build);
  EVP_PKEY_CTX* ctx = kind == "RSA" || kind == "EC" ? EVP_PKEY_CTX_new_from_name(nullptr, kind.c_str(), nullptr) : nullptr;
  EVP_PKEY* key = nullptr;
  const bool ok = ctx != nullptr && (kind == "RSA" || !point.empty()) && EVP_PKEY_fromdata_init(ctx) == 1 &&
                  EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
  EVP_PKEY_CTX_free(ctx);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(build);
  BN_free(n);
  BN_free(e);
  if (!ok) return absl::InvalidArgumentError("not a public key of RSA or of an elliptic curve");
  return std::make_shared<OpenSslKey>(key, false, jwk.GetString("kid"));
}

absl::StatusOr<Jwt> ParseJwt(absl::string_view token) {
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  if (parts.size() != 3 || absl::StrContains(token, '=')) return absl::InvalidArgumentError("not a signed token");
  Jwt out;
  std::string header, claims;
  if (!absl::WebSafeBase64Unescape(parts[0], &header) || !absl::WebSafeBase64Unescape(parts[1], &claims) ||
      !absl::WebSafeBase64Unescape(parts[2], &out.signature)) {
    return absl::InvalidArgumentError("not base64url");
  }
  ASSIGN_OR_RETURN(out.header, apimachinery::ParseJson(header, {.max_depth = 16}));
  ASSIGN_OR_RETURN(out.claims, apimachinery::ParseJson(claims, {.max_depth = 16}));
  if (!out.header.is_object() || !out.claims.is_object()) return absl::InvalidArgumentError("not JSON objects");
  out.signed_text = absl::StrCat(parts[0], ".", parts[1]);
  return out;
}

absl::StatusOr<std::string> SignJwt(const JwtKey& key, const Value& claims) {
  Value header = Value::MakeObject();
  header.Set("alg", key.algorithm());
  header.Set("kid", key.id());
  const std::string text = absl::StrCat(Base64Url(apimachinery::WriteJson(header)), ".",
                                        Base64Url(apimachinery::WriteJson(claims)));
  ASSIGN_OR_RETURN(const std::string signature, key.Sign(text));
  return absl::StrCat(text, ".", Base64Url(signature));
}

}  // namespace pki
