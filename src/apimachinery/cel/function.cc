#include "apimachinery/cel/function.h"

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace apimachinery::cel {
namespace {

void CollectTypeParams(const Type& type, std::vector<std::string>* out) {
  if (type.Is(TypeKind::kTypeParam)) {
    for (const std::string& seen : *out) {
      if (seen == type.name()) return;
    }
    out->push_back(type.name());
  }
  for (const TypePtr& parameter : type.parameters()) CollectTypeParams(*parameter, out);
}

// "list(A).(A) -> int", "(string) -> bool".
Overload Read(const OverloadRow& row) {
  Overload overload;
  overload.id = std::string(row.id);
  overload.body = row.body;
  absl::string_view text = row.signature;
  const size_t arrow = text.find(" -> ");
  overload.result = ParseType(text.substr(arrow + 4));
  text = text.substr(0, arrow);
  const size_t member = text.find(".(");
  if (member != absl::string_view::npos) {
    overload.member = true;
    overload.args.push_back(ParseType(text.substr(0, member)));
    text.remove_prefix(member + 1);
  }
  text = text.substr(1, text.size() - 2);
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      const absl::string_view one = absl::StripAsciiWhitespace(text.substr(begin, i - begin));
      if (!one.empty()) overload.args.push_back(ParseType(one));
      begin = i + 1;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')') {
      --depth;
    }
  }
  for (const TypePtr& arg : overload.args) CollectTypeParams(*arg, &overload.type_params);
  CollectTypeParams(*overload.result, &overload.type_params);
  return overload;
}

// Operators and the like: one body for all overloads, decided by the values.
constexpr absl::string_view kSingletons[] = {"_+_", "_-_", "_*_", "_/_", "_%_", "-_", "!_", "_<_", "_<=_", "_>_", "_>=_",
                                             "@in", "size", "type", "dyn", "matches", "@not_strictly_false", "sort",
                                             "@sortByAssociatedKeys"};

// These judge their arguments themselves.
constexpr absl::string_view kUnguarded[] = {"contains", "endsWith", "startsWith", "flatten"};

using Table = std::map<std::string, Function, std::less<>>;

Table* MakeTable() {
  auto* table = new Table;
  for (const auto rows : {OperatorFunctions(), StandardFunctions(), TimeFunctions(), StringFunctions(), ListFunctions(),
                          SetFunctions(), RegexFunctions(), UrlFunctions(), QuantityFunctions(), NetworkFunctions(),
                          FormatFunctions(), SemverFunctions(), AuthorizerFunctions(), OptionalFunctions()}) {
    for (const OverloadRow& row : rows) {
      Function& function = (*table)[std::string(row.function)];
      function.name = std::string(row.function);
      function.overloads.push_back(Read(row));
    }
  }
  for (const absl::string_view name : kSingletons) {
    Function& function = table->find(std::string(name))->second;
    function.singleton = function.overloads.front().body;
  }
  for (const absl::string_view name : kUnguarded) table->find(std::string(name))->second.guarded = false;
  return table;
}

}  // namespace

const Function* FindFunction(absl::string_view name) {
  static const Table& table = *MakeTable();
  const auto found = table.find(std::string(name));
  return found == table.end() ? nullptr : &found->second;
}

bool Fits(const Val& value, const Type& type) {
  switch (type.kind()) {
    case TypeKind::kDyn: case TypeKind::kAny: case TypeKind::kTypeParam: return true;
    case TypeKind::kNull: return value.is(Val::Kind::kNull);
    case TypeKind::kBool: return value.is(Val::Kind::kBool);
    case TypeKind::kInt: return value.is(Val::Kind::kInt);
    case TypeKind::kUint: return value.is(Val::Kind::kUint);
    case TypeKind::kDouble: return value.is(Val::Kind::kDouble);
    case TypeKind::kString: return value.is(Val::Kind::kString);
    case TypeKind::kBytes: return value.is(Val::Kind::kBytes);
    case TypeKind::kDuration: return value.is(Val::Kind::kDuration);
    case TypeKind::kTimestamp: return value.is(Val::Kind::kTimestamp);
    case TypeKind::kList:
      if (!value.is(Val::Kind::kList)) return false;
      // As upstream: the first element speaks for all.
      return value.list().size() == 0 || Fits(value.list().at(0), *type.parameter(0));
    case TypeKind::kMap: return value.is(Val::Kind::kMap);
    case TypeKind::kType: return value.is(Val::Kind::kType);
    case TypeKind::kStruct: case TypeKind::kOpaque:
      if (value.is(Val::Kind::kOptional)) return type.IsOptional();
      return value.is(Val::Kind::kOpaque) && value.opaque().type()->name() == type.name();
    case TypeKind::kError: return false;
  }
  return false;
}

Val NoSuchOverload(absl::string_view function, Args args) {
  std::string types;
  for (const Val& arg : args) {
    if (arg.is_error()) return arg;
    absl::StrAppend(&types, types.empty() ? "" : ", ", arg.TypeName());
  }
  return Val::Error(absl::StrCat("no such overload: ", function, "(", types, ")"));
}

}  // namespace apimachinery::cel
