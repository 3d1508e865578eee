#include "apimachinery/cel/cost_calls.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "absl/strings/match.h"
#include "apimachinery/cel/runtime_cost.h"

namespace apimachinery::cel {
namespace {

constexpr uint64_t kMost = UINT64_MAX;
constexpr double kTwo64 = 18446744073709551616.0;

uint64_t Plus(uint64_t a, uint64_t b) { return a > kMost - b ? kMost : a + b; }
uint64_t Times(uint64_t a, uint64_t b) { return b != 0 && a > kMost / b ? kMost : a * b; }
uint64_t Times(uint64_t a, double factor) {
  const double product = std::ceil(static_cast<double>(a) * factor);
  return product >= kTwo64 ? kMost : static_cast<uint64_t>(product);
}

using Estimate = std::optional<CallEstimate>;

// The arguments of one estimate.
struct Calling {
  const DeclType* root;
  const std::string& overload;
  const std::optional<CostNode>& target;
  const std::vector<CostNode>& args;

  Range SizeOf(const CostNode& node) const {
    if (node.size) return *node.size;
    return DeclaredSize(root, node.path).value_or(kUnknown);
  }
  Range Target() const { return SizeOf(*target); }
  Range Arg(size_t i) const { return SizeOf(args[i]); }
};

Estimate One(const Calling&) { return CallEstimate{Fixed(1), std::nullopt}; }
Estimate Check(const Calling&) { return CallEstimate{Fixed(350'000), std::nullopt}; }

Estimate Selector(const Calling& c) {
  if (c.args.size() != 1) return std::nullopt;
  const Range size = c.Arg(0);
  return CallEstimate{Fixed(kListCost) + size * kPerCharacter + size * 0.5 * static_cast<double>(kListCost + kStructCost),
                      std::nullopt};
}

// An element of a list, with its place in the schema if the list has one.
std::optional<CostNode> ElementOf(const CostNode& list) {
  if (list.type->parameters().empty()) return std::nullopt;
  CostNode node;
  node.type = list.type->parameter(0);
  if (!list.path.empty()) {
    node.path = list.path;
    node.path.emplace_back("@items");
  }
  return node;
}

Estimate Traverse(const Calling& c) {
  if (!c.target) return std::nullopt;
  const std::optional<CostNode> element = ElementOf(*c.target);
  if (!element) return CallEstimate{c.Target() * kPerCharacter, std::nullopt};
  Range each = Fixed(1);
  if (element->type->Is(TypeKind::kString) || element->type->Is(TypeKind::kBytes)) {
    each = each + c.SizeOf(*element) * kPerCharacter;
  }
  return CallEstimate{c.Target() * each, std::nullopt};
}

Estimate Url(const Calling& c) {
  if (c.args.size() != 1) return std::nullopt;
  return CallEstimate{c.Arg(0) * kPerCharacter, c.Arg(0)};
}

Estimate PassTarget(const Calling& c) {
  if (!c.target) return std::nullopt;
  return CallEstimate{c.Target() * kPerCharacter, c.Target()};
}

// How long the result can become depends on how often what is replaced can occur.
Estimate Replace(const Calling& c) {
  if (!c.target || c.args.size() < 2) return std::nullopt;
  const Range size = c.Target(), old = c.Arg(0), fresh = c.Arg(1);
  Range count, kept;
  const auto ceil_of = [](uint64_t a, uint64_t b) {
    const double quotient = std::ceil(static_cast<double>(a) / static_cast<double>(b));
    return quotient >= kTwo64 ? kMost : static_cast<uint64_t>(quotient);
  };
  if (old.min == 0) {
    count.max = Plus(size.max, 1);
    kept.max = size.max;
  } else if (fresh.max <= old.min) {
    kept.max = size.max;
  } else {
    count.max = ceil_of(size.max, old.min);
  }
  if (old.max == 0) {
    count.min = Plus(size.min, 1);
    kept.min = size.min;
  } else if (old.max <= fresh.min) {
    kept.min = size.min;
  } else {
    count.min = ceil_of(size.min, old.max);
  }
  return CallEstimate{size * (2 * kPerCharacter), count * fresh + kept};
}

Estimate Split(const Calling& c) {
  if (!c.target) return std::nullopt;
  uint64_t most = c.Target().max;
  if (c.args.size() > 1 && c.args[1].expr->kind == ExprKind::kLiteral && c.args[1].expr->literal.is(Val::Kind::kInt)) {
    most = c.args[1].expr->literal.as_uint();
  }
  return CallEstimate{c.Target() * (2 * kPerCharacter), Range{0, most}};
}

Estimate Join(const Calling& c) {
  if (!c.target) return std::nullopt;
  Range size;
  const Range list = c.Target();
  if (const std::optional<CostNode> element = ElementOf(*c.target)) size = list * c.SizeOf(*element);
  if (!c.args.empty()) {
    size = size + c.Arg(0) * Range{list.min > 0 ? list.min - 1 : 0, list.max > 0 ? list.max - 1 : 0};
  }
  return CallEstimate{size * kPerCharacter, size};
}

Estimate Find(const Calling& c) {
  if (!c.target || c.args.empty()) return std::nullopt;
  const Range size = c.Target();
  return CallEstimate{(size + Fixed(1)) * kPerCharacter * (c.Arg(0) * kPerRegexCharacter), Range{0, size.max}};
}

Estimate PassArg(const Calling& c) {
  if (c.args.empty()) return std::nullopt;
  return CallEstimate{c.Arg(0) * kPerCharacter, std::nullopt};
}

Estimate TwoPassesArg(const Calling& c) {
  if (c.args.empty()) return std::nullopt;
  return CallEstimate{c.Arg(0) * (2 * kPerCharacter), std::nullopt};
}

Estimate Ip(const Calling& c) { return c.overload == "cidr_ip" ? One(c) : PassArg(c); }

constexpr Range kAddressBytes{4, 16};

Estimate ContainsIp(const Calling& c) {
  if (c.args.empty()) return std::nullopt;
  Range cost = (kAddressBytes + kAddressBytes) * kPerCharacter;
  if (absl::EndsWith(c.overload, "_string")) cost = cost + c.Arg(0) * kPerCharacter;
  return CallEstimate{cost, std::nullopt};
}

Estimate ContainsCidr(const Calling& c) {
  Estimate estimate = ContainsIp(c);
  if (estimate) estimate->cost = estimate->cost + kAddressBytes * kPerCharacter + Fixed(1);
  return estimate;
}

Estimate Validate(const Calling& c) {
  constexpr double kRegexSize = 128;
  if (c.args.empty()) return std::nullopt;
  return CallEstimate{c.Arg(0) * kPerCharacter * (kRegexSize * kPerRegexCharacter), std::nullopt};
}

// Equality of library types is cheap; of everything else, like of text.
Estimate Equals(const Calling& c) {
  if (c.args.size() != 2 || !Same(*c.args[0].type, *c.args[1].type)) return std::nullopt;
  const Type& type = *c.args[0].type;
  if (type.name() == "net.IP" || type.name() == "net.CIDR" || type.name() == "kubernetes.Quantity" ||
      type.name() == "kubernetes.Semver" || absl::StartsWith(type.name(), "kubernetes.authorization.")) {
    return One(c);
  }
  if (type.name() == "kubernetes.NamedFormat") return CallEstimate{Range{1, 64} * kPerCharacter, std::nullopt};
  if (type.name() == "kubernetes.URL") {
    const uint64_t most = c.args[1].size ? c.args[1].size->max : 1;
    return CallEstimate{Range{1, most} * kPerCharacter, std::nullopt};
  }
  return std::nullopt;
}

Estimate Allocating(double factor, const Range& size) {
  return CallEstimate{size * factor + Fixed(1 + kListCost), size};
}

uint64_t LiteralOr(const CostNode& node, uint64_t otherwise) {
  if (node.expr == nullptr || node.expr->kind != ExprKind::kLiteral || !node.expr->literal.is(Val::Kind::kInt)) return otherwise;
  return static_cast<uint64_t>(std::max<int64_t>(node.expr->literal.as_int(), 0));
}

// The lists and sets extensions, by overload.
Estimate ByOverload(const Calling& c) {
  const std::string& id = c.overload;
  if (id == "list_slice" && c.target && c.args.size() == 2) {
    const uint64_t start = LiteralOr(c.args[0], 0), end = LiteralOr(c.args[1], c.Target().max);
    return Allocating(1, Fixed(end - start));
  }
  if (id == "lists_range" && c.args.size() == 1) return Allocating(1, Fixed(LiteralOr(c.args[0], kMost)));
  if (id == "list_reverse" && c.target) return Allocating(1, c.Target());
  if ((id == "list_flatten" || id == "list_flatten_int") && c.target) {
    return Allocating(c.args.empty() ? 1.0 : static_cast<double>(LiteralOr(c.args[0], kMost)), c.Target());
  }
  if (id == "list_distinct" && c.target) return Allocating(2, c.Target() * c.Target());
  const bool sort = absl::StartsWith(id, "list_") && absl::EndsWith(id, "_sort");
  const bool sort_by = absl::EndsWith(id, "_sortByAssociatedKeys");
  if ((sort || sort_by) && c.target) {
    const Range size = sort ? c.Target() : c.Arg(0);
    const bool text = absl::StartsWith(id, "list_string") || absl::StartsWith(id, "list_bytes");
    return Allocating(text ? 2 + kPerCharacter : 2, size * size);
  }
  if (absl::StartsWith(id, "list_sets_") && c.args.size() == 2) {
    return CallEstimate{c.Arg(0) * c.Arg(1) * (id == "list_sets_equivalent_list" ? 2.0 : 1.0) + Fixed(1), std::nullopt};
  }
  return std::nullopt;
}

using Rule = Estimate (*)(const Calling&);

const std::unordered_map<std::string, Rule>& Rules() {
  static const auto& rules = *new std::unordered_map<std::string, Rule>{
      {"check", Check}, {"serviceAccount", One}, {"path", One}, {"group", One}, {"resource", One}, {"subresource", One},
      {"namespace", One}, {"name", One}, {"allowed", One}, {"reason", One}, {"error", One}, {"errored", One},
      {"fieldSelector", Selector}, {"labelSelector", Selector}, {"isSorted", Traverse}, {"sum", Traverse},
      {"max", Traverse}, {"min", Traverse}, {"indexOf", Traverse}, {"lastIndexOf", Traverse}, {"url", Url},
      {"lowerAscii", PassTarget}, {"upperAscii", PassTarget}, {"substring", PassTarget}, {"trim", PassTarget},
      {"replace", Replace}, {"split", Split}, {"join", Join}, {"find", Find}, {"findAll", Find}, {"cidr", PassArg},
      {"isIP", PassArg}, {"isCIDR", PassArg}, {"ip", Ip}, {"ip.isCanonical", TwoPassesArg}, {"masked", One},
      {"prefixLength", One}, {"family", One}, {"isUnspecified", One}, {"isLoopback", One}, {"isLinkLocalMulticast", One},
      {"isLinkLocalUnicast", One}, {"isGlobalUnicast", One}, {"containsIP", ContainsIp}, {"containsCIDR", ContainsCidr},
      {"quantity", PassArg}, {"isQuantity", PassArg}, {"semver", PassArg}, {"isSemver", PassArg}, {"validate", Validate},
      {"format.named", One}, {"sign", One}, {"asInteger", One}, {"isInteger", One}, {"asApproximateFloat", One},
      {"isGreaterThan", One}, {"isLessThan", One}, {"compareTo", One}, {"add", One}, {"sub", One}, {"major", One},
      {"minor", One}, {"patch", One}, {"getScheme", One}, {"getHostname", One}, {"getHost", One}, {"getPort", One},
      {"getEscapedPath", One}, {"getQuery", One}, {op::kEquals, Equals},
  };
  return rules;
}

bool ComparesText(const std::string& overload) {
  if (overload == "equals" || overload == "not_equals") return true;
  for (const char* prefix : {"less", "greater"}) {
    if (absl::StartsWith(overload, prefix)) return absl::EndsWith(overload, "_string") || absl::EndsWith(overload, "_bytes");
  }
  return false;
}

}  // namespace

Range operator+(const Range& a, const Range& b) { return {Plus(a.min, b.min), Plus(a.max, b.max)}; }
Range operator*(const Range& a, const Range& b) { return {Times(a.min, b.min), Times(a.max, b.max)}; }
Range operator*(const Range& a, double factor) { return {Times(a.min, factor), Times(a.max, factor)}; }
Range Union(const Range& a, const Range& b) { return {std::min(a.min, b.min), std::max(a.max, b.max)}; }

std::optional<Range> DeclaredSize(const DeclType* root, const Path& path) {
  if (path.empty() || root == nullptr) return std::nullopt;
  const DeclType* at = root;
  for (size_t i = 1; i < path.size(); ++i) {
    const std::string& step = path[i];
    const DeclType* next = step == "@items" || step == "@values" ? at->element.get()
                           : step == "@keys"                     ? at->key.get()
                                                                 : at->Field(step);
    if (next == nullptr) return std::nullopt;
    at = next;
  }
  return Range{0, static_cast<uint64_t>(at->max_elements)};
}

std::optional<CallEstimate> EstimateLibraryCall(const DeclType* root, const std::string& function,
                                                const std::string& overload, const std::optional<CostNode>& target,
                                                const std::vector<CostNode>& args) {
  const Calling calling{root, overload, target, args};
  if (Estimate estimate = ByOverload(calling)) return estimate;
  const auto found = Rules().find(function);
  return found == Rules().end() ? std::nullopt : found->second(calling);
}

CallEstimate EstimateStandardCall(const std::string& overload, const std::optional<CostNode>& target,
                                  const std::vector<CostNode>& args) {
  const auto size = [](const CostNode& node) { return node.size.value_or(kUnknown); };
  if (overload == "string_format" && target) return {size(*target) * kPerCharacter, std::nullopt};
  if (args.size() == 1) {
    const Range arg = size(args[0]);
    if (overload == "string_to_bytes") return {arg * kPerCharacter, Range{arg.min, arg.max * 4}};
    if (overload == "bytes_to_string") return {arg * kPerCharacter, Range{arg.min / 4, arg.max}};
    if (overload == "strings_quote") return {arg * kPerCharacter, Range{arg.min + 2, arg.max * 2 + 2}};
    if (overload == "starts_with_string" || overload == "ends_with_string") return {arg * kPerCharacter, std::nullopt};
    if (overload == "matches_string" && target) {
      return {(size(*target) + Fixed(1)) * kPerCharacter * (arg * kPerRegexCharacter), std::nullopt};
    }
    if (overload == "contains_string" && target) {
      return {size(*target) * kPerCharacter * (arg * kPerCharacter), std::nullopt};
    }
  }
  if (args.size() == 2) {
    if (overload == "in_list") return {size(args[1]), std::nullopt};
    if (ComparesText(overload)) {
      const uint64_t most = std::min(size(args[0]).max, size(args[1]).max);
      return {Range{most > 0 ? uint64_t{1} : uint64_t{0}, most} * kPerCharacter, std::nullopt};
    }
  }
  return {Fixed(1), std::nullopt};
}

}  // namespace apimachinery::cel
