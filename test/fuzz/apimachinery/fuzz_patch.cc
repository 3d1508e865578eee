// Patches of every kind, and server-side apply, on a deployment: an outcome or a refusal, never a crash.
#include <cstdint>
#include <cstdlib>

#include "apimachinery/apply/apply.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/patch/patch.h"

using namespace apimachinery;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Message& message = *Schema::Builtin().FindMessage("apps/v1", "Deployment");
  static const Value* const live = new Value(
      DecodeJson(message,
                 R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","finalizers":["a/b"]},"spec":{"replicas":1,)"
                 R"("template":{"spec":{"containers":[{"name":"a","image":"b","ports":[{"containerPort":80}]},{"name":"c"}],)"
                 R"("volumes":[{"name":"v","emptyDir":{}}]}}}})")
          ->value);
  if (size == 0) return 0;
  const absl::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 4 == 3) {
    absl::StatusOr<Value> applied = ParseJson(text, ParseOptions{.max_depth = 1000});
    const apply::Manager manager{"fuzz", "", "apps/v1", "2026-01-01T00:00:00Z"};
    if (applied.ok() && applied->is_object()) apply::Apply(&message, *live, *applied, manager, true).IgnoreError();
    return 0;
  }
  const auto type = static_cast<patch::PatchType>(data[0] % 4);
  absl::StatusOr<patch::Patched> patched = patch::PatchObject(type, &message, *live, text);
  if (patched.ok()) {
    std::string wire;
    EncodeWire(message, patched->object, &wire);
  }
  return 0;
}
