#include "kubectl/kustomize/build.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"
#include "kubectl/kustomize/generators.h"
#include "kubectl/kustomize/kustomization.h"
#include "kubectl/kustomize/loader.h"
#include "kubectl/kustomize/patches.h"
#include "kubectl/kustomize/references.h"
#include "kubectl/kustomize/resource.h"
#include "kubectl/kustomize/transformers.h"

namespace kubectl::kustomize {
namespace {

constexpr const char* kFileNames[] = {"kustomization.yaml", "kustomization.yml", "Kustomization"};

class Builder {
 public:
  explicit Builder(const std::function<void(const std::string&)>& warn) : warn_(warn) {}

  absl::StatusOr<Kustomization> Read(const Loader& loader) const {
    std::string name;
    for (const char* candidate : kFileNames) {
      if (!loader.Has(candidate)) continue;
      if (!name.empty()) return Error(absl::StrCat("Found multiple kustomization files under: ", loader.root(), "\n"));
      name = candidate;
    }
    if (name.empty()) {
      return Error(absl::StrCat("unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in "
                                "directory '", loader.root(), "'"));
    }
    ASSIGN_OR_RETURN(const std::string text, loader.Load(name));
    ASSIGN_OR_RETURN(Kustomization kustomization, ParseKustomization(text, loader.root()));
    for (const std::string& warning : kustomization.warnings) warn_(warning);
    return kustomization;
  }

  // Adds to `resources` what the kustomization stands for. A component works on what is there; others on their own.
  absl::Status Accumulate(const Kustomization& kustomization, const Loader& loader, Resources* resources) const {
    for (const Value& path : kustomization.fields.GetArray("resources")) {
      if (const absl::Status added = AddResource(path.as_string(), loader, resources); !added.ok())
        return AddContext(added, "accumulating resources: ");
    }
    RETURN_IF_ERROR(RunGenerators(kustomization, loader, resources));
    for (const Value& path : kustomization.fields.GetArray("components")) {
      if (const absl::Status added = AddComponent(path.as_string(), loader, resources); !added.ok())
        return AddContext(added, "accumulating components: ");
    }
    RETURN_IF_ERROR(ApplyPatches(kustomization, loader, resources));
    RETURN_IF_ERROR(TransformMetadata(kustomization, resources));
    RETURN_IF_ERROR(ApplyJson6902(kustomization, loader, resources));
    return TransformWorkloads(kustomization, resources);
  }

 private:
  absl::Status AddFile(const std::string& path, const Loader& loader, Resources* resources) const {
    absl::StatusOr<std::string> text = loader.Load(path);
    if (!text.ok()) return AddContext(text.status(), absl::StrCat("accumulating resources from '", path, "': "));
    absl::StatusOr<Resources> read = ParseResources(*text, path);
    if (!read.ok()) return AddContext(read.status(), absl::StrCat("accumulating resources from '", path, "': "));
    for (Resource& resource : *read) {
      if (const absl::Status added = Append(resources, std::move(resource)); !added.ok())
        return AddContext(added, absl::StrCat("merging resources from '", path, "': "));
    }
    return absl::OkStatus();
  }

  // A file or, failing that, a directory with a kustomization of its own.
  absl::Status AddResource(const std::string& path, const Loader& loader, Resources* resources) const {
    const absl::Status as_file = AddFile(path, loader, resources);
    if (as_file.ok()) return as_file;
    const absl::StatusOr<Loader> base = loader.OpenBase(path);
    if (!base.ok() && absl::StrContains(as_file.message(), "MalformedYAMLError")) return as_file;
    const absl::Status as_base = base.ok() ? AddBase(*base, resources) : base.status();
    if (as_base.ok()) return as_base;
    return Error(absl::StrCat("accumulation err='", as_file.message(), "': ", as_base.message()));
  }

  absl::Status AddBase(const Loader& base, Resources* resources) const {
    const absl::StatusOr<Kustomization> kustomization = Read(base);
    if (!kustomization.ok())
      return AddContext(kustomization.status(), absl::StrCat("couldn't make target for path '", base.root(), "': "));
    if (kustomization->is_component)
      return Error(absl::StrCat("expected kind != 'Component' for path '", base.root(), "'"));
    Resources own;
    if (const absl::Status done = Accumulate(*kustomization, base, &own); !done.ok())
      return AddContext(done, absl::StrCat("recursed accumulation of path '", base.root(), "': "));
    for (Resource& resource : own) {
      if (const absl::Status added = Append(resources, std::move(resource)); !added.ok())
        return AddContext(added, absl::StrCat("recursed merging from path '", base.root(), "': "));
    }
    return absl::OkStatus();
  }

  absl::Status AddComponent(const std::string& path, const Loader& loader, Resources* resources) const {
    const absl::StatusOr<Loader> base = loader.OpenBase(path);
    if (!base.ok()) return Error(absl::StrCat("loader.New ", apimachinery::GoQuote(base.status().message())));
    const auto failed = [](const absl::Status& status) {
      return Error(absl::StrCat("accumulateDirectory: ", apimachinery::GoQuote(status.message())));
    };
    const absl::StatusOr<Kustomization> kustomization = Read(*base);
    if (!kustomization.ok())
      return failed(AddContext(kustomization.status(), absl::StrCat("couldn't make target for path '", base->root(), "': ")));
    if (!kustomization->is_component) {
      const std::string kind = kustomization->fields.GetString("kind", "Kustomization");
      return failed(Error(absl::StrCat("expected kind 'Component' for path '", base->root(), "' but got '", kind, "'")));
    }
    if (const absl::Status done = Accumulate(*kustomization, *base, resources); !done.ok())
      return failed(AddContext(done, absl::StrCat("recursed accumulation of path '", base->root(), "': ")));
    return absl::OkStatus();
  }

  const std::function<void(const std::string&)>& warn_;
};

absl::Status Sort(const Kustomization& kustomization, Resources* resources) {
  const Value* options = kustomization.fields.Find("sortOptions");
  const std::string order = options == nullptr ? "legacy" : options->GetString("order");
  if (order != "legacy" && order != "fifo") return Error("the field 'sortOptions.order' must be one of [fifo, legacy]");
  const Value* lists = options == nullptr ? nullptr : options->Find("legacySortOptions");
  if (order == "fifo") {
    if (lists == nullptr) return absl::OkStatus();
    return Error("the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'");
  }
  SortLists own;
  if (lists != nullptr) {
    for (const Value& kind : lists->GetArray("orderFirst")) own.first.push_back(kind.as_string());
    for (const Value& kind : lists->GetArray("orderLast")) own.last.push_back(kind.as_string());
  }
  SortLegacy(resources, lists == nullptr ? DefaultSortLists() : own);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Value>> Build(const std::string& directory,
                                         const std::function<void(const std::string&)>& warn) {
  ASSIGN_OR_RETURN(const Loader loader, Loader::Open(directory));
  const Builder builder(warn);
  ASSIGN_OR_RETURN(const Kustomization kustomization, builder.Read(loader));
  Resources resources;
  RETURN_IF_ERROR(builder.Accumulate(kustomization, loader, &resources));
  AddHashes(&resources);
  RETURN_IF_ERROR(FixReferences(&resources));
  RETURN_IF_ERROR(Sort(kustomization, &resources));
  std::vector<Value> objects;
  for (Resource& resource : resources) {
    const Value* annotations = resource.object.At("metadata.annotations");
    const Value* local = annotations == nullptr ? nullptr : annotations->Find("config.kubernetes.io/local-config");
    if (local != nullptr && !(local->is_string() && local->as_string() == "false")) continue;  // for tools alone
    objects.push_back(std::move(resource.object));
  }
  return objects;
}

std::string ToYaml(const std::vector<Value>& objects) {
  std::string text;
  for (const Value& object : objects) absl::StrAppend(&text, text.empty() ? "" : "---\n", WriteYaml(object));
  return text;
}

}  // namespace kubectl::kustomize
