// What upstream's defaults add to an object of some kinds at each reading, because they run whenever stored bytes are
// decoded: the phase of a claim, the labels of a job. None of it lies in the store; entries hold it. Pure; any thread.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/schema.h"

namespace apiserver::cache {

// Whether objects of the kind are completed so.
bool IsCompletedAtReading(const apimachinery::Kind& kind);
// Whether AsRead adds to this object, stored so.
bool LacksAtReading(const apimachinery::Kind& kind, absl::string_view object);
// The object's protobuf as it is read. Bytes of other kinds, complete ones and damaged ones come back as they are.
std::string AsRead(const apimachinery::Kind& kind, std::string object);

}  // namespace apiserver::cache
