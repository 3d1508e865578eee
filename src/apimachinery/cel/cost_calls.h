// Estimates of single calls: the part of the cost model that knows functions by name.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apimachinery/cel/ast.h"
#include "apimachinery/cel/decl_type.h"

namespace apimachinery::cel {

// From the least to the most; never overflows.
struct Range {
  uint64_t min = 0, max = 0;
};
constexpr Range kUnknown{0, UINT64_MAX};
inline Range Fixed(uint64_t n) { return {n, n}; }
Range operator+(const Range& a, const Range& b);
Range operator*(const Range& a, const Range& b);
Range operator*(const Range& a, double factor);
Range Union(const Range& a, const Range& b);

using Path = std::vector<std::string>;  // self, spec, containers, @items, name

// The declared size at a path whose first step is the variable; nothing: unknown.
std::optional<Range> DeclaredSize(const DeclType* root, const Path& path);

struct CostNode {
  const Expr* expr = nullptr;
  TypePtr type;
  Path path;
  std::optional<Range> size;
};

struct CallEstimate {
  Range cost;                 // of the call alone
  std::optional<Range> size;  // of its result
};

// Functions of Kubernetes' libraries and of the extensions; nothing: none of them.
std::optional<CallEstimate> EstimateLibraryCall(const DeclType* root, const std::string& function,
                                                const std::string& overload, const std::optional<CostNode>& target,
                                                const std::vector<CostNode>& args);
// All other functions.
CallEstimate EstimateStandardCall(const std::string& overload, const std::optional<CostNode>& target,
                                  const std::vector<CostNode>& args);

}  // namespace apimachinery::cel
