// The talk with a conversion webhook: ConversionReview out, converted objects back, and what may not change on the way. Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/value.h"

namespace apiserver::conversion {

// The first of the versions of ConversionReview that can be spoken ("v1", "v1beta1"). InvalidArgument: none.
absl::StatusOr<std::string> ChooseReview(absl::Span<const std::string> versions);

// A review as JSON. `objects` are compact JSON each.
std::string WriteReview(absl::string_view review_version, absl::string_view uid, absl::string_view desired,
                        absl::Span<const std::string> objects);

// The objects that were answered. The message of an error is the end of a sentence: `no response provided`.
absl::StatusOr<std::vector<apimachinery::Value>> ReadReview(absl::string_view review_version, absl::string_view uid,
                                                            const apimachinery::Value& review);

// What upstream does with one converted object: it must be `original` in version `desired`; of its metadata only labels and
// annotations are taken. `where`: "object at index 0". The message of an error goes on after "conversion webhook for X ".
absl::Status TakeConverted(const apimachinery::Value& original, absl::string_view desired, apimachinery::Value& converted);

// "example.com/v1, Kind=Foo", as upstream names what it converts.
std::string KindText(const apimachinery::Value& object);

}  // namespace apiserver::conversion
