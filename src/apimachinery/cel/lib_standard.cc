// The standard functions that are no operators: sizes, conversions, tests of strings.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/cel/conversions.h"
#include "apimachinery/cel/function.h"
#include "apimachinery/cel/regex.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

Val Size(Args args) {
  const Val& v = args[0];
  switch (v.kind()) {
    case Kind::kString: case Kind::kBytes: case Kind::kList: case Kind::kMap: return Val::Int(static_cast<int64_t>(CostSize(v)));
    default: return v.is_error() ? v : Val::Error("no such overload: size");
  }
}

template <Val (*kConvert)(const Val&)>
Val Convert(Args args) { return kConvert(args[0]); }

Val Identity(Args args) { return args[0]; }
Val TypeOf(Args args) { return Val::OfType(args[0].RuntimeType()); }

Val NoOverload(const Val& v) { return v.is_error() ? v : Val::Error("no such overload"); }

template <bool (*kTest)(absl::string_view, absl::string_view)>
Val TestStrings(Args args) {
  if (!args[0].is(Kind::kString)) return NoOverload(args[0]);
  if (!args[1].is(Kind::kString)) return NoOverload(args[1]);
  return Val::Bool(kTest(args[0].text(), args[1].text()));
}

bool Contains(absl::string_view text, absl::string_view part) { return absl::StrContains(text, part); }
bool EndsWith(absl::string_view text, absl::string_view part) { return absl::EndsWith(text, part); }
bool StartsWith(absl::string_view text, absl::string_view part) { return absl::StartsWith(text, part); }

Val Matches(Args args) {
  if (!args[0].is(Kind::kString)) return NoOverload(args[0]);
  if (!args[1].is(Kind::kString)) return NoOverload(args[1]);
  std::string error;
  const auto regex = CompileRegex(args[1].text(), &error);
  return regex == nullptr ? Val::Error(std::move(error)) : Val::Bool(regex->Matches(args[0].text()));
}

}  // namespace

absl::Span<const OverloadRow> StandardFunctions() {
  static constexpr OverloadRow kRows[] = {
      {"size", "size_bytes", "(bytes) -> int", Size},
      {"size", "bytes_size", "bytes.() -> int", Size},
      {"size", "size_list", "(list(A)) -> int", Size},
      {"size", "list_size", "list(A).() -> int", Size},
      {"size", "size_map", "(map(A, B)) -> int", Size},
      {"size", "map_size", "map(A, B).() -> int", Size},
      {"size", "size_string", "(string) -> int", Size},
      {"size", "string_size", "string.() -> int", Size},
      {"type", "type", "(A) -> type(A)", TypeOf},
      {"bool", "bool_to_bool", "(bool) -> bool", Identity},
      {"bool", "string_to_bool", "(string) -> bool", Convert<ToBool>},
      {"bytes", "bytes_to_bytes", "(bytes) -> bytes", Identity},
      {"bytes", "string_to_bytes", "(string) -> bytes", Convert<ToBytes>},
      {"double", "double_to_double", "(double) -> double", Identity},
      {"double", "int64_to_double", "(int) -> double", Convert<ToDouble>},
      {"double", "string_to_double", "(string) -> double", Convert<ToDouble>},
      {"double", "uint64_to_double", "(uint) -> double", Convert<ToDouble>},
      {"duration", "duration_to_duration", "(duration) -> duration", Identity},
      {"duration", "int64_to_duration", "(int) -> duration", Convert<ToDuration>},
      {"duration", "string_to_duration", "(string) -> duration", Convert<ToDuration>},
      {"dyn", "to_dyn", "(A) -> dyn", Identity},
      {"int", "int64_to_int64", "(int) -> int", Identity},
      {"int", "double_to_int64", "(double) -> int", Convert<ToInt>},
      {"int", "duration_to_int64", "(duration) -> int", Convert<ToInt>},
      {"int", "string_to_int64", "(string) -> int", Convert<ToInt>},
      {"int", "timestamp_to_int64", "(timestamp) -> int", Convert<ToInt>},
      {"int", "uint64_to_int64", "(uint) -> int", Convert<ToInt>},
      {"string", "string_to_string", "(string) -> string", Identity},
      {"string", "bool_to_string", "(bool) -> string", Convert<ToText>},
      {"string", "bytes_to_string", "(bytes) -> string", Convert<ToText>},
      {"string", "double_to_string", "(double) -> string", Convert<ToText>},
      {"string", "duration_to_string", "(duration) -> string", Convert<ToText>},
      {"string", "int64_to_string", "(int) -> string", Convert<ToText>},
      {"string", "timestamp_to_string", "(timestamp) -> string", Convert<ToText>},
      {"string", "uint64_to_string", "(uint) -> string", Convert<ToText>},
      {"timestamp", "timestamp_to_timestamp", "(timestamp) -> timestamp", Identity},
      {"timestamp", "int64_to_timestamp", "(int) -> timestamp", Convert<ToTimestamp>},
      {"timestamp", "string_to_timestamp", "(string) -> timestamp", Convert<ToTimestamp>},
      {"uint", "uint64_to_uint64", "(uint) -> uint", Identity},
      {"uint", "double_to_uint64", "(double) -> uint", Convert<ToUint>},
      {"uint", "int64_to_uint64", "(int) -> uint", Convert<ToUint>},
      {"uint", "string_to_uint64", "(string) -> uint", Convert<ToUint>},
      {"contains", "contains_string", "string.(string) -> bool", TestStrings<Contains>},
      {"endsWith", "ends_with_string", "string.(string) -> bool", TestStrings<EndsWith>},
      {"startsWith", "starts_with_string", "string.(string) -> bool", TestStrings<StartsWith>},
      {"matches", "matches", "(string, string) -> bool", Matches},
      {"matches", "matches_string", "string.(string) -> bool", Matches},
  };
  return kRows;
}

}  // namespace apimachinery::cel
