# ThreadSanitizer sees only what it compiled; Debian's Abseil was compiled without it. In builds with it the calls that lock,
# wait and notify pass through test/support/tsan/absl_sync.cc, which tells it about them: every `_ZN...` named there.
if(SKIFF_SANITIZE MATCHES "thread")
  set(shim ${CMAKE_SOURCE_DIR}/test/support/tsan/absl_sync.cc)
  file(STRINGS ${shim} wrapped REGEX "^WRAPPED")
  foreach(line ${wrapped})
    string(REGEX MATCH "ZNK?4absl[A-Za-z0-9_]*" symbol "${line}")
    add_link_options(-Wl,--wrap=_${symbol})
  endforeach()
  add_library(skiff_tsan STATIC ${shim})
  target_link_libraries(skiff_tsan PUBLIC absl::synchronization)
  target_link_libraries(skiff_deps INTERFACE skiff_tsan)
endif()
