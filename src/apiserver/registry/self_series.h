// apiserver_selfrequest_total: what the server itself writes through the registry, as the requests they would be of somebody
// else. Thread-safe.
#pragma once
#include "absl/strings/string_view.h"
#include "apiserver/pipeline/objects.h"

namespace apiserver::registry {

// `verb`: "POST", "PUT", "APPLY", "DELETE".
void CountSelfRequest(absl::string_view verb, const pipeline::GroupResource& what, absl::string_view subresource = "");

}  // namespace apiserver::registry
