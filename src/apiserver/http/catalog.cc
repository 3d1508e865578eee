#include "apiserver/http/catalog.h"

#include <mutex>

namespace apiserver::http {

std::shared_ptr<const discovery::Catalog> CurrentCatalog(const registry::Registry& registry) {
  static std::mutex mu;
  static auto* const made = new std::weak_ptr<const void>;  // of which definitions `catalog` is
  static auto* const catalog = new std::shared_ptr<const discovery::Catalog>;
  const registry::CustomResourcesPtr custom = registry.environment().resources->custom();
  const std::lock_guard lock(mu);
  if (*catalog == nullptr || made->lock() != custom) {
    std::vector<apimachinery::structural::DefinitionPtr> definitions;
    for (const registry::CustomResources::Served& one : custom->served()) {
      if (one.established) definitions.push_back(one.definition);
    }
    *catalog = std::make_shared<const discovery::Catalog>(discovery::WithCustom(discovery::Builtin(), definitions));
    *made = custom;
  }
  return *catalog;
}

}  // namespace apiserver::http
