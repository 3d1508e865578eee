#include "apimachinery/schema_builder.h"

#include <cstdio>
#include <cstdlib>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/descriptor.pb.h"
#include "skiff/schema.pb.h"

namespace apimachinery {
namespace {

namespace pb = google::protobuf;
namespace options = skiff::schema;

static_assert(static_cast<int>(Format::kResourceFqn) == options::RESOURCE_FQN);

class SchemaBuilder {
 public:
  SchemaBuilder(const pb::FileDescriptorSet& files, SchemaTables* tables) : files_(files), tables_(tables) {}

  void Build() {
    Collect();
    tables_->messages.resize(sources_.size());
    tables_->rules.reserve(rule_count_);
    for (size_t i = 0; i < sources_.size(); ++i) {
      Message& message = tables_->messages[i];
      message.name = Keep(sources_[i].name);
      by_name_.emplace(message.name, &message);
    }
    for (size_t i = 0; i < sources_.size(); ++i) Fill(*sources_[i].descriptor, &tables_->messages[i]);
    for (size_t i = 0; i < sources_.size(); ++i) {  // aliases take the other's fields
      const auto& option = sources_[i].descriptor->options().GetExtension(options::message);
      if (option.same_as().empty()) continue;
      const Message& original = *Find(option.same_as());
      Message& alias = tables_->messages[i];
      alias.fields = original.fields;
      alias.type_meta = original.type_meta;
    }
  }

 private:
  struct Source {
    std::string name;  // without "k8s."
    const pb::DescriptorProto* descriptor;
  };

  [[noreturn]] static void Damaged(absl::string_view what) {
    std::fprintf(stderr, "schema: %s\n", std::string(what).c_str());
    std::abort();
  }

  // A copy of the text that is never freed; equal texts share one.
  absl::string_view Keep(absl::string_view text) {
    if (text.empty()) return absl::string_view("");
    const auto known = kept_.find(text);
    if (known != kept_.end()) return *known;
    if (text.size() > room_) {
      room_ = std::max<size_t>(text.size(), 16384);
      chunk_ = new char[room_];
    }
    std::copy(text.begin(), text.end(), chunk_);
    const absl::string_view copy(chunk_, text.size());
    chunk_ += text.size();
    room_ -= text.size();
    kept_.insert(copy);
    return copy;
  }
  template <typename Texts>
  std::vector<absl::string_view> KeepAll(const Texts& texts) {
    std::vector<absl::string_view> kept;
    for (const auto& text : texts) kept.push_back(Keep(text));
    return kept;
  }

  void Collect() {
    size_t enum_count = 0;
    for (const auto& file : files_.file()) enum_count += file.options().ExtensionSize(options::values);
    tables_->enums.reserve(enum_count);
    for (const auto& file : files_.file()) {
      if (!absl::StartsWith(file.package(), "k8s.")) continue;
      const std::string package = file.package().substr(4);
      for (const auto& message : file.message_type()) {
        sources_.push_back({absl::StrCat(package, ".", message.name()), &message});
        rule_count_ += message.field_size();
      }
      for (int i = 0; i < file.options().ExtensionSize(options::values); ++i) {
        const auto& values = file.options().GetExtension(options::values, i);
        tables_->enums.push_back(KeepAll(values.value()));
        enums_.emplace(values.name(), Enum{&tables_->enums.back(), values.closed()});
      }
    }
  }

  const Message* Find(absl::string_view name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) Damaged(absl::StrCat("no message ", name));
    return found->second;
  }

  void Fill(const pb::DescriptorProto& source, Message* message) {
    const auto& option = source.options().GetExtension(options::message);
    message->go_name = message->name.substr(message->name.rfind('.') + 1);
    message->type_meta = option.type_meta();
    message->atomic = option.atomic();
    message->json_only = option.json_only();
    message->shape = ShapeOf(*message, option.shape());
    for (const auto& one : option.unions()) {
      message->unions.push_back({Keep(one.name()), one.need() == options::Union::EXACTLY_ONE, Keep(one.discriminator())});
    }
    message->fields.reserve(source.field_size() + 2);
    if (message->type_meta) {
      for (absl::string_view name : {"kind", "apiVersion"}) {
        Field field;
        field.json = field.proto_name = name;
        field.json_key = Keep(absl::StrCat("\"", name, "\":"));
        field.index = message->fields.size();
        field.omitempty = field.type_meta = field.optional = true;
        message->fields.push_back(field);
      }
    }
    for (const auto& from : source.field()) {
      Field field;
      field.index = message->fields.size();
      FillType(source, from, &field);
      FillOptions(from, option.json_only(), &field);
      message->fields.push_back(std::move(field));
    }
    if (source.options().HasExtension(options::kind)) AddKind(source.options().GetExtension(options::kind), message);
  }

  static Shape ShapeOf(const Message& message, options::Shape shape) {
    if (shape == options::LIST) return Shape::kStringList;
    if (shape != options::CUSTOM_JSON) return Shape::kStruct;
    static const auto* const shapes = new absl::flat_hash_map<absl::string_view, Shape>{
        {"meta.v1.Time", Shape::kTime}, {"meta.v1.MicroTime", Shape::kMicroTime},
        {"meta.v1.Duration", Shape::kDuration}, {"meta.v1.FieldsV1", Shape::kFieldsV1},
        {"meta.v1.GroupVersion", Shape::kGroupVersion}, {"resource.Quantity", Shape::kQuantity},
        {"resource.QuantityValue", Shape::kQuantity}, {"intstr.IntOrString", Shape::kIntOrString},
        {"runtime.RawExtension", Shape::kRawExtension}, {"runtime.Unknown", Shape::kUnknown},
        {"apiextensions.v1.JSON", Shape::kJson},
        {"apiextensions.v1.JSONSchemaPropsOrBool", Shape::kSchemaOrBool},
        {"apiextensions.v1.JSONSchemaPropsOrArray", Shape::kSchemaOrArray},
        {"apiextensions.v1.JSONSchemaPropsOrStringArray", Shape::kSchemaOrStringArray},
    };
    const auto found = shapes->find(message.name);
    if (found == shapes->end()) Damaged(absl::StrCat("no JSON form for ", message.name));
    return found->second;
  }

  void FillType(const pb::DescriptorProto& parent, const pb::FieldDescriptorProto& from, Field* field) {
    const pb::FieldDescriptorProto* element = &from;
    field->number = from.number();
    if (from.label() == pb::FieldDescriptorProto::LABEL_REPEATED) {
      field->cardinality = Cardinality::kList;
      for (const auto& nested : parent.nested_type()) {
        if (!nested.options().map_entry() || !absl::EndsWith(from.type_name(), absl::StrCat(".", nested.name()))) continue;
        field->cardinality = Cardinality::kMap;
        element = &nested.field(1);
        break;
      }
    }
    switch (element->type()) {
      case pb::FieldDescriptorProto::TYPE_BOOL: field->type = FieldType::kBool; break;
      case pb::FieldDescriptorProto::TYPE_INT32: field->type = FieldType::kInt32; break;
      case pb::FieldDescriptorProto::TYPE_INT64: field->type = FieldType::kInt64; break;
      case pb::FieldDescriptorProto::TYPE_DOUBLE: field->type = FieldType::kDouble; break;
      case pb::FieldDescriptorProto::TYPE_STRING: field->type = FieldType::kString; break;
      case pb::FieldDescriptorProto::TYPE_BYTES: field->type = FieldType::kBytes; break;
      case pb::FieldDescriptorProto::TYPE_MESSAGE:
        field->type = FieldType::kMessage;
        field->message = Find(absl::StripPrefix(element->type_name(), ".k8s."));
        break;
      default: Damaged(absl::StrCat("type of field ", from.name()));
    }
  }

  void FillOptions(const pb::FieldDescriptorProto& from, bool json_only, Field* field) {
    const auto& option = from.options().GetExtension(options::field);
    field->proto_name = Keep(from.name());
    field->json = option.has_json() ? Keep(option.json()) : field->proto_name;
    field->inlined = option.inlined();
    if (field->inlined) field->json = "";
    field->json_key = Keep(absl::StrCat("\"", field->json, "\":"));
    field->pointer = option.pointer();
    field->omitempty = !option.keep();
    field->omitzero = option.omit_zero();
    field->required = option.required() || (option.keep() && !option.optional());
    field->optional = !field->required;
    if (json_only) field->number = 0;
    field->wire = json_only                                       ? WireEmit::kNone
                  : option.emit() == options::ALWAYS              ? WireEmit::kAlways
                  : option.emit() == options::NONNIL              ? WireEmit::kNonNil
                  : option.emit() == options::NONEMPTY            ? WireEmit::kNonEmpty
                  : field->cardinality != Cardinality::kSingle    ? WireEmit::kNonEmpty
                  : field->pointer                                ? WireEmit::kNonNil
                                                                  : WireEmit::kAlways;
    if (option.has_list()) {
      field->list_type = option.list() == options::ATOMIC ? ListType::kAtomic
                         : option.list() == options::SET  ? ListType::kSet
                                                          : ListType::kMap;
    }
    if (option.has_map()) {
      const bool atomic = option.map() == options::ATOMIC_STRUCT;
      if (field->is_map() || !atomic) field->list_type = atomic ? ListType::kAtomic : ListType::kGranular;
      field->struct_atomic = atomic;
    }
    for (const std::string& key : option.keys()) field->list_map_keys.emplace_back(key);
    field->patch_merge = absl::StrContains(option.patch_strategy(), "merge");
    field->patch_replace = absl::StrContains(option.patch_strategy(), "replace");
    field->patch_retain_keys = absl::StrContains(option.patch_strategy(), "retainKeys");
    field->patch_merge_key = Keep(option.patch_merge_key());
    field->default_json = Keep(option.default_json());
    field->go_type = Keep(option.go_type());
    field->enum_type = Keep(option.enum_type());
    if (const auto found = enums_.find(option.enum_type()); found != enums_.end()) {
      field->enum_values = *found->second.values;
      field->enum_closed = found->second.closed;
    }
    FillRules(option, field);
  }

  void FillRules(const options::Field& option, Field* field) {
    if (!option.has_feature_gate() && !option.has_union_name() && !option.discriminator() && !option.has_min() &&
        !option.has_max() && !option.has_min_length() && !option.has_max_length() && !option.has_min_items() &&
        !option.has_max_items() && !option.has_pattern() && !option.has_format() && !option.immutable() &&
        !option.unique() && !option.has_key_format()) {
      return;
    }
    FieldRules& rules = tables_->rules.emplace_back();
    rules.feature_gates = Keep(option.feature_gate());
    rules.union_name = Keep(option.union_name());
    rules.discriminator = option.discriminator();
    rules.has_min = option.has_min();
    rules.has_max = option.has_max();
    rules.min = option.min();
    rules.max = option.max();
    if (option.has_min_length()) rules.min_length = option.min_length();
    if (option.has_max_length()) rules.max_length = option.max_length();
    if (option.has_min_items()) rules.min_items = option.min_items();
    if (option.has_max_items()) rules.max_items = option.max_items();
    rules.pattern = Keep(option.pattern());
    rules.format = static_cast<Format>(option.format());
    rules.key_format = static_cast<Format>(option.key_format());
    rules.immutable = option.immutable();
    rules.unique = option.unique();
    field->rules = &rules;
  }

  void AddKind(const options::Kind& option, const Message* message) {
    Kind kind;
    kind.group = Keep(option.group());
    kind.version = Keep(option.version());
    kind.kind = Keep(option.kind());
    kind.plural = Keep(option.plural());
    kind.singular = Keep(option.singular());
    kind.short_names = KeepAll(option.short_names());
    kind.categories = KeepAll(option.categories());
    kind.subresources = KeepAll(option.subresources());
    kind.verbs = KeepAll(option.verbs());
    kind.used_at = KeepAll(option.used_at());
    kind.list_kind = Keep(option.list_kind());
    kind.namespaced = option.namespaced();
    kind.role = static_cast<Role>(option.role());
    kind.storage_prefix = Keep(option.storage_prefix());
    kind.stored_as = Keep(option.stored_as());
    kind.stored_json = option.stored_json();
    kind.api_version = kind.group.empty() || kind.group == "(any)"
                           ? kind.version : Keep(absl::StrCat(kind.group, "/", kind.version));
    kind.message = message;
    tables_->kinds.push_back(std::move(kind));
  }

  struct Enum {
    const std::vector<absl::string_view>* values;
    bool closed;
  };
  const pb::FileDescriptorSet& files_;
  SchemaTables* tables_;
  std::vector<Source> sources_;
  size_t rule_count_ = 0;
  absl::flat_hash_map<std::string, Enum> enums_;
  absl::flat_hash_map<absl::string_view, Message*> by_name_;
  absl::flat_hash_set<absl::string_view> kept_;
  char* chunk_ = nullptr;
  size_t room_ = 0;
};

}  // namespace

void BuildSchemaTables(absl::string_view descriptor_set, SchemaTables* tables) {
  pb::Arena arena;
  auto* files = pb::Arena::CreateMessage<pb::FileDescriptorSet>(&arena);
  if (!files->ParseFromArray(descriptor_set.data(), static_cast<int>(descriptor_set.size()))) {
    std::fprintf(stderr, "schema: the descriptor set does not parse\n");
    std::abort();
  }
  SchemaBuilder(*files, tables).Build();
  tables->kinds.shrink_to_fit();
}

}  // namespace apimachinery
