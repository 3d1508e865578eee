#include "base/daemon_flags.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"

namespace base {
namespace {

// Defaults that say nothing are left out.
std::string DefaultSuffix(const Flag& flag) {
  const std::string& text = flag.default_text;
  if (text.empty() || text == "false" || text == "''" || text == "[]" || text == "0" || text == "0s") return "";
  return absl::StrCat(" (default ", text, ")");
}

}  // namespace

std::string FlagUsages(const FlagSet& flags) {
  std::vector<const Flag*> shown;
  for (const auto& flag : flags.flags()) {
    if (!flag->hidden) shown.push_back(flag.get());
  }
  std::sort(shown.begin(), shown.end(), [](const Flag* a, const Flag* b) { return a->name < b->name; });
  size_t width = 0;
  for (const Flag* flag : shown) width = std::max(width, flag->name.size());
  std::string text;
  for (const Flag* flag : shown) {
    const std::string shorthand = flag->shorthand.empty() ? "    " : absl::StrCat("-", flag->shorthand, ", ");
    absl::StrAppend(&text, "  ", shorthand, "--", flag->name, std::string(width - flag->name.size() + 3, ' '), flag->help,
                    DefaultSuffix(*flag), "\n");
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
    std::printf("%s\n\nUsage:\n  %s [flags]\n\nFlags:\n%s", program.about.c_str(), program.name.c_str(), FlagUsages(flags).c_str());
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
