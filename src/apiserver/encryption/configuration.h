// What --encryption-provider-config says: which resources are kept how.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apiserver/encryption/transformer.h"

namespace apiserver::encryption {

// A key management service behind a socket of this machine.
struct KmsAddress {
  std::string name;
  std::string endpoint;  // "unix:///run/kms.sock"
  absl::Duration timeout = absl::Seconds(3);
};
using MakeKms = std::function<absl::StatusOr<TransformerPtr>(const KmsAddress& address)>;

// Immutable, thread-safe.
class Configuration {
 public:
  // InvalidArgument with upstream's text. `path` is told in errors.
  static absl::StatusOr<std::shared_ptr<const Configuration>> Read(absl::string_view text, absl::string_view path,
                                                                   const MakeKms& make_kms);
  // nullptr: nothing is said of the resource, it lies as it is. The group of events is the core group.
  const Transformer* Find(absl::string_view group, absl::string_view resource) const;
  // The same for the owner of a key of the store: /registry/secrets/default/x.
  const Transformer* FindByKey(absl::string_view key) const;

 private:
  struct Pattern {
    std::string group, resource;  // "*": any; the group only when the resource is any too
  };
  struct Rule {
    std::vector<Pattern> patterns;
    TransformerPtr transformer;
  };
  static Pattern ParsePattern(absl::string_view text);
  friend class ConfigurationCheck;

  std::vector<Rule> rules_;
};

}  // namespace apiserver::encryption
