// Trees on their way through an API server.
//
// What an API server adds to an object it reads from the store although the stored bytes do not hold it: kind and
// apiVersion of claims inside a StatefulSet. They are no fields on the wire, but every answer shows them.
#pragma once
#include "apimachinery/schema.h"
#include "apimachinery/value.h"

namespace apimachinery {

// Whether CompleteStored has anything to do for objects of this type: others can be transcoded as they are.
bool CompletesStored(const Message& message);
// `object` is a typed tree fresh from DecodeWire.
void CompleteStored(const Message& message, Value* object);

// Brings a typed tree that was changed by hand (defaults, strategies) back to normal form: zero values of fields that are
// no pointers go, members stand in schema order.
void NormalizeTree(const Message& message, Value* object);

}  // namespace apimachinery
