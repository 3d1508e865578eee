#include "etcdlite/auth/credentials.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "etcdlite/auth/errors.h"

namespace etcdlite::auth {
namespace {

constexpr unsigned long kBcryptCost = 10;  // etcd's default

std::string Sign(absl::string_view secret, absl::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest, &size);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

std::string Crypt(const std::string& password, const std::string& setting) {
  crypt_data data{};
  const char* hash = ::crypt_r(password.c_str(), setting.c_str(), &data);
  return hash == nullptr || hash[0] == '*' ? std::string() : std::string(hash);
}

}  // namespace

std::string HashPassword(const std::string& password) {
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  if (::crypt_gensalt_rn("$2b$", kBcryptCost, nullptr, 0, setting, sizeof setting) == nullptr) return {};
  return Crypt(password, setting);
}

bool PasswordMatches(const std::string& password, const std::string& hash) {
  if (hash.empty()) return false;
  const std::string again = Crypt(password, hash);
  return again.size() == hash.size() && CRYPTO_memcmp(again.data(), hash.data(), hash.size()) == 0;
}

std::string NewSecret() {
  unsigned char bytes[32];
  RAND_bytes(bytes, sizeof bytes);
  return std::string(reinterpret_cast<const char*>(bytes), sizeof bytes);
}

std::string SignToken(absl::string_view secret, absl::string_view user, absl::Time expires) {
  const std::string text = absl::StrCat(absl::WebSafeBase64Escape(user), ".", absl::ToUnixSeconds(expires));
  return absl::StrCat(text, ".", Sign(secret, text));
}

absl::StatusOr<std::string> VerifyToken(absl::string_view secret, absl::string_view token, absl::Time now) {
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  int64_t expires = 0;
  std::string user;
  if (secret.empty() || parts.size() != 3 || !absl::SimpleAtoi(parts[1], &expires) || !absl::WebSafeBase64Unescape(parts[0], &user)) {
    return InvalidTokenError();
  }
  const std::string want = Sign(secret, absl::StrCat(parts[0], ".", parts[1]));
  if (want.size() != parts[2].size() || CRYPTO_memcmp(want.data(), parts[2].data(), want.size()) != 0) return InvalidTokenError();
  if (expires < absl::ToUnixSeconds(now)) return InvalidTokenError();
  return user;
}

}  // namespace etcdlite::auth
