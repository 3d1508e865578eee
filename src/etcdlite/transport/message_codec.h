// Raft messages to and from their wire form (proto/etcd/raft.proto).
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "etcdlite/raft/raft_types.h"

namespace etcdlite::transport {

std::string EncodeBatch(uint64_t cluster_id, const std::vector<raft::Message>& messages);
// InvalidArgument: malformed, or of another cluster.
absl::StatusOr<std::vector<raft::Message>> DecodeBatch(uint64_t cluster_id, const std::string& bytes);

std::string EncodeChunk(uint64_t cluster_id, const raft::Message* last, absl::string_view data);
struct Chunk {
  std::optional<raft::Message> message;  // with the last chunk
  std::string data;
};
absl::StatusOr<Chunk> DecodeChunk(uint64_t cluster_id, const std::string& bytes);

}  // namespace etcdlite::transport
