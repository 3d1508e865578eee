#include "kubectl/cmd/plugin.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "kubectl/cli/errors.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"

namespace kubectl {
namespace {

std::vector<std::string> PathFolders() {
  const char* path = getenv("PATH");
  return absl::StrSplit(path == nullptr ? "" : path, ':', absl::SkipEmpty());
}

bool IsExecutable(const std::string& file) {
  struct stat info;
  return stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 0111) != 0;
}

std::string FindOnPath(const std::string& name) {
  for (const std::string& folder : PathFolders()) {
    const std::string file = absl::StrCat(folder, "/", name);
    if (IsExecutable(file)) return file;
  }
  return "";
}

// Names below `folder` that begin with "kubectl-", sorted; nullopt-like false with errno when it cannot be read.
bool PluginsIn(const std::string& folder, std::vector<std::string>* names) {
  DIR* dir = opendir(folder.c_str());
  if (dir == nullptr) return false;
  while (const dirent* entry = readdir(dir)) {
    const std::string name = entry->d_name;
    struct stat info;
    if (absl::StartsWith(name, "kubectl-") && stat(absl::StrCat(folder, "/", name).c_str(), &info) == 0 &&
        !S_ISDIR(info.st_mode)) {
      names->push_back(name);
    }
  }
  closedir(dir);
  std::sort(names->begin(), names->end());
  return true;
}

absl::Status List(Factory& factory, Command* root, bool name_only) {
  std::vector<std::string> problems, found;  // found: paths
  std::set<std::string> visited;
  for (std::string folder : PathFolders()) {
    while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
    if (!visited.insert(folder).second) continue;
    std::vector<std::string> names;
    if (!PluginsIn(folder, &names)) {
      std::string why = strerror(errno);
      why[0] = absl::ascii_tolower(why[0]);
      factory.io.Err(absl::StrCat("Unable to read directory \"", folder, "\" from your PATH: open ", folder, ": ", why,
                                  ". Skipping...\n"));
      continue;
    }
    for (const std::string& name : names) found.push_back(absl::StrCat(folder, "/", name));
  }
  if (found.empty()) return Error("unable to find any kubectl plugins in your PATH");
  factory.io.Out("The following compatible plugins are available:\n\n");
  std::map<std::string, std::string> first;  // by name
  size_t warnings = 0;
  for (const std::string& path : found) {
    const std::string name = path.substr(path.rfind('/') + 1);
    factory.io.Out(absl::StrCat(name_only ? name : path, "\n"));
    factory.io.out->Flush();
    const auto warn = [&](const std::string& text) {
      ++warnings;
      factory.io.Err(absl::StrCat("  - warning: ", text, "\n"));
    };
    const std::vector<std::string> words = absl::StrSplit(name, '-');
    if (root->Child(words[1]) != nullptr)
      warn(absl::StrCat(name, " overwrites existing command: \"kubectl ", words[1], "\""));
    if (!IsExecutable(path)) {
      warn(absl::StrCat(path, " identified as a kubectl plugin, but it is not executable"));
    } else if (const auto [other, is_new] = first.emplace(name, path); !is_new) {
      warn(absl::StrCat(path, " is overshadowed by a similarly named plugin: ", other->second));
    }
  }
  if (warnings == 0) return absl::OkStatus();
  return Error(warnings == 1 ? std::string("one plugin warning was found")
                             : absl::StrCat(warnings, " plugin warnings were found"));
}

}  // namespace

std::vector<PluginName> PluginNames(const std::vector<std::string>& words) {
  std::vector<std::string> parts;
  for (const std::string& word : words) {
    if (word.empty() || word[0] == '-') break;
    parts.push_back(absl::StrReplaceAll(word, {{"-", "_"}}));
  }
  std::vector<PluginName> names;
  for (size_t n = parts.size(); n > 0; --n)
    names.push_back({absl::StrCat("kubectl-", absl::StrJoin(parts.begin(), parts.begin() + n, "-")), n});
  return names;
}

absl::Status RunPlugin(Command& root, const std::vector<std::string>& words) {
  if (words.empty() || words[0].empty()) return absl::OkStatus();
  size_t minimum = 1;  // words that must be the plugin's
  if (Command* verb = root.Child(words[0]); verb != nullptr) {
    // `create` alone of our commands takes plugins for what it does not know.
    if (verb->name != "create" || words.size() < 2 || words[1].empty() || words[1][0] == '-' || verb->Child(words[1]) != nullptr)
      return absl::OkStatus();
    minimum = 2;
  }
  if (words[0] == "help" || absl::StartsWith(words[0], "__complete")) return absl::OkStatus();
  for (const PluginName& name : PluginNames(words)) {
    if (name.words < minimum) break;
    const std::string file = FindOnPath(name.file);
    if (file.empty()) continue;
    std::vector<char*> arguments = {const_cast<char*>(file.c_str())};
    for (size_t i = name.words; i < words.size(); ++i) arguments.push_back(const_cast<char*>(words[i].c_str()));
    arguments.push_back(nullptr);
    execv(file.c_str(), arguments.data());
    return Error(absl::StrCat("fork/exec ", file, ": ", absl::AsciiStrToLower(strerror(errno))));
  }
  return absl::OkStatus();
}

CommandPtr MakePlugin(Factory& factory, Command* root) {
  auto command = NewCommand("plugin", "Provides utilities for interacting with plugins", "[flags]");
  command->about =
      "Work with plugins: a program kubectl-NAME on the PATH answers `kubectl NAME`, one named kubectl-A-B answers "
      "`kubectl A B`.";
  auto list = NewCommand("list", "List all visible plugin executables on a user's PATH", "",
                         "  # Which plugins are there\n  kubectl plugin list");
  list->about = "List the programs on the PATH that are plugins, and warn of those that cannot be called.";
  auto name_only = std::make_shared<bool>(false);
  list->flags.Bool(name_only.get(), "name-only", "", "Names without their folders.");
  list->run = [&factory, root, name_only](const FlagSet::Parsed&) { return List(factory, root, *name_only); };
  command->Add(std::move(list));
  return command;
}

}  // namespace kubectl
