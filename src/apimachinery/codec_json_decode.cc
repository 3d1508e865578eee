// JSON to a typed tree in normal form, with Go's complaints. The tree is turned in place.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/codec_internal.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"
#include "apimachinery/quantity.h"
#include "apimachinery/rfc3339.h"
#include "apimachinery/time.h"

namespace apimachinery {
namespace {

constexpr size_t kMaxStrictErrors = 100;  // upstream stops collecting there

bool IsNumber(const Value& value) {  // raw values in fresh JSON are numbers that are no int64
  return value.is_number() || value.is_raw();
}

// Go's word for the JSON that stands where it should not.
const char* KindWord(const Value& value) {
  switch (value.type()) {
    case Value::Type::kBool: return "bool";
    case Value::Type::kString: return "string";
    case Value::Type::kArray: return "array";
    case Value::Type::kObject: return "object";
    case Value::Type::kNull: return "null";
    default: return "number";
  }
}

// "core.v1.ResourceList" is v1.ResourceList in Go's messages, wherever it stands in a type.
std::string GoNames(absl::string_view type) {
  std::string out;
  size_t word = 0;
  for (size_t i = 0; i <= type.size(); ++i) {
    if (i < type.size() && (absl::ascii_isalnum(type[i]) || type[i] == '.')) continue;
    absl::string_view name = type.substr(word, i - word);
    const size_t dot = name.find('.');
    if (dot != absl::string_view::npos && name.find('.', dot + 1) != absl::string_view::npos) name.remove_prefix(dot + 1);
    absl::StrAppend(&out, name, type.substr(i, 1));
    word = i + 1;
  }
  return out;
}

std::string GoType(const Field& field, bool element) {
  std::string type;
  if (!field.go_type.empty()) {
    type = GoNames(field.go_type[0] == '*' ? field.go_type.substr(1) : field.go_type);
    if (!element || field.is_single()) return type;
    const size_t bracket = type.find(']');
    if (bracket != std::string::npos) return type.substr(bracket + 1);
    type.clear();  // a named list or map type: by what is in it
  }
  switch (field.type) {
    case FieldType::kBool: type = "bool"; break;
    case FieldType::kInt32: type = "int32"; break;
    case FieldType::kInt64: type = "int64"; break;
    case FieldType::kDouble: type = "float64"; break;
    case FieldType::kString: type = field.enum_type.empty() ? "string" : GoNames(field.enum_type); break;
    case FieldType::kBytes: type = "[]uint8"; break;
    case FieldType::kMessage: type = GoNames(field.message->name); break;
  }
  if (element || field.is_single()) return type;
  return absl::StrCat(field.is_list() ? "[]" : "map[string]", type);
}

class JsonDecoder {
 public:
  JsonDecoder(const DecodeOptions& options, Decoded* result)
      : strict_(options.strict), converting_(options.converting), errors_(result->strict_errors) {}

  absl::Status Run(const Message& message, Value* value) {
    if (message.shape == Shape::kStruct && !value->is_object()) {
      if (value->is_null()) {
        *value = Value::MakeObject();
        return absl::OkStatus();
      }
      return absl::InvalidArgumentError(absl::StrCat("json: cannot unmarshal ", KindWord(*value),
                                                     " into Go value of type ", GoNames(message.name)));
    }
    const bool whole = MessageValue(message, nullptr, value, 0);
    if (!whole) return absl::InvalidArgumentError(fatal_);
    if (!saved_.empty()) return absl::InvalidArgumentError(saved_);
    if (converting_) std::sort(errors_.begin(), errors_.end());
    return absl::OkStatus();
  }

 private:
  // A step down: a member (index -1) or an element.
  struct Step {
    absl::string_view name;
    int64_t index = -1;
    bool in_map = false;             // a map's key: part of strict paths only
    const Message* owner = nullptr;  // of a struct's member
    size_t flat = 0;
  };

  // The member as Go counts it: structs that are inlined in JSON are embedded there and have their names.
  static void AppendGoName(const Message& owner, size_t flat, std::string* path) {
    for (const Field& field : owner.fields) {
      if (!field.inlined || flat < field.flat_begin || flat >= field.flat_begin + field.message->flat.size()) continue;
      absl::StrAppend(path, path->empty() ? "" : ".", field.message->go_name);
      AppendGoName(*field.message, flat - field.flat_begin, path);
      return;
    }
    absl::StrAppend(path, path->empty() ? "" : ".", owner.flat[flat]->json);
  }

  std::string StrictPath(absl::string_view last) const {
    std::string path;
    for (const Step& step : steps_) {
      if (step.index >= 0) {
        absl::StrAppend(&path, "[", step.index, "]");
      } else {
        absl::StrAppend(&path, path.empty() ? "" : ".", step.name);
      }
    }
    absl::StrAppend(&path, path.empty() ? "" : ".", last);
    return path;
  }
  void Strict(absl::string_view what, absl::string_view name) {
    if (!strict_ || muted_ > 0 || errors_.size() >= kMaxStrictErrors) return;
    const std::string path = StrictPath(name);
    std::string text = absl::StrCat(what, " field ", converting_ ? absl::StrCat("\"", path, "\"") : GoQuote(path));
    for (const std::string& known : errors_) {
      if (known == text) return;
    }
    errors_.push_back(std::move(text));
  }

  std::string TypeErrorText(absl::string_view what, absl::string_view type) const {
    if (structs_.empty() || converting_) {  // the converter hands single values to their own decoders
      return absl::StrCat("json: cannot unmarshal ", what, " into Go value of type ", type);
    }
    std::string path;
    for (const Step& step : steps_) {
      if (step.owner != nullptr) AppendGoName(*step.owner, step.flat, &path);
    }
    const Message& named = muted_ > 0 ? *plain_holder_ : *structs_.back();
    return absl::StrCat("json: cannot unmarshal ", what, " into Go struct field ", named.go_name, ".", path, " of type ",
                        type);
  }
  // Go goes on after a wrong type and reports the first one at the end. The member stays unset.
  bool TypeError(const Field& field, bool element, Value* value) {
    if (converting_) return Fatal(ConversionError(field, element, *value));
    if (saved_.empty()) {
      std::string what = KindWord(*value);
      if (IsNumber(*value) && (field.type == FieldType::kInt32 || field.type == FieldType::kInt64 ||
                               field.type == FieldType::kDouble) && (element || field.is_single())) {
        absl::StrAppend(&what, " ", WriteJson(*value));
      }
      saved_ = TypeErrorText(what, GoType(field, element));
    }
    *value = Value();
    return true;
  }
  // runtime.DefaultUnstructuredConverter's messages.
  static std::string ConversionError(const Field& field, bool element, const Value& value) {
    const absl::string_view from = value.is_object() ? "map" : value.is_array() ? "slice" : value.is_string() ? "string"
                                   : value.is_bool() ? "bool" : value.is_int() ? "int64" : "float64";
    if (!element && field.is_list()) return absl::StrCat("cannot restore slice from ", from);
    if (!element && field.is_map()) return absl::StrCat("cannot restore map from ", from);
    switch (field.type) {
      case FieldType::kMessage:
        return field.message->shape == Shape::kStringList ? absl::StrCat("cannot restore slice from ", from)
                                                          : absl::StrCat("cannot restore struct from: ", from);
      case FieldType::kBytes: return absl::StrCat("cannot restore slice from ", from);
      case FieldType::kBool: return "unrecognized type: bool";
      case FieldType::kString:
        return value.is_int() ? absl::StrCat("cannot convert ", from, " to ", GoType(field, true)) : "unrecognized type: string";
      default: break;
    }
    const absl::string_view kind = field.type == FieldType::kInt32 ? "int32" : field.type == FieldType::kInt64 ? "int64" : "float64";
    return value.is_number() ? absl::StrCat("cannot convert ", from, " to ", GoType(field, true))
                             : absl::StrCat("unrecognized type: ", kind);
  }
  bool Fatal(std::string text) {
    if (fatal_.empty()) fatal_ = std::move(text);
    return false;
  }

  bool MessageValue(const Message& message, const Field* field, Value* value, int depth) {
    if (depth > codec::kMaxNesting) return Fatal("exceeded max depth");
    switch (message.shape) {
      case Shape::kStruct:
        if (value->is_object()) return Struct(message, value, depth);
        if (!value->is_null()) return TypeError(*field, true, value);
        return true;
      case Shape::kStringList:
        if (value->is_null()) return true;
        if (!value->is_array()) return TypeError(*field, true, value);
        for (Value& item : value->array()) {
          if (item.is_null()) item = Value("");
          if (item.is_string()) continue;
          if (saved_.empty()) saved_ = TypeErrorText(KindWord(item), "string");
          item = Value("");
        }
        return true;
      case Shape::kTime: return Time(value, false);
      case Shape::kMicroTime: return Time(value, true);
      case Shape::kDuration: {
        if (!value->is_string() && !value->is_null()) return Fatal(TypeErrorText(KindWord(*value), "string"));
        const absl::StatusOr<int64_t> parsed = ParseDuration(value->is_string() ? value->as_string() : "");
        if (!parsed.ok()) return Fatal(std::string(parsed.status().message()));
        *value = Value(FormatDuration(*parsed));
        return true;
      }
      case Shape::kQuantity: {
        if (value->is_null()) {
          *value = Value("0");
          return true;
        }
        const std::string text = value->is_string() ? value->as_string() : WriteJson(*value);
        absl::StatusOr<std::string> canonical = CanonicalQuantity(absl::StripAsciiWhitespace(text));
        if (!canonical.ok()) return Fatal(std::string(canonical.status().message()));
        *value = Value(*std::move(canonical));
        return true;
      }
      case Shape::kIntOrString: {
        if (value->is_string()) return true;
        if (value->is_null()) {
          *value = Value(0);
          return true;
        }
        if (!value->is_int() || value->as_int() > INT32_MAX || value->as_int() < INT32_MIN) {
          return Fatal(TypeErrorText(IsNumber(*value) ? absl::StrCat("number ", WriteJson(*value)) : KindWord(*value),
                                     "int32"));
        }
        return true;
      }
      case Shape::kRawExtension:
      case Shape::kFieldsV1:
      case Shape::kJson:
      case Shape::kUnknown:
        if (!value->is_null() && !value->is_raw()) *value = Value::Raw(WriteJson(*value));
        return true;
      case Shape::kGroupVersion: return true;
      case Shape::kSchemaOrBool:
      case Shape::kSchemaOrArray:
      case Shape::kSchemaOrStringArray: return SchemaOr(message, value, depth);
    }
    return true;
  }

  bool Time(Value* value, bool micro) {
    if (value->is_null()) return true;
    if (!value->is_string()) return Fatal(TypeErrorText(KindWord(*value), "string"));
    const absl::StatusOr<Instant> instant = ParseRfc3339(value->as_string(), micro);
    if (!instant.ok()) return Fatal(std::string(instant.status().message()));
    std::string& text = value->as_string();
    text.clear();
    if (instant->seconds != kZeroTimeSeconds || (micro && instant->nanos != 0)) {
      AppendRfc3339(instant->seconds, micro ? instant->nanos / 1000 : -1, &text);
    }
    return true;
  }

  bool Struct(const Message& message, Value* value, int depth) {
    structs_.push_back(&message);
    Object& object = value->object();
    if (converting_) codec::SortMembers(message, &object);  // the converter goes by the type's order, not the text's
    uint64_t seen[4] = {};  // by position in `flat`; no type has more members
    size_t kept = 0;
    int last = -1;
    bool in_order = true;
    for (size_t i = 0; i < object.size(); ++i) {
      Member& member = object[i];
      const int at = message.FindFlat(member.key);
      if (at < 0) {
        Strict("unknown", member.key);
        continue;
      }
      const Field& field = *message.flat[at];
      Value* earlier = nullptr;
      if (seen[at / 64] >> (at % 64) & 1) {
        Strict("duplicate", member.key);
        for (size_t j = 0; j < kept; ++j) {
          if (object[j].key == field.json) earlier = &object[j].value;
        }
      }
      seen[at / 64] |= uint64_t{1} << (at % 64);
      steps_.push_back({field.json, -1, false, &message, static_cast<size_t>(at)});
      if (!FieldValue(field, &member.value, depth)) return false;
      steps_.pop_back();
      if (earlier != nullptr) {
        Overwrite(earlier, &member.value);
        continue;
      }
      if (member.value.is_null()) continue;
      if (field.pointer) member.value.KeepHollow();
      if (!field.pointer && codec::IsZeroNormalized(field, member.value)) {
        if (field.is_single()) continue;
        member.value = Value::Hollow(member.value.type());
      }
      if (kept != i) object[kept] = std::move(member);
      ++kept;
      in_order = in_order && at > last;
      last = at;
    }
    object.resize(kept);
    if (!in_order) codec::SortMembers(message, &object);
    structs_.pop_back();
    return true;
  }

  // A repeated member is decoded over the first one: objects gain members, everything else is replaced.
  static void Overwrite(Value* earlier, Value* later) {
    if (later->is_null()) return;
    if (!earlier->is_object() || !later->is_object()) {
      *earlier = std::move(*later);
      return;
    }
    for (Member& member : later->object()) (*earlier)[member.key] = std::move(member.value);
  }

  bool FieldValue(const Field& field, Value* value, int depth) {
    if (value->is_null() && (field.pointer || !field.is_single() || field.type != FieldType::kMessage)) return true;
    if (field.is_list()) {
      if (!value->is_array()) return TypeError(field, false, value);
      Array& items = value->array();
      for (size_t i = 0; i < items.size(); ++i) {
        steps_.push_back({{}, static_cast<int64_t>(i)});
        if (!Element(field, &items[i], depth)) return false;
        steps_.pop_back();
      }
      return true;
    }
    if (field.is_map()) return Map(field, value, depth);
    return Single(field, value, depth);
  }

  bool Map(const Field& field, Value* value, int depth) {
    if (!value->is_object()) return TypeError(field, false, value);
    Object& object = value->object();
    if (HasDuplicates(object)) {
      Object unique;
      absl::flat_hash_set<std::string> seen;
      Value merged = Value::MakeObject();
      for (Member& member : object) {
        if (!seen.insert(member.key).second) Strict("duplicate", member.key);
        merged.Set(member.key, std::move(member.value));
      }
      object = std::move(merged.object());
    }
    for (Member& member : object) {
      steps_.push_back({member.key, -1, true});
      if (!Element(field, &member.value, depth)) return false;
      steps_.pop_back();
    }
    codec::SortKeysOnce(&object);
    return true;
  }
  static bool HasDuplicates(const Object& object) {
    if (object.size() < 2) return false;
    if (object.size() <= 8) {
      for (size_t i = 1; i < object.size(); ++i) {
        for (size_t j = 0; j < i; ++j) {
          if (object[i].key == object[j].key) return true;
        }
      }
      return false;
    }
    absl::flat_hash_set<absl::string_view> seen;
    for (const Member& member : object) {
      if (!seen.insert(member.key).second) return true;
    }
    return false;
  }

  // An element of a list or map: always there, zero when null.
  bool Element(const Field& field, Value* value, int depth) {
    if (!Single(field, value, depth)) return false;
    if (!value->is_null()) return true;
    switch (field.type) {
      case FieldType::kBool: *value = Value(false); break;
      case FieldType::kInt32:
      case FieldType::kInt64: *value = Value(0); break;
      case FieldType::kDouble: *value = Value(0.0); break;
      case FieldType::kString: *value = Value(""); break;
      case FieldType::kBytes: break;
      case FieldType::kMessage:
        if (field.message->shape == Shape::kStruct) *value = Value::MakeObject();
        if (field.message->shape == Shape::kStringList) *value = Value::MakeArray();
        if (field.message->shape == Shape::kTime || field.message->shape == Shape::kMicroTime) *value = Value("");
        break;
    }
    return true;
  }

  bool Single(const Field& field, Value* value, int depth) {
    switch (field.type) {
      case FieldType::kMessage: return MessageValue(*field.message, &field, value, depth + 1);
      case FieldType::kString: return value->is_string() || value->is_null() || TypeError(field, true, value);
      case FieldType::kBool: return value->is_bool() || value->is_null() || TypeError(field, true, value);
      case FieldType::kInt32:
      case FieldType::kInt64:
        if (value->is_null()) return true;
        if (converting_ && value->is_double() && std::trunc(value->as_double()) == value->as_double()) {
          *value = Value(value->as_int());
        }
        if (converting_ && value->is_int() && field.type == FieldType::kInt32) *value = Value(static_cast<int64_t>(static_cast<int32_t>(value->as_int())));
        if (!value->is_int() || (field.type == FieldType::kInt32 &&
                                 (value->as_int() > INT32_MAX || value->as_int() < INT32_MIN))) {
          return TypeError(field, true, value);
        }
        return true;
      case FieldType::kDouble: {
        if (value->is_null()) return true;
        if (!IsNumber(*value)) return TypeError(field, true, value);
        if (value->is_raw()) {
          const std::string& text = value->as_string();
          const double d = std::strtod(text.c_str(), nullptr);
          if (!std::isfinite(d)) return TypeError(field, true, value);
          *value = Value(d);
        } else if (value->is_int()) {
          *value = Value(static_cast<double>(value->as_int()));
        }
        return true;
      }
      case FieldType::kBytes: {
        if (value->is_null()) return true;
        if (value->is_array() && (!converting_ || value->empty())) return ByteList(value);
        if (!value->is_string()) return TypeError(field, true, value);
        std::string bytes;
        if (const int64_t bad = Base64Decode(value->as_string(), &bytes); bad >= 0) {
          const std::string problem = absl::StrCat("illegal base64 data at input byte ", bad);
          if (converting_) return Fatal(absl::StrCat("error decoding from json: ", problem));
          if (saved_.empty()) saved_ = problem;
          *value = Value();
          return true;
        }
        if (value->as_string().find_first_of("\r\n") != std::string::npos) {
          value->as_string().clear();
          Base64Append(bytes, &value->as_string());
        }
        return true;
      }
    }
    return true;
  }

  // Go takes a list of numbers for bytes too.
  bool ByteList(Value* value) {
    std::string bytes, base64;
    for (const Value& item : value->array()) {
      const bool fits = item.is_null() || (item.is_int() && item.as_int() >= 0 && item.as_int() <= 255);
      if (!fits && saved_.empty()) {
        saved_ = TypeErrorText(IsNumber(item) ? absl::StrCat("number ", WriteJson(item)) : KindWord(item), "uint8");
      }
      bytes.push_back(fits && item.is_int() ? static_cast<char>(item.as_int()) : '\0');
    }
    Base64Append(bytes, &base64);
    *value = Value(std::move(base64));
    return true;
  }

  // These are read by their own plain decoders upstream: nothing inside is reported as unknown, and a wrong type inside
  // ends decoding at once.
  bool SchemaOr(const Message& message, Value* value, int depth) {
    const Field& schema = *message.FindJson("schema");
    std::string saved_outside = std::move(saved_);
    saved_.clear();
    if (muted_++ == 0) plain_holder_ = structs_.back();
    bool fine = true;
    if (value->is_object()) {
      fine = MessageValue(*schema.message, &schema, value, depth + 1);
    } else if (message.shape == Shape::kSchemaOrBool) {
      if (!value->is_bool()) fine = Fatal("boolean or JSON schema expected");
    } else if (value->is_array()) {
      for (Value& item : value->array()) {
        if (message.shape == Shape::kSchemaOrArray) {
          fine = fine && MessageValue(*schema.message, &schema, &item, depth + 1);
          if (item.is_null()) item = Value::MakeObject();
        } else if (!item.is_string()) {
          if (!item.is_null() && saved_.empty()) saved_ = TypeErrorText(KindWord(item), "string");
          item = Value("");
        }
      }
    } else {
      *value = Value();
    }
    --muted_;
    if (fine && !saved_.empty()) fine = Fatal(std::move(saved_));
    saved_ = std::move(saved_outside);
    return fine;
  }

  const bool strict_, converting_;
  std::vector<std::string>& errors_;
  int muted_ = 0;
  const Message* plain_holder_ = nullptr;  // the struct that holds the outermost SchemaOr
  std::vector<Step> steps_;
  std::vector<const Message*> structs_;
  std::string saved_;  // the first type error
  std::string fatal_;  // what ended decoding
};

}  // namespace

absl::StatusOr<Decoded> DecodeTree(const Message& message, Value json, const DecodeOptions& options) {
  Decoded result;
  result.value = std::move(json);
  absl::Status status = JsonDecoder(options, &result).Run(message, &result.value);
  if (!status.ok()) return status;
  return result;
}

absl::StatusOr<Decoded> DecodeJson(const Message& message, absl::string_view json, const DecodeOptions& options) {
  ParseOptions parse;
  parse.max_depth = options.max_depth;
  parse.number_text = true;
  parse.keep_duplicates = true;
  absl::StatusOr<Value> tree = ParseJson(json, parse);
  if (!tree.ok()) return tree.status();
  return DecodeTree(message, *std::move(tree), options);
}

}  // namespace apimachinery
