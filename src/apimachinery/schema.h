// The built-in API types as read-only tables, read once from the embedded descriptor set of proto/k8s.
//
// Everything that depends on a type without caring which (codecs, patches, server-side apply, OpenAPI, explain,
// discovery, validation rules) walks these tables. Immutable after construction; any thread.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace google::protobuf { class Message; }

namespace apimachinery {

struct Message;

enum class FieldType : uint8_t { kBool, kInt32, kInt64, kDouble, kString, kBytes, kMessage };
enum class Cardinality : uint8_t { kSingle, kList, kMap };  // map keys are strings
// When the field goes on the wire: always (zero values and empty messages too), when set, when not zero or empty.
enum class WireEmit : uint8_t { kNone, kAlways, kNonNil, kNonEmpty };
enum class ListType : uint8_t { kUnset, kAtomic, kSet, kMap, kGranular };

struct Field {
  absl::string_view json;        // member name; empty for inline fields
  absl::string_view proto_name;  // name in the descriptor
  uint32_t number = 0;           // 0: not on the wire (kind, apiVersion, Table types)
  uint32_t index = 0;            // position in Message::fields
  FieldType type = FieldType::kString;  // of the element for lists, of the value for maps
  Cardinality cardinality = Cardinality::kSingle;
  const Message* message = nullptr;     // when type is kMessage
  WireEmit wire = WireEmit::kNone;
  bool pointer = false;    // unset differs from zero
  bool omitempty = false;  // left out of JSON when false, 0, "", null, [] or {} (a plain struct never is)
  bool omitzero = false;   // left out of JSON when the zero value of its type
  bool inlined = false;    // its members appear in the parent object; a message of its own on the wire
  bool type_meta = false;  // kind or apiVersion of an object
  bool required = false;
  bool optional = false;
  ListType list_type = ListType::kUnset;    // also mapType for maps (kAtomic, kGranular)
  bool struct_atomic = false;               // structType=atomic: owned as one leaf by server-side apply
  std::vector<std::string> list_map_keys;   // JSON names
  bool patch_merge = false;                 // patchStrategy holds "merge"
  bool patch_replace = false;               // "replace"
  bool patch_retain_keys = false;           // "retainKeys"
  absl::string_view patch_merge_key;        // JSON name
  absl::string_view default_json;           // JSON text, empty when none
  absl::string_view go_type;                // "[]core.v1.Container", "types.UID": decides wording of type errors
  std::vector<absl::string_view> enum_values;

  bool is_list() const { return cardinality == Cardinality::kList; }
  bool is_map() const { return cardinality == Cardinality::kMap; }
  bool is_single() const { return cardinality == Cardinality::kSingle; }
};

// How values of a message look in JSON (see codec.h for each form).
enum class Shape : uint8_t {
  kStruct, kStringList, kTime, kMicroTime, kDuration, kQuantity, kIntOrString, kRawExtension, kUnknown, kFieldsV1,
  kGroupVersion, kJson, kSchemaOrBool, kSchemaOrArray, kSchemaOrStringArray,
};

struct Message {
  absl::string_view name;     // "core.v1.Container", "meta.v1.ObjectMeta", "resource.Quantity"
  absl::string_view go_name;  // "Container"
  Shape shape = Shape::kStruct;
  bool is_kind = false;       // carries kind and apiVersion
  std::vector<Field> fields;  // in JSON output order, kind and apiVersion first; inlined ones stay one entry
  std::vector<uint16_t> wire_order;  // indexes of fields on the wire, ascending number

  // A member by name, looked for in inlined messages too; then *through is the inlined field (else nullptr).
  // nullptr when unknown. Case matters.
  const Field* FindJson(absl::string_view json, const Field** through = nullptr) const;
  const Field* FindNumber(uint32_t number) const;

  // Implementation of the finders.
  struct NameSlot { const Field* field = nullptr; const Field* through = nullptr; };
  std::vector<NameSlot> name_table;       // open addressing, size a power of two
  std::vector<uint16_t> by_number;        // dense: index + 1 of the field, 0 = none
};

enum class Role : uint8_t { kResource, kReview, kSubresourceBody, kMeta, kOther };

struct Kind {
  absl::string_view group;    // "" for core, "(any)" for meta kinds served in every group
  absl::string_view version;
  absl::string_view kind;
  absl::string_view plural, singular;
  std::vector<absl::string_view> short_names, categories, subresources, verbs;
  absl::string_view list_kind;        // "PodList", empty when there is none
  bool namespaced = false;
  Role role = Role::kOther;
  std::string storage_prefix;         // below /registry: "pods", "services/specs", "apiregistration.k8s.io/apiservices"
  std::string api_version;            // "v1", "apps/v1"
  const Message* message = nullptr;
  const Message* list_message = nullptr;

  bool HasVerb(absl::string_view verb) const;
  bool HasSubresource(absl::string_view name) const;
};

class Schema {
 public:
  static const Schema& Builtin();  // built on first use, never destroyed

  // nullptr when unknown. `api_version` is "v1" or "apps/v1". Meta kinds are found in any group.
  const Kind* FindKind(absl::string_view api_version, absl::string_view kind) const;
  const Kind* FindKind(absl::string_view group, absl::string_view version, absl::string_view kind) const;
  const Kind* FindResource(absl::string_view group, absl::string_view version, absl::string_view plural) const;
  const Message* FindMessage(absl::string_view name) const;  // "core.v1.PodSpec"
  absl::Span<const Kind> kinds() const;
  absl::Span<const Message* const> messages() const;

  // Documentation, in our own words; empty when there is none. Parsed on first use.
  std::string Doc(const Message& message) const;
  std::string Doc(const Message& message, const Field& field) const;

  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

 private:
  Schema();
  struct Impl;
  Impl* impl_;  // never freed
};

}  // namespace apimachinery
