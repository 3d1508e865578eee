// Which objects of a resource a list or watch wants. Pure values.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apimachinery/fields.h"
#include "apimachinery/labels.h"
#include "apiserver/cache/entry.h"

namespace apiserver::cache {

struct Filter {
  std::string ns;    // "" for all
  std::string name;  // "" for all; watches of one object
  apimachinery::LabelSelector labels;
  apimachinery::FieldSelector fields;

  bool Matches(const Entry& entry) const;
  bool MatchesEverything() const { return ns.empty() && name.empty() && labels.MatchesEverything() && fields.empty(); }
  bool HasSelector() const { return !labels.MatchesEverything() || !fields.empty(); }
};

// Reads the selectors of a request for `kind`. BadRequest as upstream: unparsable selectors, fields that the kind
// does not offer.
absl::StatusOr<Filter> ParseFilter(const apimachinery::Kind& kind, absl::string_view ns, absl::string_view label_selector,
                                   absl::string_view field_selector);

// The fields that a kind can be selected by, metadata.name and metadata.namespace included.
std::vector<absl::string_view> SelectableFields(const apimachinery::Kind& kind);

}  // namespace apiserver::cache
