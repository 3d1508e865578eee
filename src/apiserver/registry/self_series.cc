#include "apiserver/registry/self_series.h"

#include "base/metrics/metrics.h"

namespace apiserver::registry {

void CountSelfRequest(absl::string_view verb, const pipeline::GroupResource& what, absl::string_view subresource) {
  static auto* const requests = new base::CounterFamily("apiserver_selfrequest_total", "Requests of the server to itself.",
                                                        {"group", "resource", "subresource", "verb"});
  requests->With({what.group, what.resource, subresource, verb}).Add();
}

}  // namespace apiserver::registry
