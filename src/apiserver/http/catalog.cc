#include "apiserver/http/catalog.h"

#include <map>
#include <mutex>

#include "absl/strings/str_split.h"
#include "apimachinery/json.h"
#include "apiserver/openapi/openapi.h"
#include "base/metrics/metrics.h"

namespace apiserver::http {
namespace {

// Shown before anything happens.
base::CounterFamily& kAggregations =
    *new base::CounterFamily("aggregator_discovery_aggregation_count_total", "How often aggregated discovery was put together.", {});

}  // namespace

std::shared_ptr<const discovery::Catalog> OwnCatalog(const registry::Registry& registry) {
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

std::shared_ptr<const discovery::Catalog> CurrentCatalog(const registry::Registry& registry, const Extensions* extensions) {
  std::shared_ptr<const discovery::Catalog> own = OwnCatalog(registry);
  if (extensions == nullptr) return own;
  static std::mutex mu;
  static auto* const of = new std::pair<std::shared_ptr<const discovery::Catalog>, std::shared_ptr<const ExtensionsSnapshot>>;
  static auto* const catalog = new std::shared_ptr<const discovery::Catalog>;
  std::shared_ptr<const ExtensionsSnapshot> snapshot = extensions->snapshot();
  const std::lock_guard lock(mu);
  if (of->first != own || of->second != snapshot) {
    *catalog = std::make_shared<const discovery::Catalog>(discovery::WithServices(*own, snapshot->listed, snapshot->remote));
    *of = {std::move(own), std::move(snapshot)};
  }
  return *catalog;
}

std::shared_ptr<const AggregatedDocument> AggregatedOf(const std::shared_ptr<const discovery::Catalog>& catalog, bool core) {
  struct Kept {
    std::shared_ptr<const discovery::Catalog> of;
    std::shared_ptr<const AggregatedDocument> document;
  };
  static std::mutex mu;
  static auto* const kept = new Kept[2];
  const std::lock_guard lock(mu);
  Kept& mine = kept[core ? 1 : 0];
  if (mine.of != catalog) {
    kAggregations.With({}).Add();
    auto document = std::make_shared<AggregatedDocument>();
    document->list = discovery::AggregatedDiscovery(*catalog, core, "v2");
    document->json = apimachinery::WriteJson(document->list) + "\n";
    document->etag = discovery::Etag(document->json);
    mine = {catalog, std::move(document)};
  }
  return mine.document;
}

std::shared_ptr<const CustomDocument> FindCustomDocument(const registry::Registry& registry, absl::string_view path) {
  const std::vector<std::string> parts = absl::StrSplit(path, '/');
  if (parts.size() != 3 || parts[0] != "apis") return nullptr;
  const std::shared_ptr<const discovery::Catalog> catalog = OwnCatalog(registry);
  const discovery::GroupVersion* at = catalog->Find(parts[1], parts[2]);
  if (at == nullptr || discovery::Builtin().Find(parts[1], parts[2]) != nullptr) return nullptr;
  static std::mutex mu;
  static auto* const made = new std::weak_ptr<const void>;  // of which definitions the documents are
  static auto* const documents = new std::map<std::string, std::shared_ptr<const CustomDocument>, std::less<>>;
  const registry::CustomResourcesPtr custom = registry.environment().resources->custom();
  const std::lock_guard lock(mu);
  if (made->lock() != custom) documents->clear();
  *made = custom;
  std::shared_ptr<const CustomDocument>& document = (*documents)[std::string(path)];
  if (document != nullptr) return document;
  std::vector<const apimachinery::structural::Version*> versions;
  for (const registry::CustomResources::Served& one : custom->served()) {
    if (!one.established || one.definition->group != parts[1]) continue;
    const apimachinery::structural::Version* version = one.definition->Find(parts[2]);
    if (version != nullptr && version->served) versions.push_back(version);
  }
  auto fresh = std::make_shared<CustomDocument>();
  fresh->text = std::make_shared<const std::string>(openapi::CustomV3Document(*at, versions));
  fresh->hash = discovery::Etag(*fresh->text);
  fresh->hash = fresh->hash.substr(1, fresh->hash.size() - 2);  // without its quotes
  document = std::move(fresh);
  return document;
}

}  // namespace apiserver::http
