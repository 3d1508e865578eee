// etcd's command line, as far as etcdlite has it.
#pragma once
#include "absl/status/statusor.h"
#include "etcdlite/server/server_options.h"

namespace etcdlite {

// nullopt: help or version was printed. InvalidArgument: what is wrong with which flag.
absl::StatusOr<std::optional<server::ServerFlags>> ParseFlags(int argc, char** argv);

}  // namespace etcdlite
