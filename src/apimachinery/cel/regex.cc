#include "apimachinery/cel/regex.h"

#include <re2/re2.h>

#include <list>
#include <mutex>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "apimachinery/cel/go_regexp_error.h"

namespace apimachinery::cel {
namespace {

constexpr size_t kKept = 512;           // patterns
constexpr size_t kMaxKeptLength = 4096;  // longer ones are compiled anew

class Re2Regex final : public Regex {
 public:
  explicit Re2Regex(absl::string_view pattern) : re_(re2::StringPiece(pattern.data(), pattern.size()), Options()) {}

  bool ok() const { return re_.ok(); }
  std::string Error(absl::string_view pattern) const { return GoRegexpError(re_, pattern); }

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
  if (pattern.size() > kMaxExpression) {
    *error = ExpressionTooLarge(pattern);
    return nullptr;
  }
  if (auto kept = cache.Get(pattern)) return kept;
  auto made = std::make_shared<const Re2Regex>(pattern);
  if (!made->ok()) {
    *error = made->Error(pattern);
    return nullptr;
  }
  if (pattern.size() <= kMaxKeptLength) cache.Put(pattern, made);
  return made;
}

}  // namespace apimachinery::cel
