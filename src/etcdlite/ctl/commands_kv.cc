#include <cstdio>
#include <iostream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "etcd/kv.pb.h"
#include "etcdlite/ctl/commands.h"
#include "etcdlite/ctl/txn_parser.h"

namespace etcdlite::ctl {

int Fail(int code, absl::string_view text) {
  std::fflush(stdout);
  std::fprintf(stderr, "Error: %s\n", std::string(text).c_str());
  return code;
}

int FailRpc(const absl::Status& status) {
  const bool from_server = status.message().find("etcdserver") != absl::string_view::npos || absl::IsDeadlineExceeded(status);
  return Fail(kError, from_server ? std::string(status.message())
                                  : absl::StrCat("rpc error: code = ", absl::StatusCodeToString(status.code()) == "UNIMPLEMENTED"
                                                     ? "Unimplemented" : absl::StatusCodeToString(status.code()), " desc = ", status.message()));
}

void Print(absl::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty()) {
    if (static_cast<uint8_t>(prefix.back()) < 0xff) {
      ++prefix.back();
      return prefix;
    }
    prefix.pop_back();
  }
  return std::string(1, '\0');
}

int Get(Context& context) {
  const Args& args = context.args;
  if (args.words.empty()) return Fail(kBadArgs, "get command needs one argument as key and an optional argument as range_end");
  if (args.Bool("prefix") && args.Bool("from-key")) return Fail(kBadArgs, "`--prefix` and `--from-key` cannot be set at the same time, choose one");
  if (args.Bool("keys-only") && args.Bool("count-only")) return Fail(kBadArgs, "`--keys-only` and `--count-only` cannot be set at the same time, choose one");
  etcdserverpb::RangeRequest request;
  const std::string consistency = args.Get("consistency", "l");
  if (consistency == "s") {
    request.set_serializable(true);
  } else if (consistency != "l") {
    return Fail(kBadFeature, absl::StrCat("unknown consistency flag ", GoQuote(consistency)));
  }
  request.set_key(args.words[0]);
  if (args.words.size() > 1) {
    if (args.Bool("prefix") || args.Bool("from-key")) return Fail(kBadArgs, "too many arguments, only accept one argument when `--prefix` or `--from-key` is set");
    request.set_range_end(args.words[1]);
  }
  request.set_limit(args.Int("limit"));
  request.set_revision(args.Int("rev"));
  const std::string order = absl::AsciiStrToUpper(args.Get("order"));
  if (order == "ASCEND") {
    request.set_sort_order(etcdserverpb::RangeRequest::ASCEND);
  } else if (order == "DESCEND") {
    request.set_sort_order(etcdserverpb::RangeRequest::DESCEND);
  } else if (!order.empty()) {
    return Fail(kBadFeature, absl::StrCat("bad sort order ", args.Get("order")));
  }
  const std::string target = absl::AsciiStrToUpper(args.Get("sort-by"));
  static const std::map<std::string, etcdserverpb::RangeRequest::SortTarget> kTargets = {
      {"CREATE", etcdserverpb::RangeRequest::CREATE}, {"KEY", etcdserverpb::RangeRequest::KEY},
      {"MODIFY", etcdserverpb::RangeRequest::MOD}, {"VALUE", etcdserverpb::RangeRequest::VALUE},
      {"VERSION", etcdserverpb::RangeRequest::VERSION}};
  if (!target.empty()) {
    const auto found = kTargets.find(target);
    if (found == kTargets.end()) return Fail(kBadFeature, absl::StrCat("bad sort target ", args.Get("sort-by")));
    request.set_sort_target(found->second);
    // As clientv3: ascending by key is what the server does anyway.
    if (order == "ASCEND" && target == "KEY") request.set_sort_order(etcdserverpb::RangeRequest::NONE);
  } else if (order == "ASCEND") {
    request.set_sort_order(etcdserverpb::RangeRequest::NONE);
  }
  if (args.Bool("prefix")) {
    request.set_range_end(PrefixEnd(request.key()));
    if (request.key().empty()) request.set_key(std::string(1, '\0'));
  } else if (args.Bool("from-key")) {
    if (request.key().empty()) request.set_key(std::string(1, '\0'));
    request.set_range_end(std::string(1, '\0'));
  }
  request.set_keys_only(args.Bool("keys-only"));
  request.set_count_only(args.Bool("count-only"));
  request.set_min_create_revision(args.Int("min-create-rev"));
  request.set_max_create_revision(args.Int("max-create-rev"));
  request.set_min_mod_revision(args.Int("min-mod-rev"));
  request.set_max_mod_revision(args.Int("max-mod-rev"));
  etcdserverpb::RangeResponse response;
  const absl::Status got = context.client.Call("/etcdserverpb.KV/Range", request, &response);
  if (!got.ok()) return FailRpc(got);
  if (args.Bool("count-only") && context.style.format != Format::kFields) {
    return Fail(kBadArgs, "--count-only is only for `--write-out=fields`");
  }
  if (args.Bool("print-value-only")) {
    if (context.style.format != Format::kSimple) return Fail(kBadArgs, "print-value-only is only for `--write-out=simple`");
    context.style.values_only = true;
  }
  if (context.style.format == Format::kTable) return Fail(kBadFeature, "table not supported as output format");
  Print(PrintGet(context.style, response));
  return kOk;
}

int Put(Context& context) {
  const Args& args = context.args;
  if (args.words.empty()) return Fail(kBadArgs, "put command needs 1 argument and input from stdin or 2 arguments");
  etcdserverpb::PutRequest request;
  request.set_key(args.words[0]);
  if (args.Bool("ignore-value") && args.words.size() > 1) return Fail(kBadArgs, "put command needs only 1 argument when 'ignore-value' is set");
  if (!args.Bool("ignore-value")) {
    if (args.words.size() > 1) {
      request.set_value(args.words[1]);
    } else {
      request.set_value(std::string(std::istreambuf_iterator<char>(std::cin), {}));
      if (request.value().empty()) return Fail(kBadArgs, "put command needs 1 argument and input from stdin or 2 arguments");
    }
  }
  int64_t lease = 0;
  const std::string lease_text = args.Get("lease", "0");
  if (!absl::SimpleHexAtoi(lease_text, &lease)) {
    return Fail(kBadArgs, absl::StrCat("bad lease ID (strconv.ParseInt: parsing ", GoQuote(lease_text), ": invalid syntax), expecting ID in Hex"));
  }
  request.set_lease(lease);
  request.set_prev_kv(args.Bool("prev-kv"));
  request.set_ignore_value(args.Bool("ignore-value"));
  request.set_ignore_lease(args.Bool("ignore-lease"));
  etcdserverpb::PutResponse response;
  const absl::Status put = context.client.Call("/etcdserverpb.KV/Put", request, &response);
  if (!put.ok()) return FailRpc(put);
  if (context.style.format == Format::kTable) return Fail(kBadFeature, "table not supported as output format");
  Print(PrintPut(context.style, response));
  return kOk;
}

int Del(Context& context) {
  const Args& args = context.args;
  if (args.words.empty() || args.words.size() > 2) {
    return Fail(kBadArgs, "del command needs one argument as key and an optional argument as range_end");
  }
  if (args.Bool("prefix") && args.Bool("from-key")) return Fail(kBadArgs, "`--prefix` and `--from-key` cannot be set at the same time, choose one");
  etcdserverpb::DeleteRangeRequest request;
  request.set_key(args.words[0]);
  if (args.words.size() > 1) {
    if (args.Bool("prefix") || args.Bool("from-key")) return Fail(kBadArgs, "too many arguments, only accept one argument when `--prefix` or `--from-key` is set");
    request.set_range_end(args.words[1]);
  }
  if (args.Bool("prefix")) {
    request.set_range_end(PrefixEnd(request.key()));
    if (request.key().empty()) request.set_key(std::string(1, '\0'));
  } else if (args.Bool("from-key")) {
    if (request.key().empty()) request.set_key(std::string(1, '\0'));
    request.set_range_end(std::string(1, '\0'));
  }
  request.set_prev_kv(args.Bool("prev-kv"));
  etcdserverpb::DeleteRangeResponse response;
  const absl::Status deleted = context.client.Call("/etcdserverpb.KV/DeleteRange", request, &response);
  if (!deleted.ok()) return FailRpc(deleted);
  if (context.style.format == Format::kTable) return Fail(kBadFeature, "table not supported as output format");
  Print(PrintDelete(context.style, response));
  return kOk;
}

int Txn(Context& context) {
  if (!context.args.words.empty()) return Fail(kBadArgs, "txn command does not accept argument");
  const bool interactive = context.args.Bool("interactive");
  etcdserverpb::TxnRequest request;
  const auto section = [&](const char* title, auto&& take) -> absl::Status {
    if (interactive) std::printf("%s\n", title);
    for (std::string line; std::getline(std::cin, line);) {
      if (absl::StripAsciiWhitespace(line).empty()) break;
      const absl::Status taken = take(line);
      if (!taken.ok()) return taken;
    }
    return absl::OkStatus();
  };
  absl::Status read = section("compares:", [&](const std::string& line) { return ParseCompare(line, request.add_compare()); });
  if (read.ok()) read = section("success requests (get, put, del):", [&](const std::string& line) { return ParseOperation(line, request.add_success()); });
  if (read.ok()) read = section("failure requests (get, put, del):", [&](const std::string& line) { return ParseOperation(line, request.add_failure()); });
  if (!read.ok()) return Fail(kInvalidInput, read.message());
  etcdserverpb::TxnResponse response;
  const absl::Status done = context.client.Call("/etcdserverpb.KV/Txn", request, &response);
  if (!done.ok()) return FailRpc(done);
  if (interactive) Print("\n");
  if (context.style.format == Format::kTable) return Fail(kBadFeature, "table not supported as output format");
  Print(PrintTxn(context.style, response));
  return kOk;
}

int Compaction(Context& context) {
  if (context.args.words.size() != 1) return Fail(kBadArgs, "compaction command needs 1 argument");
  etcdserverpb::CompactionRequest request;
  int64_t revision = 0;
  if (!absl::SimpleAtoi(context.args.words[0], &revision)) {
    return Fail(kError, absl::StrCat("strconv.ParseInt: parsing ", GoQuote(context.args.words[0]), ": invalid syntax"));
  }
  request.set_revision(revision);
  request.set_physical(context.args.Bool("physical"));
  etcdserverpb::CompactionResponse response;
  const absl::Status done = context.client.Call("/etcdserverpb.KV/Compact", request, &response);
  if (!done.ok()) return FailRpc(done);
  Print(absl::StrCat("compacted revision ", revision, "\n"));
  return kOk;
}

}  // namespace etcdlite::ctl
