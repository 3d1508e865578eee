// etcdctl: speaks etcd v3 to etcdlite and to etcd alike, with etcdctl's commands and output.
#include <cstdio>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/shutdown.h"
#include "etcdlite/ctl/commands.h"
#include "etcdlite/ctl/usage.h"

namespace etcdlite::ctl {
namespace {

const std::set<std::string> kBooleans = {
    "hex", "debug", "insecure-transport", "insecure-skip-tls-verify", "insecure-discovery", "help", "prefix", "from-key", "keys-only",
    "count-only", "print-value-only", "prev-kv", "ignore-value", "ignore-lease", "interactive", "physical", "keys", "once", "learner",
    "cluster", "progress-notify", "no-password", "new-user-password-interactive", "rangeless"};
const std::set<std::string> kValued = {
    "endpoints", "write-out", "dial-timeout", "command-timeout", "keepalive-time", "keepalive-timeout", "cacert", "cert", "key", "user",
    "password", "discovery-srv", "discovery-srv-name", "max-request-bytes", "max-recv-bytes", "consistency", "order", "sort-by", "limit",
    "rev", "min-mod-rev", "max-mod-rev", "min-create-rev", "max-create-rev", "lease", "peer-urls", "new-user-password"};
const std::vector<std::string> kGlobal = {"endpoints", "write-out", "dial-timeout", "command-timeout", "cacert", "cert", "key", "user", "password", "hex"};

const std::map<std::string, std::set<std::string>> kGroups = {
    {"lease", {"grant", "revoke", "timetolive", "list", "keep-alive"}},
    {"member", {"list", "add", "remove", "update", "promote"}},
    {"endpoint", {"health", "status", "hashkv"}},
    {"alarm", {"list", "disarm"}},
    {"snapshot", {"save"}},
    {"auth", {"enable", "disable", "status"}},
    {"user", {"add", "delete", "get", "list", "passwd", "grant-role", "revoke-role"}},
    {"role", {"add", "delete", "get", "list", "grant-permission", "revoke-permission"}}};
const std::map<std::string, int (*)(Context&)> kVerbs = {
    {"get", Get}, {"put", Put}, {"set", Put}, {"del", Del}, {"txn", Txn}, {"compaction", Compaction}, {"watch", Watch},
    {"defrag", Defrag}, {"move-leader", MoveLeader}};

int RunGroup(Context& context, const std::string& group) {
  const std::string verb = context.args.words.empty() ? "" : context.args.words[0];
  if (!kGroups.at(group).contains(verb)) {
    Print(GroupUsage(group));
    return kOk;
  }
  context.args.words.erase(context.args.words.begin());
  if (group == "lease") return Lease(context, verb);
  if (group == "member") return Member(context, verb);
  if (group == "endpoint") return Endpoint(context, verb);
  if (group == "alarm") return Alarm(context, verb);
  if (group == "snapshot") return SnapshotSave(context);
  if (group == "auth") return Auth(context, verb);
  return group == "user" ? User(context, verb) : Role(context, verb);
}

int Run(int argc, char** argv) {
  absl::StatusOr<Args> args = ParseArgs({argv + 1, argv + argc}, kBooleans, kValued);
  if (!args.ok()) {
    Fail(kError, args.status().message());
    Print(Usage());
    return kError;
  }
  for (const std::string& name : kGlobal) {  // the environment stands in for flags not given
    const char* value = std::getenv(absl::StrCat("ETCDCTL_", absl::StrReplaceAll(absl::AsciiStrToUpper(name), {{"-", "_"}})).c_str());
    if (value != nullptr && !args->Has(name)) args->flags[name] = value;
  }
  if (args->words.empty() || args->words[0] == "help") {
    Print(Usage());
    return kOk;
  }
  const std::string verb = args->words[0];
  args->words.erase(args->words.begin());
  if (verb == "version") {
    Print("etcdctl version: 3.6.16\nAPI version: 3.6\n");
    return kOk;
  }
  if (!kVerbs.contains(verb) && !kGroups.contains(verb)) {
    Fail(kError, absl::StrCat("unknown command ", GoQuote(verb), " for \"etcdctl\""));
    std::fprintf(stderr, "Run 'etcdctl --help' for usage.\n");
    return kError;
  }
  if (args->Bool("help")) {
    Print(Usage());
    return kOk;
  }
  Style style;
  static const std::map<std::string, Format> kFormats = {
      {"simple", Format::kSimple}, {"json", Format::kJson}, {"fields", Format::kFields}, {"table", Format::kTable}};
  const auto format = kFormats.find(args->Get("write-out", "simple"));
  if (format == kFormats.end()) return Fail(kBadFeature, "unsupported output format");
  style.format = format->second;
  style.hex = args->Bool("hex");
  ClientOptions options;
  options.endpoints = absl::StrSplit(args->Get("endpoints", "127.0.0.1:2379"), ',', absl::SkipWhitespace());
  options.tls.trusted_ca = args->Get("cacert");
  options.tls.certificate = args->Get("cert");
  options.tls.key = args->Get("key");
  if (!absl::ParseDuration(args->Get("command-timeout", "5s"), &options.timeout)) {
    return Fail(kError, absl::StrCat("invalid argument ", GoQuote(args->Get("command-timeout")), " for \"--command-timeout\" flag"));
  }
  const std::pair<std::string, std::string> user = absl::StrSplit(args->Get("user"), absl::MaxSplits(':', 1));
  options.user = user.first;
  options.password = args->Has("password") ? args->Get("password") : user.second;
  Client client(std::move(options));
  Context context{*std::move(args), client, style};
  return kGroups.contains(verb) ? RunGroup(context, verb) : kVerbs.at(verb)(context);
}

}  // namespace
}  // namespace etcdlite::ctl

int main(int argc, char** argv) {
  const int code = etcdlite::ctl::Run(argc, argv);
  std::fflush(stdout);
  std::_Exit(code);  // streams may still be open; nothing is left to do
}
