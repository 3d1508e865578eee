// JSON reading on RapidJSON's iterative SAX reader; when it refuses, json_diagnose.cc finds Go's words for it.
#define RAPIDJSON_SSE2
#define RAPIDJSON_HAS_STDSTRING 0
#include <rapidjson/reader.h>
#include <rapidjson/error/en.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/json.h"
#include "apimachinery/json_text.h"

namespace apimachinery {
namespace {

constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag;

// Numbers that no double holds, by where they stand. The reader refuses them, whoever wants nothing but their text.
using HugeNumbers = absl::flat_hash_map<size_t, std::string>;

// Puts numbers of the same length in their places.
HugeNumbers ReplaceHugeNumbers(std::string* json) {
  HugeNumbers huge;
  bool quoted = false;
  for (size_t i = 0; i < json->size(); ++i) {
    const char c = (*json)[i];
    if (quoted) {
      i += c == '\\' ? 1 : 0;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '-' || absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      const size_t length = std::min(json->find_first_not_of("0123456789+-.eE", i), json->size()) - i;
      std::string text = json->substr(i, length);
      double number = 0;
      if (length > 3 && absl::SimpleAtod(text, &number) && std::isinf(number)) {
        json->replace(i, length, absl::StrCat(c == '-' ? "-1." : "1.", std::string(length - (c == '-' ? 3 : 2), '0')));
        huge.emplace(i, std::move(text));
      }
      i += length - 1;
    }
  }
  return huge;
}

// Builds the tree. Open containers are kept by the address of their heap part, which moves of a Value do not change.
class Builder {
 public:
  // All outlive it.
  Builder(const ParseOptions& options, const rapidjson::StringStream& in, const HugeNumbers* huge = nullptr)
      : options_(options), in_(in), huge_(huge) {}

  bool Null() { return Put(Value()); }
  bool Bool(bool b) { return Put(Value(b)); }
  bool Int(int i) { return Put(Value(int64_t{i})); }
  bool Uint(unsigned u) { return Put(Value(int64_t{u})); }
  bool Int64(int64_t i) { return Put(Value(i)); }
  bool Uint64(uint64_t u) {
    return u <= INT64_MAX ? Put(Value(static_cast<int64_t>(u))) : Number(static_cast<double>(u));
  }
  bool Double(double d) { return Number(d); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }
  bool String(const char* s, rapidjson::SizeType n, bool) {
    if (options_.verbatim.empty() || !IsVerbatim()) return Put(Value(std::string(s, n)));
    const char* end = in_.src_ + 1;  // behind the opening quote: the reader works on a copy of the stream
    while (*end != '"') end += *end == '\\' ? 2 : 1;
    return Put(Value::Raw(std::string(in_.src_, end + 1)));
  }
  bool Key(const char* s, rapidjson::SizeType n, bool) {
    Object& object = *open_.back().object;
    if (object.empty()) object.reserve(4);
    object.emplace_back().key.assign(s, n);
    return true;
  }
  bool StartObject() { return Open(Value::MakeObject()); }
  bool StartArray() { return Open(Value::MakeArray()); }
  bool EndObject(rapidjson::SizeType) {
    if (!options_.keep_duplicates) DropDuplicates(open_.back().object);
    return Close();
  }
  bool EndArray(rapidjson::SizeType) { return Close(); }

  Value TakeRoot() { return std::move(root_); }

 private:
  struct Frame {
    Object* object = nullptr;
    Array* array = nullptr;
    const char* text = nullptr;  // where it begins, when it is kept as text
  };

  // The place where the next value belongs.
  Value* Slot() {
    if (open_.empty()) return &root_;
    if (open_.back().object != nullptr) return &open_.back().object->back().value;
    return &open_.back().array->emplace_back();
  }
  bool Put(Value value) {
    *Slot() = std::move(value);
    return true;
  }
  bool Number(double d) {
    if (!options_.number_text) {
      if (!std::isfinite(d)) return false;
      return Put(Value(d == 0 ? 0.0 : d));  // the sign of zero is lost on its way through the store upstream
    }
    const char* begin = in_.src_;  // still at the number's first character
    const char* end = begin;
    while (*end == '+' || *end == '-' || *end == '.' || *end == 'e' || *end == 'E' || (*end >= '0' && *end <= '9')) ++end;
    if (huge_ != nullptr) {
      if (const auto found = huge_->find(in_.Tell()); found != huge_->end()) return Put(Value::Raw(found->second));
    }
    return Put(Value::Raw(std::string(begin, end)));
  }
  bool Open(Value container) {
    if (open_.size() >= options_.max_depth) return false;
    Value* slot = Slot();
    *slot = std::move(container);
    const char* text = !options_.verbatim.empty() && IsVerbatim() ? in_.src_ : nullptr;  // at the bracket
    open_.push_back(slot->is_object() ? Frame{&slot->object(), nullptr, text} : Frame{nullptr, &slot->array(), text});
    return true;
  }
  bool Close() {
    const char* text = open_.back().text;
    open_.pop_back();
    if (text == nullptr) return true;
    Value& closed = open_.back().object != nullptr ? open_.back().object->back().value : open_.back().array->back();
    closed = Value::Raw(std::string(text, in_.src_ + 1));
    return true;
  }
  // Whether the value that is next in the innermost container is one of options_.verbatim.
  bool IsVerbatim() const {
    for (absl::string_view rest : options_.verbatim) {
      bool on_the_way = !open_.empty();
      for (size_t i = 0; i < open_.size() && on_the_way; ++i) {
        if (open_[i].object == nullptr) {
          on_the_way = absl::ConsumePrefix(&rest, "[]");
        } else {
          on_the_way = (i == 0 || absl::ConsumePrefix(&rest, ".")) && absl::ConsumePrefix(&rest, open_[i].object->back().key);
        }
      }
      if (on_the_way && rest.empty()) return true;
    }
    return false;
  }

  void DropDuplicates(Object* object) {
    const size_t n = object->size();
    if (n < 2) return;
    bool any = false;
    if (n <= 12) {
      for (size_t i = 1; i < n && !any; ++i) {
        const std::string& key = (*object)[i].key;
        for (size_t j = 0; j < i; ++j) {
          if ((*object)[j].key.size() == key.size() && (*object)[j].key == key) {
            any = true;
            break;
          }
        }
      }
    } else {
      absl::flat_hash_set<absl::string_view> seen;
      seen.reserve(n);
      for (const Member& member : *object) any |= !seen.insert(member.key).second;
    }
    if (any) Merge(object);
  }
  // Keeps the first place and the last value; reports each further occurrence.
  void Merge(Object* object) {
    Object kept;
    for (Member& member : *object) {
      Member* same = nullptr;
      for (Member& earlier : kept) {
        if (earlier.key == member.key) same = &earlier;
      }
      if (same == nullptr) {
        kept.push_back(std::move(member));
        continue;
      }
      if (options_.duplicates != nullptr) {
        const std::string path = absl::StrCat(Path(), open_.size() > 1 ? "." : "", member.key);
        if (options_.duplicates->empty() || options_.duplicates->back() != path) options_.duplicates->push_back(path);
      }
      same->value = std::move(member.value);
    }
    *object = std::move(kept);
  }
  // Path of the innermost open container.
  std::string Path() const {
    std::string path;
    for (size_t i = 0; i + 1 < open_.size(); ++i) {
      if (open_[i].object != nullptr) {
        absl::StrAppend(&path, path.empty() ? "" : ".", open_[i].object->back().key);
      } else {
        absl::StrAppend(&path, "[", open_[i].array->size() - 1, "]");
      }
    }
    return path;
  }

  const ParseOptions& options_;
  const rapidjson::StringStream& in_;
  const HugeNumbers* const huge_;
  std::vector<Frame> open_;
  Value root_;
};

}  // namespace

absl::StatusOr<Value> ParseJson(absl::string_view text, const ParseOptions& options) {
  std::string buffer;
  buffer.reserve(text.size() + 32);  // the reader looks at whole 16-byte blocks
  buffer.assign(text.data(), text.size());
  if (!json_text::IsValidUtf8(buffer)) buffer = json_text::ReplaceInvalidUtf8(buffer);
  json_text::ReplaceLoneSurrogates(&buffer);
  buffer.reserve(buffer.size() + 32);

  rapidjson::StringStream in(buffer.c_str());
  rapidjson::Reader reader;
  Builder builder(options, in);
  const rapidjson::ParseResult result = reader.Parse<kFlags>(in, builder);
  if (result && in.Tell() == buffer.size()) return builder.TakeRoot();
  if (result.Code() == rapidjson::kParseErrorNumberTooBig && options.number_text) {
    const HugeNumbers huge = ReplaceHugeNumbers(&buffer);
    rapidjson::StringStream again(buffer.c_str());
    Builder second(options, again, &huge);
    if (reader.Parse<kFlags>(again, second) && again.Tell() == buffer.size()) return second.TakeRoot();
  }
  std::string problem = json_text::Diagnose(text, options.max_depth);  // the bytes as they came, as Go quotes them
  if (problem.empty()) {  // fine by grammar: a number that no double holds
    problem = "json: cannot unmarshal number into Go value of type float64";
    if (result.Code() == rapidjson::kParseErrorNumberTooBig || result.Code() == rapidjson::kParseErrorTermination) {
      size_t begin = result.Offset();
      size_t end = begin;
      const auto numeric = [&](size_t i) { return i < buffer.size() && (isalnum(buffer[i]) || strchr("+-.", buffer[i])); };
      while (begin > 0 && numeric(begin - 1)) --begin;
      while (numeric(end)) ++end;
      problem = absl::StrCat("json: cannot unmarshal number ", buffer.substr(begin, end - begin),
                             " into Go value of type float64");
    }
  }
  return absl::InvalidArgumentError(problem);
}

}  // namespace apimachinery
