// Protobuf bytes: the tree and the transcoder print the same, and a second round changes nothing.
#include <cstdint>
#include <cstdlib>

#include "apimachinery/codec.h"

using namespace apimachinery;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const absl::Span<const Message> messages = Schema::Builtin().messages();
  const Message& message = messages[data[0] * messages.size() / 256];
  if (message.json_only || message.shape != Shape::kStruct) return 0;
  const absl::string_view wire(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string direct, by_tree;
  const absl::Status transcoded = TranscodeWireToJson(message, wire, "", "", &direct);
  absl::StatusOr<Value> tree = DecodeWire(message, wire);
  if (!tree.ok()) return 0;
  if (!transcoded.ok()) abort();
  EncodeJson(message, *tree, &by_tree);
  if (by_tree != direct) abort();
  std::string again, once_more;
  EncodeWire(message, *tree, &again);
  absl::StatusOr<Value> second = DecodeWire(message, again);
  if (!second.ok()) abort();
  EncodeWire(message, *second, &once_more);
  if (again != once_more) abort();
  return 0;
}
