// What the transcoder asks of every field of every object, close together: a Field has so much to say that a pod's would
// not stay in the processor's nearest cache.
#pragma once
#include <cstdint>
#include <vector>

#include "apimachinery/schema.h"

namespace apimachinery {

struct HotField {
  static constexpr uint8_t kAnyType = 0xff;
  const Field* field = nullptr;   // nullptr: no such number
  uint16_t flat = 0;              // where its value, or an inlined message's first member, stands among the members
  uint8_t wire_type = kAnyType;   // that a single field must have
  bool inlined = false;
};

struct HotMessage {
  std::vector<HotField> by_number;
  std::vector<uint8_t> omit;  // by position among the members: whether an absent one is left out
  const HotField* Find(uint32_t number) const {
    return number < by_number.size() && by_number[number].field != nullptr ? &by_number[number] : nullptr;
  }
};

HotMessage MakeHotMessage(const Message& message);

// Of a built-in message: made at the first question, kept for good. nullptr for others, which may go. Any thread.
const HotMessage* FindHotMessage(const Message& message);

}  // namespace apimachinery
