// etcdctl's verbs. Each returns the process's exit code: 0, or etcdctl's codes below.
#pragma once
#include <string>

#include "etcdlite/ctl/args.h"
#include "etcdlite/ctl/client.h"
#include "etcdlite/ctl/printer.h"

namespace etcdlite::ctl {

enum ExitCode { kOk = 0, kError = 1, kBadConnection = 2, kInvalidInput = 3, kBadFeature = 4, kInterrupted = 5, kIo = 6, kBadArgs = 128 };

struct Context {
  Args args;  // words: what follows the verb
  Client& client;
  Style style;
};

// Prints "Error: text" and returns `code`.
int Fail(int code, absl::string_view text);
int FailRpc(const absl::Status& status);
void Print(absl::string_view text);

int Get(Context& context);
int Put(Context& context);
int Del(Context& context);
int Txn(Context& context);
int Compaction(Context& context);
int Watch(Context& context);
int Lease(Context& context, const std::string& verb);
int Member(Context& context, const std::string& verb);
int Endpoint(Context& context, const std::string& verb);
int Alarm(Context& context, const std::string& verb);
int SnapshotSave(Context& context);
int Defrag(Context& context);
int MoveLeader(Context& context);
int Auth(Context& context, const std::string& verb);
int User(Context& context, const std::string& verb);
int Role(Context& context, const std::string& verb);

// The end of the range of keys beginning with `prefix`.
std::string PrefixEnd(std::string prefix);
}  // namespace etcdlite::ctl
