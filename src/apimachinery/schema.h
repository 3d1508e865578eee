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

namespace apimachinery {

struct Message;

// What a string must look like; the same numbers as skiff.schema.Format.
enum class Format : uint8_t {
  kAny, kDnsLabel, kDnsSubdomain, kDns1035Label, kQualifiedName, kLabelValue, kPortName, kEnvName, kConfigKey,
  kAbsolutePath, kLocalPath, kIp, kCidr, kPathSegment, kUuid, kSubdomainCaseless, kResourcePoolName,
  kExtendedResource, kCIdentifier, kResourceFqn,
};

// Validation rules of a field, as declared in its options. Unset numbers are absent.
struct FieldRules {
  absl::string_view feature_gates;  // comma separated
  absl::string_view union_name;
  bool discriminator = false;
  bool has_min = false, has_max = false;
  int64_t min = 0, max = 0;         // inclusive
  int min_length = -1, max_length = -1, min_items = -1, max_items = -1;
  absl::string_view pattern;
  Format format = Format::kAny;
  Format key_format = Format::kAny;
  bool immutable = false;
  bool unique = false;
};

enum class FieldType : uint8_t { kBool, kInt32, kInt64, kDouble, kString, kBytes, kMessage };
enum class Cardinality : uint8_t { kSingle, kList, kMap };  // map keys are strings
// When the field goes on the wire: always (zero values and empty messages too), when set, when not zero or empty.
enum class WireEmit : uint8_t { kNone, kAlways, kNonNil, kNonEmpty };
enum class ListType : uint8_t { kUnset, kAtomic, kSet, kMap, kGranular };

struct Field {
  absl::string_view json;        // member name; empty for inline fields
  absl::string_view json_key;    // the name as JSON text with its colon: "name":
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
  absl::string_view go_type;                // where types do not tell it: "[]types.UID", "core.v1.ResourceList"
  absl::string_view enum_type;              // "core.v1.PullPolicy"; empty when the field is no enum
  absl::Span<const absl::string_view> enum_values;
  bool enum_closed = false;                 // nothing else is valid
  const FieldRules* rules = nullptr;        // nullptr when none are declared
  uint32_t flat_begin = 0;                  // position in Message::flat; where an inlined field's members begin

  bool is_list() const { return cardinality == Cardinality::kList; }
  bool is_map() const { return cardinality == Cardinality::kMap; }
  bool is_single() const { return cardinality == Cardinality::kSingle; }
};

// How values of a message look in JSON (see codec.h for each form).
enum class Shape : uint8_t {
  kStruct, kStringList, kTime, kMicroTime, kDuration, kQuantity, kIntOrString, kRawExtension, kUnknown, kFieldsV1,
  kGroupVersion, kJson, kSchemaOrBool, kSchemaOrArray, kSchemaOrStringArray,
};

struct Union {
  absl::string_view name;
  bool exactly_one = false;  // else at most one
  absl::string_view discriminator;
};

struct Message {
  absl::string_view name;     // "core.v1.Container", "meta.v1.ObjectMeta", "resource.Quantity"
  absl::string_view go_name;  // "Container"
  Shape shape = Shape::kStruct;
  bool type_meta = false;     // kind and apiVersion are members of the JSON object
  bool atomic = false;        // server-side apply: owned as a whole wherever it is used
  bool json_only = false;     // never on a wire
  std::vector<Field> fields;  // in JSON output order, kind and apiVersion first; an inlined one is one entry
  std::vector<const Field*> flat;        // what the JSON object really has: inlined fields replaced by their members
  std::vector<const Field*> wire_order;  // fields on the wire, ascending number
  std::vector<Union> unions;

  // A member of the JSON object by name, members of inlined messages included. nullptr when unknown. Case matters.
  const Field* FindJson(absl::string_view json) const {
    const int at = FindFlat(json);
    return at < 0 ? nullptr : flat[at];
  }
  int FindFlat(absl::string_view json) const;  // position in `flat`, -1 when unknown
  const Field* FindNumber(uint32_t number) const {
    return number < by_number.size() ? by_number[number] : nullptr;
  }

  std::vector<uint16_t> name_table;      // of FindFlat: open addressing, position + 1, 0 is free
  std::vector<const Field*> by_number;   // of FindNumber
};

enum class Role : uint8_t { kResource, kReview, kSubresourceBody, kMeta, kOther };

namespace structural {
struct Version;
}

struct Kind {
  absl::string_view group;    // "" for core, "(any)" for meta kinds served in every group
  absl::string_view version;
  absl::string_view kind;
  absl::string_view plural, singular;
  std::vector<absl::string_view> short_names, categories, subresources, verbs;
  absl::string_view list_kind;        // "PodList", empty when there is none
  bool namespaced = false;
  Role role = Role::kOther;
  std::vector<absl::string_view> used_at;  // "pods/binding", "*/scale": where a subresource body is spoken
  absl::string_view storage_prefix;   // below /registry/: "pods", "minions", "services/specs"
  absl::string_view stored_as;        // apiVersion in the store when it is not api_version, else empty
  bool stored_json = false;           // stored as JSON instead of the protobuf envelope
  absl::string_view api_version;      // "v1", "apps/v1"
  const Message* message = nullptr;
  const Message* list_message = nullptr;
  // A kind of custom resource: its objects are plain JSON, `message` describes their metadata alone. nullptr: built in.
  const structural::Version* custom = nullptr;

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
  // The message of a kind, list kinds ("PodList") and meta kinds included.
  const Message* FindMessage(absl::string_view api_version, absl::string_view kind) const;
  absl::Span<const Kind> kinds() const;
  absl::Span<const Message> messages() const;

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
