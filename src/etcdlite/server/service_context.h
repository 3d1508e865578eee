// What every service of a member works with, and the few helpers they share.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "etcdlite/apply/answers.h"
#include "etcdlite/apply/state.h"
#include "etcdlite/mvcc/watch_hub.h"
#include "etcdlite/node/node.h"
#include "etcdlite/rpc/rpc_server.h"
#include "etcdlite/server/server_options.h"
#include "etcdlite/server/worker.h"

namespace etcdlite::server {

inline constexpr char kVersion[] = "3.6.16";  // the etcd this member behaves like

// Asks another member for something only a leader can do. Thread-safe.
class PeerCaller {
 public:
  using Done = std::function<void(absl::StatusOr<std::string>)>;
  virtual ~PeerCaller() = default;
  // Unavailable: the member cannot be reached.
  virtual void Call(uint64_t member, const std::string& path, std::string request, Done done) = 0;
};

inline absl::Status MalformedError() { return absl::InternalError("grpc: error while unmarshalling the request"); }

// Everything outlives the services.
struct ServiceContext {
  const ServerFlags* flags = nullptr;
  uint64_t member_id = 0;
  uint64_t cluster_id = 0;  // never changes; the one in the state is written anew with each snapshot
  apply::State* state = nullptr;
  node::Node* node = nullptr;
  mvcc::WatchHub* hub = nullptr;
  Worker* reader = nullptr;   // reads that may wait for the disk
  PeerCaller* peers = nullptr;
  int64_t quota_bytes = 0;    // 0: none
  std::atomic<bool> quota_alarm_pending{false};
  std::atomic<int64_t> backend_bytes{0};  // in use, as of the last look: asking the engine costs too much per put
  std::atomic<bool> auth_on{false};  // access control is enabled; the rules themselves are in the state

  std::string Header() const;  // for the current revision
  std::string HeaderAt(int64_t revision) const;
  // Common checks of a request of `size` bytes that is about to enter the log and takes space.
  absl::Status CheckSize(size_t size) const;
  absl::Status CheckQuota();   // raises the alarm when space runs out
  bool IsLearner() const;
  // Who calls: "" while access control is off. Unauthenticated and InvalidArgument as etcd's.
  absl::StatusOr<std::string> UserOf(const rpc::UnaryCall& call) const;
  absl::StatusOr<std::string> UserFrom(const std::string& token, const std::string& common_name) const;
  absl::Status CheckAdmin(const rpc::UnaryCall& call) const;
};

void AddKvMethods(ServiceContext& context, std::vector<rpc::Method>* methods);
void AddWatchMethods(ServiceContext& context, std::vector<rpc::Method>* methods);
void AddLeaseMethods(ServiceContext& context, std::vector<rpc::Method>* methods);
void AddClusterMethods(ServiceContext& context, std::vector<rpc::Method>* methods);
void AddAuthMethods(ServiceContext& context, std::vector<rpc::Method>* methods);
void AddMaintenanceMethods(ServiceContext& context, std::vector<rpc::Method>* methods);

}  // namespace etcdlite::server
