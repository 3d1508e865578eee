// Values of one type as another: int("1"), string(1.5), timestamp("..."). Failures are error values in upstream's words.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "apimachinery/cel/val.h"

namespace apimachinery::cel {

Val ToBool(const Val& v);
Val ToBytes(const Val& v);
Val ToDouble(const Val& v);
Val ToInt(const Val& v);
Val ToUint(const Val& v);
Val ToText(const Val& v);
Val ToDuration(const Val& v);
Val ToTimestamp(const Val& v);

// A timestamp within the years 1 to 9999, else the overflow error.
Val CheckedTimestamp(int64_t seconds, int32_t nanoseconds, int32_t offset = 0);
bool ValidUtf8(absl::string_view text);

}  // namespace apimachinery::cel
