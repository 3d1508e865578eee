// A value on its way into the store and back. Immutable, thread-safe.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace apiserver::encryption {

struct Opened {
  std::string plain;
  bool stale = false;  // it would be written in another way now
};

class Transformer {
 public:
  virtual ~Transformer() = default;
  // `context` is the value's key in the store. Errors say what upstream says.
  virtual absl::StatusOr<Opened> Open(absl::string_view stored, absl::string_view context) const = 0;
  virtual absl::StatusOr<std::string> Seal(absl::string_view plain, absl::string_view context) const = 0;
};
using TransformerPtr = std::unique_ptr<const Transformer>;

enum class Cipher { kAesCbc, kAesGcm, kSecretbox };
absl::string_view NameOf(Cipher cipher);  // "aescbc"

struct NamedKey {
  std::string name;
  std::string secret;
};

// The first key writes, each reads what was written under its name.
TransformerPtr NewCipherTransformer(Cipher cipher, std::vector<NamedKey> keys);
// Leaves values as they are; refuses to take encrypted ones for that.
TransformerPtr NewIdentityTransformer();

struct Provider {
  std::string prefix;  // of what it has written; "": everything
  TransformerPtr transformer;
};
// The first provider writes, the first one whose prefix fits reads; when that fails, the others that fit are tried.
TransformerPtr NewProviders(std::vector<Provider> providers, std::string no_match);

}  // namespace apiserver::encryption
