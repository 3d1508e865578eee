#include "apimachinery/codec_internal.h"

#include <algorithm>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "apimachinery/json.h"
#include "apimachinery/rfc3339.h"
#include "apimachinery/wire.h"

namespace apimachinery::codec {

bool IsZero(const Message& message, const Value& value) {
  switch (message.shape) {
    case Shape::kStruct:
      if (!value.is_object()) return value.is_null();
      for (const Member& member : value.object()) {
        const Field* field = message.FindJson(member.key);
        if (field == nullptr || member.value.is_null()) continue;
        if (field->pointer || !IsZero(*field, member.value)) return false;
      }
      return true;
    case Shape::kQuantity: return value.is_null() || (value.is_string() && value.as_string() == "0");
    case Shape::kIntOrString: return value.is_null() || (value.is_int() && value.as_int() == 0);
    case Shape::kDuration: return value.is_null() || (value.is_string() && value.as_string() == "0s");
    case Shape::kStringList: return value.empty();
    case Shape::kTime:
    case Shape::kMicroTime: return value.is_null() || (value.is_string() && value.as_string().empty());
    case Shape::kSchemaOrBool: return value.is_null() || (value.is_bool() && !value.as_bool());
    default: return value.is_null() || (value.is_raw() && value.as_string() == "null");
  }
}

bool IsZero(const Field& field, const Value& value) {
  if (value.is_null()) return true;
  if (!field.is_single()) return value.empty();
  switch (field.type) {
    case FieldType::kBool: return value.is_bool() && !value.as_bool();
    case FieldType::kInt32:
    case FieldType::kInt64:
    case FieldType::kDouble: return value.is_number() && value.as_double() == 0;
    case FieldType::kString: return value.is_string() && value.as_string().empty();
    case FieldType::kBytes: return false;  // empty bytes are not unset bytes
    case FieldType::kMessage: return IsZero(*field.message, value);
  }
  return false;
}

void SortMembers(const Message& message, Object* object) {
  std::stable_sort(object->begin(), object->end(), [&message](const Member& a, const Member& b) {
    return message.FindFlat(a.key) < message.FindFlat(b.key);
  });
}

void SortKeysOnce(Object* object) {
  const auto less = [](const Member& a, const Member& b) { return a.key < b.key; };
  if (!std::is_sorted(object->begin(), object->end(), less)) std::sort(object->begin(), object->end(), less);
}

void AppendZeroJson(const Message& message, std::string* out) {
  switch (message.shape) {
    case Shape::kStruct: {
      out->push_back('{');
      const size_t begin = out->size();
      for (const Field* field : message.flat) {
        if (OmitAbsent(*field)) continue;
        out->append(field->json_key.data(), field->json_key.size());
        AppendZeroJson(*field, out);
        out->push_back(',');
      }
      if (out->size() > begin) out->pop_back();
      out->push_back('}');
      return;
    }
    case Shape::kQuantity: out->append("\"0\""); return;
    case Shape::kIntOrString: out->append("0"); return;
    case Shape::kDuration: out->append("\"0s\""); return;
    case Shape::kGroupVersion: out->append("\"\""); return;
    case Shape::kSchemaOrBool: out->append("false"); return;
    default: out->append("null"); return;
  }
}

void AppendZeroJson(const Field& field, std::string* out) {
  if (!field.is_single() || field.pointer) {
    out->append("null");
    return;
  }
  switch (field.type) {
    case FieldType::kBool: out->append("false"); return;
    case FieldType::kInt32:
    case FieldType::kInt64:
    case FieldType::kDouble: out->append("0"); return;
    case FieldType::kString: out->append("\"\""); return;
    case FieldType::kBytes: out->append("null"); return;
    case FieldType::kMessage: AppendZeroJson(*field.message, out); return;
  }
}

bool IsCleanJson(absl::string_view raw) {
  const auto clean = [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != '<' && c != '>' && c != '&' && c != '\xe2';
  };
  size_t at = 0;
#ifdef __SSE2__
  for (; raw.size() - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(raw.data() + at));
    // Unsigned "at most 0x20": the larger of both is 0x20.
    __m128i bad = _mm_cmpeq_epi8(_mm_max_epu8(block, _mm_set1_epi8(0x20)), _mm_set1_epi8(0x20));
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(_mm_and_si128(block, _mm_set1_epi8(static_cast<char>(0xfd))),
                                           _mm_set1_epi8('<')));  // '<' and '>' differ in one bit
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(block, _mm_set1_epi8('&')));
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(block, _mm_set1_epi8('\xe2')));
    if (_mm_movemask_epi8(bad) != 0) return false;
  }
#endif
  for (; at < raw.size(); ++at) {
    if (!clean(raw[at])) return false;
  }
  return !raw.empty();
}

bool AppendWireTime(absl::string_view bytes, bool micro, std::string* out) {
  if (bytes.empty()) return true;
  wire::Reader reader(bytes);
  wire::Token token;
  int64_t seconds = 0, nanos = 0;
  while (reader.Next(&token)) {
    if (token.number == 1 && token.type == wire::kVarint) seconds = static_cast<int64_t>(token.scalar);
    if (token.number == 2 && token.type == wire::kVarint) nanos = static_cast<int32_t>(token.scalar);
  }
  if (!reader.ok()) return false;
  if (seconds == kZeroTimeSeconds && (!micro || nanos == 0)) return true;
  if (nanos < 0 || nanos > 999999999) nanos = 0;
  AppendRfc3339(seconds, micro ? static_cast<int>(nanos / 1000) : -1, out);
  return true;
}

bool ReadBytesField(absl::string_view bytes, uint32_t number, absl::string_view* value, bool* present) {
  wire::Reader reader(bytes);
  wire::Token token;
  *present = false;
  while (reader.Next(&token)) {
    if (token.number != number) continue;
    if (token.type != wire::kBytes) return false;
    *value = token.bytes;
    *present = true;
  }
  return reader.ok();
}

bool ReadIntOrString(absl::string_view bytes, IntOrStringWire* value) {
  wire::Reader reader(bytes);
  wire::Token token;
  while (reader.Next(&token)) {
    if (token.number == 1 && token.type == wire::kVarint) value->is_string = token.scalar == 1;
    if (token.number == 2 && token.type == wire::kVarint) value->number = static_cast<int32_t>(token.scalar);
    if (token.number == 3 && token.type == wire::kBytes) value->text = token.bytes;
  }
  return reader.ok();
}

bool ReadDuration(absl::string_view bytes, int64_t* nanoseconds) {
  wire::Reader reader(bytes);
  wire::Token token;
  while (reader.Next(&token)) {
    if (token.number == 1 && token.type == wire::kVarint) *nanoseconds = static_cast<int64_t>(token.scalar);
  }
  return reader.ok();
}

KeyOrder::KeyOrder(const Object& map)
    : size_(map.size()),
      many_(size_ > kInline ? std::make_unique<const Member*[]>(size_) : nullptr),
      members_(many_ != nullptr ? many_.get() : few_) {
  bool sorted = true;
  for (size_t i = 0; i < size_; ++i) {
    members_[i] = &map[i];
    sorted = sorted && (i == 0 || map[i - 1].key < map[i].key);
  }
  if (!sorted) std::sort(members_, members_ + size_, [](const Member* a, const Member* b) { return a->key < b->key; });
}

}  // namespace apimachinery::codec
