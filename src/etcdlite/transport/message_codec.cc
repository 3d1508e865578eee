#include "etcdlite/transport/message_codec.h"

#include "etcd/raft.pb.h"

namespace etcdlite::transport {
namespace {

namespace wire = skiff::raft::v1;

void AddAll(const std::vector<raft::MemberId>& ids, google::protobuf::RepeatedField<uint64_t>* out) {
  out->Add(ids.begin(), ids.end());
}
std::vector<raft::MemberId> GetAll(const google::protobuf::RepeatedField<uint64_t>& ids) {
  return {ids.begin(), ids.end()};
}

void ToWire(const raft::Message& m, wire::Message* out) {
  out->set_type(static_cast<uint32_t>(m.type));
  out->set_from(m.from);
  out->set_to(m.to);
  out->set_term(m.term);
  out->set_log_term(m.log_term);
  out->set_index(m.index);
  out->set_commit(m.commit);
  out->set_reject(m.reject);
  out->set_reject_hint(m.reject_hint);
  out->set_force(m.force);
  out->set_context(m.context);
  for (const raft::Entry& entry : m.entries) {
    wire::Entry* e = out->add_entries();
    e->set_index(entry.index);
    e->set_term(entry.term);
    e->set_type(static_cast<uint32_t>(entry.type));
    if (entry.data != nullptr) {
      e->set_data(*entry.data);
      e->set_has_data(true);
    }
  }
  if (!m.snapshot.has_value()) return;
  wire::SnapshotMark* mark = out->mutable_snapshot();
  mark->set_index(m.snapshot->index);
  mark->set_term(m.snapshot->term);
  AddAll(m.snapshot->conf.voters, mark->mutable_conf()->mutable_voters());
  AddAll(m.snapshot->conf.voters_outgoing, mark->mutable_conf()->mutable_voters_outgoing());
  AddAll(m.snapshot->conf.learners, mark->mutable_conf()->mutable_learners());
  AddAll(m.snapshot->conf.learners_next, mark->mutable_conf()->mutable_learners_next());
}

raft::Message FromWire(wire::Message* in) {
  raft::Message m;
  m.type = static_cast<raft::MessageType>(in->type());
  m.from = in->from();
  m.to = in->to();
  m.term = in->term();
  m.log_term = in->log_term();
  m.index = in->index();
  m.commit = in->commit();
  m.reject = in->reject();
  m.reject_hint = in->reject_hint();
  m.force = in->force();
  m.context = in->context();
  m.entries.reserve(in->entries_size());
  for (wire::Entry& e : *in->mutable_entries()) {
    raft::Entry entry;
    entry.index = e.index();
    entry.term = e.term();
    entry.type = e.type() == 1 ? raft::EntryType::kConfChange : raft::EntryType::kNormal;
    if (e.has_data()) entry.data = std::make_shared<const std::string>(std::move(*e.mutable_data()));
    m.entries.push_back(std::move(entry));
  }
  if (in->has_snapshot()) {
    raft::SnapshotMark mark;
    mark.index = in->snapshot().index();
    mark.term = in->snapshot().term();
    mark.conf.voters = GetAll(in->snapshot().conf().voters());
    mark.conf.voters_outgoing = GetAll(in->snapshot().conf().voters_outgoing());
    mark.conf.learners = GetAll(in->snapshot().conf().learners());
    mark.conf.learners_next = GetAll(in->snapshot().conf().learners_next());
    m.snapshot = std::move(mark);
  }
  return m;
}

absl::Status OtherClusterError() { return absl::InvalidArgumentError("message of another cluster"); }

}  // namespace

std::string EncodeBatch(uint64_t cluster_id, const std::vector<raft::Message>& messages) {
  wire::MessageBatch batch;
  batch.set_cluster_id(cluster_id);
  for (const raft::Message& message : messages) ToWire(message, batch.add_messages());
  return batch.SerializeAsString();
}

absl::StatusOr<std::vector<raft::Message>> DecodeBatch(uint64_t cluster_id, const std::string& bytes) {
  wire::MessageBatch batch;
  if (!batch.ParseFromString(bytes)) return absl::InvalidArgumentError("raft messages do not parse");
  if (batch.cluster_id() != cluster_id) return OtherClusterError();
  std::vector<raft::Message> messages;
  for (wire::Message& message : *batch.mutable_messages()) messages.push_back(FromWire(&message));
  return messages;
}

std::string EncodeChunk(uint64_t cluster_id, const raft::Message* last, absl::string_view data) {
  wire::SnapshotChunk chunk;
  if (last != nullptr) {
    chunk.set_cluster_id(cluster_id);
    ToWire(*last, chunk.mutable_message());
  }
  chunk.set_data(std::string(data));
  return chunk.SerializeAsString();
}

absl::StatusOr<Chunk> DecodeChunk(uint64_t cluster_id, const std::string& bytes) {
  wire::SnapshotChunk in;
  if (!in.ParseFromString(bytes)) return absl::InvalidArgumentError("a snapshot chunk does not parse");
  Chunk chunk;
  if (in.has_message()) {
    if (in.cluster_id() != cluster_id) return OtherClusterError();
    chunk.message = FromWire(in.mutable_message());
  }
  chunk.data = std::move(*in.mutable_data());
  return chunk;
}

}  // namespace etcdlite::transport
