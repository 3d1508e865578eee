#include "base/flags.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"

namespace base {
namespace {

std::string Quoted(absl::string_view text) { return absl::StrCat("\"", text, "\""); }

absl::Status BadNumber(absl::string_view function, absl::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("strconv.", function, ": parsing ", Quoted(text), ": invalid syntax"));
}

std::vector<std::string> SplitCsv(absl::string_view text) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        parts.back() += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        parts.back() += '"', ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && parts.back().empty()) {
      quoted = true;
    } else if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// Whether `text` is of the form.
absl::Status CheckForm(FlagType type, const std::string& text) {
  switch (type) {
    case FlagType::kText: return absl::OkStatus();
    case FlagType::kBool: {
      constexpr absl::string_view kWords[] = {"true", "1", "t", "T", "TRUE", "True", "false", "0", "f", "F", "FALSE", "False"};
      const bool known = std::find(std::begin(kWords), std::end(kWords), text) != std::end(kWords);
      return known ? absl::OkStatus() : BadNumber("ParseBool", text);
    }
    case FlagType::kInt: {
      int64_t value = 0;
      return absl::SimpleAtoi(text, &value) ? absl::OkStatus() : BadNumber("ParseInt", text);
    }
    case FlagType::kDouble: {
      double value = 0;
      return absl::SimpleAtod(text, &value) ? absl::OkStatus() : BadNumber("ParseFloat", text);
    }
    case FlagType::kDuration: return ParseGoDuration(text).status();
  }
  return absl::OkStatus();
}

// Whether the value says what the flag's absence says.
bool SaysNothing(FlagType type, const std::string& text) {
  if (text.empty()) return true;
  if (type == FlagType::kBool) return text[0] == 'f' || text[0] == 'F' || text == "0";
  return type != FlagType::kText && (text == "0" || text == "0s");
}

absl::Status SetFlag(Flag& flag, const std::string& value) {
  absl::Status status = flag.set(value);
  if (!status.ok()) {
    const std::string name = flag.shorthand.empty()
                                 ? absl::StrCat("--", flag.name)
                                 : absl::StrCat("-", flag.shorthand, ", --", flag.name);
    return absl::InvalidArgumentError(absl::StrCat("invalid argument ", Quoted(value), " for ",
                                                   Quoted(name), " flag: ", status.message()));
  }
  flag.changed = true;
  return status;
}

}  // namespace

Flag& FlagSet::Add(absl::string_view name, absl::string_view shorthand, absl::string_view help) {
  auto flag = std::make_unique<Flag>();
  flag->name = std::string(name);
  flag->shorthand = std::string(shorthand);
  flag->help = std::string(help);
  flags_.push_back(std::move(flag));
  return *flags_.back();
}

Flag& FlagSet::Bool(bool* target, absl::string_view name, absl::string_view shorthand,
                    absl::string_view help) {
  Flag& flag = Add(name, shorthand, help);
  flag.default_text = *target ? "true" : "false";
  flag.no_value = "true";
  flag.set = [target](const std::string& text) {
    if (text == "true" || text == "1" || text == "t" || text == "T" || text == "TRUE" ||
        text == "True") {
      *target = true;
    } else if (text == "false" || text == "0" || text == "f" || text == "F" || text == "FALSE" ||
               text == "False") {
      *target = false;
    } else {
      return BadNumber("ParseBool", text);
    }
    return absl::OkStatus();
  };
  return flag;
}

Flag& FlagSet::Int(int64_t* target, absl::string_view name, absl::string_view shorthand,
                   absl::string_view help) {
  Flag& flag = Add(name, shorthand, help);
  flag.default_text = absl::StrCat(*target);
  flag.set = [target](const std::string& text) {
    return absl::SimpleAtoi(text, target) ? absl::OkStatus() : BadNumber("ParseInt", text);
  };
  return flag;
}

Flag& FlagSet::Int(int* target, absl::string_view name, absl::string_view shorthand, absl::string_view help) {
  Flag& flag = Add(name, shorthand, help);
  flag.default_text = absl::StrCat(*target);
  flag.set = [target](const std::string& text) {
    int value = 0;
    if (!absl::SimpleAtoi(text, &value)) return BadNumber("ParseInt", text);
    *target = value;
    return absl::OkStatus();
  };
  return flag;
}

Flag& FlagSet::Double(double* target, absl::string_view name, absl::string_view shorthand, absl::string_view help) {
  Flag& flag = Add(name, shorthand, help);
  flag.default_text = absl::StrCat(*target);
  flag.set = [target](const std::string& text) {
    double value = 0;
    if (!absl::SimpleAtod(text, &value)) return BadNumber("ParseFloat", text);
    *target = value;
    return absl::OkStatus();
  };
  return flag;
}

Flag& FlagSet::Choice(std::string* target, absl::string_view name, std::vector<std::string> words, absl::string_view help) {
  Flag& flag = Add(name, "", help);
  flag.default_text = absl::StrCat("'", *target, "'");
  flag.set = [target, words = std::move(words)](const std::string& text) {
    if (std::find(words.begin(), words.end(), text) == words.end()) {
      return absl::InvalidArgumentError(absl::StrCat("must be one of ", absl::StrJoin(words, ", ")));
    }
    *target = text;
    return absl::OkStatus();
  };
  return flag;
}

Flag& FlagSet::Custom(absl::string_view name, absl::string_view help, std::string default_text,
                      std::function<absl::Status(const std::string&)> set) {
  Flag& flag = Add(name, "", help);
  flag.default_text = std::move(default_text);
  flag.set = std::move(set);
  return flag;
}

void FlagSet::Alias(absl::string_view name, absl::string_view of) {
  Flag* original = Find(of);
  Flag& flag = Add(name, "", original->help);
  flag.no_value = original->no_value;
  flag.hidden = true;
  flag.set = [original](const std::string& text) {
    const absl::Status status = original->set(text);
    original->changed = original->changed || status.ok();
    return status;
  };
}

void FlagSet::NoEffect(std::vector<absl::string_view> names, absl::string_view why, bool is_bool) {
  NoEffect(std::move(names), why, is_bool ? FlagType::kBool : FlagType::kText);
}

void FlagSet::NoEffect(std::vector<absl::string_view> names, absl::string_view why, FlagType type) {
  for (absl::string_view name : names) {
    Flag& flag = Add(name, "", "");
    flag.hidden = true;
    flag.no_effect = std::string(why);
    if (type == FlagType::kBool) flag.no_value = "true";
    flag.set = [type](const std::string& text) { return CheckForm(type, text); };
  }
}

void FlagSet::Refuse(std::vector<absl::string_view> names, absl::string_view why, FlagType type, absl::string_view off) {
  for (absl::string_view name : names) {
    Flag& flag = Add(name, "", "");
    flag.hidden = true;
    if (type == FlagType::kBool) flag.no_value = "true";
    flag.set = [type, why = std::string(why), off = std::string(off)](const std::string& text) -> absl::Status {
      RETURN_IF_ERROR(CheckForm(type, text));
      if (SaysNothing(type, text) || (!off.empty() && text == off)) return absl::OkStatus();
      return absl::InvalidArgumentError(absl::StrCat("not supported: ", why));
    };
  }
}

void FlagSet::NoEffect(const std::vector<AbsentFlags>& rows) {
  for (const AbsentFlags& row : rows) NoEffect(row.names, row.why, row.type);
}

void FlagSet::Refuse(const std::vector<AbsentFlags>& rows) {
  for (const AbsentFlags& row : rows) Refuse(row.names, row.why, row.type, row.off);
}

std::vector<std::string> FlagSet::NoEffectWarnings() const {
  std::vector<std::string> warnings;
  for (const auto& flag : flags_) {
    if (flag->changed && !flag->no_effect.empty()) {
      warnings.push_back(absl::StrCat("Flag --", flag->name, " has no effect: ", flag->no_effect));
    }
  }
  return warnings;
}

Flag& FlagSet::String(std::string* target, absl::string_view name, absl::string_view shorthand,
                      absl::string_view help) {
  Flag& flag = Add(name, shorthand, help);
  flag.default_text = absl::StrCat("'", *target, "'");
  flag.set = [target](const std::string& text) {
    *target = text;
    return absl::OkStatus();
  };
  return flag;
}

Flag& FlagSet::Duration(absl::Duration* target, absl::string_view name, absl::string_view shorthand,
                        absl::string_view help) {
  Flag& flag = Add(name, shorthand, help);
  flag.default_text = FormatGoDuration(*target);
  flag.set = [target](const std::string& text) -> absl::Status {
    ASSIGN_OR_RETURN(*target, ParseGoDuration(text));
    return absl::OkStatus();
  };
  return flag;
}

Flag& FlagSet::List(std::vector<std::string>* target, absl::string_view name,
                    absl::string_view shorthand, absl::string_view help) {
  Flag& flag = Add(name, shorthand, help);
  flag.default_text = absl::StrCat("[", absl::StrJoin(*target, ","), "]");
  Flag* self = &flag;
  flag.set = [target, self](const std::string& text) {
    if (!self->changed) target->clear();
    if (text.empty()) return absl::OkStatus();
    for (std::string& part : SplitCsv(text)) target->push_back(std::move(part));
    return absl::OkStatus();
  };
  return flag;
}

Flag& FlagSet::Array(std::vector<std::string>* target, absl::string_view name,
                     absl::string_view shorthand, absl::string_view help) {
  Flag& flag = Add(name, shorthand, help);
  flag.default_text = "[]";
  Flag* self = &flag;
  flag.set = [target, self](const std::string& text) {
    if (!self->changed) target->clear();
    target->push_back(text);
    return absl::OkStatus();
  };
  return flag;
}

Flag* FlagSet::Find(absl::string_view name) {
  for (const auto& flag : flags_) {
    if (flag->name == name) return flag.get();
  }
  return nullptr;
}

Flag* FlagSet::FindShort(char letter) {
  for (const auto& flag : flags_) {
    if (!flag->shorthand.empty() && flag->shorthand[0] == letter) return flag.get();
  }
  return nullptr;
}

bool FlagSet::Changed(absl::string_view name) const {
  const Flag* flag = Find(name);
  return flag != nullptr && flag->changed;
}

absl::Status FlagSet::Parse(const std::vector<std::string>& words, FlagSet* globals, Parsed* parsed,
                            bool interspersed) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.size() < 2 || word[0] != '-') {
      if (!interspersed) {
        parsed->args.insert(parsed->args.end(), words.begin() + i, words.end());
        return absl::OkStatus();
      }
      parsed->args.push_back(word);
      continue;
    }
    if (word == "--") {
      parsed->dash_at = static_cast<int>(parsed->args.size());
      parsed->args.insert(parsed->args.end(), words.begin() + i + 1, words.end());
      return absl::OkStatus();
    }
    if (word[1] == '-') {
      const size_t equals = word.find('=');
      std::string name =
          word.substr(2, equals == std::string::npos ? std::string::npos : equals - 2);
      for (char& c : name) c = c == '_' ? '-' : c;
      if (name.empty()) return absl::InvalidArgumentError(absl::StrCat("bad flag syntax: ", word));
      Flag* flag = Find(name);
      if (flag == nullptr && globals != nullptr) flag = globals->Find(name);
      if (flag == nullptr) {
        if (name == "help") {
          parsed->help = true;
          return absl::OkStatus();
        }
        return absl::InvalidArgumentError(absl::StrCat("unknown flag: --", name));
      }
      if (equals != std::string::npos) {
        RETURN_IF_ERROR(SetFlag(*flag, word.substr(equals + 1)));
      } else if (!flag->no_value.empty()) {
        RETURN_IF_ERROR(SetFlag(*flag, flag->no_value));
      } else if (i + 1 < words.size()) {
        RETURN_IF_ERROR(SetFlag(*flag, words[++i]));
      } else {
        return absl::InvalidArgumentError(absl::StrCat("flag needs an argument: --", name));
      }
      continue;
    }
    for (size_t at = 1; at < word.size(); ++at) {
      Flag* flag = FindShort(word[at]);
      if (flag == nullptr && globals != nullptr) flag = globals->FindShort(word[at]);
      if (flag == nullptr) {
        if (word[at] == 'h') {
          parsed->help = true;
          return absl::OkStatus();
        }
        return absl::InvalidArgumentError(absl::StrCat(
            "unknown shorthand flag: '", word.substr(at, 1), "' in -", word.substr(at)));
      }
      if (at + 2 < word.size() && word[at + 1] == '=') {
        RETURN_IF_ERROR(SetFlag(*flag, word.substr(at + 2)));
        break;
      }
      if (!flag->no_value.empty()) {
        RETURN_IF_ERROR(SetFlag(*flag, flag->no_value));
        continue;
      }
      if (at + 1 < word.size()) {
        RETURN_IF_ERROR(SetFlag(*flag, word.substr(at + 1)));
      } else if (i + 1 < words.size()) {
        RETURN_IF_ERROR(SetFlag(*flag, words[++i]));
      } else {
        return absl::InvalidArgumentError(absl::StrCat(
            "flag needs an argument: '", word.substr(at, 1), "' in -", word.substr(at)));
      }
      break;
    }
  }
  return absl::OkStatus();
}

absl::Status FlagSet::CheckRequired() const {
  std::vector<std::string> missing;
  for (const auto& flag : flags_) {
    if (flag->required && !flag->changed) missing.push_back(Quoted(flag->name));
  }
  if (missing.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("required flag(s) ", absl::StrJoin(missing, ", "), " not set"));
}

absl::StatusOr<absl::Duration> ParseGoDuration(absl::string_view text) {
  const auto invalid = [&](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("time: ", why, " ", Quoted(text)));
  };
  absl::string_view rest = text;
  const bool negative = absl::ConsumePrefix(&rest, "-");
  if (!negative) absl::ConsumePrefix(&rest, "+");
  if (rest == "0") return absl::ZeroDuration();
  if (rest.empty()) return invalid("invalid duration");
  absl::Duration total;
  while (!rest.empty()) {
    size_t digits = 0;
    while (digits < rest.size() && (isdigit(rest[digits]) || rest[digits] == '.')) ++digits;
    double number = 0;
    if (digits == 0 || !absl::SimpleAtod(rest.substr(0, digits), &number))
      return invalid("invalid duration");
    rest.remove_prefix(digits);
    size_t letters = 0;
    while (letters < rest.size() && !isdigit(rest[letters]) && rest[letters] != '.') ++letters;
    const absl::string_view unit = rest.substr(0, letters);
    rest.remove_prefix(letters);
    if (unit.empty()) return invalid("missing unit in duration");
    if (unit == "ns")
      total += absl::Nanoseconds(number);
    else if (unit == "us" || unit == "µs")
      total += absl::Microseconds(number);
    else if (unit == "ms")
      total += absl::Milliseconds(number);
    else if (unit == "s")
      total += absl::Seconds(number);
    else if (unit == "m")
      total += absl::Minutes(number);
    else if (unit == "h")
      total += absl::Hours(number);
    else
      return absl::InvalidArgumentError(
          absl::StrCat("time: unknown unit ", Quoted(unit), " in duration ", Quoted(text)));
  }
  return negative ? -total : total;
}

std::string FormatGoDuration(absl::Duration duration) {
  if (duration == absl::ZeroDuration()) return "0s";
  std::string sign;
  if (duration < absl::ZeroDuration()) sign = "-", duration = -duration;
  if (duration < absl::Seconds(1)) return sign + absl::FormatDuration(duration);
  const int64_t whole = absl::ToInt64Seconds(duration);
  const int64_t hours = whole / 3600, minutes = whole / 60 % 60;
  std::string text = sign;
  if (hours > 0) absl::StrAppend(&text, hours, "h");
  if (hours > 0 || minutes > 0) absl::StrAppend(&text, minutes, "m");
  const absl::Duration rest = duration - absl::Seconds(whole - whole % 60);
  absl::StrAppend(&text, absl::ToDoubleSeconds(rest), "s");
  return text;
}

}  // namespace base
