// Answers of the KV service, written straight into wire bytes: stored values are copied once.
#pragma once
#include <string>

#include "etcdlite/mvcc/store.h"

namespace etcdlite::apply {

// etcdserverpb.ResponseHeader. The same for a whole answer of one member.
struct HeaderFields {
  uint64_t cluster_id = 0;
  uint64_t member_id = 0;
  uint64_t raft_term = 0;
};
std::string EncodeHeader(const HeaderFields& fields, int64_t revision);

// etcdserverpb.RangeResponse with `header` as its header.
std::string EncodeRangeAnswer(absl::string_view header, const mvcc::RangeResult& result);

}  // namespace etcdlite::apply
