#include "base/daemon_flags.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace base {
namespace {

// Defaults that say nothing are left out.
std::string DefaultSuffix(const Flag& flag) {
  const std::string& text = flag.default_text;
  if (text.empty() || text == "false" || text == "''" || text == "[]" || text == "0" || text == "0s") return "";
  return absl::StrCat(" (default ", text, ")");
}

// 0: no group; else one more than its place.
size_t GroupOf(absl::string_view name, const std::vector<FlagGroup>& groups) {
  size_t best = 0, length = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    for (absl::string_view start : groups[i].starts) {
      if (start.size() > length && absl::StartsWith(name, start)) best = i + 1, length = start.size();
    }
  }
  return best;
}

}  // namespace

std::string FlagUsages(const FlagSet& flags, const std::vector<FlagGroup>& groups) {
  std::vector<std::vector<const Flag*>> parts(groups.size() + 1);  // [0]: in no group
  size_t width = 0;
  for (const auto& flag : flags.flags()) {
    if (flag->hidden) continue;
    parts[GroupOf(flag->name, groups)].push_back(flag.get());
    width = std::max(width, flag->name.size());
  }
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    std::vector<const Flag*>& part = parts[i];
    if (part.empty()) continue;
    std::sort(part.begin(), part.end(), [](const Flag* a, const Flag* b) { return a->name < b->name; });
    absl::StrAppend(&text, text.empty() ? "" : "\n", i == 0 ? "Flags" : groups[i - 1].title, ":\n");
    for (const Flag* flag : part) {
      const std::string shorthand = flag->shorthand.empty() ? "    " : absl::StrCat("-", flag->shorthand, ", ");
      absl::StrAppend(&text, "  ", shorthand, "--", flag->name, std::string(width - flag->name.size() + 3, ' '), flag->help,
                      DefaultSuffix(*flag), "\n");
    }
  }
  return text;
}

bool ParseDaemonFlags(const Program& program, FlagSet& flags, int argc, char** argv, int* exit_code,
                      std::vector<std::string>* arguments) {
  bool version = false;
  if (flags.Find("version") == nullptr) flags.Bool(&version, "version", "", "print the version and exit");
  const auto refuse = [&](absl::string_view why) {
    std::fprintf(stderr, "Error: %s\nSee '%s --help' for usage.\n", std::string(why).c_str(), program.name.c_str());
    *exit_code = program.usage_exit;
    return false;
  };
  FlagSet::Parsed parsed;
  absl::Status status = flags.Parse(std::vector<std::string>(argv + 1, argv + argc), nullptr, &parsed);
  if (!status.ok()) return refuse(status.message());
  if (parsed.help) {
    std::string text = absl::StrCat(program.about, "\n\nUsage:\n  ", program.name, " [flags]\n\n");
    if (!program.examples.empty()) absl::StrAppend(&text, "Examples:\n", program.examples, "\n");
    absl::StrAppend(&text, FlagUsages(flags, program.groups));
    std::fwrite(text.data(), 1, text.size(), stdout);
    *exit_code = 0;
    return false;
  }
  if (version) {
    std::printf("%s\n", program.version.c_str());
    *exit_code = 0;
    return false;
  }
  if (arguments != nullptr) {
    *arguments = std::move(parsed.args);
  } else if (!parsed.args.empty()) {
    return refuse(absl::StrCat("unknown command \"", parsed.args[0], "\" for \"", program.name, "\""));
  }
  status = flags.CheckRequired();
  if (!status.ok()) return refuse(status.message());
  for (const std::string& warning : flags.NoEffectWarnings()) std::fprintf(stderr, "%s\n", warning.c_str());
  return true;
}

}  // namespace base
