// Command lines in the manner of etcdctl: flags anywhere, --name=value or --name value, -w json.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace etcdlite::ctl {

struct Args {
  std::vector<std::string> words;  // what is not a flag
  std::map<std::string, std::string> flags;

  bool Has(const std::string& name) const { return flags.contains(name); }
  bool Bool(const std::string& name) const;
  std::string Get(const std::string& name, const std::string& fallback = "") const;
  int64_t Int(const std::string& name, int64_t fallback = 0) const;
};

// Flags known to some command take a value unless listed in `booleans`. Environment variables ETCDCTL_NAME stand in for
// global flags not given. InvalidArgument: an unknown flag, or a missing value; the text is etcdctl's.
absl::StatusOr<Args> ParseArgs(const std::vector<std::string>& argv, const std::set<std::string>& booleans,
                               const std::set<std::string>& valued);

}  // namespace etcdlite::ctl
