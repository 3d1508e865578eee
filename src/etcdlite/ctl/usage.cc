#include "etcdlite/ctl/usage.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace etcdlite::ctl {
namespace {

constexpr char kCommands[] =
    "\talarm disarm\t\t\tClears every alarm\n"
    "\talarm list\t\t\tLists the alarms\n"
    "\tauth disable\t\t\tTurns access control off\n"
    "\tauth enable\t\t\tTurns access control on\n"
    "\tauth status\t\t\tTells whether access control is on\n"
    "\tcompaction\t\t\tForgets history before a revision\n"
    "\tdefrag\t\t\t\tGives free space back to the file system\n"
    "\tdel\t\t\t\tDeletes a key or a range of keys\n"
    "\tendpoint hashkv\t\t\tPrints the hash of each endpoint's history\n"
    "\tendpoint health\t\t\tChecks that each endpoint serves\n"
    "\tendpoint status\t\t\tPrints each endpoint's state\n"
    "\tget\t\t\t\tReads a key or a range of keys\n"
    "\tlease grant\t\t\tCreates a lease\n"
    "\tlease keep-alive\t\tRenews a lease again and again\n"
    "\tlease list\t\t\tLists the leases\n"
    "\tlease revoke\t\t\tEnds a lease and deletes its keys\n"
    "\tlease timetolive\t\tTells what a lease has left\n"
    "\tmember add\t\t\tAdds a member\n"
    "\tmember list\t\t\tLists the members\n"
    "\tmember promote\t\t\tMakes a learner a voter\n"
    "\tmember remove\t\t\tRemoves a member\n"
    "\tmember update\t\t\tChanges a member's peer URLs\n"
    "\tmove-leader\t\t\tHands leadership to another member\n"
    "\tput\t\t\t\tWrites a key (also: set)\n"
    "\trole add, delete, get, list, grant-permission, revoke-permission\n"
    "\tsnapshot save\t\t\tSaves a member's state to a file\n"
    "\ttxn\t\t\t\tRuns a transaction read from standard input\n"
    "\tuser add, delete, get, list, passwd, grant-role, revoke-role\n"
    "\tversion\t\t\t\tPrints the version\n"
    "\twatch\t\t\t\tPrints changes as they happen\n";

constexpr char kOptions[] =
    "      --cacert=\"\"\t\t\tCA of the servers\n"
    "      --cert=\"\"\t\t\t\tclient certificate\n"
    "      --command-timeout=5s\t\ttime limit of short commands\n"
    "      --dial-timeout=2s\t\t\ttime limit of connecting\n"
    "      --endpoints=[127.0.0.1:2379]\tservers, separated by commas\n"
    "      --hex[=false]\t\t\tprint bytes in hex\n"
    "      --key=\"\"\t\t\t\tkey of --cert\n"
    "      --password=\"\"\t\t\tpassword of --user\n"
    "      --user=\"\"\t\t\t\tname[:password]\n"
    "  -w, --write-out=\"simple\"\t\tfields, json, simple or table\n";

}  // namespace

std::string Usage() {
  return absl::StrCat("NAME:\n\tetcdctl - A command line client for etcdlite and etcd.\n\nUSAGE:\n\tetcdctl [flags]\n\nVERSION:\n\t3.6.16\n\n"
                      "API VERSION:\n\t3.6\n\nCOMMANDS:\n", kCommands, "\nOPTIONS:\n", kOptions, "\n");
}

std::string GroupUsage(const std::string& group) {
  std::string out = absl::StrCat("NAME:\n\t", group, "\n\nUSAGE:\n\tetcdctl ", group, " <subcommand> [flags]\n\nAPI VERSION:\n\t3.6\n\nCOMMANDS:\n");
  for (const absl::string_view line : absl::StrSplit(kCommands, '\n')) {
    if (absl::StartsWith(line, absl::StrCat("\t", group, " "))) absl::StrAppend(&out, line, "\n");
  }
  return absl::StrCat(out, "\nGLOBAL OPTIONS:\n", kOptions, "\n");
}

}  // namespace etcdlite::ctl
