#include "apiserver/openapi/wire_message.h"

#include <bit>

#include "absl/strings/match.h"
#include "apimachinery/json.h"

namespace apiserver::openapi::wire {
namespace {

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

}  // namespace

void Message::Text(int number, absl::string_view text) {
  AppendVarint(static_cast<uint64_t>(number) << 3 | 2, &bytes_);
  AppendVarint(text.size(), &bytes_);
  bytes_.append(text.data(), text.size());
}

void Message::Flag(int number, bool flag) {
  if (flag) Integer(number, 1);
}

void Message::Integer(int number, int64_t value) {
  AppendVarint(static_cast<uint64_t>(number) << 3, &bytes_);
  AppendVarint(static_cast<uint64_t>(value), &bytes_);
}

void Message::Number(int number, double value) {
  AppendVarint(static_cast<uint64_t>(number) << 3 | 1, &bytes_);
  const auto bits = std::bit_cast<uint64_t>(value);
  for (int shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<char>(bits >> shift));
}

void Message::Member(int number, const apimachinery::Value& from, absl::string_view key) {
  const apimachinery::Value* found = from.Find(key);
  if (found == nullptr) return;
  if (found->is_string()) Text(number, found->as_string());
  if (!found->is_array()) return;
  for (const apimachinery::Value& each : found->array()) Text(number, each.as_string());
}

Message Any(const apimachinery::Value& value) {
  Message any;
  any.Text(2, apimachinery::WriteJson(value));  // JSON is YAML
  return any;
}

Message Named(absl::string_view name, const Message& value) {
  Message named;
  named.Text(1, name);
  named.Add(2, value);
  return named;
}

void AddExtensions(int number, const apimachinery::Value& from, Message* to) {
  for (const auto& [key, value] : from.object()) {
    if (absl::StartsWith(key, "x-")) to->Add(number, Named(key, Any(value)));
  }
}

}  // namespace apiserver::openapi::wire
