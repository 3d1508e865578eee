// Source: the OCI runtime specification, config-linux.md, "Seccomp".
#include <linux/seccomp.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/json.h"
#include "apimachinery/value.h"
#include "base/status_macros.h"
#include "kubelet/runtime/seccomp/policy.h"

namespace kubelet {
namespace {

using apimachinery::Value;

template <typename T>
struct Name {
  const char* name;
  T meaning;
};

constexpr Name<SeccompAction::Kind> kActions[] = {
    {"SCMP_ACT_ALLOW", SeccompAction::Kind::kAllow},        {"SCMP_ACT_ERRNO", SeccompAction::Kind::kErrno},
    {"SCMP_ACT_KILL", SeccompAction::Kind::kKillThread},    {"SCMP_ACT_KILL_THREAD", SeccompAction::Kind::kKillThread},
    {"SCMP_ACT_TRAP", SeccompAction::Kind::kTrap},          {"SCMP_ACT_KILL_PROCESS", SeccompAction::Kind::kKillProcess},
    {"SCMP_ACT_TRACE", SeccompAction::Kind::kTrace},        {"SCMP_ACT_LOG", SeccompAction::Kind::kLog}};

constexpr Name<SeccompArgument::Compare> kCompares[] = {
    {"SCMP_CMP_NE", SeccompArgument::Compare::kNotEqual},       {"SCMP_CMP_LT", SeccompArgument::Compare::kLess},
    {"SCMP_CMP_LE", SeccompArgument::Compare::kLessOrEqual},    {"SCMP_CMP_EQ", SeccompArgument::Compare::kEqual},
    {"SCMP_CMP_GE", SeccompArgument::Compare::kGreaterOrEqual}, {"SCMP_CMP_GT", SeccompArgument::Compare::kGreater},
    {"SCMP_CMP_MASKED_EQ", SeccompArgument::Compare::kMaskedEqual}};

constexpr Name<uint32_t> kFlags[] = {{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
                                     {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
                                     {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW}};

template <typename T, size_t N>
absl::StatusOr<T> Meaning(const Name<T> (&names)[N], absl::string_view what, const std::string& text) {
  for (const Name<T>& row : names) {
    if (text == row.name) return row.meaning;
  }
  return absl::InvalidArgumentError(absl::StrCat(what, " \"", text, "\" is not supported"));
}

absl::StatusOr<SeccompAction> Action(const Value& v, absl::string_view name, absl::string_view value) {
  ASSIGN_OR_RETURN(const SeccompAction::Kind kind, Meaning(kActions, "seccomp action", v.GetString(name)));
  const int64_t number = v.GetInt(value, EPERM);
  if (number < 0 || number > 4095) return absl::InvalidArgumentError(absl::StrCat(value, " ", number, " is no error number"));
  return SeccompAction{kind, static_cast<uint16_t>(number)};
}

// JSON has one kind of number; what exceeds int64 arrives as a double.
uint64_t Unsigned(const Value& v, absl::string_view name) {
  const Value* found = v.Find(name);
  if (found == nullptr || !found->is_number()) return 0;
  return found->is_int() ? static_cast<uint64_t>(found->as_int()) : static_cast<uint64_t>(std::max(0.0, std::min(found->as_double(), 1.8e19)));
}

absl::StatusOr<SeccompRule> Rule(const Value& v) {
  SeccompRule rule;
  for (const Value& name : v.GetArray("names")) {
    if (name.is_string()) rule.calls.push_back(name.as_string());
  }
  ASSIGN_OR_RETURN(rule.action, Action(v, "action", "errnoRet"));
  for (const Value& a : v.GetArray("args")) {
    SeccompArgument argument;
    const int64_t index = a.GetInt("index");
    if (index < 0 || index > 5) return absl::InvalidArgumentError(absl::StrCat("argument index ", index, " is not between 0 and 5"));
    argument.index = static_cast<unsigned>(index);
    ASSIGN_OR_RETURN(argument.compare, Meaning(kCompares, "seccomp operator", a.GetString("op")));
    argument.value = Unsigned(a, "value");
    argument.other = Unsigned(a, "valueTwo");
    rule.arguments.push_back(argument);
  }
  return rule;
}

}  // namespace

absl::StatusOr<SeccompPolicy> ParseSeccompPolicy(absl::string_view json) {
  ASSIGN_OR_RETURN(const Value v, apimachinery::ParseJson(json, {.max_depth = 100}));
  if (!v.is_object()) return absl::InvalidArgumentError("no JSON object");
  SeccompPolicy policy;
  ASSIGN_OR_RETURN(policy.otherwise, Action(v, "defaultAction", "defaultErrnoRet"));
  for (const Value& name : v.GetArray("architectures")) {
    if (!name.is_string()) continue;
    policy.architectures.push_back(absl::AsciiStrToLower(absl::StripPrefix(name.as_string(), "SCMP_ARCH_")));
  }
  for (const Value& flag : v.GetArray("flags")) {
    ASSIGN_OR_RETURN(const uint32_t bit, Meaning(kFlags, "seccomp flag", flag.is_string() ? flag.as_string() : ""));
    policy.flags |= bit;
  }
  if (v.Find("flags") == nullptr) policy.flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  if (!v.GetString("listenerPath").empty()) return absl::InvalidArgumentError("listenerPath is not supported");
  for (const Value& rule : v.GetArray("syscalls")) {
    ASSIGN_OR_RETURN(policy.rules.emplace_back(), Rule(rule));
  }
  return policy;
}

}  // namespace kubelet
