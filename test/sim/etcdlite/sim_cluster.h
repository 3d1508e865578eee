// A whole cluster in one thread from one seed: virtual time, a network that drops, repeats, delays and splits, members
// that crash and lose what they had not synced, clients that read and write. Checks while it runs:
//   - one leader a term (election safety)
//   - the same entry at an index everywhere (log matching, state machine safety)
//   - answers that respect real time (linearizability: revisions are the witness)
//   - every watcher sees every change once (watch completeness)
#pragma once
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "sim/etcdlite/sim_member.h"

namespace etcdlite::sim {

struct SimOptions {
  uint64_t seed = 1;
  int members = 3;
  int steps = 6000;
};

// How often the rare things happened: a run that reaches none of them proves little.
struct SimCounts {
  int crashes = 0, partitions = 0, leaders = 0, snapshots = 0, torn = 0, acked = 0, reads = 0, transfers = 0, compactions = 0;
};

class SimCluster {
 public:
  explicit SimCluster(const SimOptions& options);
  SimCounts Run();  // failures are GoogleTest failures

 private:
  struct InFlight {
    uint64_t at;
    uint64_t order;
    raft::Message message;
    std::string snapshot;
    bool operator<(const InFlight& o) const { return at != o.at ? at > o.at : order > o.order; }
  };
  struct Operation {  // one client call
    enum Kind { kPut, kRead, kCompact } kind = kPut;
    uint64_t member = 0;
    std::string key, value;
    int64_t floor = 0;  // highest revision any finished call had shown when this one began
  };

  SimMember& At(uint64_t id) { return *members_[id - 1]; }
  void Send(raft::Message message, std::string snapshot);
  void Deliver();
  void ClientStep();
  void Fault();
  void CheckLeaders();
  void OnApplied(uint64_t member, const raft::Entry& entry);
  void OnAnswer(uint64_t request, absl::StatusOr<std::string> response);
  void OnRead(uint64_t member, uint64_t context, bool ok);
  void Settle();
  void CheckEnd();

  const SimOptions options_;
  base::Rng rng_;
  SimCounts counts_;
  uint64_t now_ = 0, order_ = 0;
  std::vector<std::unique_ptr<SimMember>> members_;
  std::priority_queue<InFlight> network_;
  std::map<std::pair<uint64_t, uint64_t>, bool> cut_;
  double drop_ = 0, repeat_ = 0;

  std::map<uint64_t, uint64_t> leaders_;          // term -> leader
  std::map<uint64_t, raft::Entry> applied_;       // index -> entry, agreed by all
  uint64_t next_request_ = 0;
  std::map<uint64_t, Operation> pending_;         // requests and reads not answered
  int64_t shown_ = 1;                             // highest revision a finished call showed
  std::map<int64_t, std::pair<std::string, std::string>> acked_;  // revision -> key, value
  struct SeenRead {
    int64_t revision;
    std::string key, value;
  };
  std::vector<SeenRead> seen_reads_;
  int64_t compacted_ = 0;
};

}  // namespace etcdlite::sim
