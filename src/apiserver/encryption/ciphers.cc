#include "apiserver/encryption/ciphers.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sodium/crypto_secretbox.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace apiserver::encryption {
namespace {

constexpr int kBlock = 16, kNonce = 12, kTag = 16;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* Bytes(absl::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* Bytes(std::string& text, size_t at = 0) { return reinterpret_cast<unsigned char*>(&text[at]); }

const EVP_CIPHER* Cbc(size_t key) { return key == 16 ? EVP_aes_128_cbc() : key == 24 ? EVP_aes_192_cbc() : EVP_aes_256_cbc(); }
const EVP_CIPHER* Gcm(size_t key) { return key == 16 ? EVP_aes_128_gcm() : key == 24 ? EVP_aes_192_gcm() : EVP_aes_256_gcm(); }

absl::Status Failed() { return absl::InternalError("the cipher failed"); }

// `out` begins with `size` random bytes.
bool Randomize(std::string& out, int size) { return RAND_bytes(Bytes(out), size) == 1; }

}  // namespace

absl::StatusOr<std::string> SealAesCbc(absl::string_view key, absl::string_view plain) {
  const Context context(EVP_CIPHER_CTX_new());
  std::string out(kBlock + (plain.size() / kBlock + 1) * kBlock, '\0');
  int some = 0, rest = 0;
  if (!Randomize(out, kBlock) || EVP_EncryptInit_ex(context.get(), Cbc(key.size()), nullptr, Bytes(key), Bytes(out)) != 1 ||
      EVP_EncryptUpdate(context.get(), Bytes(out, kBlock), &some, Bytes(plain), static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), Bytes(out, kBlock + static_cast<size_t>(some)), &rest) != 1) {
    return Failed();
  }
  return out;
}

absl::StatusOr<std::string> OpenAesCbc(absl::string_view key, absl::string_view sealed) {
  if (sealed.size() < kBlock) return absl::DataLossError("the stored data was shorter than the required size");
  const absl::string_view text = sealed.substr(kBlock);
  if (text.empty() || text.size() % kBlock != 0) return absl::DataLossError("the stored data is not a multiple of the block size");
  const Context context(EVP_CIPHER_CTX_new());
  std::string out(text.size() + kBlock, '\0');
  int some = 0, rest = 0;
  if (EVP_DecryptInit_ex(context.get(), Cbc(key.size()), nullptr, Bytes(key), Bytes(sealed)) != 1 ||
      EVP_DecryptUpdate(context.get(), Bytes(out), &some, Bytes(text), static_cast<int>(text.size())) != 1) {
    return Failed();
  }
  if (EVP_DecryptFinal_ex(context.get(), Bytes(out, static_cast<size_t>(some)), &rest) != 1) return absl::DataLossError("invalid padding on input");
  out.resize(static_cast<size_t>(some + rest));
  return out;
}

absl::StatusOr<std::string> SealAesGcm(absl::string_view key, absl::string_view plain, absl::string_view with) {
  const Context context(EVP_CIPHER_CTX_new());
  std::string out(kNonce + plain.size() + kTag, '\0');
  int some = 0, rest = 0;
  if (!Randomize(out, kNonce) || EVP_EncryptInit_ex(context.get(), Gcm(key.size()), nullptr, Bytes(key), Bytes(out)) != 1 ||
      EVP_EncryptUpdate(context.get(), nullptr, &some, Bytes(with), static_cast<int>(with.size())) != 1 ||
      EVP_EncryptUpdate(context.get(), Bytes(out, kNonce), &some, Bytes(plain), static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), Bytes(out, kNonce + static_cast<size_t>(some)), &rest) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTag, Bytes(out, kNonce + plain.size())) != 1) {
    return Failed();
  }
  return out;
}

absl::StatusOr<std::string> OpenAesGcm(absl::string_view key, absl::string_view sealed, absl::string_view with) {
  if (sealed.size() < kNonce + kTag) return absl::DataLossError("the stored data was shorter than the required size");
  const size_t size = sealed.size() - kNonce - kTag;
  const Context context(EVP_CIPHER_CTX_new());
  std::string out(size + 1, '\0'), tag(sealed.substr(kNonce + size));
  int some = 0, rest = 0;
  if (EVP_DecryptInit_ex(context.get(), Gcm(key.size()), nullptr, Bytes(key), Bytes(sealed)) != 1 ||
      EVP_DecryptUpdate(context.get(), nullptr, &some, Bytes(with), static_cast<int>(with.size())) != 1 ||
      EVP_DecryptUpdate(context.get(), Bytes(out), &some, Bytes(sealed.substr(kNonce)), static_cast<int>(size)) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTag, Bytes(tag)) != 1) {
    return Failed();
  }
  if (EVP_DecryptFinal_ex(context.get(), Bytes(out, static_cast<size_t>(some)), &rest) != 1) {
    return absl::DataLossError("cipher: message authentication failed");
  }
  out.resize(size);
  return out;
}

absl::StatusOr<std::string> SealSecretbox(absl::string_view key, absl::string_view plain) {
  constexpr size_t kHead = crypto_secretbox_NONCEBYTES;
  std::string out(kHead + crypto_secretbox_MACBYTES + plain.size(), '\0');
  if (key.size() != crypto_secretbox_KEYBYTES || !Randomize(out, kHead) ||
      crypto_secretbox_easy(Bytes(out, kHead), Bytes(plain), plain.size(), Bytes(out), Bytes(key)) != 0) {
    return Failed();
  }
  return out;
}

absl::StatusOr<std::string> OpenSecretbox(absl::string_view key, absl::string_view sealed) {
  constexpr size_t kHead = crypto_secretbox_NONCEBYTES;
  if (sealed.size() < kHead + crypto_secretbox_MACBYTES) return absl::DataLossError("the stored data was shorter than the required size");
  std::string out(sealed.size() - kHead - crypto_secretbox_MACBYTES + 1, '\0');
  if (key.size() != crypto_secretbox_KEYBYTES ||
      crypto_secretbox_open_easy(Bytes(out), Bytes(sealed.substr(kHead)), sealed.size() - kHead, Bytes(sealed), Bytes(key)) != 0) {
    return absl::DataLossError("decryption failed");
  }
  out.pop_back();
  return out;
}

}  // namespace apiserver::encryption
