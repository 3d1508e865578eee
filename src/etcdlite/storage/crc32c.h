// CRC-32C (Castagnoli), as etcd's HashKV and our log frames use it.
#pragma once
#include <cstdint>

#include "absl/strings/string_view.h"

namespace etcdlite::storage {

// Continues `crc` (0 to start) over `bytes`. Uses the CPU's instruction where there is one.
uint32_t Crc32c(uint32_t crc, absl::string_view bytes);

}  // namespace etcdlite::storage
