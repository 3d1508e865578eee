// Amounts of named resources, as quotas add and compare them. Pure.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apimachinery/quantity.h"
#include "apimachinery/value.h"

namespace apimachinery::quota {

using Amounts = std::map<std::string, Quantity>;

// The quantities at a dotted path of `owner`; empty when there are none.
Amounts AmountsAt(const Value& owner, absl::string_view path);
Value ToValue(const Amounts& amounts);

void Add(Amounts& to, const Amounts& from);
void Subtract(Amounts& from, const Amounts& what);  // names of `what` alone come out negative
void RaiseTo(Amounts& to, const Amounts& least);    // the larger of both, by name
// Only the names that `names` has too.
Amounts Mask(const Amounts& amounts, const Amounts& names);
void KeepPositive(Amounts& amounts);
bool Equal(const Amounts& a, const Amounts& b);  // names and values

// "cpu=1,memory=2Gi", sorted, as upstream's refusals show it.
std::string Print(const Amounts& amounts);

}  // namespace apimachinery::quota
