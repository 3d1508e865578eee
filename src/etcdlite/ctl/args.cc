#include "etcdlite/ctl/args.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace etcdlite::ctl {

bool Args::Bool(const std::string& name) const {
  const auto found = flags.find(name);
  return found != flags.end() && found->second != "false";
}

std::string Args::Get(const std::string& name, const std::string& fallback) const {
  const auto found = flags.find(name);
  return found == flags.end() ? fallback : found->second;
}

int64_t Args::Int(const std::string& name, int64_t fallback) const {
  int64_t value = fallback;
  const auto found = flags.find(name);
  if (found != flags.end()) (void)absl::SimpleAtoi(found->second, &value);
  return value;
}

absl::StatusOr<Args> ParseArgs(const std::vector<std::string>& argv, const std::set<std::string>& booleans,
                               const std::set<std::string>& valued) {
  static const std::map<char, std::string> kShort = {{'w', "write-out"}, {'i', "interactive"}, {'h', "help"}, {'d', "discovery-srv"}};
  Args args;
  bool only_words = false;
  for (size_t i = 0; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (only_words || word.size() < 2 || word[0] != '-') {
      args.words.push_back(word);
      continue;
    }
    if (word == "--") {
      only_words = true;
      continue;
    }
    std::string name, value;
    bool has_value = false;
    if (word[1] == '-') {
      const size_t equals = word.find('=');
      name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
      has_value = equals != std::string::npos;
      if (has_value) value = word.substr(equals + 1);
    } else {
      const auto known = kShort.find(word[1]);
      if (known == kShort.end()) return absl::InvalidArgumentError(absl::StrCat("unknown shorthand flag: '", word.substr(1, 1), "' in ", word));
      name = known->second;
      has_value = word.size() > 2;
      if (has_value) value = word.substr(word[2] == '=' ? 3 : 2);
    }
    if (booleans.contains(name)) {
      args.flags[name] = has_value ? value : "true";
    } else if (valued.contains(name)) {
      if (!has_value && i + 1 == argv.size()) return absl::InvalidArgumentError(absl::StrCat("flag needs an argument: ", word));
      args.flags[name] = has_value ? value : argv[++i];
    } else {
      return absl::InvalidArgumentError(absl::StrCat("unknown flag: --", name));
    }
  }
  return args;
}

}  // namespace etcdlite::ctl
