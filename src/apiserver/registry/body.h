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

// Why an object of this kind and version is none of `expected`, in upstream's words. Empty: it is, in some version.
std::string KindProblem(const apimachinery::Kind& expected, absl::string_view api_version, absl::string_view kind);

// The outcome of a patch, its strict errors treated as those of a body.
absl::StatusOr<apimachinery::Value> TakePatched(apimachinery::patch::Patched patched,
                                                pipeline::RequestContext& context);

}  // namespace apiserver::registry
