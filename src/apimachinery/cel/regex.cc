#include "apimachinery/cel/regex.h"

#include <re2/re2.h>

#include <list>
#include <mutex>
#include <unordered_map>

#include "absl/strings/str_cat.h"

namespace apimachinery::cel {
namespace {

constexpr size_t kKept = 512;           // patterns
constexpr size_t kMaxKeptLength = 4096;  // longer ones are compiled anew

absl::string_view Reason(RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorBadEscape: return "invalid escape sequence";
    case RE2::ErrorBadCharClass: return "invalid character class";
    case RE2::ErrorBadCharRange: return "invalid character class range";
    case RE2::ErrorMissingBracket: return "missing closing ]";
    case RE2::ErrorMissingParen: return "missing closing )";
    case RE2::ErrorUnexpectedParen: return "unexpected )";
    case RE2::ErrorTrailingBackslash: return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument: return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize: return "invalid repeat count";
    case RE2::ErrorRepeatOp: return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp: return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8: return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture: return "invalid named capture";
    case RE2::ErrorPatternTooLarge: return "expression too large";
    default: return "regexp/syntax: internal error";
  }
}

class Re2Regex final : public Regex {
 public:
  explicit Re2Regex(absl::string_view pattern) : re_(re2::StringPiece(pattern.data(), pattern.size()), Options()) {}

  bool ok() const { return re_.ok(); }
  std::string Error() const {
    // Without an argument Go prints an empty one only for a trailing backslash.
    return absl::StrCat("error parsing regexp: ", Reason(re_.error_code()), ": `", re_.error_arg(), "`");
  }

  bool Matches(absl::string_view text) const override {
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), re_);
  }

  bool Find(absl::string_view text, size_t from, size_t* begin, size_t* end) const override {
    const re2::StringPiece whole(text.data(), text.size());
    re2::StringPiece match;
    if (!re_.Match(whole, from, whole.size(), RE2::UNANCHORED, &match, 1)) return false;
    *begin = static_cast<size_t>(match.data() - whole.data());
    *end = *begin + match.size();
    return true;
  }

 private:
  static RE2::Options Options() {
    RE2::Options options;
    options.set_log_errors(false);
    return options;
  }

  const RE2 re_;
};

// Least recently used patterns fall out.
class Cache {
 public:
  std::shared_ptr<const Regex> Get(absl::string_view pattern) {
    const std::lock_guard lock(mu_);
    const auto found = index_.find(std::string(pattern));
    if (found == index_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->second;
  }

  void Put(absl::string_view pattern, std::shared_ptr<const Regex> regex) {
    const std::lock_guard lock(mu_);
    if (index_.count(std::string(pattern)) != 0) return;
    order_.emplace_front(std::string(pattern), std::move(regex));
    index_[order_.front().first] = order_.begin();
    if (order_.size() <= kKept) return;
    index_.erase(order_.back().first);
    order_.pop_back();
  }

 private:
  using Entry = std::pair<std::string, std::shared_ptr<const Regex>>;
  std::mutex mu_;
  std::list<Entry> order_;  // guarded by mu_
  std::unordered_map<std::string, std::list<Entry>::iterator> index_;  // guarded by mu_
};

}  // namespace

std::shared_ptr<const Regex> CompileRegex(absl::string_view pattern, std::string* error) {
  static Cache& cache = *new Cache;
  if (auto kept = cache.Get(pattern)) return kept;
  auto made = std::make_shared<const Re2Regex>(pattern);
  if (!made->ok()) {
    *error = made->Error();
    return nullptr;
  }
  if (pattern.size() <= kMaxKeptLength) cache.Put(pattern, made);
  return made;
}

}  // namespace apimachinery::cel
