#include "apimachinery/patch/patch.h"

#include <cmath>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "apimachinery/codec.h"
#include "apimachinery/field_error.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"

namespace apimachinery::patch {
namespace {

constexpr size_t kMaxOperations = 10000;
constexpr size_t kMaxPatchDepth = 1000;  // merging recurses with the patch

const char* Word(const Value& value) {
  switch (value.type()) {
    case Value::Type::kBool: return "bool";
    case Value::Type::kString: return "string";
    case Value::Type::kArray: return "array";
    case Value::Type::kObject: return "object";
    default: return "number";
  }
}

absl::Status RefuseOutcome(absl::string_view shown, absl::string_view why) {
  FieldErrors errors;
  errors.Invalid(FieldPath("patch"), Value(shown), why);
  return Invalid("", "", "", errors);
}

// The first number, kept as text, that no double holds; nullptr when there is none.
const std::string* HugeNumber(const Value& root) {
  std::vector<const Value*> open = {&root};
  while (!open.empty()) {
    const Value& value = *open.back();
    open.pop_back();
    if (value.is_raw()) {
      if (!std::isfinite(std::strtod(value.as_string().c_str(), nullptr))) return &value.as_string();
    } else if (value.is_array()) {
      for (auto item = value.array().rbegin(); item != value.array().rend(); ++item) open.push_back(&*item);
    } else if (value.is_object()) {
      for (auto member = value.object().rbegin(); member != value.object().rend(); ++member) open.push_back(&member->value);
    }
  }
  return nullptr;
}

// Duplicates are collected; a malformed text is BadRequest with `prefix`. `number_text`: as in ParseOptions, for documents
// that upstream patches as text before it decodes them.
absl::StatusOr<Value> ParsePatch(absl::string_view text, absl::string_view prefix, bool number_text,
                                 std::vector<std::string>* duplicates) {
  ParseOptions options;
  options.number_text = number_text;
  options.max_depth = kMaxPatchDepth;
  options.duplicates = duplicates;
  absl::StatusOr<Value> patch = ParseJson(text, options);
  if (!patch.ok()) return BadRequest(absl::StrCat(prefix, patch.status().message()));
  if (number_text) {
    if (const std::string* huge = HugeNumber(*patch)) {
      return BadRequest(absl::StrCat(prefix, "json: cannot unmarshal number ", *huge, " into Go value of type float64"));
    }
  }
  return patch;
}

absl::StatusOr<Value> RunJsonPatch(absl::string_view text, bool typed, Value plain, std::vector<std::string>* strict_errors) {
  constexpr char kPrefix[] = "error decoding patch: json: cannot unmarshal ";
  std::vector<std::string> duplicates;
  absl::StatusOr<Value> operations = ParsePatch(text, "error decoding patch: ", typed, &duplicates);
  if (!operations.ok()) {
    const std::string why = ApiStatus::From(operations.status()).message;
    if (!absl::EndsWith(why, " into Go value of type float64")) return operations;
    return BadRequest(absl::StrReplaceAll(why, {{"Go value of", "Go struct field jsonPatchOp.value of"}}));
  }
  if (operations->is_null()) return plain;
  if (!operations->is_array()) {
    return BadRequest(absl::StrCat(kPrefix, Word(*operations), " into Go value of type []handlers.jsonPatchOp"));
  }
  for (const std::string& path : duplicates) {
    strict_errors->push_back(absl::StrCat("json patch duplicate field ", GoQuote(path)));
  }
  for (size_t i = 0; i < operations->size(); ++i) {
    const Value& operation = operations->array()[i];
    if (operation.is_null()) continue;
    if (!operation.is_object()) {
      return BadRequest(absl::StrCat(kPrefix, Word(operation), " into Go value of type handlers.jsonPatchOp"));
    }
    for (const Member& member : operation.object()) {
      if (member.key == "value") continue;
      if (member.key != "op" && member.key != "path" && member.key != "from") {
        strict_errors->push_back(absl::StrCat("json patch unknown field \"[", i, "].", member.key, "\""));
      } else if (!member.value.is_string() && !member.value.is_null()) {
        return BadRequest(absl::StrCat(kPrefix, Word(member.value), " into Go struct field jsonPatchOp.", member.key,
                                       " of type string"));
      }
    }
  }
  if (operations->size() > kMaxOperations) {
    return RequestEntityTooLarge(absl::StrCat("The allowed maximum operations in a JSON patch is ", kMaxOperations, ", got ",
                                              operations->size()));
  }
  return ApplyJsonPatch(std::move(plain), *operations);
}

absl::StatusOr<Value> RunMergePatch(absl::string_view text, bool typed, Value plain, std::vector<std::string>* strict_errors) {
  std::vector<std::string> duplicates;
  absl::StatusOr<Value> patch = ParsePatch(text, "error decoding patch: ", typed, &duplicates);
  if (!patch.ok()) return patch;
  if (patch->is_null()) return BadRequest("Invalid JSON Patch");
  if (!patch->is_object()) {
    return BadRequest(absl::StrCat("error decoding patch: json: cannot unmarshal ", Word(*patch),
                                   " into Go value of type map[string]interface {}"));
  }
  for (const std::string& path : duplicates) strict_errors->push_back(absl::StrCat("duplicate field ", GoQuote(path)));
  ApplyMergePatch(&plain, *patch);
  return plain;
}

}  // namespace

bool PatchTypeFromMediaType(absl::string_view media_type, PatchType* type) {
  if (media_type == "application/json-patch+json") {
    *type = PatchType::kJson;
  } else if (media_type == "application/merge-patch+json") {
    *type = PatchType::kMerge;
  } else if (media_type == "application/strategic-merge-patch+json") {
    *type = PatchType::kStrategicMerge;
  } else if (media_type == "application/apply-patch+yaml") {
    *type = PatchType::kApply;
  } else {
    return false;
  }
  return true;
}

ApiStatus Patched::StrictError() const {
  FieldErrors errors;
  errors.Invalid(FieldPath("patch"), Value(shown), absl::StrCat("strict decoding error: ", absl::StrJoin(strict_errors, ", ")));
  return Invalid("", "", "", errors);
}

absl::StatusOr<Patched> PatchObject(PatchType type, const Message* message, const Value& current, absl::string_view text,
                                    const Judge& judge) {
  Patched result;
  DecodeOptions decode;
  absl::StatusOr<Value> outcome;
  Value plain = message != nullptr ? ToPlain(*message, current) : current;
  if (type == PatchType::kStrategicMerge && message != nullptr) {
    std::vector<std::string> duplicates;
    absl::StatusOr<Value> patch = ParsePatch(text, "", false, &duplicates);
    if (!patch.ok()) return patch.status();
    if (!patch->is_object() && !patch->is_null()) {
      return BadRequest(absl::StrCat("json: cannot unmarshal ", Word(*patch), " into Go value of type map[string]interface {}"));
    }
    for (const std::string& path : duplicates) result.strict_errors.push_back(absl::StrCat("duplicate field ", GoQuote(path)));
    outcome = ApplyStrategicMergePatch(*message, std::move(plain), &*patch);
    if (!outcome.ok()) return outcome.status();
    if (!VerbatimMembers(*message).empty()) SortKeys(&*outcome);  // free JSON has been through a tree upstream
    result.shown = GoFormat(*patch);
    decode.converting = true;
  } else if (type == PatchType::kJson || type == PatchType::kMerge) {
    const bool typed = message != nullptr;
    outcome = type == PatchType::kJson ? RunJsonPatch(text, typed, std::move(plain), &result.strict_errors)
                                       : RunMergePatch(text, typed, std::move(plain), &result.strict_errors);
    if (!outcome.ok()) return outcome.status();
    result.shown = WriteJson(*outcome);
    if (const std::string problem = judge ? judge(*outcome, result.shown) : ""; !problem.empty()) {
      return RefuseOutcome(result.shown, problem);
    }
  } else {
    return UnsupportedMediaType("the body of the request was in an unknown format");
  }
  if (message == nullptr) {
    result.object = *std::move(outcome);
    return result;
  }
  absl::StatusOr<Decoded> decoded = DecodeTree(*message, *std::move(outcome), decode);
  if (!decoded.ok()) return RefuseOutcome(result.shown, decoded.status().message());
  result.object = std::move(decoded->value);
  for (std::string& error : decoded->strict_errors) result.strict_errors.push_back(std::move(error));
  return result;
}

}  // namespace apimachinery::patch
