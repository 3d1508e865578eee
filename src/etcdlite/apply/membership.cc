#include "etcdlite/apply/membership.h"

#include <openssl/sha.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "etcd/cluster.pb.h"
#include "etcdlite/apply/errors.h"
#include "etcdlite/storage/byte_codec.h"

namespace etcdlite::apply {
namespace {

uint64_t Sha1Head(absl::string_view bytes) {
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return storage::LoadBig64(reinterpret_cast<const char*>(digest));
}

}  // namespace

uint64_t ComputeMemberId(std::vector<std::string> peer_urls, absl::string_view token, int64_t unix_seconds) {
  std::sort(peer_urls.begin(), peer_urls.end());
  std::string seed = absl::StrCat(absl::StrJoin(peer_urls, ""), token);
  if (unix_seconds != 0) absl::StrAppend(&seed, unix_seconds);
  return Sha1Head(seed);
}

uint64_t ComputeClusterId(std::vector<uint64_t> member_ids) {
  std::sort(member_ids.begin(), member_ids.end());
  std::string seed;
  for (const uint64_t id : member_ids) storage::AppendBig64(id, &seed);
  return Sha1Head(seed);
}

const MemberInfo* Membership::Find(uint64_t id) const {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

void Membership::Remove(uint64_t id) {
  members_.erase(id);
  removed_.insert(id);
}

absl::Status Membership::CheckAdd(const MemberInfo& member) const {
  if (members_.contains(member.id) || removed_.contains(member.id)) return MemberExistsError();
  for (const auto& [id, other] : members_) {
    for (const std::string& url : other.peer_urls) {
      if (std::find(member.peer_urls.begin(), member.peer_urls.end(), url) != member.peer_urls.end()) {
        return PeerUrlExistsError();
      }
    }
  }
  if (member.is_learner) {
    for (const auto& [id, other] : members_) {
      if (other.is_learner) return TooManyLearnersError();
    }
  }
  return absl::OkStatus();
}

absl::Status Membership::CheckRemove(uint64_t id) const {
  return members_.contains(id) ? absl::OkStatus() : MemberNotFoundError();
}

absl::Status Membership::CheckUpdate(uint64_t id, const std::vector<std::string>& peer_urls) const {
  if (!members_.contains(id)) return MemberNotFoundError();
  for (const auto& [other_id, other] : members_) {
    if (other_id == id) continue;
    for (const std::string& url : other.peer_urls) {
      if (std::find(peer_urls.begin(), peer_urls.end(), url) != peer_urls.end()) return PeerUrlExistsError();
    }
  }
  return absl::OkStatus();
}

absl::Status Membership::CheckPromote(uint64_t id) const {
  const MemberInfo* member = Find(id);
  if (member == nullptr) return MemberNotFoundError();
  return member->is_learner ? absl::OkStatus() : MemberNotLearnerError();
}

std::string Membership::Encode() const {
  std::string out;
  storage::AppendFixed64(cluster_id_, &out);
  storage::AppendVarint(members_.size(), &out);
  for (const auto& [id, member] : members_) {
    etcdserverpb::Member proto;
    ToProto(member, &proto);
    storage::AppendBytes(proto.SerializeAsString(), &out);
  }
  storage::AppendVarint(removed_.size(), &out);
  for (const uint64_t id : removed_) storage::AppendFixed64(id, &out);
  return out;
}

absl::Status Membership::Decode(absl::string_view bytes) {
  storage::ByteReader in(bytes);
  cluster_id_ = in.Fixed64();
  members_.clear();
  removed_.clear();
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    etcdserverpb::Member proto;
    if (!proto.ParseFromString(std::string(in.Bytes()))) return absl::DataLossError("membership: a member does not parse");
    Put(FromProto(proto));
  }
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) removed_.insert(in.Fixed64());
  return in.ok() ? absl::OkStatus() : absl::DataLossError("membership: does not parse");
}

void ToProto(const MemberInfo& member, etcdserverpb::Member* out) {
  out->set_id(member.id);
  out->set_name(member.name);
  for (const std::string& url : member.peer_urls) out->add_peerurls(url);
  for (const std::string& url : member.client_urls) out->add_clienturls(url);
  out->set_islearner(member.is_learner);
}

MemberInfo FromProto(const etcdserverpb::Member& member) {
  MemberInfo out;
  out.id = member.id();
  out.name = member.name();
  out.peer_urls.assign(member.peerurls().begin(), member.peerurls().end());
  out.client_urls.assign(member.clienturls().begin(), member.clienturls().end());
  out.is_learner = member.islearner();
  return out;
}

}  // namespace etcdlite::apply
