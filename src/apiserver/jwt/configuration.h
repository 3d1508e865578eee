// What --authentication-config says. Pure.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/cel/cel.h"
#include "apimachinery/value.h"

namespace apiserver::jwt {

// An expression; none: `program` is nullptr.
struct Expression {
  std::string text, message;
  std::shared_ptr<const apimachinery::cel::Program> program;
};

struct Mapping {
  std::string claim, prefix;
  Expression expression;
};

struct ExtraMapping {
  std::string key;
  Expression value;
};

struct RequiredClaim {
  std::string claim, value;
};

struct Issuer {
  std::string url, discovery_url, ca_pem;
  std::vector<std::string> audiences;
  std::vector<std::string> algorithms;  // of signatures
  Mapping username, groups, uid;
  std::vector<ExtraMapping> extra;
  std::vector<RequiredClaim> required;
  std::vector<Expression> claim_rules, user_rules;
};

struct Anonymous {
  bool enabled = false;
  std::vector<std::string> paths;
};

struct Configuration {
  std::vector<Issuer> issuers;
  std::optional<Anonymous> anonymous;
};

// Every algorithm that signatures may have; what the file allows.
std::vector<std::string> KnownAlgorithms();

// The file as a tree. InvalidArgument with upstream's text.
absl::StatusOr<apimachinery::Value> DecodeConfiguration(absl::string_view text);
// What such a tree says; InvalidArgument tells all that is wrong with it. `own_issuers`: those of service accounts, which
// cannot be given here.
absl::StatusOr<Configuration> ReadConfiguration(const apimachinery::Value& file, absl::Span<const std::string> own_issuers);

}  // namespace apiserver::jwt
