// The tree of commands: names, help, flags, and what runs. A verb's file builds its Command once
// per process; the options it parses into live in the closure of `run`.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "kubectl/cli/flags.h"
#include "kubectl/cli/streams.h"

namespace kubectl {

struct Command {
  std::string name;
  std::vector<std::string> aliases;
  std::string group;     // heading in kubectl's own help
  std::string summary;   // one line, for the list of commands
  std::string about;     // what the help says first; the summary when empty
  std::string examples;  // lines already indented by two spaces
  std::string usage;     // after "kubectl PATH ", without "[options]"
  bool options_suffix = true;
  bool interspersed = true;
  bool help_answers = false;  // a group called without a subcommand: its help is no error
  FlagSet flags;
  std::vector<std::unique_ptr<Command>> children;
  Command* parent = nullptr;
  // Null: a group, which prints its help. `parsed` is what remained beside the flags.
  std::function<absl::Status(const FlagSet::Parsed& parsed)> run;

  Command& Add(std::unique_ptr<Command> child);
  Command* Child(absl::string_view name);
  std::string Path() const;  // "kubectl rollout status"
};

// Finds and runs the command that `words` name. The status is for RenderError and ExitCode.
absl::Status RunCommand(Command& root, FlagSet& globals, const std::vector<std::string>& words,
                        Streams& io);

std::string HelpText(const Command& command);
std::string FlagHelp(const FlagSet& flags);  // the block below "Options:"

}  // namespace kubectl
