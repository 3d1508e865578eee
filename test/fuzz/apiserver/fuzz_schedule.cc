// Cron schedules: judged without a crash.
#include <cstdint>

#include "apiserver/validation/cron.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)apiserver::validation::CheckSchedule(absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
