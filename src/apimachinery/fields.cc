#include "apimachinery/fields.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/go_quote.h"

namespace apimachinery {
namespace {

// "a=b,c=d" cut at commas that no backslash escapes.
std::vector<absl::string_view> SplitTerms(absl::string_view text) {
  std::vector<absl::string_view> terms;
  if (text.empty()) return terms;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      terms.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  terms.push_back(text.substr(begin));
  return terms;
}

absl::StatusOr<std::string> Unescape(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      if (i + 1 == text.size()) {
        return absl::InvalidArgumentError("invalid field selector: invalid escape sequence: \\");
      }
      const char next = text[++i];
      if (next != '\\' && next != ',' && next != '=') {
        return absl::InvalidArgumentError(absl::StrCat("invalid field selector: invalid escape sequence: ", text.substr(i - 1, 2)));
      }
      out.push_back(next);
    } else if (c == ',' || c == '=') {
      return absl::InvalidArgumentError(absl::StrCat("invalid field selector: unescaped character in value: ", static_cast<int>(c)));
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string Escape(absl::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\' || c == ',' || c == '=') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

// Finds the operator: the first of !=, ==, = that no backslash escapes.
bool SplitTerm(absl::string_view term, absl::string_view* field, absl::string_view* op, absl::string_view* value) {
  for (size_t i = 0; i < term.size(); ++i) {
    if (term[i] == '\\') {
      ++i;
      continue;
    }
    for (absl::string_view candidate : {"!=", "==", "="}) {
      if (term.substr(i, candidate.size()) != candidate) continue;
      *field = term.substr(0, i);
      *op = term.substr(i, candidate.size());
      *value = term.substr(i + candidate.size());
      return true;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<FieldSelector> FieldSelector::Parse(absl::string_view text) {
  FieldSelector selector;
  std::vector<absl::string_view> terms = SplitTerms(text);
  std::sort(terms.begin(), terms.end());
  for (absl::string_view term : terms) {
    if (term.empty()) continue;
    absl::string_view field, op, value;
    if (!SplitTerm(term, &field, &op, &value)) {
      return absl::InvalidArgumentError(absl::StrCat("invalid selector: '", text, "'; can't understand '", term, "'"));
    }
    absl::StatusOr<std::string> unescaped = Unescape(value);
    if (!unescaped.ok()) return unescaped.status();
    if (field.empty() && unescaped->empty()) continue;  // "=": says nothing
    selector.terms_.push_back({std::string(field), op != "!=", *std::move(unescaped)});
  }
  return selector;
}

bool FieldSelector::Matches(absl::FunctionRef<std::string(absl::string_view field)> get) const {
  for (const FieldTerm& term : terms_) {
    if ((get(term.field) == term.value) != term.equal) return false;
  }
  return true;
}

const std::string* FieldSelector::RequiresExactMatch(absl::string_view field) const {
  for (const FieldTerm& term : terms_) {
    if (term.equal && term.field == field) return &term.value;
  }
  return nullptr;
}

std::string FieldSelector::ToString() const {
  return absl::StrJoin(terms_, ",", [](std::string* out, const FieldTerm& term) {
    absl::StrAppend(out, term.field, term.equal ? "=" : "!=", Escape(term.value));
  });
}

}  // namespace apimachinery
