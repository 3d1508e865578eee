// Which form the client wants its answer in, and which its body is in. Pure; any thread.
#pragma once
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/api_error.h"
#include "apiserver/http/accept.h"
#include "apiserver/registry/body.h"

namespace apiserver::http {

enum class Format { kJson, kYaml, kProtobuf };
// kPartial: PartialObjectMetadata, of one object; kPartialList: of a list.
enum class As { kObject, kTable, kPartial, kPartialList };

struct Negotiated {
  Format format = Format::kJson;
  As as = As::kObject;
  bool beta = false;  // Table and partial objects as meta.k8s.io/v1beta1
  bool pretty = false;

  std::string ContentType() const;
  absl::string_view MetaVersion() const { return beta ? "meta.k8s.io/v1beta1" : "meta.k8s.io/v1"; }
  uint32_t id() const {
    return static_cast<uint32_t>(format) * 8 + static_cast<uint32_t>(as) * 2 + static_cast<uint32_t>(beta);
  }
};

// What the endpoint can turn its answers into.
enum class Endpoint {
  kObjects,  // stored kinds: also Tables and partial metadata
  kCustom,   // custom resources: the same, but whole objects have no protobuf form
  kPlain,    // everything else, and all errors
};

// nullopt: none of the clauses can be served.
std::optional<Negotiated> Negotiate(absl::string_view accept, Endpoint endpoint, bool pretty);

// Aggregated discovery is asked for by a clause of its own, wherever it stands.
std::optional<Negotiated> NegotiateAggregated(absl::string_view accept, bool pretty);

// The `pretty` parameter, or what the kind of client is used to. `pretty`: nullopt when absent.
bool WantsPretty(std::optional<absl::string_view> pretty, absl::string_view user_agent);

// 406 as the negotiation says it; `stream`: of watches.
apimachinery::ApiStatus NoFormAccepted(bool stream);
// 406 as the router says it.
apimachinery::ApiStatus NoRouteAccepted(absl::Span<const absl::string_view> produces);

inline constexpr absl::string_view kObjectTypes[] = {"application/json", "application/yaml",
                                                     "application/vnd.kubernetes.protobuf"};
inline constexpr absl::string_view kListTypes[] = {
    "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf;stream=watch"};

// UnsupportedMediaType (415).
absl::StatusOr<registry::BodyFormat> BodyFormatOf(absl::string_view content_type);

}  // namespace apiserver::http
