#include "apiserver/cache/object_bytes.h"

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"

namespace apiserver::cache {
namespace {

using apimachinery::FieldType;
using apimachinery::Message;

// Walks the fields of one message.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : rest_(bytes) {}

  // The next field; false at the end or on malformed bytes.
  bool Next() {
    start_ = rest_;
    uint64_t tag = 0;
    if (rest_.empty() || !Varint(&tag)) return false;
    number_ = static_cast<uint32_t>(tag >> 3);
    type_ = static_cast<int>(tag & 7);
    switch (type_) {
      case 0: return Varint(&varint_);
      case 1: return Skip(8);
      case 5: return Skip(4);
      case 2: {
        uint64_t size = 0;
        if (!Varint(&size) || size > rest_.size()) return false;
        bytes_ = rest_.substr(0, size);
        return Skip(size);
      }
      default: return false;
    }
  }
  uint32_t number() const { return number_; }
  int type() const { return type_; }
  uint64_t varint() const { return varint_; }
  absl::string_view bytes() const { return bytes_; }
  absl::string_view whole() const { return start_.substr(0, start_.size() - rest_.size()); }  // tag included
  absl::string_view rest() const { return rest_; }

 private:
  bool Varint(uint64_t* value) {
    *value = 0;
    for (size_t i = 0; i < rest_.size() && i < 10; ++i) {
      const auto byte = static_cast<unsigned char>(rest_[i]);
      *value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        return true;
      }
    }
    return false;
  }
  bool Skip(uint64_t n) {
    if (n > rest_.size()) return false;
    rest_.remove_prefix(n);
    return true;
  }

  absl::string_view rest_, start_, bytes_;
  uint32_t number_ = 0;
  int type_ = 0;
  uint64_t varint_ = 0;
};

void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

size_t VarintSize(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

// The object with metadata.resourceVersion `text` and an empty selfLink (both are always on the wire). Made in one piece
// of exactly the size it needs: the cache holds many.
std::string ReplaceResourceVersion(absl::string_view object, absl::string_view text) {
  constexpr auto kNumber = static_cast<uint32_t>(MetaField::kResourceVersion);
  constexpr auto kSelfLink = static_cast<uint32_t>(MetaField::kSelfLink);
  static constexpr absl::string_view kNoSelfLink("\x22\0", 2);  // the field, empty
  Reader fields(object);
  // metadata is field 1 and present in every stored object, at the front.
  if (!fields.Next() || fields.number() != 1 || fields.type() != 2) return std::string(object);
  const absl::string_view metadata = fields.bytes();
  struct Piece {
    absl::string_view bytes;
    bool after;  // behind the version
  };
  absl::InlinedVector<Piece, 6> pieces;  // runs of fields that stay
  size_t size = BytesFieldSize(kNumber, text.size());
  Reader meta(metadata);
  while (meta.Next()) {
    if (meta.number() == kNumber) continue;
    const absl::string_view field = meta.number() == kSelfLink ? kNoSelfLink : meta.whole();
    size += field.size();
    const bool after = meta.number() > kNumber;
    if (!pieces.empty() && pieces.back().after == after && pieces.back().bytes.end() == field.begin()) {
      pieces.back().bytes = absl::string_view(pieces.back().bytes.data(), pieces.back().bytes.size() + field.size());
    } else {
      pieces.push_back({field, after});
    }
  }
  if (!meta.rest().empty()) return std::string(object);
  std::string out;
  out.reserve(1 + VarintSize(size) + size + fields.rest().size());
  AppendVarint(1 << 3 | 2, &out);
  AppendVarint(size, &out);
  bool written = false;
  for (const Piece& piece : pieces) {
    if (piece.after && !written) {
      AppendBytesField(kNumber, text, &out);
      written = true;
    }
    out.append(piece.bytes.data(), piece.bytes.size());
  }
  if (!written) AppendBytesField(kNumber, text, &out);
  out.append(fields.rest().data(), fields.rest().size());
  return out;
}

}  // namespace

absl::string_view MetadataBytes(absl::string_view object) {
  Reader fields(object);
  while (fields.Next()) {
    if (fields.number() == 1 && fields.type() == 2) return fields.bytes();
  }
  return {};
}

size_t BytesFieldSize(uint32_t number, size_t content) {
  return VarintSize(uint64_t{number} << 3) + VarintSize(content) + content;
}

void AppendBytesField(uint32_t number, absl::string_view bytes, std::string* out) {
  AppendVarint(number << 3 | 2, out);
  AppendVarint(bytes.size(), out);
  out->append(bytes.data(), bytes.size());
}

void AppendVarintField(uint32_t number, uint64_t value, std::string* out) {
  AppendVarint(number << 3, out);
  AppendVarint(value, out);
}

std::string WithResourceVersion(absl::string_view object, int64_t resource_version) {
  return ReplaceResourceVersion(object, absl::AlphaNum(resource_version).Piece());
}

std::string WithoutResourceVersion(absl::string_view object) { return ReplaceResourceVersion(object, ""); }

absl::string_view MetaString(absl::string_view object, MetaField field) {
  Reader meta(MetadataBytes(object));
  while (meta.Next()) {
    if (meta.number() == static_cast<uint32_t>(field) && meta.type() == 2) return meta.bytes();
  }
  return "";
}

absl::string_view LabelValue(absl::string_view object, absl::string_view key) {
  Reader meta(MetadataBytes(object));
  while (meta.Next()) {
    if (meta.number() != static_cast<uint32_t>(MetaField::kLabels) || meta.type() != 2) continue;
    Reader pair(meta.bytes());
    absl::string_view name, value = "";
    while (pair.Next()) {
      if (pair.number() == 1) name = pair.bytes();
      if (pair.number() == 2) value = pair.bytes();
    }
    if (name == key) return value.data() == nullptr ? absl::string_view("") : value;
  }
  return absl::string_view();
}

std::string FieldText(const Message& message, absl::string_view object, absl::string_view path) {
  const Message* at = &message;
  absl::string_view bytes = object;
  while (true) {
    const size_t dot = path.find('.');
    const apimachinery::Field* field = at->FindJson(path.substr(0, dot));
    if (field == nullptr) return "";
    Reader fields(bytes);
    bool found = false;
    uint64_t varint = 0;
    absl::string_view content;
    while (fields.Next()) {
      if (fields.number() != field->number) continue;
      found = true;
      varint = fields.varint();
      content = fields.bytes();
      if (field->is_list()) break;
    }
    if (dot == absl::string_view::npos) {
      switch (field->type) {
        case FieldType::kBool: return found && varint != 0 ? "true" : "false";
        case FieldType::kInt32:
        case FieldType::kInt64: return absl::StrCat(found ? static_cast<int64_t>(varint) : 0);
        default: return found ? std::string(content) : "";
      }
    }
    if (field->message == nullptr) return "";
    at = field->message;
    bytes = found ? content : absl::string_view();
    path = path.substr(dot + 1);
  }
}

}  // namespace apiserver::cache
