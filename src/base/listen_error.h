// Why nobody can listen at an address, where a library only says that it cannot.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace base {

// "listen tcp 127.0.0.1:2379: bind: address already in use", found out by trying. `host_port` may have its host in brackets.
// When it works by now, the text says just that listening failed.
std::string ListenError(absl::string_view host_port);

}  // namespace base
