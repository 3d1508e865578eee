// Request bodies: text or protobuf to typed trees, with upstream's refusals. Pure; any thread.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/patch/patch.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"
#include "apiserver/pipeline/request.h"

namespace apiserver::registry {

enum class BodyFormat { kJson, kYaml, kProtobuf, kBareWire };  // kBareWire: no envelope, of the expected kind

struct Body {
  BodyFormat format = BodyFormat::kJson;
  absl::string_view bytes;
};

// The body as an object of `expected`, kind and apiVersion set, defaults not applied. Unknown and duplicate fields
// are warnings of `context` or an error, as its field validation says.
absl::StatusOr<apimachinery::Value> DecodeBody(const apimachinery::Kind& expected, const Body& body,
                                               pipeline::RequestContext& context);

// A plain JSON tree (the result of a patch) as a typed one; the same treatment.
absl::StatusOr<apimachinery::Value> DecodePlain(const apimachinery::Kind& kind, apimachinery::Value plain,
                                                std::vector<std::string> strict_errors,
                                                pipeline::RequestContext& context);

// The outcome of a patch, its strict errors treated in the same way.
absl::StatusOr<apimachinery::Value> TakePatched(apimachinery::patch::Patched patched,
                                                pipeline::RequestContext& context);

}  // namespace apiserver::registry
