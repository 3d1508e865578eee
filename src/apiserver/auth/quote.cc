#include "apiserver/auth/quote.h"

#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"

namespace apiserver::auth {

std::string Quote(absl::string_view text) { return apimachinery::GoQuote(text); }

std::string QuoteList(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (size_t i = 0; i < texts.size(); ++i) absl::StrAppend(&out, i ? " " : "", Quote(texts[i]));
  return out + "]";
}

}  // namespace apiserver::auth
