#include "apiserver/warnings/key_pair.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace apiserver::warnings {
namespace {

struct Block {
  std::string type, der;
};

std::vector<Block> Blocks(absl::string_view pem) {
  std::vector<Block> blocks;
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;  // NOLINT: the library's type
  while (in != nullptr && PEM_read_bio(in.get(), &name, &header, &data, &size) == 1) {
    blocks.push_back({name, std::string(reinterpret_cast<const char*>(data), static_cast<size_t>(size))});
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
  }
  ERR_clear_error();  // the end of the input is no error
  return blocks;
}

std::string Types(const std::vector<Block>& blocks) {
  return absl::StrCat("[", absl::StrJoin(blocks, " ", [](std::string* out, const Block& b) { out->append(b.type); }), "]");
}

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

}  // namespace

std::string KeyPairProblem(absl::string_view certificate_pem, absl::string_view key_pem) {
  const std::vector<Block> certificates = Blocks(certificate_pem), keys = Blocks(key_pem);
  const Block *certificate = nullptr, *key = nullptr;
  for (const Block& block : certificates) {
    if (block.type == "CERTIFICATE" && certificate == nullptr) certificate = &block;
  }
  if (certificate == nullptr) {
    if (certificates.empty()) return "tls: failed to find any PEM data in certificate input";
    if (certificates.size() == 1 && absl::EndsWith(certificates[0].type, "PRIVATE KEY")) {
      return "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may "
             "have been switched";
    }
    return absl::StrCat("tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of "
                        "the following types: ", Types(certificates));
  }
  for (const Block& block : keys) {
    const bool fits = block.type == "PRIVATE KEY" || absl::EndsWith(block.type, " PRIVATE KEY");
    if (fits && key == nullptr) key = &block;
  }
  if (key == nullptr) {
    if (keys.empty()) return "tls: failed to find any PEM data in key input";
    if (keys.size() == 1 && keys[0].type == "CERTIFICATE") {
      return "tls: found a certificate rather than a key in the PEM for the private key";
    }
    return absl::StrCat("tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping "
                        "PEM blocks of the following types: ", Types(keys));
  }
  const auto* der = reinterpret_cast<const unsigned char*>(certificate->der.data());
  const std::unique_ptr<X509, decltype(&X509_free)> parsed(
      d2i_X509(nullptr, &der, static_cast<long>(certificate->der.size())), X509_free);  // NOLINT: the library's type
  der = reinterpret_cast<const unsigned char*>(key->der.data());
  const Key secret(d2i_AutoPrivateKey(nullptr, &der, static_cast<long>(key->der.size())), EVP_PKEY_free);  // NOLINT
  ERR_clear_error();
  if (parsed == nullptr) return "x509: malformed certificate";
  if (secret == nullptr) return "tls: failed to parse private key";
  const Key open(X509_get_pubkey(parsed.get()), EVP_PKEY_free);
  const int type = open == nullptr ? EVP_PKEY_NONE : EVP_PKEY_base_id(open.get());
  if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC && type != EVP_PKEY_ED25519) return "tls: unknown public key algorithm";
  if (EVP_PKEY_base_id(secret.get()) != type) return "tls: private key type does not match public key type";
  const bool same = EVP_PKEY_eq(open.get(), secret.get()) == 1;
  ERR_clear_error();
  return same ? "" : "tls: private key does not match public key";
}

}  // namespace apiserver::warnings
