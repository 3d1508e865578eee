// Protobuf to JSON without a tree. Each message is read once to find where its fields are, then printed in JSON order.
#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/codec_internal.h"
#include "apimachinery/hot_tables.h"
#include "apimachinery/json.h"
#include "apimachinery/text_buffer.h"
#include "apimachinery/time.h"
#include "apimachinery/transcode_memo.h"
#include "apimachinery/wire.h"

namespace apimachinery {
namespace {

// One occurrence of a field. Occurrences of the same field are chained in order.
struct Entry {
  const char* data = nullptr;  // kBytes
  uint64_t value = 0;          // the scalar, or the length
  uint32_t next = 0;           // index + 1
  wire::Type type = wire::kVarint;

  absl::string_view bytes() const { return absl::string_view(data, value); }
};
struct Slot {
  uint32_t first = 0, last = 0;  // index + 1 into the entries; 0: absent
};

class Transcoder {
 public:
  void Begin(TranscodeMemo* memo) {
    memo_ = memo;
    out_.Clear();
    problem_.clear();
    entries_.clear();
    slots_.clear();
  }

  bool Object(const Message& message, absl::string_view wire, absl::string_view api_version, absl::string_view kind,
              int depth) {
    if (depth > codec::kMaxNesting) return Bad(message, "nested too deep");
    const size_t slot_mark = slots_.size();
    const size_t entry_mark = entries_.size();
    slots_.resize(slot_mark + message.flat.size());
    HotMessage made;
    const HotMessage& hot = Hot(message, &made);
    if (!Index(message, hot, wire, slot_mark)) return false;
    out_.Put('{');
    const size_t begin = out_.size();
    if (!kind.empty()) Member("\"kind\":", kind);
    if (!api_version.empty()) Member("\"apiVersion\":", api_version);
    for (size_t i = 0; i < message.flat.size(); ++i) {
      const Slot slot = slots_[slot_mark + i];
      if (slot.first == 0 && hot.omit[i]) continue;
      const Field& field = *message.flat[i];
      if (slot.first == 0) {
        Key(field);
        out_.Through([&field](std::string* out) { codec::AppendZeroJson(field, out); });
      } else {
        const size_t before = out_.size();
        Key(field);
        bool printed = true;
        if (!FieldValue(message, field, slot, depth, &printed)) return false;
        if (!printed) {
          out_.Shrink(before);
          continue;
        }
      }
      out_.Put(',');
    }
    slots_.resize(slot_mark);
    entries_.resize(entry_mark);
    if (out_.size() > begin) {
      out_.back() = '}';
    } else {
      out_.Put('}');
    }
    return true;
  }

  const std::string& problem() const { return problem_; }
  absl::string_view text() const { return out_.view(); }
  size_t memory() const {
    return entries_.capacity() * sizeof(Entry) + slots_.capacity() * sizeof(Slot) + out_.capacity();
  }

 private:
  bool Bad(const Message& message, absl::string_view what) {
    if (problem_.empty()) problem_ = absl::StrCat("proto: ", message.go_name, ": ", what);
    return false;
  }

  static const HotMessage& Hot(const Message& message, HotMessage* made) {
    if (const HotMessage* hot = FindHotMessage(message)) return *hot;
    *made = MakeHotMessage(message);
    return *made;
  }

  bool Index(const Message& message, const HotMessage& hot, absl::string_view bytes, size_t base) {
    wire::Reader reader(bytes);
    wire::Token token;
    while (reader.Next(&token)) {
      const HotField* field = hot.Find(token.number);
      if (field == nullptr) continue;
      if (field->inlined) {
        if (token.type != wire::kBytes) return Bad(message, "wrong wire type");
        const Message& inner = *field->field->message;
        HotMessage made;
        if (!Index(inner, Hot(inner, &made), token.bytes, base + field->flat)) return false;
        continue;
      }
      if (field->wire_type != HotField::kAnyType && token.type != field->wire_type) return Bad(message, "wrong wire type");
      Entry& entry = entries_.emplace_back();
      entry.type = token.type;
      if (token.type == wire::kBytes) {
        entry.data = token.bytes.data();
        entry.value = token.bytes.size();
      } else {
        entry.value = token.scalar;
      }
      const uint32_t id = static_cast<uint32_t>(entries_.size());
      Slot& slot = slots_[base + field->flat];
      if (slot.first == 0) {
        slot.first = id;
      } else {
        entries_[slot.last - 1].next = id;
      }
      slot.last = id;
    }
    return reader.ok() || Bad(message, "damaged");
  }

  void Key(const Field& field) { out_.Append(field.json_key); }
  void Member(absl::string_view key, absl::string_view text) {
    out_.Append(key);
    out_.JsonString(text);
    out_.Put(',');
  }

  static wire::Type WireTypeOf(FieldType type) {
    switch (type) {
      case FieldType::kDouble: return wire::kFixed64;
      case FieldType::kString:
      case FieldType::kBytes:
      case FieldType::kMessage: return wire::kBytes;
      default: return wire::kVarint;
    }
  }

  // *printed = false: the value is one that is left out.
  bool FieldValue(const Message& message, const Field& field, Slot slot, int depth, bool* printed) {
    if (field.is_list()) {
      const size_t begin = out_.size();
      if (!List(message, field, slot, depth)) return false;
      if (out_.size() - begin > 2) return true;
      out_.Shrink(begin);  // packed elements, but none of them: an unset list
      out_.Append("null");
      *printed = !field.omitempty;
      return true;
    }
    if (field.is_map()) return Map(message, field, slot, depth);
    const Entry entry = entries_[slot.last - 1];
    const bool may_leave_out = !field.pointer && field.omitempty;
    switch (field.type) {
      case FieldType::kInt32: *printed = !may_leave_out || static_cast<int32_t>(entry.value) != 0; break;  // as Go narrows it
      case FieldType::kBool:
      case FieldType::kInt64:
      case FieldType::kDouble: *printed = !may_leave_out || entry.value != 0; break;
      case FieldType::kString:
      case FieldType::kBytes: *printed = !may_leave_out || entry.value > 0; break;
      case FieldType::kMessage: {
        if (slot.first != slot.last && !IsLeaf(field.message->shape)) return Pieces(message, field, slot, depth, printed);
        const Shape shape = field.message->shape;
        if (field.omitzero && !field.pointer) {
          const size_t begin = out_.size();
          if (!Element(message, field, entry, depth)) return false;
          *printed = !IsZeroText(*field.message, begin);
          return true;
        }
        if (shape == Shape::kStringList && !field.pointer) {  // an empty slice is an unset one
          const size_t begin = out_.size();
          if (!Element(message, field, entry, depth)) return false;
          if (out_.size() - begin > 2) return true;
          out_.Shrink(begin);
          out_.Append("null");
          *printed = !field.omitempty;
          return true;
        }
        break;
      }
    }
    return !*printed || Element(message, field, entry, depth);
  }

  static bool IsLeaf(Shape shape) {
    return shape != Shape::kStruct && shape != Shape::kSchemaOrArray && shape != Shape::kSchemaOrBool &&
           shape != Shape::kSchemaOrStringArray && shape != Shape::kStringList;
  }

  // What was printed since `begin` is the zero value's text. Good enough for omitzero: a message prints its zero
  // text exactly when nothing in it is set (members that are always printed included).
  bool IsZeroText(const Message& message, size_t begin) const {
    std::string zero;
    codec::AppendZeroJson(message, &zero);
    return out_.view(begin) == zero;
  }

  // A message that came in several pieces is the pieces one after the other.
  bool Pieces(const Message& message, const Field& field, Slot slot, int depth, bool* printed) {
    std::string whole;
    for (uint32_t id = slot.first; id != 0; id = entries_[id - 1].next) {
      absl::StrAppend(&whole, entries_[id - 1].bytes());
    }
    Entry entry;
    entry.type = wire::kBytes;
    entry.data = whole.data();
    entry.value = whole.size();
    const size_t begin = out_.size();
    if (!Element(message, field, entry, depth)) return false;
    *printed = !field.omitzero || field.pointer || !IsZeroText(*field.message, begin);
    return true;
  }

  bool List(const Message& message, const Field& field, Slot slot, int depth) {
    out_.Put('[');
    const size_t begin = out_.size();
    const wire::Type wanted = WireTypeOf(field.type);
    for (uint32_t id = slot.first; id != 0;) {
      const Entry entry = entries_[id - 1];  // entries_ may grow below
      id = entry.next;
      if (entry.type == wanted) {
        if (!Element(message, field, entry, depth)) return false;
        out_.Put(',');
      } else if (entry.type == wire::kBytes && wanted == wire::kVarint) {  // packed
        wire::Reader reader(entry.bytes());
        while (!reader.done()) {
          Entry one;
          if (!reader.Varint(&one.value)) return Bad(message, "damaged");
          if (!Element(message, field, one, depth)) return false;
          out_.Put(',');
        }
      } else {
        return Bad(message, "wrong wire type");
      }
    }
    if (out_.size() > begin) {
      out_.back() = ']';
    } else {
      out_.Put(']');
    }
    return true;
  }

  bool Map(const Message& message, const Field& field, Slot slot, int depth) {
    struct Pair {
      absl::string_view key;
      Entry value;
      bool present;
    };
    std::vector<Pair> pairs;
    bool sorted = true;
    const wire::Type wanted = WireTypeOf(field.type);
    for (uint32_t id = slot.first; id != 0; id = entries_[id - 1].next) {
      const Entry& entry = entries_[id - 1];
      if (entry.type != wire::kBytes) return Bad(message, "wrong wire type");
      Pair pair{{}, {}, false};
      wire::Reader reader(entry.bytes());
      wire::Token token;
      while (reader.Next(&token)) {
        if (token.number == 1) {
          if (token.type != wire::kBytes) return Bad(message, "wrong wire type");
          pair.key = token.bytes;
        } else if (token.number == 2) {
          if (token.type != wanted) return Bad(message, "wrong wire type");
          pair.value.type = token.type;
          pair.value.data = token.bytes.data();
          pair.value.value = token.type == wire::kBytes ? token.bytes.size() : token.scalar;
          pair.present = true;
        }
      }
      if (!reader.ok()) return Bad(message, "damaged");
      sorted = sorted && (pairs.empty() || pairs.back().key < pair.key);
      pairs.push_back(pair);
    }
    if (!sorted) std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.key < b.key; });
    out_.Put('{');
    for (size_t i = 0; i < pairs.size(); ++i) {
      if (i + 1 < pairs.size() && pairs[i + 1].key == pairs[i].key) continue;  // the last one wins
      out_.JsonString(pairs[i].key);
      out_.Put(':');
      if (pairs[i].present) {
        if (!Element(message, field, pairs[i].value, depth)) return false;
      } else if (field.type == FieldType::kMessage) {
        Entry empty;
        empty.type = wire::kBytes;
        if (!Element(message, field, empty, depth)) return false;
      } else {
        Field zero = field;
        zero.cardinality = Cardinality::kSingle;
        out_.Through([&zero](std::string* out) { codec::AppendZeroJson(zero, out); });
      }
      out_.Put(',');
    }
    out_.back() = '}';
    return true;
  }

  bool Element(const Message& message, const Field& field, const Entry& entry, int depth) {
    switch (field.type) {
      case FieldType::kBool: out_.Append(entry.value != 0 ? "true" : "false"); return true;
      case FieldType::kInt32: out_.Int(static_cast<int32_t>(entry.value)); return true;
      case FieldType::kInt64: out_.Int(static_cast<int64_t>(entry.value)); return true;
      case FieldType::kDouble: {
        double d;
        std::memcpy(&d, &entry.value, sizeof d);
        out_.Through([d](std::string* out) { AppendJsonDouble(d, out); });
        return true;
      }
      case FieldType::kString: out_.JsonString(entry.bytes()); return true;
      case FieldType::kBytes:
        out_.Put('"');
        out_.Through([&entry](std::string* out) { Base64Append(entry.bytes(), out); });
        out_.Put('"');
        return true;
      case FieldType::kMessage: return Special(*field.message, entry.bytes(), depth + 1);
    }
    return Bad(message, "damaged");
  }

  bool Part(const Message& message, absl::string_view bytes, int depth) {
    if (memo_ == nullptr || !TranscodeMemo::Considers(bytes)) return Object(message, bytes, "", "", depth);
    if (const absl::string_view known = memo_->Find(message, bytes); known.data() != nullptr) {
      out_.Append(known);
      return true;
    }
    const size_t begin = out_.size();
    if (!Object(message, bytes, "", "", depth)) return false;
    memo_->Remember(message, bytes, out_.view(begin));
    return true;
  }

  bool Special(const Message& message, absl::string_view bytes, int depth) {
    switch (message.shape) {
      case Shape::kStruct: return Part(message, bytes, depth);
      case Shape::kTime:
      case Shape::kMicroTime: {
        bool read = false;
        out_.Through([&](std::string* out) {
          out->push_back('"');
          read = codec::AppendWireTime(bytes, message.shape == Shape::kMicroTime, out);
          out->size() == 1 ? void(out->assign("null")) : out->push_back('"');
        });
        return read || Bad(message, "damaged");
      }
      case Shape::kQuantity: {
        absl::string_view text = "0";
        bool present;
        if (!codec::ReadBytesField(bytes, 1, &text, &present)) return Bad(message, "damaged");
        out_.JsonString(text.empty() ? absl::string_view("0") : text);
        return true;
      }
      case Shape::kIntOrString: {
        codec::IntOrStringWire value;
        if (!codec::ReadIntOrString(bytes, &value)) return Bad(message, "damaged");
        value.is_string ? out_.JsonString(value.text) : out_.Int(value.number);
        return true;
      }
      case Shape::kDuration: {
        int64_t nanoseconds = 0;
        if (!codec::ReadDuration(bytes, &nanoseconds)) return Bad(message, "damaged");
        out_.JsonString(FormatDuration(nanoseconds));
        return true;
      }
      case Shape::kRawExtension:
      case Shape::kFieldsV1:
      case Shape::kJson:
      case Shape::kUnknown: {
        absl::string_view raw;
        bool present;
        if (!codec::ReadBytesField(bytes, message.shape == Shape::kUnknown ? 2 : 1, &raw, &present)) {
          return Bad(message, "damaged");
        }
        if (raw.empty()) {
          out_.Append("null");
        } else if (codec::IsCleanJson(raw)) {
          out_.Append(raw);
        } else {
          out_.Through([raw](std::string* out) { AppendRawJson(raw, out); });
        }
        return true;
      }
      case Shape::kStringList: {
        wire::Reader reader(bytes);
        wire::Token token;
        out_.Put('[');
        const size_t begin = out_.size();
        while (reader.Next(&token)) {
          if (token.number != 1 || token.type != wire::kBytes) continue;
          out_.JsonString(token.bytes);
          out_.Put(',');
        }
        if (out_.size() > begin) {
          out_.back() = ']';
        } else {
          out_.Put(']');
        }
        return reader.ok() || Bad(message, "damaged");
      }
      default: {  // a schema or something simpler: rare, so by way of a tree
        absl::StatusOr<Value> value = DecodeWire(message, bytes);
        if (!value.ok()) return Bad(message, value.status().message());
        out_.Through([&](std::string* out) { EncodeJson(message, *value, out); });
        return true;
      }
    }
  }

  TranscodeMemo* memo_ = nullptr;
  TextBuffer out_;
  std::string problem_;
  std::vector<Entry> entries_;
  std::vector<Slot> slots_;
};

}  // namespace

namespace {

absl::Status Transcode(const Message& message, absl::string_view wire, absl::string_view api_version, absl::string_view kind,
                       TranscodeMemo* memo, std::string* json) {
  static thread_local Transcoder transcoder;
  transcoder.Begin(memo);
  const bool ok = transcoder.Object(message, wire, api_version, kind, 0);
  if (ok) json->append(transcoder.text().data(), transcoder.text().size());
  absl::Status status = ok ? absl::OkStatus() : absl::DataLossError(transcoder.problem());
  if (transcoder.memory() > (1 << 20)) transcoder = Transcoder();
  return status;
}

}  // namespace

absl::Status TranscodeWireToJson(const Message& message, absl::string_view wire, absl::string_view api_version,
                                 absl::string_view kind, std::string* json) {
  return Transcode(message, wire, api_version, kind, nullptr, json);
}

absl::Status TranscodeWireToJson(const Message& message, absl::string_view wire, TranscodeMemo* memo, std::string* json) {
  return Transcode(message, wire, "", "", memo, json);
}

}  // namespace apimachinery
