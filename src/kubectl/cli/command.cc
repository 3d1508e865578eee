#include "kubectl/cli/command.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "kubectl/cli/errors.h"

namespace kubectl {
namespace {

int EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<int> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int next = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = row[j];
      row[j] = next;
    }
  }
  return row.back();
}

absl::Status UnknownRootCommand(const Command& root, const std::string& word) {
  std::string text =
      absl::StrCat("error: unknown command \"", word, "\" for \"", root.name, "\"\n");
  std::string hints;
  for (const auto& child : root.children) {
    if (EditDistance(word, child->name) <= 2 || absl::StartsWith(child->name, word)) {
      absl::StrAppend(&hints, "\t", child->name, "\n");
    }
  }
  if (!hints.empty()) absl::StrAppend(&text, "\nDid you mean this?\n", hints);
  return Rendered(text);
}

// A word that is no command of ours would have to be a plugin, and plugins take their flags themselves.
absl::Status FlagsFirst(const std::string& flag) {
  return Rendered(absl::StrCat("Error: flags cannot be placed before plugin name: ", flag));
}

// Words before the command that are flags with a value belong to the globals: `kubectl -n x get
// pods`.
bool TakesValue(FlagSet& globals, const std::string& word) {
  if (absl::StartsWith(word, "--")) {
    if (word.find('=') != std::string::npos) return false;
    const Flag* flag = globals.Find(word.substr(2));
    return flag != nullptr && flag->no_value.empty();
  }
  if (word.size() != 2) return false;
  for (const auto& flag : globals.flags()) {
    if (flag->shorthand == word.substr(1)) return flag->no_value.empty();
  }
  return false;
}

}  // namespace

Command& Command::Add(std::unique_ptr<Command> child) {
  child->parent = this;
  children.push_back(std::move(child));
  return *children.back();
}

Command* Command::Child(absl::string_view word) {
  for (const auto& child : children) {
    if (child->name == word ||
        std::find(child->aliases.begin(), child->aliases.end(), word) != child->aliases.end()) {
      return child.get();
    }
  }
  return nullptr;
}

std::string Command::Path() const {
  return parent == nullptr ? name : absl::StrCat(parent->Path(), " ", name);
}

absl::Status RunCommand(Command& root, FlagSet& globals, const std::vector<std::string>& words,
                        Streams& io) {
  Command* command = &root;
  std::vector<std::string> rest;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      rest.insert(rest.end(), words.begin() + i, words.end());
      break;
    }
    if (word.size() > 1 && word[0] == '-') {
      rest.push_back(word);
      if (TakesValue(globals, word) && i + 1 < words.size()) rest.push_back(words[++i]);
      continue;
    }
    Command* child = command->Child(word);
    if (child == nullptr) {
      rest.insert(rest.end(), words.begin() + i, words.end());
      break;
    }
    command = child;
  }
  if (command == &root && !rest.empty() && rest[0][0] != '-') {
    if (rest[0] == "help") {
      Command* target = &root;
      for (size_t i = 1; i < rest.size() && target->Child(rest[i]) != nullptr; ++i)
        target = target->Child(rest[i]);
      io.Out(HelpText(*target));
      return absl::OkStatus();
    }
    return UnknownRootCommand(root, rest[0]);
  }
  FlagSet::Parsed parsed;
  absl::Status status = command->flags.Parse(rest, &globals, &parsed, command->interspersed);
  if (!status.ok() && command == &root && !words.empty() && absl::StartsWith(status.message(), "unknown"))
    return FlagsFirst(words[0]);
  if (!status.ok()) {
    return Rendered(absl::StrCat("error: ", status.message(), "\nSee '", command->Path(),
                                 " --help' for usage."));
  }
  if (parsed.help) {
    io.Out(HelpText(*command));
    return absl::OkStatus();
  }
  if (!command->run) {
    if (!parsed.args.empty()) {
      if (command == &root && words[0][0] == '-') return FlagsFirst(words[0]);
      if (command == &root) return UnknownRootCommand(root, parsed.args[0]);
      return UsageError(command->Path(),
                        absl::StrCat("unknown command ", "\"", parsed.args[0], "\""));
    }
    if (command == &root || command->help_answers) {
      io.Out(HelpText(*command));
      return absl::OkStatus();
    }
    io.Err(HelpText(*command));
    return Rendered("");
  }
  RETURN_IF_ERROR(command->flags.CheckRequired());
  return command->run(parsed);
}

std::string FlagHelp(const FlagSet& flags) {
  std::vector<const Flag*> sorted;
  for (const auto& flag : flags.flags()) {
    if (!flag->hidden) sorted.push_back(flag.get());
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Flag* a, const Flag* b) { return a->name < b->name; });
  std::vector<std::string> blocks;
  for (const Flag* flag : sorted) {
    blocks.push_back(absl::StrCat(
        "    ", flag->shorthand.empty() ? "" : absl::StrCat("-", flag->shorthand, ", "), "--",
        flag->name, "=", flag->default_text, ":\n\t", flag->help, "\n"));
  }
  return absl::StrJoin(blocks, "\n");
}

std::string HelpText(const Command& command) {
  std::string text = absl::StrCat(
      command.about.empty() ? absl::StrCat(command.summary, ".") : command.about, "\n\n");
  if (!command.examples.empty()) absl::StrAppend(&text, "Examples:\n", command.examples, "\n\n");
  if (!command.children.empty()) {
    size_t width = 0;
    std::vector<std::string> groups;
    for (const auto& child : command.children) {
      width = std::max(width, child->name.size());
      if (std::find(groups.begin(), groups.end(), child->group) == groups.end())
        groups.push_back(child->group);
    }
    width = std::max<size_t>(width, command.parent == nullptr ? 15 : 0);
    for (const std::string& group : groups) {
      absl::StrAppend(&text, group.empty() ? "Available Commands" : group, ":\n");
      std::vector<const Command*> members;
      for (const auto& child : command.children) {
        if (child->group == group) members.push_back(child.get());
      }
      if (group.empty()) {
        std::sort(members.begin(), members.end(),
                  [](const Command* a, const Command* b) { return a->name < b->name; });
      }
      for (const Command* child : members) {
        absl::StrAppend(&text, "  ", child->name, std::string(width - child->name.size() + 1, ' '),
                        child->summary, "\n");
      }
      absl::StrAppend(&text, "\n");
    }
  }
  const std::string flags = command.parent == nullptr ? "" : FlagHelp(command.flags);
  if (!flags.empty()) absl::StrAppend(&text, "Options:\n", flags, "\n");
  absl::StrAppend(&text, "Usage:\n  ", command.Path(), command.usage.empty() ? "" : " ",
                  command.usage, command.options_suffix ? " [options]" : "", "\n\n");
  if (!command.children.empty()) {
    absl::StrAppend(&text, "Use \"", command.Path(),
                    " <command> --help\" for more information about a given command.\n");
  }
  absl::StrAppend(&text,
                  "Use \"kubectl options\" for a list of global command-line options (applies to "
                  "all commands).\n");
  return text;
}

}  // namespace kubectl
