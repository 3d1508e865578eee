#include "apimachinery/cel/runtime_cost.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "absl/strings/match.h"
#include "apimachinery/cel/named_format.h"

namespace apimachinery::cel {
namespace {

using Kind = Val::Kind;

constexpr uint64_t kPermissionCheck = 350'000;  // two of them fit into one expression

// As Go's uint64(d) on amd64: negative numbers wrap around, those that are too large are 0. A negative level of flatten is
// such a number, before it is an error.
uint64_t Unsigned(double d) {
  constexpr double kHalf = 9223372036854775808.0;
  if (d < kHalf) return d >= -kHalf ? static_cast<uint64_t>(static_cast<int64_t>(d)) : uint64_t{1} << 63;
  return d < 2 * kHalf ? static_cast<uint64_t>(d) : 0;
}

uint64_t Ceil(double d) { return Unsigned(std::ceil(d)); }
uint64_t Pass(const Val& v, double times = 1) { return Ceil(static_cast<double>(CostSize(v)) * times * kPerCharacter); }

// Of a whole tree of data.
uint64_t Traversal(const Val& v) {
  switch (v.kind()) {
    case Kind::kString: case Kind::kBytes: return static_cast<uint64_t>(static_cast<double>(v.text().size()) * kPerCharacter);
    case Kind::kList: {
      uint64_t cost = 0;
      for (size_t i = 0; i < v.list().size(); ++i) cost += Traversal(v.list().at(i));
      return cost;
    }
    case Kind::kMap: {
      uint64_t cost = 0;
      v.map().ForEach([&](const Val& key) {
        Val value;
        v.map().Find(key, &value);
        cost += Traversal(key) + Traversal(value);
        return true;
      });
      return cost;
    }
    default: return 1;
  }
}

uint64_t Regex(const Val& text, double pattern_size) {
  return Ceil((1.0 + static_cast<double>(CostSize(text))) * kPerCharacter) * Ceil(pattern_size * kPerRegexCharacter);
}

uint64_t Selector(const Val& text) {
  const auto size = static_cast<double>(CostSize(text));
  return kListCost + Ceil(size * kPerCharacter) + Ceil(Ceil(size * 0.5) * static_cast<double>(kListCost + kStructCost));
}

uint64_t Allocating(double factor, uint64_t size) {
  return Unsigned(static_cast<double>(size) * factor) + 1 + kListCost;
}

uint64_t SelfCompare(const Val& list) {
  const uint64_t size = CostSize(list);
  if (size == 0 || !list.is(Kind::kList)) return Allocating(2, 0);
  const Val first = list.list().at(0);
  const bool text = first.is(Kind::kString) || first.is(Kind::kBytes);
  return Allocating(text ? 2.0 + kPerCharacter : 2.0, size * size);
}

uint64_t Contains(absl::string_view overload, Args args, bool cidr) {
  const auto network = static_cast<double>(CostSize(args[0]));
  uint64_t cost = Ceil((network + network) * kPerCharacter);
  if (cidr) cost += Ceil(network * kPerCharacter) + 1;
  if (absl::EndsWith(overload, "_string")) cost += Pass(args[1]);
  return cost;
}

enum class Rule : uint8_t {
  kOne, kCheck, kSelector, kTraverse, kPass, kTwoPasses, kJoin, kFind, kIp, kContainsIp, kContainsCidr, kValidate,
};

const std::unordered_map<std::string, Rule>& Rules() {
  static const auto& rules = *new std::unordered_map<std::string, Rule>{
      {"check", Rule::kCheck}, {"serviceAccount", Rule::kOne}, {"path", Rule::kOne}, {"group", Rule::kOne},
      {"resource", Rule::kOne}, {"subresource", Rule::kOne}, {"namespace", Rule::kOne}, {"name", Rule::kOne},
      {"allowed", Rule::kOne}, {"reason", Rule::kOne}, {"error", Rule::kOne}, {"errored", Rule::kOne},
      {"fieldSelector", Rule::kSelector}, {"labelSelector", Rule::kSelector},
      {"isSorted", Rule::kTraverse}, {"sum", Rule::kTraverse}, {"max", Rule::kTraverse}, {"min", Rule::kTraverse},
      {"indexOf", Rule::kTraverse}, {"lastIndexOf", Rule::kTraverse},
      {"url", Rule::kPass}, {"lowerAscii", Rule::kPass}, {"upperAscii", Rule::kPass}, {"substring", Rule::kPass},
      {"trim", Rule::kPass}, {"replace", Rule::kTwoPasses}, {"split", Rule::kTwoPasses}, {"join", Rule::kJoin},
      {"find", Rule::kFind}, {"findAll", Rule::kFind}, {"cidr", Rule::kPass}, {"isIP", Rule::kPass},
      {"isCIDR", Rule::kPass}, {"ip", Rule::kIp}, {"ip.isCanonical", Rule::kTwoPasses}, {"masked", Rule::kOne},
      {"prefixLength", Rule::kOne}, {"family", Rule::kOne}, {"isUnspecified", Rule::kOne}, {"isLoopback", Rule::kOne},
      {"isLinkLocalMulticast", Rule::kOne}, {"isLinkLocalUnicast", Rule::kOne}, {"isGlobalUnicast", Rule::kOne},
      {"containsIP", Rule::kContainsIp}, {"containsCIDR", Rule::kContainsCidr},
      {"quantity", Rule::kPass}, {"isQuantity", Rule::kPass}, {"semver", Rule::kPass}, {"isSemver", Rule::kPass},
      {"validate", Rule::kValidate}, {"format.named", Rule::kOne}, {"sign", Rule::kOne}, {"asInteger", Rule::kOne},
      {"isInteger", Rule::kOne}, {"asApproximateFloat", Rule::kOne}, {"isGreaterThan", Rule::kOne},
      {"isLessThan", Rule::kOne}, {"compareTo", Rule::kOne}, {"add", Rule::kOne}, {"sub", Rule::kOne},
      {"major", Rule::kOne}, {"minor", Rule::kOne}, {"patch", Rule::kOne}, {"getScheme", Rule::kOne},
      {"getHostname", Rule::kOne}, {"getHost", Rule::kOne}, {"getPort", Rule::kOne}, {"getEscapedPath", Rule::kOne},
      {"getQuery", Rule::kOne},
  };
  return rules;
}

// By function; false: none of Kubernetes' own.
bool ByFunction(absl::string_view function, absl::string_view overload, Args args, const Val& result, uint64_t* cost) {
  const auto found = Rules().find(std::string(function));
  if (found == Rules().end()) return false;
  if (args.empty()) return false;
  switch (found->second) {
    case Rule::kOne: *cost = 1; return true;
    case Rule::kCheck: *cost = kPermissionCheck; return true;
    case Rule::kSelector:
      if (args.size() < 2) return false;
      *cost = Selector(args[1]);
      return true;
    case Rule::kTraverse: *cost = Traversal(args[0]); return true;
    case Rule::kPass: *cost = Pass(args[0]); return true;
    case Rule::kTwoPasses: *cost = Pass(args[0], 2); return true;
    case Rule::kJoin: *cost = Pass(result, 2); return true;
    case Rule::kFind:
      *cost = Regex(args[0], static_cast<double>(CostSize(args[1])));
      return true;
    case Rule::kIp: *cost = overload == "cidr_ip" ? 1 : Pass(args[0]); return true;
    case Rule::kContainsIp: *cost = Contains(overload, args, false); return true;
    case Rule::kContainsCidr: *cost = Contains(overload, args, true); return true;
    case Rule::kValidate:
      if (args.size() < 2 || !args[0].is(Kind::kOpaque)) return false;
      *cost = Regex(args[1], FormatOf(args[0]).regex_size);
      return true;
  }
  return false;
}

bool ByListOverload(absl::string_view overload, Args args, const Val& result, uint64_t* cost) {
  if (overload == "list_slice" || overload == "lists_range" || overload == "list_reverse") {
    *cost = Allocating(1, CostSize(result));
  } else if (overload == "list_flatten" || overload == "list_flatten_int") {
    const double depth = args.size() == 2 && args[1].is(Kind::kInt) ? static_cast<double>(args[1].as_int()) : 1.0;
    *cost = Allocating(depth, CostSize(args[0]));
  } else if (const Val* list = ComparedList(overload, args); list != nullptr) {
    *cost = SelfCompare(*list);
  } else if (overload == "list_sets_contains_list" || overload == "list_sets_intersects_list") {
    *cost = 1 + CostSize(args[0]) * CostSize(args[1]);
  } else if (overload == "list_sets_equivalent_list") {
    *cost = 1 + 2 * CostSize(args[0]) * CostSize(args[1]);
  } else {
    return false;
  }
  return true;
}

bool IsEquality(absl::string_view overload) { return overload == "equals" || overload == "not_equals"; }

bool OrdersText(absl::string_view overload) {
  for (const absl::string_view prefix : {"less", "greater", "less_equals", "greater_equals"}) {
    if (absl::StartsWith(overload, prefix)) {
      const absl::string_view rest = overload.substr(prefix.size());
      if (rest == "_string" || rest == "_bytes") return true;
    }
  }
  return false;
}

}  // namespace

const Val* ComparedList(absl::string_view overload, Args args) {
  if (overload == "list_distinct" || (absl::StartsWith(overload, "list_") && absl::EndsWith(overload, "_sort"))) return &args[0];
  return absl::EndsWith(overload, "_sortByAssociatedKeys") ? &args[1] : nullptr;
}

uint64_t RuntimeCallCost(absl::string_view function, absl::string_view overload, Args args, const Val& result) {
  uint64_t cost = 0;
  if (ByListOverload(overload, args, result, &cost)) return cost;
  if (ByFunction(function, overload, args, result, &cost)) return cost;
  if (overload == "equals" && args[0].is(Kind::kOpaque)) return 1;
  if (overload == "starts_with_string" || overload == "ends_with_string" || overload == "string_to_bytes" ||
      overload == "bytes_to_string" || overload == "strings_quote" || overload == "string_format") {
    return Pass(args[0]);
  }
  if (overload == "in_list") return CostSize(args[1]);
  if (IsEquality(overload) || OrdersText(overload)) {
    return Ceil(static_cast<double>(std::min(CostSize(args[0]), CostSize(args[1]))) * kPerCharacter);
  }
  if (overload == "add_string" || overload == "add_bytes") {
    return Ceil(static_cast<double>(CostSize(args[0]) + CostSize(args[1])) * kPerCharacter);
  }
  if (overload == "matches_string") return Regex(args[0], static_cast<double>(CostSize(args[1])));
  if (overload == "contains_string") return Pass(args[0]) * Pass(args[1]);
  return 1;
}

}  // namespace apimachinery::cel
