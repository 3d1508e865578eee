#include "apiserver/warnings/warnings.h"

#include "absl/strings/str_cat.h"
#include "apiserver/validation/validation.h"
#include "apiserver/validation/warnings.h"
#include "apiserver/warnings/notes.h"

namespace apiserver::warnings {

namespace v = apiserver::validation;

std::vector<std::string> Of(const apimachinery::Kind& kind, absl::string_view subresource, const Value& object,
                            const Value* old) {
  Notes notes;
  for (const auto& table : {WorkloadNotes(), CoreNotes()}) {
    for (const KindNotes& one : table) {
      if (one.kind == kind.kind && one.group == kind.group && one.subresource == subresource) one.write(notes, object, old);
    }
  }
  std::vector<std::string> texts = notes.Take();
  return texts.empty() ? v::Warnings(kind, object, old, subresource) : texts;  // those that are said beside the kind's rules
}

void Notes::At(const Path& p, absl::string_view text) {
  Add(absl::StrCat(apimachinery::FieldPath(p).ToString(), ": ", text));
}

void Notes::Ip(const Path& p, absl::string_view ip) { v::WarnOfIp(texts_, p, ip); }
void Notes::Cidr(const Path& p, absl::string_view cidr) { v::WarnOfCidr(texts_, p, cidr); }

void Notes::NodeSelectorTerm(const Path& p, const Value& term, bool check_values) {
  const Path expressions = p / "matchExpressions";
  const apimachinery::Array& list = v::Items(term, "matchExpressions");
  for (size_t i = 0; i < list.size(); ++i) {
    const Path at = expressions[i];
    const absl::string_view key = v::Text(list[i], "key");
    if (const absl::string_view old = v::DeprecatedNodeLabel(key); !old.empty()) At(at / "key", absl::StrCat(key, " is ", old));
    if (!check_values) continue;
    const Path values = at / "values";
    const apimachinery::Array& given = v::Items(list[i], "values");
    for (size_t k = 0; k < given.size(); ++k) {
      for (const std::string& problem : apimachinery::IsValidLabelValue(given[k].as_string())) {
        At(values[k], absl::StrCat(given[k].as_string(), " is invalid, ", problem));
      }
    }
  }
}

void Notes::WholeBytes(const Path& list, absl::string_view resource, const Value& amounts) {
  const Value* amount = amounts.Find(resource);
  if (amount == nullptr || !amount->is_string()) return;
  if (v::QuantityOf(*amount).UncheckedScaledValue(-3) % 1000 == 0) return;
  At(list.Key(resource), absl::StrCat("fractional byte value \"", amount->as_string(), "\" is invalid, must be an integer"));
}

void Notes::ClaimSpec(const Path& p, const Value& spec) {
  const Path resources = p / "resources";
  for (const char* list : {"requests", "limits"}) {
    WholeBytes(resources / list, "storage", v::Sub(v::Sub(spec, "resources"), list));
  }
}

}  // namespace apiserver::warnings
