#include "k8s/schema_blob.h"

#include <cstddef>

// SKIFF_DESCRIPTOR_SET and SKIFF_DOCS are the paths of the files, given by CMake.
asm(".section .rodata\n"
    ".balign 16\n"
    "skiff_descriptor_set_begin: .incbin \"" SKIFF_DESCRIPTOR_SET "\"\n"
    "skiff_descriptor_set_end: .byte 0\n"
    "skiff_docs_begin: .incbin \"" SKIFF_DOCS "\"\n"
    "skiff_docs_end: .byte 0\n"
    ".previous\n");

extern "C" {
extern const char skiff_descriptor_set_begin[], skiff_descriptor_set_end[];
extern const char skiff_docs_begin[], skiff_docs_end[];
}

namespace k8s_schema {

absl::string_view DescriptorSet() {
  return {skiff_descriptor_set_begin, static_cast<size_t>(skiff_descriptor_set_end - skiff_descriptor_set_begin)};
}
absl::string_view Docs() {
  return {skiff_docs_begin, static_cast<size_t>(skiff_docs_end - skiff_docs_begin)};
}

}  // namespace k8s_schema
