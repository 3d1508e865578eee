// Commands that are programs of their own: kubectl-foo on the PATH answers `kubectl foo`.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "kubectl/cli/command.h"

namespace kubectl {

// Becomes the plugin that `words` name and does not return; OK when they name a command of ours or there is no such plugin.
// The longest name wins: `kubectl foo bar` is kubectl-foo-bar before kubectl-foo.
absl::Status RunPlugin(Command& root, const std::vector<std::string>& words);

// The file names that `words` may mean, longest first, with how many words each uses up. Pure.
struct PluginName {
  std::string file;  // "kubectl-foo-bar_baz"
  size_t words;
};
std::vector<PluginName> PluginNames(const std::vector<std::string>& words);

}  // namespace kubectl
