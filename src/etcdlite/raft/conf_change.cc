#include "etcdlite/raft/raft_types.h"

#include <cstring>

// Layout: step count u8, steps (type u8, id u64 little endian), the rest is context.
namespace etcdlite::raft {

std::string EncodeConfChange(const ConfChange& change) {
  std::string out(1, static_cast<char>(change.steps.size()));
  for (const ConfChangeStep& step : change.steps) {
    out.push_back(static_cast<char>(step.type));
    out.append(reinterpret_cast<const char*>(&step.id), sizeof step.id);
  }
  return out + change.context;
}

std::optional<ConfChange> DecodeConfChange(const std::string& bytes) {
  constexpr size_t kStepSize = 1 + sizeof(MemberId);
  if (bytes.empty()) return std::nullopt;
  const size_t count = static_cast<uint8_t>(bytes[0]);
  if (bytes.size() < 1 + count * kStepSize) return std::nullopt;
  ConfChange change;
  for (size_t i = 0; i < count; ++i) {
    const char* at = bytes.data() + 1 + i * kStepSize;
    ConfChangeStep step;
    if (static_cast<uint8_t>(*at) > static_cast<uint8_t>(ConfChangeType::kRemove)) return std::nullopt;
    step.type = static_cast<ConfChangeType>(*at);
    std::memcpy(&step.id, at + 1, sizeof step.id);
    change.steps.push_back(step);
  }
  change.context = bytes.substr(1 + count * kStepSize);
  return change;
}

}  // namespace etcdlite::raft
