// Refusals in etcd's words and codes: clients compare the text.
#pragma once
#include "absl/status/status.h"
#include "etcdlite/mvcc/errors.h"

namespace etcdlite::apply {

inline absl::Status EmptyKeyError() { return absl::InvalidArgumentError("etcdserver: key is not provided"); }
inline absl::Status KeyNotFoundError() { return absl::InvalidArgumentError("etcdserver: key not found"); }
inline absl::Status ValueProvidedError() { return absl::InvalidArgumentError("etcdserver: value is provided"); }
inline absl::Status LeaseProvidedError() { return absl::InvalidArgumentError("etcdserver: lease is provided"); }
inline absl::Status TooManyOpsError() { return absl::InvalidArgumentError("etcdserver: too many operations in txn request"); }
inline absl::Status DuplicateKeyError() { return absl::InvalidArgumentError("etcdserver: duplicate key given in txn request"); }
inline absl::Status InvalidSortError() { return absl::InvalidArgumentError("etcdserver: invalid sort option"); }
inline absl::Status NoSpaceError() { return absl::ResourceExhaustedError("etcdserver: mvcc: database space exceeded"); }
inline absl::Status LeaseNotFoundError() { return absl::NotFoundError("etcdserver: requested lease not found"); }
inline absl::Status LeaseTtlError() { return absl::OutOfRangeError("etcdserver: too large lease TTL"); }
inline absl::Status CorruptError() { return absl::DataLossError("etcdserver: corrupt cluster"); }
inline absl::Status RequestTooLargeError() { return absl::InvalidArgumentError("etcdserver: request is too large"); }
inline absl::Status TooManyRequestsError() { return absl::ResourceExhaustedError("etcdserver: too many requests"); }
inline absl::Status NoLeaderError() { return absl::UnavailableError("etcdserver: no leader"); }
inline absl::Status NotLeaderError() { return absl::FailedPreconditionError("etcdserver: not leader"); }
inline absl::Status LeaderChangedError() { return absl::UnavailableError("etcdserver: leader changed"); }
inline absl::Status TimeoutError() { return absl::UnavailableError("etcdserver: request timed out"); }
inline absl::Status LeaderFailError() { return absl::UnavailableError("etcdserver: request timed out, possibly due to previous leader failure"); }
inline absl::Status StoppedError() { return absl::UnavailableError("etcdserver: server stopped"); }
inline absl::Status LearnerError() { return absl::FailedPreconditionError("etcdserver: rpc not supported for learner"); }
inline absl::Status MemberNotFoundError() { return absl::NotFoundError("etcdserver: member not found"); }
inline absl::Status MemberExistsError() { return absl::FailedPreconditionError("etcdserver: member ID already exist"); }
inline absl::Status PeerUrlExistsError() { return absl::FailedPreconditionError("etcdserver: Peer URLs already exists"); }
inline absl::Status MemberNotLearnerError() { return absl::FailedPreconditionError("etcdserver: can only promote a learner member"); }
inline absl::Status LearnerNotReadyError() { return absl::FailedPreconditionError("etcdserver: can only promote a learner member which is in sync with leader"); }
inline absl::Status TooManyLearnersError() { return absl::FailedPreconditionError("etcdserver: too many learner members in cluster"); }
inline absl::Status MemberUrlsError() { return absl::InvalidArgumentError("etcdserver: given member URLs are invalid"); }
inline absl::Status NotEnoughStartedError() { return absl::FailedPreconditionError("etcdserver: re-configuration failed due to not enough started members"); }
inline absl::Status BadTransfereeError() { return absl::FailedPreconditionError("etcdserver: bad leader transferee"); }
inline absl::Status TransferTimeoutError() { return absl::UnavailableError("etcdserver: request timed out, leader transfer took too long"); }
inline absl::Status DowngradeFormatError() { return absl::InvalidArgumentError("etcdserver: wrong downgrade target version format"); }
inline absl::Status DowngradeTargetError() { return absl::InvalidArgumentError("etcdserver: invalid downgrade target version"); }
inline absl::Status UnhealthyError() { return absl::UnavailableError("etcdserver: unhealthy cluster"); }

}  // namespace etcdlite::apply
