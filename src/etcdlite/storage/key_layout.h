// Where things lie in the engine. Persisted: letters never change meaning.
//
//   k <revision>      one change of one key: etcd's 17-byte revision ("main_sub" big endian, 't' appended
//                     for a deletion) -> serialized mvccpb.KeyValue; the same bytes etcd keeps, so that
//                     HashKV agrees with etcd's
//   l <id>            a lease: ttl, remaining ttl (varints)
//   m <name>          single facts: applied index and term, compacted revision, consistent membership,
//                     alarms, authentication (see apply/state_keys.h)
#pragma once
#include "absl/strings/string_view.h"

namespace etcdlite::storage {

inline constexpr char kRevisionSpace = 'k';
inline constexpr char kLeaseSpace = 'l';
inline constexpr char kMetaSpace = 'm';

inline constexpr absl::string_view kMetaApplied = "mapplied";        // index, term: two fixed64
inline constexpr absl::string_view kMetaCompacted = "mcompacted";    // int64 as fixed64
inline constexpr absl::string_view kMetaRevision = "mrevision";      // current revision, fixed64
inline constexpr absl::string_view kMetaMembers = "mmembers";        // membership, see apply/membership.h
inline constexpr absl::string_view kMetaConf = "mconf";              // raft configuration
inline constexpr absl::string_view kMetaAlarms = "malarms";          // list of AlarmMember
inline constexpr absl::string_view kMetaAuth = "mauth";              // users, roles, switch

}  // namespace etcdlite::storage
