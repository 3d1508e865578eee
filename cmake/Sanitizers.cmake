# ThreadSanitizer sees only what it compiled; Debian's Abseil was compiled without it. In builds with it the calls that lock,
# wait and notify pass through test/support/tsan/absl_sync.cc, which tells it about them: every `_ZN...` named there.
#
# Protobuf's headers change the layout of map fields under __SANITIZE_THREAD__, which Debian's library does not know: the macro
# goes, but for the standard library, whose reference counts then take no shortcuts.
if(SKIFF_SANITIZE MATCHES "thread")
  add_compile_options(-U__SANITIZE_THREAD__ -DSKIFF_TSAN -D_GLIBCXX_TSAN=1 $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
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
