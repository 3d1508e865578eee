# Compiler, linker and third-party libraries. Everything is a Debian 12 package; deploy/packages lists them.
find_program(SKIFF_CCACHE ccache)
if(SKIFF_CCACHE)
  # A precompiled header is only cacheable when ccache does not compare time stamps and defines.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${SKIFF_CCACHE})
endif()
find_program(SKIFF_MOLD mold)
if(SKIFF_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fpch-preprocess)
endif()
add_link_options(-Wl,--as-needed)
if(SKIFF_SANITIZE)
  add_compile_options(-fsanitize=${SKIFF_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SKIFF_SANITIZE})
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(Protobuf REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PkgConfig REQUIRED)
find_program(SKIFF_PROTOC protoc REQUIRED)
find_program(SKIFF_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)

# What every target may use; --as-needed drops what it does not.
add_library(skiff_deps INTERFACE)
target_link_libraries(skiff_deps INTERFACE
  protobuf absl::base absl::status absl::statusor absl::strings absl::str_format absl::time
  absl::synchronization absl::flat_hash_map absl::flat_hash_set absl::btree absl::inlined_vector
  absl::node_hash_map absl::cord absl::random_random absl::function_ref absl::any_invocable
  absl::cleanup absl::span absl::hash Threads::Threads)
target_include_directories(skiff_deps INTERFACE ${CMAKE_SOURCE_DIR}/src)

add_library(skiff_grpc_deps INTERFACE)
target_link_libraries(skiff_grpc_deps INTERFACE grpc++ grpc gpr skiff_deps)
