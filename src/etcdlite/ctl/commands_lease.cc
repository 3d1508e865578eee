#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "etcd/lease.pb.h"
#include "etcdlite/ctl/commands.h"

namespace etcdlite::ctl {
namespace {

std::string LeaseId(int64_t id) { return absl::StrFormat("%016x", static_cast<uint64_t>(id)); }

bool ParseLeaseId(const std::string& text, int64_t* id) { return absl::SimpleHexAtoi(text, id); }

int BadLeaseId(const std::string& text) {
  return Fail(kBadArgs, absl::StrCat("bad lease ID arg (strconv.ParseInt: parsing ", GoQuote(text), ": invalid syntax), expecting ID in Hex"));
}

// clientv3's flattened answer: the header's fields come first.
std::string FlatJson(const etcdserverpb::ResponseHeader& header, const std::string& rest) {
  return absl::StrCat("{", JsonFields(header), ",", rest, "}\n");
}

int Grant(Context& context) {
  if (context.args.words.size() != 1) return Fail(kBadArgs, "lease grant command needs TTL argument");
  int64_t ttl = 0;
  if (!absl::SimpleAtoi(context.args.words[0], &ttl)) {
    return Fail(kBadArgs, absl::StrCat("bad TTL (strconv.ParseInt: parsing ", GoQuote(context.args.words[0]), ": invalid syntax)"));
  }
  etcdserverpb::LeaseGrantRequest request;
  request.set_ttl(ttl);
  etcdserverpb::LeaseGrantResponse response;
  const absl::Status granted = context.client.Call("/etcdserverpb.Lease/LeaseGrant", request, &response);
  if (!granted.ok()) return Fail(kError, absl::StrCat("failed to grant lease (", granted.message(), ")"));
  if (context.style.format == Format::kJson) {
    Print(FlatJson(response.header(), absl::StrCat("\"ID\":", response.id(), ",\"TTL\":", response.ttl(), ",\"Error\":", JsonString(response.error()))));
  } else if (context.style.format == Format::kFields) {
    Print(absl::StrCat(HeaderFields(response.header()), "\"ID\" : ", response.id(), "\n\"TTL\" : ", response.ttl(), "\n"));
  } else {
    Print(absl::StrCat("lease ", LeaseId(response.id()), " granted with TTL(", response.ttl(), "s)\n"));
  }
  return kOk;
}

int Revoke(Context& context) {
  if (context.args.words.size() != 1) return Fail(kBadArgs, "lease revoke command needs 1 argument");
  int64_t id = 0;
  if (!ParseLeaseId(context.args.words[0], &id)) return BadLeaseId(context.args.words[0]);
  etcdserverpb::LeaseRevokeRequest request;
  request.set_id(id);
  etcdserverpb::LeaseRevokeResponse response;
  const absl::Status revoked = context.client.Call("/etcdserverpb.Lease/LeaseRevoke", request, &response);
  if (!revoked.ok()) return Fail(kError, absl::StrCat("failed to revoke lease (", revoked.message(), ")"));
  if (context.style.format == Format::kJson) {
    Print(ToJson(response) + "\n");
  } else if (context.style.format == Format::kFields) {
    Print(HeaderFields(response.header()));
  } else {
    Print(absl::StrCat("lease ", LeaseId(id), " revoked\n"));
  }
  return kOk;
}

int TimeToLive(Context& context) {
  if (context.args.words.size() != 1) return Fail(kBadArgs, "lease timetolive command needs lease ID as argument");
  int64_t id = 0;
  if (!ParseLeaseId(context.args.words[0], &id)) return BadLeaseId(context.args.words[0]);
  etcdserverpb::LeaseTimeToLiveRequest request;
  request.set_id(id);
  request.set_keys(context.args.Bool("keys"));
  etcdserverpb::LeaseTimeToLiveResponse response;
  const absl::Status got = context.client.Call("/etcdserverpb.Lease/LeaseTimeToLive", request, &response);
  if (!got.ok()) return FailRpc(got);
  std::string out;
  if (context.style.format == Format::kJson) {
    std::vector<std::string> keys;
    etcdserverpb::LeaseTimeToLiveResponse only_keys;
    *only_keys.mutable_keys() = response.keys();
    std::string key_list = JsonFields(only_keys);
    if (key_list.empty()) key_list = "\"keys\":null";
    out = FlatJson(response.header(), absl::StrCat("\"id\":", response.id(), ",\"ttl\":", response.ttl(), ",\"granted-ttl\":", response.grantedttl(), ",", key_list));
  } else if (context.style.format == Format::kFields) {
    out = absl::StrCat(HeaderFields(response.header()), "\"ID\" : ", response.id(), "\n\"TTL\" : ", response.ttl(), "\n\"GrantedTTL\" : ", response.grantedttl(), "\n");
    for (const std::string& key : response.keys()) absl::StrAppend(&out, "\"Key\" : ", GoQuote(key), "\n");
  } else if (response.grantedttl() == 0 && response.ttl() == -1) {
    out = absl::StrCat("lease ", LeaseId(response.id()), " already expired\n");
  } else {
    out = absl::StrCat("lease ", LeaseId(response.id()), " granted with TTL(", response.grantedttl(), "s), remaining(", response.ttl(), "s)");
    if (request.keys()) absl::StrAppend(&out, ", attached keys([", absl::StrJoin(response.keys(), " "), "])");
    out += "\n";
  }
  Print(out);
  return kOk;
}

int List(Context& context) {
  etcdserverpb::LeaseLeasesResponse response;
  const absl::Status got = context.client.Call("/etcdserverpb.Lease/LeaseLeases", etcdserverpb::LeaseLeasesRequest(), &response);
  if (!got.ok()) return FailRpc(got);
  std::string out;
  if (context.style.format == Format::kJson) {
    std::vector<std::string> ids;
    for (const auto& lease : response.leases()) ids.push_back(absl::StrCat("{\"id\":", lease.id(), "}"));
    out = FlatJson(response.header(), absl::StrCat("\"leases\":[", absl::StrJoin(ids, ","), "]"));
  } else if (context.style.format == Format::kFields) {
    out = HeaderFields(response.header());
    for (const auto& lease : response.leases()) absl::StrAppend(&out, "\"ID\" : ", lease.id(), "\n");
  } else {
    out = absl::StrCat("found ", response.leases_size(), " leases\n");
    for (const auto& lease : response.leases()) absl::StrAppend(&out, LeaseId(lease.id()), "\n");
  }
  Print(out);
  return kOk;
}

// Renews a third of the way through each term, as clientv3 does; `--once` only once.
int KeepAlive(Context& context) {
  if (context.args.words.size() != 1) return Fail(kBadArgs, "lease keep-alive command needs lease ID as argument");
  int64_t id = 0;
  if (!ParseLeaseId(context.args.words[0], &id)) return BadLeaseId(context.args.words[0]);
  struct Answers {
    std::mutex mu;
    std::condition_variable cv;
    std::optional<etcdserverpb::LeaseKeepAliveResponse> answer;
    std::optional<absl::Status> done;
  };
  auto answers = std::make_shared<Answers>();
  rpc::StreamCallbacks callbacks;
  callbacks.on_message = [answers](std::string bytes) {
    std::lock_guard<std::mutex> lock(answers->mu);
    answers->answer.emplace();
    (void)answers->answer->ParseFromString(bytes);
    answers->cv.notify_all();
  };
  callbacks.on_done = [answers](absl::Status status) {
    std::lock_guard<std::mutex> lock(answers->mu);
    answers->done = std::move(status);
    answers->cv.notify_all();
  };
  const bool once = context.args.Bool("once");
  const auto stream = context.client.Open("/etcdserverpb.Lease/LeaseKeepAlive", once, std::move(callbacks));
  if (!stream.ok()) return FailRpc(stream.status());
  etcdserverpb::LeaseKeepAliveRequest request;
  request.set_id(id);
  while (true) {
    (*stream)->Send(request.SerializeAsString());
    etcdserverpb::LeaseKeepAliveResponse response;
    {
      std::unique_lock<std::mutex> lock(answers->mu);
      answers->cv.wait(lock, [&] { return answers->answer.has_value() || answers->done.has_value(); });
      if (!answers->answer.has_value()) return Fail(kBadConnection, answers->done->message());
      response = *std::exchange(answers->answer, std::nullopt);
    }
    if (response.ttl() <= 0) {
      (*stream)->Cancel();
      if (once) return Fail(kBadConnection, "etcdserver: requested lease not found");
      Print(absl::StrCat("lease ", LeaseId(id), " expired or revoked.\n"));
      return kOk;
    }
    if (context.style.format == Format::kJson) {
      Print(FlatJson(response.header(), absl::StrCat("\"ID\":", response.id(), ",\"TTL\":", response.ttl())));
    } else if (context.style.format == Format::kFields) {
      Print(absl::StrCat(HeaderFields(response.header()), "\"ID\" : ", response.id(), "\n\"TTL\" : ", response.ttl(), "\n"));
    } else {
      Print(absl::StrCat("lease ", LeaseId(response.id()), " keepalived with TTL(", response.ttl(), ")\n"));
    }
    std::fflush(stdout);
    if (once) {
      (*stream)->Cancel();
      return kOk;
    }
    absl::SleepFor(absl::Seconds(static_cast<double>(response.ttl()) / 3));
  }
}

}  // namespace

int Lease(Context& context, const std::string& verb) {
  if (verb == "grant") return Grant(context);
  if (verb == "revoke") return Revoke(context);
  if (verb == "timetolive") return TimeToLive(context);
  if (verb == "list") return List(context);
  return KeepAlive(context);
}

}  // namespace etcdlite::ctl
