// Which HTTP/1.1 request heads are refused before anybody looks at what they ask for: what two readers could take for
// different requests, and what names no place. Rules and words are those of Go's server. Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace base::http {

struct HeadRefusal {
  int status = 0;      // 0: the head is fine
  std::string reason;  // behind the status in the first line, and in the body; may be empty
  std::string body;    // instead of the status and the reason
};

// `version` is 11 for HTTP/1.1. `fields` are all fields in order.
struct HeadField {
  absl::string_view name, value;
};
HeadRefusal CheckHead(absl::string_view method, absl::string_view target, int version, const std::vector<HeadField>& fields);

// The answer that ends the connection.
std::string RefusalText(const HeadRefusal& refusal);

// Whether every '%' stands before two hexadecimal digits.
bool EscapesAreWhole(absl::string_view text);

}  // namespace base::http
