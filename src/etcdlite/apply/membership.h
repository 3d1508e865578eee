// Who is in the cluster: names and addresses beside raft's bare ids. Changed only by applying log entries.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace etcdserverpb {
class Member;
}  // namespace etcdserverpb

namespace etcdlite::apply {

struct MemberInfo {
  uint64_t id = 0;
  std::string name;                      // empty until it has started once
  std::vector<std::string> peer_urls;    // ascending
  std::vector<std::string> client_urls;  // empty until it has started once
  bool is_learner = false;
  bool operator==(const MemberInfo&) const = default;
};

// etcd's ids: the first 8 bytes of a SHA-1 over sorted peer URLs and the cluster token (and, for members added
// later, the time), and over the ids of the first members.
uint64_t ComputeMemberId(std::vector<std::string> peer_urls, absl::string_view token, int64_t unix_seconds = 0);
uint64_t ComputeClusterId(std::vector<uint64_t> member_ids);

// Not thread-safe.
class Membership {
 public:
  uint64_t cluster_id() const { return cluster_id_; }
  void set_cluster_id(uint64_t id) { cluster_id_ = id; }
  const std::map<uint64_t, MemberInfo>& members() const { return members_; }
  const MemberInfo* Find(uint64_t id) const;
  bool IsRemoved(uint64_t id) const { return removed_.contains(id); }

  void Put(MemberInfo member) { members_[member.id] = std::move(member); }
  void Remove(uint64_t id);

  // Whether a change may be proposed; texts as etcd's.
  absl::Status CheckAdd(const MemberInfo& member) const;
  absl::Status CheckRemove(uint64_t id) const;
  absl::Status CheckUpdate(uint64_t id, const std::vector<std::string>& peer_urls) const;
  absl::Status CheckPromote(uint64_t id) const;

  std::string Encode() const;
  absl::Status Decode(absl::string_view bytes);  // DataLoss: malformed

 private:
  uint64_t cluster_id_ = 0;
  std::map<uint64_t, MemberInfo> members_;
  std::set<uint64_t> removed_;
};

void ToProto(const MemberInfo& member, etcdserverpb::Member* out);
MemberInfo FromProto(const etcdserverpb::Member& member);

}  // namespace etcdlite::apply
