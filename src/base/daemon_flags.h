// The command line of a daemon: help, version, errors and warnings the same for all.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/flags.h"

namespace base {

// A part of the help: the flags whose names start with one of these words (the longest start of all groups wins).
struct FlagGroup {
  std::string title;  // "Store"
  std::vector<absl::string_view> starts;
};

struct Program {
  std::string name;     // kube-scheduler
  std::string about;    // a sentence or two for --help
  std::string version;  // what --version prints: "Kubernetes v1.35.0"
  int usage_exit = 1;   // exit status for a command line that is wrong
  std::string examples = {};           // lines for --help, each indented by two
  std::vector<FlagGroup> groups = {};  // in the order of the help; what is in none comes first, as "Flags"
};

// Parses argv with `flags`, plus --help and --version. True: go on. False: the process is to end with `*exit_code`, what there
// was to say is on stdout (help, version) or stderr (an error). Warnings about flags without effect go to stderr.
// `arguments`: where words that are no flags go; without it they are refused.
bool ParseDaemonFlags(const Program& program, FlagSet& flags, int argc, char** argv, int* exit_code,
                      std::vector<std::string>* arguments = nullptr);

// "      --name   help (default 5)" a flag, sorted by name in each group, as --help shows them.
std::string FlagUsages(const FlagSet& flags, const std::vector<FlagGroup>& groups = {});

}  // namespace base
