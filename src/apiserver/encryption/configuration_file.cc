#include "apiserver/encryption/configuration_file.h"

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace apiserver::encryption {
namespace {

absl::StatusOr<TransformerPtr> NoKms(const KmsAddress& address) {
  return absl::UnimplementedError(absl::StrCat("key management services are not asked here: ", address.name));
}

absl::StatusOr<std::string> Load(const std::string& path) {
  absl::StatusOr<std::string> text = base::ReadFile(path);
  if (text.ok()) return text;
  return absl::InvalidArgumentError(absl::StrCat("error while parsing file: error opening encryption provider configuration file \"", path,
                                                 "\": ", text.status().message()));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Configuration>> ReadFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, Load(path));
  return Configuration::Read(text, path, NoKms);
}

ReadAgain ChangesOf(const std::string& path) {
  auto seen = std::make_shared<std::string>();
  if (auto text = Load(path); text.ok()) *seen = *std::move(text);
  return [path, seen]() -> absl::StatusOr<std::shared_ptr<const Configuration>> {
    ASSIGN_OR_RETURN(std::string text, Load(path));
    if (text == *seen) return std::shared_ptr<const Configuration>();
    ASSIGN_OR_RETURN(std::shared_ptr<const Configuration> read, Configuration::Read(text, path, NoKms));
    *seen = std::move(text);
    return read;
  };
}

}  // namespace apiserver::encryption
