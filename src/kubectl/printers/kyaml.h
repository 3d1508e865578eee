// KYAML: the flow style of YAML that quotes every string, so that no reader takes a word for something else. Pure.
#pragma once
#include <string>

#include "apimachinery/value.h"

namespace kubectl {

// One document with its "---" line and a final newline; members in tree order.
std::string WriteKyaml(const apimachinery::Value& value);

}  // namespace kubectl
