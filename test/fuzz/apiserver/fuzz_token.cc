// Bearer tokens: what is no token is refused with a reason.
#include <cstdint>
#include <cstdlib>

#include "pki/jwt.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto token = pki::ParseJwt(text);
  if (!token.ok() && token.status().message().empty()) abort();
  if (token.ok() && (!token->header.is_object() || !token->claims.is_object())) abort();
  return 0;
}
