#include "apiserver/jwt/claims.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"
#include "base/status_macros.h"

namespace apiserver::jwt {
namespace {

using apimachinery::GoQuote;
using apimachinery::Value;
using apimachinery::cel::Outcome;
using apimachinery::cel::Val;
using pipeline::UserInfo;

template <typename... Parts>
absl::Status No(const Parts&... parts) {
  return absl::UnauthenticatedError(absl::StrCat("oidc: ", parts...));
}

absl::string_view JsonType(const Value& value) {
  if (value.is_bool()) return "bool";
  if (value.is_string()) return "string";
  if (value.is_array()) return "array";
  return value.is_object() ? "object" : "number";
}

// The text of a claim; or why there is none.
absl::StatusOr<std::string> TextClaim(const Value& claims, const std::string& name) {
  const Value* claim = claims.Find(name);
  if (claim == nullptr) return absl::NotFoundError("claim not present");
  if (claim->is_null()) return "";
  if (!claim->is_string()) {
    return absl::InvalidArgumentError(absl::StrCat("json: cannot unmarshal ", JsonType(*claim), " into Go value of type string"));
  }
  return claim->as_string();
}

absl::StatusOr<Val> Evaluate(const Expression& expression, absl::string_view variable, const Value& input) {
  const Outcome out = expression.program->Evaluate({{variable, Val::View(input)}}, apimachinery::cel::kPerCallLimit);
  if (!out.ok()) return absl::InvalidArgumentError(absl::StrCat("expression '", expression.text, "' resulted in error: ", out.error));
  return out.value;
}

absl::StatusOr<std::string> TextOf(const Expression& expression, const Value& claims, absl::string_view what) {
  const absl::StatusOr<Val> value = Evaluate(expression, "claims", claims);
  if (!value.ok()) return No("error evaluating ", what, " claim expression: ", value.status().message());
  if (!value->is(Val::Kind::kString)) {
    return No("error evaluating ", what, " claim expression: ", what, " claim expression must return a string");
  }
  return std::string(value->text());
}

// A string, a list of strings or nothing; empty ones are left out.
absl::StatusOr<std::vector<std::string>> TextsOf(const Val& value) {
  const absl::Status bad = absl::InvalidArgumentError("expression must return a string or a list of strings");
  std::vector<std::string> out;
  if (value.is(Val::Kind::kNull)) return out;
  if (value.is(Val::Kind::kString)) {
    if (!value.text().empty()) out.emplace_back(value.text());
    return out;
  }
  if (!value.is(Val::Kind::kList)) return bad;
  for (size_t i = 0; i < value.list().size(); ++i) {
    const Val item = value.list().at(i);
    if (!item.is(Val::Kind::kString)) return bad;
    if (!item.text().empty()) out.emplace_back(item.text());
  }
  return out;
}

absl::StatusOr<std::string> Username(const Issuer& issuer, const Value& claims) {
  if (issuer.username.expression.program != nullptr) {
    ASSIGN_OR_RETURN(std::string name, TextOf(issuer.username.expression, claims, "username"));
    if (name.empty()) return No("empty username via CEL expression is not allowed");
    return name;
  }
  const std::string& claim = issuer.username.claim;
  const absl::StatusOr<std::string> name = TextClaim(claims, claim);
  if (!name.ok()) return No("parse username claims ", GoQuote(claim), ": ", name.status().message());
  if (const Value* verified = claims.Find("email_verified"); claim == "email" && verified != nullptr) {
    if (!verified->is_bool() && !verified->is_null()) {
      return No("parse 'email_verified' claim: json: cannot unmarshal ", JsonType(*verified), " into Go value of type bool");
    }
    if (!verified->is_bool() || !verified->as_bool()) return No("email not verified");
  }
  return absl::StrCat(issuer.username.prefix, *name);
}

absl::StatusOr<std::vector<std::string>> Groups(const Issuer& issuer, const Value& claims) {
  std::vector<std::string> groups;
  const std::string& claim = issuer.groups.claim;
  const Value* found = claim.empty() ? nullptr : claims.Find(claim);
  if (found != nullptr) {
    const auto bad = [&](const Value& value, absl::string_view type) {
      return No("parse groups claim ", GoQuote(claim), ": json: cannot unmarshal ", JsonType(value), " into Go value of type ", type);
    };
    if (found->is_string()) {
      groups.push_back(absl::StrCat(issuer.groups.prefix, found->as_string()));
    } else if (found->is_array()) {
      for (const Value& group : found->array()) {
        if (!group.is_string() && !group.is_null()) return bad(group, "string");
        groups.push_back(absl::StrCat(issuer.groups.prefix, group.is_string() ? group.as_string() : ""));
      }
    } else if (!found->is_null()) {
      return bad(*found, "string");
    }
    return groups;
  }
  if (issuer.groups.expression.program == nullptr) return groups;
  const absl::StatusOr<Val> value = Evaluate(issuer.groups.expression, "claims", claims);
  if (!value.ok()) return No("error evaluating group claim expression: ", value.status().message());
  absl::StatusOr<std::vector<std::string>> texts = TextsOf(*value);
  if (!texts.ok()) return No("error evaluating group claim expression: ", texts.status().message());
  return texts;
}

absl::StatusOr<std::string> Uid(const Issuer& issuer, const Value& claims) {
  if (issuer.uid.expression.program != nullptr) return TextOf(issuer.uid.expression, claims, "uid");
  if (issuer.uid.claim.empty()) return "";
  absl::StatusOr<std::string> uid = TextClaim(claims, issuer.uid.claim);
  if (!uid.ok()) return No("parse uid claim ", GoQuote(issuer.uid.claim), ": ", uid.status().message());
  return uid;
}

absl::Status Extra(const Issuer& issuer, const Value& claims, UserInfo* user) {
  for (const ExtraMapping& mapping : issuer.extra) {
    const absl::StatusOr<Val> value = Evaluate(mapping.value, "claims", claims);
    if (!value.ok()) return No("error evaluating extra claim expression: ", value.status().message());
    absl::StatusOr<std::vector<std::string>> texts = TextsOf(*value);
    if (!texts.ok()) return No("error evaluating extra claim expression: ", mapping.value.text, ": ", texts.status().message());
    if (!texts->empty()) user->extra[mapping.key] = *std::move(texts);
  }
  return absl::OkStatus();
}

absl::Status Required(const Issuer& issuer, const Value& claims) {
  for (const RequiredClaim& required : issuer.required) {
    if (!claims.Has(required.claim)) return No("required claim ", required.claim, " not present in ID token");
    const absl::StatusOr<std::string> value = TextClaim(claims, required.claim);
    if (!value.ok()) return No("parse claim ", required.claim, ": ", value.status().message());
    if (*value != required.value) {
      return No("required claim ", required.claim, " value does not match. Got = ", *value, ", want = ", required.value);
    }
  }
  return absl::OkStatus();
}

absl::Status Hold(const std::vector<Expression>& rules, absl::string_view variable, const Value& input, absl::string_view what) {
  for (const Expression& rule : rules) {
    const absl::StatusOr<Val> value = Evaluate(rule, variable, input);
    if (!value.ok()) return No("error evaluating ", what, ": ", value.status().message());
    if (!value->is_true()) return No("error evaluating ", what, ": validation expression '", rule.text, "' failed: ", rule.message);
  }
  return absl::OkStatus();
}

Value Seen(const UserInfo& user) {
  const auto list = [](const std::vector<std::string>& texts) {
    Value out = Value::MakeArray();
    for (const std::string& text : texts) out.Append(text);
    return out;
  };
  Value out = Value::MakeObject();
  out.Set("username", user.name);
  out.Set("uid", user.uid);
  out.Set("groups", list(user.groups));
  Value& extra = out["extra"];
  extra = Value::MakeObject();
  for (const auto& [key, values] : user.extra) extra.Set(key, list(values));
  return out;
}

}  // namespace

absl::StatusOr<UserInfo> UserOf(const Issuer& issuer, const Value& claims) {
  UserInfo user;
  ASSIGN_OR_RETURN(user.name, Username(issuer, claims));
  ASSIGN_OR_RETURN(user.groups, Groups(issuer, claims));
  ASSIGN_OR_RETURN(user.uid, Uid(issuer, claims));
  RETURN_IF_ERROR(Extra(issuer, claims, &user));
  RETURN_IF_ERROR(Required(issuer, claims));
  RETURN_IF_ERROR(Hold(issuer.claim_rules, "claims", claims, "claim validation expression"));
  if (!issuer.user_rules.empty()) RETURN_IF_ERROR(Hold(issuer.user_rules, "user", Seen(user), "user info validation rule"));
  return user;
}

}  // namespace apiserver::jwt
