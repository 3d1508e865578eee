#include "apiserver/flowcontrol/default_objects.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/go_quote.h"
#include "apimachinery/json.h"

namespace apiserver::flowcontrol {
namespace {

using apimachinery::Array;
using apimachinery::Value;

constexpr char kObjects[] =
#include "apiserver/flowcontrol/default_objects.inc"
    ;

}  // namespace

const Array& DefaultObjects() {
  static const Array& objects = *[] {
    auto* out = new Array();
    for (absl::string_view line : absl::StrSplit(kObjects, '\n', absl::SkipEmpty())) {
      if (absl::StatusOr<Value> object = apimachinery::ParseJson(line); object.ok()) out->push_back(*std::move(object));
    }
    return out;
  }();
  return objects;
}

const Value* MandatorySpec(absl::string_view kind, absl::string_view name) {
  if (name != "exempt" && name != "catch-all") return nullptr;
  for (const Value& object : DefaultObjects()) {
    if (object.GetString("kind") == kind && object.GetString("metadata.name") == name) return object.Find("spec");
  }
  return nullptr;
}

Value Dangling(absl::string_view priority_level, bool exists) {
  Value condition = Value::MakeObject();
  condition.Set("type", "Dangling");
  condition.Set("status", exists ? "False" : "True");
  condition.Set("reason", exists ? "Found" : "NotFound");
  condition.Set("message", absl::StrCat("This FlowSchema references the PriorityLevelConfiguration object named ",
                                        apimachinery::GoQuote(priority_level),
                                        exists ? " and it exists" : " but there is no such object"));
  return condition;
}

}  // namespace apiserver::flowcontrol
