#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "etcd/cluster.pb.h"
#include "etcd/kv.pb.h"
#include "etcd/maintenance.pb.h"
#include "etcdlite/ctl/commands.h"

namespace etcdlite::ctl {
namespace {

constexpr char kMemberList[] = "/etcdserverpb.Cluster/MemberList";

std::string Hex(uint64_t id) { return absl::StrFormat("%x", id); }
const char* YesNo(bool value) { return value ? "true" : "false"; }

int BadMemberId(const std::string& text) {
  return Fail(kBadArgs, absl::StrCat("bad member ID arg (strconv.ParseUint: parsing ", GoQuote(text), ": invalid syntax), expecting ID in Hex"));
}

absl::StatusOr<etcdserverpb::MemberListResponse> ListMembers(Context& context) {
  etcdserverpb::MemberListRequest request;
  request.set_linearizable(context.args.Get("consistency", "l") != "s");
  etcdserverpb::MemberListResponse response;
  const absl::Status got = context.client.Call(kMemberList, request, &response);
  if (!got.ok()) return got;
  return response;
}

int MemberAdd(Context& context) {
  if (context.args.words.empty()) return Fail(kBadArgs, "member name not provided");
  if (context.args.words.size() > 1) return Fail(kBadArgs, "too many arguments");
  const std::string name = context.args.words[0];
  if (!context.args.Has("peer-urls")) return Fail(kBadArgs, "member peer urls not provided");
  etcdserverpb::MemberAddRequest request;
  for (const absl::string_view url : absl::StrSplit(context.args.Get("peer-urls"), ',')) request.add_peerurls(std::string(url));
  request.set_islearner(context.args.Bool("learner"));
  etcdserverpb::MemberAddResponse response;
  const absl::Status added = context.client.Call("/etcdserverpb.Cluster/MemberAdd", request, &response);
  if (!added.ok()) return FailRpc(added);
  if (context.style.format == Format::kJson) {
    Print(ToJson(response) + "\n");
    return kOk;
  }
  std::string out = absl::StrCat("Member ", absl::StrFormat("%16x", response.member().id()), request.islearner() ? " added as learner to cluster " : " added to cluster ",
                                 absl::StrFormat("%16x", response.header().cluster_id()), "\n");
  std::vector<std::string> initial;
  for (const etcdserverpb::Member& member : response.members()) {
    for (const std::string& url : member.peerurls()) {
      initial.push_back(absl::StrCat(member.id() == response.member().id() ? name : member.name(), "=", url));
    }
  }
  absl::StrAppend(&out, "\nETCD_NAME=", GoQuote(name), "\nETCD_INITIAL_CLUSTER=", GoQuote(absl::StrJoin(initial, ",")),
                  "\nETCD_INITIAL_ADVERTISE_PEER_URLS=", GoQuote(absl::StrJoin(response.member().peerurls(), ",")),
                  "\nETCD_INITIAL_CLUSTER_STATE=\"existing\"\n");
  Print(out);
  return kOk;
}

std::vector<std::string> Endpoints(Context& context, absl::Status* failed) {
  if (!context.args.Bool("cluster")) return context.client.options().endpoints;
  std::vector<std::string> endpoints;
  const absl::StatusOr<etcdserverpb::MemberListResponse> members = ListMembers(context);
  if (!members.ok()) {
    *failed = members.status();
    return endpoints;
  }
  for (const etcdserverpb::Member& member : members->members()) {
    endpoints.insert(endpoints.end(), member.clienturls().begin(), member.clienturls().end());
  }
  return endpoints;
}

int Health(Context& context, const std::vector<std::string>& endpoints) {
  bool all = true;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> json;
  std::string fields;
  for (const std::string& endpoint : endpoints) {
    etcdserverpb::RangeRequest request;
    request.set_key("health");
    etcdserverpb::RangeResponse response;
    const absl::Time started = absl::Now();
    const absl::Status got = context.client.CallAt(endpoint, "/etcdserverpb.KV/Range", request, &response);
    const std::string took = GoDuration(absl::ToInt64Nanoseconds(absl::Now() - started));
    const bool healthy = got.ok() || absl::IsPermissionDenied(got);
    all = all && healthy;
    const std::string error = healthy ? "" : std::string(got.message());
    rows.push_back({endpoint, YesNo(healthy), took, error});
    json.push_back(absl::StrCat("{\"endpoint\":", JsonString(endpoint), ",\"health\":", YesNo(healthy), ",\"took\":", JsonString(took),
                                error.empty() ? "" : absl::StrCat(",\"error\":", JsonString(error)), "}"));
    absl::StrAppend(&fields, "\"Endpoint\" : ", GoQuote(endpoint), "\n\"Health\" : ", YesNo(healthy), "\n\"Took\" : ", took, "\n\"Error\" : ", error, "\n\n");
    if (context.style.format == Format::kSimple) {
      const std::string line = healthy ? absl::StrCat(endpoint, " is healthy: successfully committed proposal: took = ", took, "\n")
                                       : absl::StrCat(endpoint, " is unhealthy: failed to commit proposal: ", error, "\n");
      if (healthy) {
        Print(line);
      } else {
        std::fprintf(stderr, "%s", line.c_str());
      }
    }
  }
  if (context.style.format == Format::kJson) Print(absl::StrCat("[", absl::StrJoin(json, ","), "]\n"));
  if (context.style.format == Format::kFields) Print(fields);
  if (context.style.format == Format::kTable) Print(Table({"ENDPOINT", "HEALTH", "TOOK", "ERROR"}, rows));
  return all ? kOk : Fail(kError, "unhealthy cluster");
}

int EndpointStatus(Context& context, const std::vector<std::string>& endpoints) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> json;
  std::string fields;
  absl::Status failed;
  for (const std::string& endpoint : endpoints) {
    etcdserverpb::StatusResponse s;
    const absl::Status got = context.client.CallAt(endpoint, "/etcdserverpb.Maintenance/Status", etcdserverpb::StatusRequest(), &s);
    if (!got.ok()) {
      std::fprintf(stderr, "Failed to get the status of endpoint %s (%s)\n", endpoint.c_str(), std::string(got.message()).c_str());
      failed = got;
      continue;
    }
    const int unused = s.dbsize() == 0 ? 0 : static_cast<int>(100 - s.dbsizeinuse() * 100 / s.dbsize());
    rows.push_back({endpoint, Hex(s.header().member_id()), s.version(), s.storageversion(), HumanBytes(s.dbsize()), HumanBytes(s.dbsizeinuse()),
                    absl::StrCat(unused, "%"), s.dbsizequota() > 0 ? HumanBytes(s.dbsizequota()) : "", YesNo(s.leader() == s.header().member_id()),
                    YesNo(s.islearner()), absl::StrCat(s.raftterm()), absl::StrCat(s.raftindex()), absl::StrCat(s.raftappliedindex()),
                    absl::StrJoin(s.errors(), ", "), s.downgradeinfo().targetversion(), YesNo(s.downgradeinfo().enabled())});
    json.push_back(absl::StrCat("{\"Endpoint\":", JsonString(endpoint), ",\"Status\":", ToJson(s), "}"));
    absl::StrAppend(&fields, HeaderFields(s.header()), "\"Version\" : ", GoQuote(s.version()), "\n\"StorageVersion\" : ", GoQuote(s.storageversion()),
                    "\n\"DBSize\" : ", s.dbsize(), "\n\"DBSizeInUse\" : ", s.dbsizeinuse(), "\n\"DBSizeQuota\" : ", s.dbsizequota(),
                    "\n\"Leader\" : ", s.leader(), "\n\"IsLearner\" : ", YesNo(s.islearner()), "\n\"RaftIndex\" : ", s.raftindex(),
                    "\n\"RaftAppliedIndex\" : ", s.raftappliedindex(), "\n\"Errors\" : [", absl::StrJoin(s.errors(), " "),
                    "]\n\"Endpoint\" : ", GoQuote(endpoint), "\n\"DowngradeTargetVersion\" : ", GoQuote(s.downgradeinfo().targetversion()),
                    "\n\"DowngradeEnabled\" : ", YesNo(s.downgradeinfo().enabled()), "\n\n");
  }
  switch (context.style.format) {
    case Format::kJson: Print(absl::StrCat("[", absl::StrJoin(json, ","), "]\n")); break;
    case Format::kFields: Print(fields); break;
    case Format::kTable:
      Print(Table({"ENDPOINT", "ID", "VERSION", "STORAGE VERSION", "DB SIZE", "IN USE", "PERCENTAGE NOT IN USE", "QUOTA", "IS LEADER", "IS LEARNER",
                   "RAFT TERM", "RAFT INDEX", "RAFT APPLIED INDEX", "ERRORS", "DOWNGRADE TARGET VERSION", "DOWNGRADE ENABLED"}, rows));
      break;
    default:
      for (const auto& row : rows) Print(absl::StrJoin(row, ", ") + "\n");
  }
  return failed.ok() ? kOk : kError;
}

int HashKv(Context& context, const std::vector<std::string>& endpoints) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> json;
  std::string fields;
  absl::Status failed;
  for (const std::string& endpoint : endpoints) {
    etcdserverpb::HashKVRequest request;
    request.set_revision(context.args.Int("rev"));
    etcdserverpb::HashKVResponse h;
    const absl::Status got = context.client.CallAt(endpoint, "/etcdserverpb.Maintenance/HashKV", request, &h);
    if (!got.ok()) {
      std::fprintf(stderr, "Failed to get the hash of endpoint %s (%s)\n", endpoint.c_str(), std::string(got.message()).c_str());
      failed = got;
      continue;
    }
    rows.push_back({endpoint, absl::StrCat(h.hash()), absl::StrCat(h.hash_revision())});
    json.push_back(absl::StrCat("{\"Endpoint\":", JsonString(endpoint), ",\"HashKV\":", ToJson(h), "}"));
    absl::StrAppend(&fields, HeaderFields(h.header()), "\"Endpoint\" : ", GoQuote(endpoint), "\n\"Hash\" : ", h.hash(),
                    "\n\"HashRevision\" : ", h.hash_revision(), "\n\n");
  }
  switch (context.style.format) {
    case Format::kJson: Print(absl::StrCat("[", absl::StrJoin(json, ","), "]\n")); break;
    case Format::kFields: Print(fields); break;
    case Format::kTable: Print(Table({"ENDPOINT", "HASH", "HASH REVISION"}, rows)); break;
    default:
      for (const auto& row : rows) Print(absl::StrJoin(row, ", ") + "\n");
  }
  return failed.ok() ? kOk : kError;
}

}  // namespace

int Member(Context& context, const std::string& verb) {
  if (verb == "list") {
    const absl::StatusOr<etcdserverpb::MemberListResponse> members = ListMembers(context);
    if (!members.ok()) return FailRpc(members.status());
    Print(PrintMembers(context.style, *members));
    return kOk;
  }
  if (verb == "add") return MemberAdd(context);
  if (context.args.words.empty()) return Fail(kBadArgs, "member ID is not provided");
  if (context.args.words.size() > 1) return Fail(kBadArgs, "too many arguments");
  uint64_t id = 0;
  if (!absl::SimpleHexAtoi(context.args.words[0], &id)) return BadMemberId(context.args.words[0]);
  const std::string cluster = "in cluster ";
  if (verb == "remove") {
    etcdserverpb::MemberRemoveRequest request;
    request.set_id(id);
    etcdserverpb::MemberRemoveResponse response;
    const absl::Status done = context.client.Call("/etcdserverpb.Cluster/MemberRemove", request, &response);
    if (!done.ok()) return FailRpc(done);
    Print(context.style.format == Format::kJson ? ToJson(response) + "\n"
                                                : absl::StrFormat("Member %16x removed from cluster %16x\n", id, response.header().cluster_id()));
  } else if (verb == "update") {
    if (!context.args.Has("peer-urls")) return Fail(kBadArgs, "member peer urls not provided");
    etcdserverpb::MemberUpdateRequest request;
    request.set_id(id);
    for (const absl::string_view url : absl::StrSplit(context.args.Get("peer-urls"), ',')) request.add_peerurls(std::string(url));
    etcdserverpb::MemberUpdateResponse response;
    const absl::Status done = context.client.Call("/etcdserverpb.Cluster/MemberUpdate", request, &response);
    if (!done.ok()) return FailRpc(done);
    Print(context.style.format == Format::kJson ? ToJson(response) + "\n"
                                                : absl::StrFormat("Member %16x updated in cluster %16x\n", id, response.header().cluster_id()));
  } else {
    etcdserverpb::MemberPromoteRequest request;
    request.set_id(id);
    etcdserverpb::MemberPromoteResponse response;
    const absl::Status done = context.client.Call("/etcdserverpb.Cluster/MemberPromote", request, &response);
    if (!done.ok()) return FailRpc(done);
    Print(context.style.format == Format::kJson ? ToJson(response) + "\n"
                                                : absl::StrFormat("Member %16x promoted in cluster %16x\n", id, response.header().cluster_id()));
  }
  return kOk;
}

int Endpoint(Context& context, const std::string& verb) {
  absl::Status failed;
  const std::vector<std::string> endpoints = Endpoints(context, &failed);
  if (!failed.ok()) return FailRpc(failed);
  if (verb == "health") return Health(context, endpoints);
  if (verb == "status") return EndpointStatus(context, endpoints);
  return HashKv(context, endpoints);
}

int Alarm(Context& context, const std::string& verb) {
  etcdserverpb::AlarmRequest request;
  etcdserverpb::AlarmResponse listed;
  absl::Status done = context.client.Call("/etcdserverpb.Maintenance/Alarm", request, &listed);
  if (!done.ok()) return FailRpc(done);
  etcdserverpb::AlarmResponse shown = listed;
  if (verb == "disarm") {
    shown.clear_alarms();
    for (const etcdserverpb::AlarmMember& alarm : listed.alarms()) {
      request.set_action(etcdserverpb::AlarmRequest::DEACTIVATE);
      request.set_memberid(alarm.memberid());
      request.set_alarm(alarm.alarm());
      etcdserverpb::AlarmResponse cleared;
      done = context.client.Call("/etcdserverpb.Maintenance/Alarm", request, &cleared);
      if (!done.ok()) return FailRpc(done);
      shown.mutable_alarms()->MergeFrom(cleared.alarms());
    }
  }
  if (context.style.format == Format::kJson) {
    Print(ToJson(shown) + "\n");
    return kOk;
  }
  for (const etcdserverpb::AlarmMember& alarm : shown.alarms()) {
    Print(absl::StrCat("memberID:", alarm.memberid(), " alarm:", etcdserverpb::AlarmType_Name(alarm.alarm()), " \n"));
  }
  return kOk;
}

int SnapshotSave(Context& context) {
  if (context.args.words.size() != 1) return Fail(kBadArgs, "snapshot save expects one argument <filename>");
  const std::string path = context.args.words[0], part = path + ".part";
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  if (!file) return Fail(kInterrupted, absl::StrCat("could not open ", part));
  struct Progress {
    std::mutex mu;
    std::condition_variable cv;
    std::optional<absl::Status> done;
    std::string version;
  };
  auto progress = std::make_shared<Progress>();
  rpc::StreamCallbacks callbacks;
  callbacks.on_message = [&file, progress](std::string bytes) {
    etcdserverpb::SnapshotResponse chunk;
    if (!chunk.ParseFromString(bytes)) return;
    file.write(chunk.blob().data(), static_cast<std::streamsize>(chunk.blob().size()));
    progress->version = chunk.version();
  };
  callbacks.on_done = [progress](absl::Status status) {
    std::lock_guard<std::mutex> lock(progress->mu);
    progress->done = std::move(status);
    progress->cv.notify_all();
  };
  const auto stream = context.client.Open("/etcdserverpb.Maintenance/Snapshot", false, std::move(callbacks));
  if (!stream.ok()) return FailRpc(stream.status());
  (*stream)->Send("");
  (*stream)->HalfClose();
  std::unique_lock<std::mutex> lock(progress->mu);
  progress->cv.wait(lock, [&] { return progress->done.has_value(); });
  file.close();
  if (!progress->done->ok() || !file || std::rename(part.c_str(), path.c_str()) != 0) {
    return Fail(kInterrupted, progress->done->ok() ? absl::StrCat("could not write ", path) : std::string(progress->done->message()));
  }
  Print(absl::StrCat("Snapshot saved at ", path, "\n"));
  const std::vector<std::string> parts = absl::StrSplit(progress->version, '.');
  if (parts.size() >= 2) Print(absl::StrCat("Server version ", parts[0], ".", parts[1], ".0\n"));
  return kOk;
}

int Defrag(Context& context) {
  absl::Status failed;
  const std::vector<std::string> endpoints = Endpoints(context, &failed);
  if (!failed.ok()) return FailRpc(failed);
  int failures = 0;
  for (const std::string& endpoint : endpoints) {
    const absl::Time started = absl::Now();
    etcdserverpb::DefragmentResponse response;
    const absl::Status done = context.client.CallAt(endpoint, "/etcdserverpb.Maintenance/Defragment", etcdserverpb::DefragmentRequest(), &response);
    const std::string took = GoDuration(absl::ToInt64Nanoseconds(absl::Now() - started));
    if (done.ok()) {
      Print(absl::StrCat("Finished defragmenting etcd member[", endpoint, "]. took ", took, "\n"));
    } else {
      std::fprintf(stderr, "Failed to defragment etcd member[%s]. took %s. (%s)\n", endpoint.c_str(), took.c_str(), std::string(done.message()).c_str());
      ++failures;
    }
  }
  return failures == 0 ? kOk : kError;
}

int MoveLeader(Context& context) {
  if (context.args.words.size() != 1) return Fail(kBadArgs, "move-leader command needs 1 argument");
  uint64_t target = 0;
  if (!absl::SimpleHexAtoi(context.args.words[0], &target)) {
    return Fail(kBadArgs, absl::StrCat("strconv.ParseUint: parsing ", GoQuote(context.args.words[0]), ": invalid syntax"));
  }
  for (const std::string& endpoint : context.client.options().endpoints) {
    etcdserverpb::StatusResponse status;
    const absl::Status got = context.client.CallAt(endpoint, "/etcdserverpb.Maintenance/Status", etcdserverpb::StatusRequest(), &status);
    if (!got.ok()) return FailRpc(got);
    if (status.header().member_id() != status.leader()) continue;
    etcdserverpb::MoveLeaderRequest request;
    request.set_targetid(target);
    etcdserverpb::MoveLeaderResponse response;
    const absl::Status moved = context.client.CallAt(endpoint, "/etcdserverpb.Maintenance/MoveLeader", request, &response);
    if (!moved.ok()) return FailRpc(moved);
    Print(absl::StrFormat("Leadership transferred from %x to %x\n", status.leader(), target));
    return kOk;
  }
  return Fail(kBadArgs, absl::StrCat("no leader endpoint given at [", absl::StrJoin(context.client.options().endpoints, " "), "]"));
}

}  // namespace etcdlite::ctl
