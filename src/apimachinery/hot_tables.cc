#include "apimachinery/hot_tables.h"

#include <functional>

#include "apimachinery/codec_internal.h"
#include "apimachinery/wire.h"

namespace apimachinery {
namespace {

uint8_t WireType(const Field& field) {
  if (!field.is_single()) return HotField::kAnyType;
  switch (field.type) {
    case FieldType::kDouble: return wire::kFixed64;
    case FieldType::kString:
    case FieldType::kBytes:
    case FieldType::kMessage: return wire::kBytes;
    default: return wire::kVarint;
  }
}

}  // namespace

HotMessage MakeHotMessage(const Message& message) {
  HotMessage hot;
  hot.by_number.resize(message.by_number.size());
  for (size_t number = 0; number < message.by_number.size(); ++number) {
    const Field* field = message.by_number[number];
    if (field == nullptr) continue;
    hot.by_number[number] = {field, static_cast<uint16_t>(field->flat_begin), WireType(*field), field->inlined};
  }
  hot.omit.reserve(message.flat.size());
  for (const Field* field : message.flat) hot.omit.push_back(codec::OmitAbsent(*field));
  return hot;
}

const HotMessage* FindHotMessage(const Message& message) {
  static const absl::Span<const Message> messages = Schema::Builtin().messages();
  static const auto* const tables = [] {
    auto* all = new std::vector<HotMessage>;
    all->reserve(messages.size());
    for (const Message& m : messages) all->push_back(MakeHotMessage(m));
    return all;
  }();
  const std::less<const Message*> before;
  if (before(&message, messages.data()) || !before(&message, messages.data() + messages.size())) return nullptr;
  return &(*tables)[static_cast<size_t>(&message - messages.data())];
}

}  // namespace apimachinery
