// Which form the client wants its answer in, and which its body is in. Pure; any thread.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apiserver/registry/body.h"

namespace apiserver::http {

enum class Format { kJson, kYaml, kProtobuf };
enum class As { kObject, kTable, kPartial };

struct Negotiated {
  Format format = Format::kJson;
  As as = As::kObject;  // kPartial: of a list, the list of them
  bool pretty = false;
  // The ones in `as=` are served for objects and lists of stored kinds only.
  std::string ContentType() const;
  uint32_t id() const { return static_cast<uint32_t>(format) * 4 + static_cast<uint32_t>(as); }
};

// NotAcceptable (406) when nothing in `accept` can be served.
absl::StatusOr<Negotiated> Negotiate(absl::string_view accept, absl::string_view pretty, absl::string_view user_agent);

// UnsupportedMediaType (415).
absl::StatusOr<registry::BodyFormat> BodyFormatOf(absl::string_view content_type);

absl::string_view MediaType(absl::string_view content_type);  // without parameters

}  // namespace apiserver::http
