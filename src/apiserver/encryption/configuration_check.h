// What may be wrong with an EncryptionConfiguration, all at once.
#pragma once
#include "apimachinery/field_error.h"
#include "apimachinery/value.h"

namespace apiserver::encryption {

// `file` has the shape of the kind.
apimachinery::FieldErrors CheckConfiguration(const apimachinery::Value& file);

}  // namespace apiserver::encryption
