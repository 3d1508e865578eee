// `kubectl create KIND NAME`: objects made from flags. The makers are pure; tests call them.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "kubectl/cli/command.h"
#include "kubectl/rest/factory.h"

namespace kubectl {

void AddGenerators(Factory& factory, Command* create);
void AddRbacGenerators(Factory& factory, Command* create);    // create_rbac.cc
void AddPolicyGenerators(Factory& factory, Command* create);  // create_policy.cc: ingress, pdb
void AddConfigGenerators(Factory& factory, Command* create);  // create_config.cc: configmap, secret

struct GeneratorOptions;
using Generator =
    std::function<absl::StatusOr<Value>(const std::string& name, const FlagSet::Parsed& parsed)>;

// Adds `kubectl create KIND`: parses NAME, makes the object, sends or prints it. `noun` is what
// failures name
// ("failed to create NOUN: ...").
Command& AddGenerator(Factory& factory, Command* parent, absl::string_view kind,
                      std::vector<std::string> aliases, absl::string_view summary,
                      absl::string_view usage, absl::string_view noun, Generator make);

Value NewObject(absl::string_view api_version, absl::string_view kind, absl::string_view name);
// Sets metadata.namespace, right after the name as the API orders it.
void SetNamespace(Value* object, const std::string& ns);
Value StringArray(const std::vector<std::string>& strings);
// The part of an image reference that names a container: "docker.io/a/nginx:1" -> "nginx".
std::string ImageBaseName(const std::string& image);

// "80:8080", "80" -> a service port.
absl::StatusOr<Value> ParseTcpPort(const std::string& text);
// "name=value", with a non-empty name.
absl::StatusOr<std::pair<std::string, std::string>> ParseLiteral(const std::string& text);

}  // namespace kubectl
