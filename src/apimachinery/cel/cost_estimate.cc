#include "apimachinery/cel/cost_estimate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <unordered_map>

#include "absl/strings/match.h"
#include "apimachinery/cel/cost_calls.h"
#include "apimachinery/cel/function.h"
#include "apimachinery/cel/runtime_cost.h"

namespace apimachinery::cel {
namespace {

// Sizes of the elements of a list, of the keys and values of a map.
struct Entries {
  bool is_list = false;
  Range key, value;
};

struct Local {
  Path path;
  std::optional<Range> size;
  std::optional<Entries> entries;
};

class Estimator {
 public:
  Estimator(const Ast& ast, const DeclType* root) : ast_(ast), root_(root) {}

  Range Cost(const Expr& e) {
    switch (e.kind) {
      case ExprKind::kLiteral: case ExprKind::kUnspecified: return {};
      case ExprKind::kIdent: return Ident(e);
      case ExprKind::kSelect: return Select(e);
      case ExprKind::kCall: return Call(e);
      case ExprKind::kList: return List(e);
      case ExprKind::kMap: return Map(e);
      case ExprKind::kStruct: {
        Range sum = Fixed(kStructCost);
        for (const Expr* value : e.args) sum = Cost(*value) + sum;
        return sum;
      }
      case ExprKind::kComprehension: return IsBind(e) ? Bind(e) : Fold(e);
    }
    return {};
  }

 private:
  const Type& TypeOf(const Expr& e) const { return *ast_.types[e.id]; }

  const Local* FindLocal(const std::string& name) const {
    const auto found = locals_.find(name);
    return found == locals_.end() || found->second.empty() ? nullptr : &found->second.back();
  }

  Path PathOf(const Expr& e) const {
    if (e.kind == ExprKind::kIdent) {
      if (const Local* local = FindLocal(e.name)) return local->path;
    }
    const auto found = paths_.find(e.id);
    return found == paths_.end() ? Path{} : found->second;
  }

  static Path Below(Path path, absl::string_view step) {
    path.emplace_back(step);
    return path;
  }

  Range Ident(const Expr& e) {
    const Local* local = FindLocal(e.name);
    paths_[e.id] = local != nullptr ? local->path : Path{e.name};
    return Fixed(kIdentCost);
  }

  Range Select(const Expr& e) {
    if (!ast_.idents[e.id].empty()) {
      paths_[e.id] = {ast_.idents[e.id]};
      return Fixed(kIdentCost);
    }
    Range sum = Cost(*e.target);
    if (e.test_only) return sum;
    const TypeKind kind = TypeOf(*e.target).kind();
    if (kind == TypeKind::kMap || kind == TypeKind::kStruct || kind == TypeKind::kTypeParam) sum = sum + Fixed(kIdentCost);
    paths_[e.id] = Below(PathOf(*e.target), e.name);
    return sum;
  }

  // What is known of the size of a node; nothing: anything.
  std::optional<Range> Size(const Expr& e) {
    if (const auto found = sizes_.find(e.id); found != sizes_.end()) return found->second;
    if (e.kind == ExprKind::kLiteral) {
      switch (e.literal.kind()) {
        case Val::Kind::kString: case Val::Kind::kBytes: return Fixed(CostSize(e.literal));
        default: return Fixed(1);
      }
    }
    if (e.kind == ExprKind::kList) return Fixed(e.args.size());
    if (e.kind == ExprKind::kMap) return Fixed(e.entry_ids.size());
    if (const std::optional<Range> declared = DeclaredSize(root_, PathOf(e))) {
      sizes_[e.id] = *declared;
      return declared;
    }
    if (IsScalar(TypeOf(e))) return Fixed(1);
    if (e.kind == ExprKind::kIdent) {
      if (const Local* local = FindLocal(e.name)) return local->size;
    }
    return std::nullopt;
  }
  Range SizeOrUnknown(const Expr& e) { return Size(e).value_or(kUnknown); }

  static bool IsScalar(const Type& type) {
    switch (type.kind()) {
      case TypeKind::kBool: case TypeKind::kDouble: case TypeKind::kDuration: case TypeKind::kInt:
      case TypeKind::kTimestamp: case TypeKind::kUint:
        return true;
      default:
        return type.IsOptional() && IsScalar(*type.parameter(0));
    }
  }

  std::optional<Entries> EntriesOf(const Expr& e) {
    if (const auto found = entries_.find(e.id); found != entries_.end()) return found->second;
    if (e.kind == ExprKind::kIdent) {
      if (const Local* local = FindLocal(e.name)) return local->entries;
    }
    return std::nullopt;
  }

  CostNode Node(const Expr& e) {
    CostNode node;
    node.expr = &e;
    node.type = ast_.types[e.id];
    node.path = PathOf(e);
    if (!node.path.empty() && node.path[0] == kAccumulator) node.path.clear();
    node.size = Size(e);
    return node;
  }

  Range Call(const Expr& e) {
    if (e.name == "dyn" && e.target == nullptr) {
      const Range cost = Cost(*e.args[0]) + Fixed(1);
      CopySizes(e, *e.args[0]);
      return cost;
    }
    std::vector<CostNode> args;
    std::vector<Range> arg_costs;
    for (const Expr* arg : e.args) {
      arg_costs.push_back(Cost(*arg));
      args.push_back(Node(*arg));
    }
    if (ast_.overloads[e.id].empty()) return {};
    Range sum;
    std::optional<CostNode> target;
    if (e.target != nullptr) {
      sum = Cost(*e.target);
      target = Node(*e.target);
    }
    Range call{UINT64_MAX, 0};
    std::optional<Range> result_size;
    for (const Overload* overload : ast_.overloads[e.id]) {
      const CallEstimate estimate = OneCall(e, overload->id, target, args, arg_costs);
      call = Union(call, estimate.cost);
      if (estimate.size) result_size = result_size ? Union(*result_size, *estimate.size) : *estimate.size;
      const bool of_list = overload->id == "index_list";
      if (of_list || overload->id == "index_map") {
        const std::optional<Entries> entries = EntriesOf(*e.args[0]);
        result_size = entries ? std::optional<Range>(entries->value) : std::nullopt;
        paths_[e.id] = Below(PathOf(*e.args[0]), of_list ? "@items" : "@values");
      }
      if (!result_size) result_size = Size(e);
    }
    if (result_size) sizes_[e.id] = *result_size;
    return sum + call;
  }

  static Range Sum(const std::vector<Range>& costs) {
    Range sum;
    for (const Range& cost : costs) sum = sum + cost;
    return sum;
  }

  CallEstimate OneCall(const Expr& e, const std::string& overload, const std::optional<CostNode>& target,
                       const std::vector<CostNode>& args, const std::vector<Range>& arg_costs) {
    if (std::optional<CallEstimate> known = EstimateLibraryCall(root_, e.name, overload, target, args)) {
      known->cost = known->cost + Sum(arg_costs);
      return *known;
    }
    if (overload == "logical_or" || overload == "logical_and") {
      return {{arg_costs[0].min, (arg_costs[0] + arg_costs[1]).max}, std::nullopt};
    }
    if (overload == "conditional") {
      const Range size = Union(args[1].size.value_or(kUnknown), args[2].size.value_or(kUnknown));
      if (const auto merged = Merge(EntriesOf(*e.args[1]), EntriesOf(*e.args[2]))) entries_[e.id] = *merged;
      return {arg_costs[0] + Union(arg_costs[1], arg_costs[2]), size};
    }
    if ((overload == "add_string" || overload == "add_bytes" || overload == "add_list") && args.size() == 2) {
      const Range size = args[0].size.value_or(kUnknown) + args[1].size.value_or(kUnknown);
      if (const auto merged = Merge(EntriesOf(*e.args[0]), EntriesOf(*e.args[1]))) entries_[e.id] = *merged;
      return {(overload == "add_list" ? Fixed(1) : size * kPerCharacter) + Sum(arg_costs), size};
    }
    CallEstimate standard = EstimateStandardCall(overload, target, args);
    standard.cost = standard.cost + Sum(arg_costs);
    return standard;
  }

  static std::optional<Entries> Merge(const std::optional<Entries>& a, const std::optional<Entries>& b) {
    if (!a || !b) return std::nullopt;
    return Entries{a->is_list, Union(a->key, b->key), Union(a->value, b->value)};
  }

  Range List(const Expr& e) {
    Range sum = Fixed(kListCost), item{e.args.empty() ? 0 : UINT64_MAX, 0};
    for (const Expr* element : e.args) {
      sum = sum + Cost(*element);
      item = Union(item, SizeOrUnknown(*element));
    }
    entries_[e.id] = Entries{true, Fixed(1), item};
    return sum;
  }

  Range Map(const Expr& e) {
    const uint64_t least = e.entry_ids.empty() ? 0 : UINT64_MAX;
    Range sum = Fixed(kMapCost), key{least, 0}, value{least, 0};
    for (size_t i = 0; i + 1 < e.args.size(); i += 2) {
      sum = sum + Cost(*e.args[i]) + Cost(*e.args[i + 1]);
      key = Union(key, SizeOrUnknown(*e.args[i]));
      value = Union(value, SizeOrUnknown(*e.args[i + 1]));
    }
    entries_[e.id] = Entries{false, key, value};
    return sum;
  }

  static bool IsBind(const Expr& e) {
    return e.range->kind == ExprKind::kList && e.range->args.empty() && e.condition->kind == ExprKind::kLiteral &&
           e.condition->literal.is_false();
  }

  void CopySizes(const Expr& to, const Expr& from) {
    if (const auto size = Size(from)) sizes_[to.id] = *size;
    if (const auto entries = EntriesOf(from)) entries_[to.id] = *entries;
  }

  void Push(const std::string& name, Local local) { locals_[name].push_back(std::move(local)); }
  void Pop(const std::string& name) { locals_[name].pop_back(); }

  Local LocalOf(const Expr& e) { return {PathOf(e), Size(e), EntriesOf(e)}; }

  Range Bind(const Expr& e) {
    Range sum = Cost(*e.range) + Cost(*e.init);
    Push(e.accu_var, LocalOf(*e.init));
    sum = sum + Cost(*e.result);
    Pop(e.accu_var);
    CopySizes(e, *e.result);
    return sum;
  }

  // The variable that runs over keys (or indices) or over values of the range.
  Local Running(const Expr& range, bool values, bool single) {
    const std::optional<Entries> entries = EntriesOf(range);
    const bool list = entries ? entries->is_list : TypeOf(range).Is(TypeKind::kList);
    if (single) values = list;
    Local local;
    if (entries) local.size = values ? entries->value : entries->key;
    const char* step = values ? (list ? "@items" : "@values") : (list ? "@indices" : "@keys");
    local.path = Below(PathOf(range), step);
    return local;
  }

  Range Fold(const Expr& e) {
    Range sum = Cost(*e.range) + Cost(*e.init);
    Push(e.accu_var, LocalOf(*e.init));
    const bool two = !e.iter_var2.empty();
    Push(e.iter_var, Running(*e.range, false, !two));
    if (two) Push(e.iter_var2, Running(*e.range, true, false));
    const Range loop = Cost(*e.condition), step = Cost(*e.step);
    Pop(e.iter_var);
    if (two) Pop(e.iter_var2);
    sum = sum + Cost(*e.result);
    Pop(e.accu_var);
    const Range count = SizeOrUnknown(*e.range);
    sum = sum + count * (step + loop);
    if (e.init->kind == ExprKind::kLiteral) {
      if (const auto size = Size(*e.init)) sizes_[e.id] = *size;
    } else if (e.init->kind == ExprKind::kList || e.init->kind == ExprKind::kMap) {
      sizes_[e.id] = count;
      if (const auto entries = EntriesOf(*e.step)) entries_[e.id] = *entries;
    }
    return sum;
  }

  const Ast& ast_;
  const DeclType* root_;
  std::unordered_map<int, Path> paths_;
  std::unordered_map<int, Range> sizes_;
  std::unordered_map<int, Entries> entries_;
  std::map<std::string, std::vector<Local>> locals_;
};

}  // namespace

CostEstimate EstimateCost(const Ast& ast, const DeclType* root) {
  const Range cost = Estimator(ast, root).Cost(*ast.root);
  return {cost.min, cost.max};
}

}  // namespace apimachinery::cel
