// How members reach each other: the raft node's only way out.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "etcdlite/raft/raft_types.h"

namespace etcdlite::node {

// Send never blocks and may drop: raft retries. Thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;
  // A kSnapshot message without data asks for the whole state to be streamed to its receiver; its outcome is
  // reported to the node.
  virtual void Send(std::vector<raft::Message> messages) = 0;
  // Peer URLs by member, own one left out. Called whenever the membership changes.
  virtual void SetPeers(const std::map<uint64_t, std::vector<std::string>>& peers) = 0;
};

}  // namespace etcdlite::node
