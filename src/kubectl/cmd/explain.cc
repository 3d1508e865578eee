// kubectl explain: documentation of kinds and fields, from the server's OpenAPI v3.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/describe/parts.h"

namespace kubectl {
namespace {

struct Options {
  std::string api_version, output = "plaintext";
  bool recursive = false;
};

constexpr size_t kWidth = 76;

// Words filled into lines of at most kWidth; line ends and runs of spaces of the text stay where no
// line breaks.
std::string Wrap(const std::string& text, const std::string& indent) {
  std::string out;
  for (const absl::string_view paragraph : absl::StrSplit(text, '\n')) {
    std::string line, spaces, word;
    const auto flush_word = [&] {
      line += spaces + word;
      spaces.clear();
      word.clear();
    };
    for (const char c : paragraph) {
      if (c == ' ') {
        if (!word.empty()) flush_word();
        spaces += c;
        continue;
      }
      word += c;
      if (line.size() + spaces.size() + word.size() > kWidth && word.size() < kWidth &&
          !line.empty()) {
        absl::StrAppend(&out, indent, line, "\n");
        line.clear();
        spaces.clear();
      }
    }
    if (!word.empty()) flush_word();
    absl::StrAppend(&out, indent, line, "\n");
  }
  return out;
}

class Explainer {
 public:
  Explainer(Factory& factory, const Value& document, bool recursive)
      : factory_(factory), document_(document), recursive_(recursive) {}

  absl::Status Explain(const ApiResource& resource, const std::vector<std::string>& fields) {
    const Value* schema = KindSchema(resource);
    if (schema == nullptr)
      return Error(absl::StrCat("couldn't find resource for \"", resource.ApiVersion(),
                                ", Kind=", resource.kind, "\""));
    std::string head;
    if (!resource.group.empty()) absl::StrAppend(&head, "GROUP:      ", resource.group, "\n");
    absl::StrAppend(&head, "KIND:       ", resource.kind, "\nVERSION:    ", resource.version,
                    "\n\n");
    factory_.io.Out(head);
    const Value* field = nullptr;
    for (const std::string& name : fields) {
      const Value* object = Target(field == nullptr ? schema : field);
      const Value* properties = object == nullptr ? nullptr : object->Find("properties");
      field = properties == nullptr ? nullptr : properties->Find(name);
      if (field == nullptr) return Error(absl::StrCat("field \"", fields.back(), "\" does not exist"));
    }
    std::string text;
    if (field != nullptr) {
      absl::StrAppend(&text, "FIELD: ", fields.back(), " <", TypeName(*field), ">\n");
      const Array& values = field->GetArray("enum");
      if (!values.empty()) {
        text += "ENUM:\n";
        for (const Value& value : values) absl::StrAppend(&text, "    ", value.as_string(), "\n");
        text += "\n";
      } else {
        text += "\n\n";
      }
    }
    const Value* object = Target(field == nullptr ? schema : field);
    const Value* properties = object == nullptr ? nullptr : object->Find("properties");
    std::string description;
    if (field != nullptr) {
      description = field->GetString("description");
      const std::string below =
          object == nullptr || object == field ? "" : object->GetString("description");
      if (!below.empty()) absl::StrAppend(&description, description.empty() ? "" : "\n", below);
    } else {
      description = schema->GetString("description");
    }
    if (description.empty()) description = "<empty>";
    absl::StrAppend(&text, "DESCRIPTION:\n", Wrap(description + "\n", "    "));
    if (properties != nullptr && !properties->empty()) {
      text += "FIELDS:\n";
      std::vector<std::string> open;
      WriteFields(*object, "  ", &open, &text);
    }
    factory_.io.Out(text + "\n");
    return absl::OkStatus();
  }

 private:
  const Value* KindSchema(const ApiResource& resource) const {
    const Value* schemas = document_.At("components.schemas");
    if (schemas == nullptr) return nullptr;
    for (const Member& member : schemas->object()) {
      for (const Value& gvk : member.value.GetArray("x-kubernetes-group-version-kind")) {
        if (gvk.GetString("group") == resource.group &&
            gvk.GetString("version") == resource.version && gvk.GetString("kind") == resource.kind)
          return &member.value;
      }
    }
    return nullptr;
  }

  static std::string RefOf(const Value& schema) {
    std::string ref = schema.GetString("$ref");
    if (ref.empty() && !schema.GetArray("allOf").empty())
      ref = schema.GetArray("allOf")[0].GetString("$ref");
    return ref;
  }

  const Value* Resolve(const std::string& ref) const {
    const Value* schemas = document_.At("components.schemas");
    return schemas == nullptr ? nullptr : schemas->Find(ref.substr(ref.rfind('/') + 1));
  }

  // The schema whose properties a field has: behind references, elements and values.
  const Value* Target(const Value* schema) const {
    while (schema != nullptr) {
      const std::string ref = RefOf(*schema);
      if (!ref.empty())
        schema = Resolve(ref);
      else if (const Value* items = schema->Find("items"); items != nullptr)
        schema = items;
      else if (const Value* values = schema->Find("additionalProperties");
               values != nullptr && values->is_object())
        schema = values;
      else
        return schema;
    }
    return nullptr;
  }

  std::string TypeName(const Value& schema) const {
    const std::string ref = RefOf(schema);
    if (!ref.empty()) {
      const std::string name = ref.substr(ref.rfind('.') + 1);
      return name == "Time" || name == "MicroTime" ? "string" : name;
    }
    if (const Value* items = schema.Find("items"); items != nullptr) return "[]" + TypeName(*items);
    if (const Value* values = schema.Find("additionalProperties");
        values != nullptr && values->is_object())
      return "map[string]" + TypeName(*values);
    return schema.GetString("type", "Object");
  }

  void WriteFields(const Value& object, const std::string& indent, std::vector<std::string>* open,
                   std::string* text) const {
    std::vector<std::string> required;
    for (const Value& name : object.GetArray("required")) required.push_back(name.as_string());
    for (const auto* member : SortedMembers(object.Find("properties"))) {
      const bool needed =
          std::find(required.begin(), required.end(), member->key) != required.end();
      absl::StrAppend(text, indent, member->key, "\t<", TypeName(member->value), ">",
                      needed ? " -required-" : "", "\n");
      const Array& values = member->value.GetArray("enum");
      if (!values.empty()) {
        absl::StrAppend(text, indent, "enum: ");
        for (size_t i = 0; i < values.size() && i < 4; ++i)
          absl::StrAppend(text, i == 0 ? "" : ", ", OrDefault(values[i].as_string(), "\"\""));
        absl::StrAppend(text, values.size() > 4 ? ", ....\n" : "\n");
      }
      if (!recursive_) {
        const std::string description = member->value.GetString("description");
        absl::StrAppend(text, Wrap(description.empty() ? "<no description>" : description, "    "),
                        "\n");
        continue;
      }
      const Value* target = Target(&member->value);
      if (target == nullptr || !target->Has("properties")) continue;
      const std::string id = absl::StrCat(reinterpret_cast<uintptr_t>(target));
      if (std::find(open->begin(), open->end(), id) != open->end()) continue;
      open->push_back(id);
      WriteFields(*target, indent + "  ", open, text);
      open->pop_back();
    }
  }

  Factory& factory_;
  const Value& document_;
  const bool recursive_;
};

absl::Status Run(Factory& factory, const Options& o, const std::vector<std::string>& args) {
  if (args.empty()) {
    return Error(
        "You must specify the type of resource to explain. Use \"kubectl api-resources\" for a "
        "complete list of supported resources.");
  }
  if (args.size() > 1) return Error("We accept only this format: explain RESOURCE");
  Discovery* discovery = nullptr;
  ASSIGN_OR_RETURN(discovery, factory.Discover());
  if (o.output != "plaintext" && o.output != "plaintext-openapiv2") return Error(absl::StrCat("unrecognized format: ", o.output));
  std::vector<std::string> fields = absl::StrSplit(args[0], '.');
  absl::StatusOr<ApiResource> resource = discovery->ForArgument(fields[0]);
  if (!resource.ok()) return Rendered(resource.status().message());
  // The argument may begin with the resource's full name: deployments.apps.spec.
  const std::string full = resource->QualifiedName();
  if (args[0] == full || absl::StartsWith(args[0], full + ".")) {
    const size_t dots = std::count(full.begin(), full.end(), '.');
    fields.erase(fields.begin(), fields.begin() + dots + 1);
  } else {
    fields.erase(fields.begin());
  }
  if (!o.api_version.empty()) {
    const std::string name = resource->name;
    resource = discovery->ForKind(o.api_version, resource->kind);
    if (!resource.ok()) {
      return Error(absl::StrCat("couldn't find resource for \"", absl::StrContains(o.api_version, '/') ? "" : "/",
                                o.api_version, ", Resource=", name, "\""));
    }
  }
  while (!fields.empty() && fields.back().empty()) fields.pop_back();
  if (absl::StrContains(args[0], '[')) return Error("invalid jsonpath syntax, first node must be field node");
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  ASSIGN_OR_RETURN(const Value index, client->Get("/openapi/v3"));
  const std::string key = resource->group.empty()
                              ? "api/" + resource->version
                              : absl::StrCat("apis/", resource->group, "/", resource->version);
  const Value* paths = index.Find("paths");
  const Value* entry = paths == nullptr ? nullptr : paths->Find(key);
  if (entry == nullptr)
    return Error(absl::StrCat("couldn't find resource for \"", resource->ApiVersion(),
                              ", Resource=", resource->name, "\""));
  ASSIGN_OR_RETURN(const Value document, client->Get(entry->GetString("serverRelativeURL")));
  return Explainer(factory, document, o.recursive).Explain(*resource, fields);
}

}  // namespace

CommandPtr MakeExplain(Factory& factory) {
  auto command = NewCommand("explain", "Get documentation for a resource",
                            "TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] "
                            "[-o|--output=plaintext|plaintext-openapiv2]",
                            "  # A kind and its fields\n  kubectl explain pods\n\n  # One field\n  "
                            "kubectl explain pods.spec.containers");
  command->about =
      "Describe fields and structure of various resources.\n\n The fields of a field follow after "
      "a dot: <type>.<fieldName>[.<fieldName>].";
  auto o = std::make_shared<Options>();
  command->flags.Bool(&o->recursive, "recursive", "", "Show the names of all fields below.");
  command->flags.String(&o->api_version, "api-version", "",
                        "Use this version of the API, such as apps/v1.");
  command->flags.String(&o->output, "output", "o", "plaintext or plaintext-openapiv2.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Run(factory, *o, parsed.args);
  };
  return command;
}

}  // namespace kubectl
