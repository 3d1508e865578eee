// kubectl kustomize: prints what a kustomization directory stands for.
#include <sys/stat.h>

#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/kustomize/build.h"
#include "kubectl/kustomize/resource.h"

namespace kubectl {
namespace {

struct Options {
  std::string output, load_restrictor = "LoadRestrictionsRootOnly";
};

// apps_v1_deployment_web.yaml; the namespace in front where there are several.
absl::Status WriteFiles(const std::vector<Value>& objects, const std::string& directory) {
  std::set<std::string> namespaces;
  std::vector<kustomize::ResourceId> ids;
  for (const Value& object : objects) {
    kustomize::Resource resource;
    resource.object = object;
    ids.push_back(resource.Id());
    if (!ids.back().ClusterScoped()) namespaces.insert(ids.back().EffectiveNs());
  }
  for (size_t i = 0; i < objects.size(); ++i) {
    const kustomize::ResourceId& id = ids[i];
    std::vector<std::string> parts;
    if (namespaces.size() > 1 && !id.ClusterScoped()) parts.push_back(id.EffectiveNs());
    for (const std::string* part : {&id.group, &id.version, &id.kind, &id.name}) {
      if (!part->empty()) parts.push_back(*part);
    }
    const std::string name = absl::StrReplaceAll(absl::AsciiStrToLower(absl::StrJoin(parts, "_")), {{":", "_"}, {"/", "_"}});
    RETURN_IF_ERROR(base::WriteFileAtomic(absl::StrCat(directory, "/", name, ".yaml"), WriteYaml(objects[i]), 0644));
  }
  return absl::OkStatus();
}

absl::Status Run(Factory& factory, const Options& o, const std::vector<std::string>& args) {
  if (args.size() > 1) return Error("specify one path to kustomization.yaml");
  if (o.load_restrictor != "LoadRestrictionsRootOnly") {
    if (o.load_restrictor != "LoadRestrictionsNone")
      return Error(absl::StrCat("illegal flag value --load-restrictor ", o.load_restrictor,
                                "; legal values: [LoadRestrictionsRootOnly LoadRestrictionsNone]"));
    return Error("--load-restrictor=LoadRestrictionsNone is not supported: files must lie below their kustomization");
  }
  ASSIGN_OR_RETURN(const std::vector<Value> objects,
                   kustomize::Build(args.empty() ? "." : args[0], [&](const std::string& warning) {
                     factory.io.Err(warning + "\n");
                   }));
  if (o.output.empty()) {
    factory.io.Out(kustomize::ToYaml(objects));
    return absl::OkStatus();
  }
  struct stat info;
  if (stat(o.output.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return WriteFiles(objects, o.output);
  return base::WriteFileAtomic(o.output, kustomize::ToYaml(objects), 0644);
}

}  // namespace

CommandPtr MakeKustomize(Factory& factory) {
  auto command = NewCommand("kustomize", "Build a kustomization target from a directory or URL", "DIR",
                            "  # What stands in this directory\n  kubectl kustomize\n\n"
                            "  # What apply -k would send\n  kubectl kustomize overlays/production");
  command->about =
      "Print the objects that a kustomization.yaml describes. A field that kustomize knows and this program does not build "
      "is refused by name.";
  auto o = std::make_shared<Options>();
  command->flags.String(&o->output, "output", "o", "A file to write to, or a directory for a file an object.");
  command->flags.String(&o->load_restrictor, "load-restrictor", "",
                        "LoadRestrictionsRootOnly: files lie in or below their kustomization.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) { return Run(factory, *o, parsed.args); };
  return command;
}

}  // namespace kubectl
