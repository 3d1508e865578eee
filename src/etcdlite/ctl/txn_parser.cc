#include "etcdlite/ctl/txn_parser.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "etcd/kv.pb.h"
#include "etcdlite/ctl/args.h"
#include "etcdlite/ctl/commands.h"

namespace etcdlite::ctl {
namespace {

using etcdserverpb::Compare;

// A quoted string or a bare word at the front; advances past it.
bool TakeQuoted(absl::string_view* text, std::string* out) {
  *text = absl::StripLeadingAsciiWhitespace(*text);
  if (text->empty() || (*text)[0] != '"') return false;
  size_t end = 1;
  while (end < text->size() && (*text)[end] != '"') end += (*text)[end] == '\\' ? 2 : 1;
  if (end >= text->size()) return false;
  if (!absl::CUnescape(text->substr(1, end - 1), out)) return false;
  text->remove_prefix(end + 1);
  return true;
}

absl::Status MalformedError(absl::string_view line) { return absl::InvalidArgumentError(absl::StrCat("malformed comparison: ", line)); }

}  // namespace

absl::Status ParseCompare(absl::string_view line, Compare* compare) {
  absl::string_view rest = absl::StripAsciiWhitespace(line);
  const size_t open = rest.find('(');
  if (open == absl::string_view::npos) return MalformedError(line);
  const absl::string_view target = absl::StripAsciiWhitespace(rest.substr(0, open));
  rest.remove_prefix(open + 1);
  std::string key, value;
  if (!TakeQuoted(&rest, &key)) return MalformedError(line);
  rest = absl::StripLeadingAsciiWhitespace(rest);
  if (rest.empty() || rest[0] != ')') return MalformedError(line);
  rest = absl::StripLeadingAsciiWhitespace(rest.substr(1));
  if (absl::StartsWith(rest, "!=")) {
    compare->set_result(Compare::NOT_EQUAL);
    rest.remove_prefix(2);
  } else if (!rest.empty() && (rest[0] == '=' || rest[0] == '<' || rest[0] == '>')) {
    compare->set_result(rest[0] == '=' ? Compare::EQUAL : rest[0] == '<' ? Compare::LESS : Compare::GREATER);
    rest.remove_prefix(1);
  } else {
    return MalformedError(line);
  }
  if (!TakeQuoted(&rest, &value)) return MalformedError(line);
  compare->set_key(key);
  int64_t number = 0;
  if (target == "val" || target == "value") {
    compare->set_target(Compare::VALUE);
    compare->set_value(value);
    return absl::OkStatus();
  }
  const bool lease = target == "lease";
  const bool parsed = lease ? absl::SimpleHexAtoi(value, &number) : absl::SimpleAtoi(value, &number);
  if (target != "ver" && target != "version" && target != "c" && target != "create" && target != "m" && target != "mod" && !lease) {
    return absl::InvalidArgumentError(absl::StrCat("malformed comparison: ", line, " (unknown target ", target, ")"));
  }
  if (!parsed) return absl::InvalidArgumentError(absl::StrCat("invalid txn compare request: ", line));
  if (target == "ver" || target == "version") {
    compare->set_target(Compare::VERSION);
    compare->set_version(number);
  } else if (target == "c" || target == "create") {
    compare->set_target(Compare::CREATE);
    compare->set_create_revision(number);
  } else if (lease) {
    compare->set_target(Compare::LEASE);
    compare->set_lease(number);
  } else {
    compare->set_target(Compare::MOD);
    compare->set_mod_revision(number);
  }
  return absl::OkStatus();
}

std::vector<std::string> SplitWords(absl::string_view line) {
  std::vector<std::string> words;
  while (true) {
    line = absl::StripLeadingAsciiWhitespace(line);
    if (line.empty()) return words;
    std::string word;
    if (line[0] == '"' && TakeQuoted(&line, &word)) {
      words.push_back(std::move(word));
      continue;
    }
    if (line[0] == '\'') {
      const size_t end = line.find('\'', 1);
      words.emplace_back(line.substr(1, end == absl::string_view::npos ? end : end - 1));
      line = end == absl::string_view::npos ? absl::string_view() : line.substr(end + 1);
      continue;
    }
    size_t end = 0;
    while (end < line.size() && !absl::ascii_isspace(line[end])) ++end;
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

absl::Status ParseOperation(absl::string_view line, etcdserverpb::RequestOp* op) {
  const absl::Status invalid = absl::InvalidArgumentError(absl::StrCat("invalid txn request: ", line));
  const absl::StatusOr<Args> parsed = ParseArgs(
      SplitWords(line), {"prefix", "from-key", "keys-only", "count-only", "prev-kv", "ignore-value", "ignore-lease"},
      {"limit", "rev", "lease", "order", "sort-by", "min-mod-rev", "max-mod-rev", "min-create-rev", "max-create-rev"});
  if (!parsed.ok() || parsed->words.size() < 2) return invalid;
  const Args& args = *parsed;
  const std::string& key = args.words[1];
  const auto set_range = [&](auto* request) {
    request->set_key(key);
    if (args.words.size() > 2) request->set_range_end(args.words[2]);
    if (args.Bool("prefix")) request->set_range_end(PrefixEnd(key));
    if (args.Bool("from-key")) request->set_range_end(std::string(1, '\0'));
    if (key.empty() && (args.Bool("prefix") || args.Bool("from-key"))) request->set_key(std::string(1, '\0'));
  };
  if (args.words[0] == "put" && args.words.size() == 3) {
    etcdserverpb::PutRequest* put = op->mutable_request_put();
    int64_t lease = 0;
    if (!absl::SimpleHexAtoi(args.Get("lease", "0"), &lease)) return invalid;
    put->set_key(key);
    put->set_value(args.words[2]);
    put->set_lease(lease);
    put->set_prev_kv(args.Bool("prev-kv"));
  } else if (args.words[0] == "get") {
    etcdserverpb::RangeRequest* get = op->mutable_request_range();
    set_range(get);
    get->set_limit(args.Int("limit"));
    get->set_revision(args.Int("rev"));
    get->set_keys_only(args.Bool("keys-only"));
    get->set_count_only(args.Bool("count-only"));
  } else if (args.words[0] == "del") {
    etcdserverpb::DeleteRangeRequest* del = op->mutable_request_delete_range();
    set_range(del);
    del->set_prev_kv(args.Bool("prev-kv"));
  } else {
    return invalid;
  }
  return absl::OkStatus();
}

}  // namespace etcdlite::ctl
