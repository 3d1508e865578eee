// Where a paged list goes on: upstream's token, so that a client may move between servers. Pure; any thread.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace apiserver::registry {

struct ContinueToken {
  int64_t revision = 0;  // negative: the present, whatever was shown before
  std::string start;     // key to start at, below the list's prefix ("web\0", or "default/web\0" across namespaces)
};

// `start` as in ContinueToken.
std::string EncodeContinue(int64_t revision, absl::string_view start);
// The token in a 410: the rest as it is now.
std::string EncodeInconsistentContinue(absl::string_view start);
// BadRequest in upstream's words.
absl::StatusOr<ContinueToken> DecodeContinue(absl::string_view text);

}  // namespace apiserver::registry
