// CEL: any text either fails with a message or compiles; what compiles ends within its budget and costs no more than was
// estimated. The schema below has a size for everything.
#include <cstdint>
#include <cstdlib>

#include "apimachinery/cel/cel.h"
#include "apimachinery/json.h"

using namespace apimachinery;

namespace {

const Value& Schema() {
  static const Value& schema = *new Value(*ParseJson(R"({"type":"object","properties":{
      "n":{"type":"integer"},"d":{"type":"number"},"s":{"type":"string","maxLength":20},"b":{"type":"boolean"},
      "when":{"type":"string","format":"date-time"},"l":{"type":"array","maxItems":5,"items":{"type":"string","maxLength":8}},
      "m":{"type":"object","maxProperties":4,"additionalProperties":{"type":"integer"}},
      "o":{"type":"array","maxItems":3,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
           "items":{"type":"object","properties":{"k":{"type":"string","maxLength":4}}}}}})"));
  return schema;
}

const Value& Data() {
  static const Value& data = *new Value(*ParseJson(R"({"n":3,"d":1.5,"s":"text","b":true,"when":"2020-01-01T00:00:00Z",
      "l":["a","b"],"m":{"x":1,"y":2},"o":[{"k":"p"},{"k":"q"}]})"));
  return data;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const cel::DeclTypePtr& type = *new cel::DeclTypePtr(cel::DeclTypeOf(Schema(), false, "self"));
  static const cel::Env& env = *[] {
    auto* made = new cel::Env;
    made->Declare(type);
    made->Variable("self", type->type);
    made->Variable("any", cel::DynType());
    return made;
  }();
  const auto program = cel::Compile(absl::string_view(reinterpret_cast<const char*>(data), size), env);
  if (!program.ok()) {
    if (program.status().message().empty()) abort();
    return 0;
  }
  const cel::CostEstimate estimate = program->EstimateCost(type.get());
  if (estimate.min > estimate.max) abort();
  constexpr uint64_t kLimit = 20'000;
  const cel::Outcome out = program->Evaluate({{"self", cel::TypedView(Data(), *type)}, {"any", cel::Val::View(Data())}}, kLimit);
  if (out.over_budget != (out.cost > kLimit)) abort();
  if (out.ok()) (void)cel::GoPrint(out.value);
  return 0;
}
