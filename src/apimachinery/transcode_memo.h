// Parts that many objects of a list share (a template's containers, what a manager owns) are transcoded once: what a
// message's bytes were printed as is remembered while the list goes on. One thread at a time.
#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"

namespace apimachinery {

class TranscodeMemo {
 public:
  // Worth the looking: shorter ones are printed as fast.
  static bool Considers(absl::string_view wire) { return wire.size() >= 48 && wire.size() <= 4096; }

  // The JSON of the same bytes; a null view when it is not known. Valid until the next Remember.
  absl::string_view Find(const Message& message, absl::string_view wire);
  // After Find failed. Places whose messages are all different are left alone, but for a try now and then.
  void Remember(const Message& message, absl::string_view wire, absl::string_view json);

 private:
  struct Place {
    const Message* message = nullptr;
    int credit = 4;
    uint32_t refused = 0;
    std::string wire, json;
  };
  Place& PlaceOf(const Message& message, absl::string_view wire) {
    return places_[((reinterpret_cast<uintptr_t>(&message) >> 4) * 31 + wire.size()) % places_.size()];
  }
  std::array<Place, 61> places_;
};

// TranscodeWireToJson (codec.h), for one object of many.
absl::Status TranscodeWireToJson(const Message& message, absl::string_view wire, TranscodeMemo* memo, std::string* json);

}  // namespace apimachinery
