// Command-line flags with the behaviour and error texts people know from Kubernetes' programs: `--name=value`,
// `--name value`, `-nVALUE`, booleans that stand alone or say `=false`, flags after arguments, `--` ends flags, lists by
// comma or repetition. (CLI11 words its errors its own way, takes `--bool false` and knows no optional value, so it does not
// serve here.) Not thread-safe.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace base {

// What a flag's value looks like.
enum class FlagType : uint8_t { kText, kBool, kInt, kDuration, kDouble };

// Flags of the program we stand in for whose subject does not exist here, for one reason.
struct AbsentFlags {
  std::vector<absl::string_view> names;
  const char* why;
  FlagType type = FlagType::kText;
  const char* off = "";  // of refused ones: the value that says nothing, where it is not the usual one
};

struct Flag {
  std::string name;
  std::string shorthand;  // one letter or empty
  std::string help;
  std::string default_text;  // as the help shows it: false, 'none', [], 0s
  std::string
      no_value;  // taken when the flag stands alone (booleans: "true"); empty: a value is required
  bool required = false;
  bool hidden = false;
  bool changed = false;
  std::string no_effect;  // why setting it changes nothing; empty: it does
  std::function<absl::Status(const std::string&)> set;
};

class FlagSet {
 public:
  // Each registers a flag bound to `*target`, whose present value is the default. The target
  // outlives the set.
  Flag& Bool(bool* target, absl::string_view name, absl::string_view shorthand,
             absl::string_view help);
  Flag& Int(int64_t* target, absl::string_view name, absl::string_view shorthand,
            absl::string_view help);
  Flag& Int(int* target, absl::string_view name, absl::string_view shorthand, absl::string_view help);
  Flag& Double(double* target, absl::string_view name, absl::string_view shorthand, absl::string_view help);
  Flag& String(std::string* target, absl::string_view name, absl::string_view shorthand,
               absl::string_view help);
  Flag& Duration(absl::Duration* target, absl::string_view name, absl::string_view shorthand,
                 absl::string_view help);
  // Values split at commas, as CSV: quotes protect a comma.
  Flag& List(std::vector<std::string>* target, absl::string_view name, absl::string_view shorthand,
             absl::string_view help);
  // Each occurrence is one value.
  Flag& Array(std::vector<std::string>* target, absl::string_view name, absl::string_view shorthand,
              absl::string_view help);

  // One of a few words. InvalidArgument names them.
  Flag& Choice(std::string* target, absl::string_view name, std::vector<std::string> words, absl::string_view help);
  // A value with rules of its own.
  Flag& Custom(absl::string_view name, absl::string_view help, std::string default_text,
               std::function<absl::Status(const std::string&)> set);
  // A second name of a flag; hidden.
  void Alias(absl::string_view name, absl::string_view of);
  // A flag of the program we stand in for whose subject does not exist here. It is taken, so that existing command lines work,
  // and whoever sets it is told why it changes nothing (NoEffectWarnings).
  void NoEffect(std::vector<absl::string_view> names, absl::string_view why, bool is_bool = false);
  void NoEffect(std::vector<absl::string_view> names, absl::string_view why, FlagType type);  // values are checked for their form
  std::vector<std::string> NoEffectWarnings() const;
  // A flag of that program that must not be overlooked: whoever sets it expects protection, or other data, that are not
  // here. Refused with the reason, unless the value says no more than the flag's absence does: nothing, false, 0 or `off`.
  void Refuse(std::vector<absl::string_view> names, absl::string_view why, FlagType type = FlagType::kText,
              absl::string_view off = "");
  void NoEffect(const std::vector<AbsentFlags>& rows);
  void Refuse(const std::vector<AbsentFlags>& rows);

  Flag* Find(absl::string_view name);
  const Flag* Find(absl::string_view name) const { return const_cast<FlagSet*>(this)->Find(name); }
  bool Changed(absl::string_view name) const;
  const std::vector<std::unique_ptr<Flag>>& flags() const { return flags_; }

  struct Parsed {
    std::vector<std::string> args;  // what is not a flag
    int dash_at = -1;               // how many of them stood before `--`; -1: no `--`
    bool help = false;              // -h or --help was seen
  };
  // Parses with the flags of this set and, after them, of `globals`. `interspersed` false stops at
  // the first argument.
  absl::Status Parse(const std::vector<std::string>& words, FlagSet* globals, Parsed* parsed,
                     bool interspersed = true);
  // InvalidArgument `required flag(s) "image" not set`.
  absl::Status CheckRequired() const;

 private:
  Flag& Add(absl::string_view name, absl::string_view shorthand, absl::string_view help);
  Flag* FindShort(char letter);

  std::vector<std::unique_ptr<Flag>> flags_;
};

// Go's duration syntax: "1h2m3.5s", "0", "300ms". InvalidArgument with Go's text.
absl::StatusOr<absl::Duration> ParseGoDuration(absl::string_view text);
std::string FormatGoDuration(absl::Duration duration);  // "1m30s", "0s"

}  // namespace base
