#include "apiserver/registry/continue_token.h"

#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/api_error.h"
#include "apimachinery/json.h"

namespace apiserver::registry {
namespace {

using absl::string_view;
using apimachinery::Value;

constexpr char kVersion[] = "meta.k8s.io/v1";

std::string Encode(int64_t revision, string_view start) {
  Value token = Value::MakeObject();
  token.Set("v", kVersion);
  token.Set("rv", revision);
  token.Set("start", start);
  std::string text = absl::WebSafeBase64Escape(apimachinery::WriteJson(token));
  while (absl::EndsWith(text, "=")) text.pop_back();
  return text;
}

absl::Status Refuse(string_view why) {
  return apimachinery::BadRequest(absl::StrCat("invalid continue token: continue key is not valid: ", why));
}

int Digit(char c) {
  static constexpr string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const size_t at = kAlphabet.find(c);
  return at == string_view::npos ? -1 : static_cast<int>(at);
}

// URL-safe base64 without padding; otherwise where it goes wrong.
std::optional<size_t> Base64Problem(string_view text, std::string* bytes) {
  uint32_t bits = 0;
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' || text[i] == '\n') continue;
    const int digit = Digit(text[i]);
    if (digit < 0) return i;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if (++count % 4 == 0) {
      for (int shift = 16; shift >= 0; shift -= 8) bytes->push_back(static_cast<char>(bits >> shift));
    }
  }
  switch (count % 4) {
    case 1: return text.size() - 1;
    case 2: bytes->push_back(static_cast<char>(bits >> 4)); break;
    case 3:
      bytes->push_back(static_cast<char>(bits >> 10));
      bytes->push_back(static_cast<char>(bits >> 2));
      break;
    default: break;
  }
  return std::nullopt;
}

string_view JsonWord(const Value& value) {
  if (value.is_array()) return "array";
  if (value.is_object()) return "object";
  if (value.is_string()) return "string";
  if (value.is_bool()) return "bool";
  return "number";
}

// A member of another type than it should have.
std::string WrongType(const Value& value, string_view member, string_view type) {
  std::string word(JsonWord(value));
  if (word == "number" && type == "int64") absl::StrAppend(&word, " ", apimachinery::WriteJson(value));
  return absl::StrCat("json: cannot unmarshal ", word, " into Go struct field continueToken.", member, " of type ", type);
}

// As path.Clean leaves it: no empty, "." or ".." elements.
bool IsClean(string_view path) {
  const std::vector<string_view> parts = absl::StrSplit(path.substr(1), '/');
  for (const string_view part : parts) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

}  // namespace

std::string EncodeContinue(int64_t revision, string_view start) { return Encode(revision, absl::StrCat("/", start)); }

std::string EncodeInconsistentContinue(string_view start) { return Encode(-1, start); }

absl::StatusOr<ContinueToken> DecodeContinue(string_view text) {
  std::string json;
  if (const std::optional<size_t> at = Base64Problem(text, &json)) {
    return Refuse(absl::StrCat("illegal base64 data at input byte ", *at));
  }
  const auto parsed = apimachinery::ParseJson(json);
  if (!parsed.ok()) return Refuse(parsed.status().message());
  ContinueToken token;
  std::string version;
  if (!parsed->is_object() && !parsed->is_null()) {
    return Refuse(absl::StrCat("json: cannot unmarshal ", JsonWord(*parsed), " into Go value of type storage.continueToken"));
  }
  for (const apimachinery::Member& member : parsed->is_object() ? parsed->object() : apimachinery::Object()) {
    const Value& value = member.value;
    if (value.is_null()) continue;
    const bool is_version = absl::EqualsIgnoreCase(member.key, "v");
    if (is_version || absl::EqualsIgnoreCase(member.key, "start")) {
      if (!value.is_string()) return Refuse(WrongType(value, is_version ? "v" : "start", "string"));
      (is_version ? version : token.start) = value.as_string();
    } else if (absl::EqualsIgnoreCase(member.key, "rv")) {
      if (!value.is_int()) return Refuse(WrongType(value, "rv", "int64"));
      token.revision = value.as_int();
    }
  }
  if (version != kVersion) return Refuse(absl::StrCat("server does not recognize this encoded version ", version));
  if (token.revision == 0) return Refuse("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (token.start.empty()) return Refuse("encoded start key empty (version meta.k8s.io/v1)");
  const std::string key = absl::StartsWith(token.start, "/") ? token.start : absl::StrCat("/", token.start);
  if (!IsClean(key)) return Refuse(token.start);
  token.start = key.substr(1);
  return token;
}

}  // namespace apiserver::registry
