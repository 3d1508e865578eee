#include "etcdlite/apply/answers.h"

#include "etcdlite/mvcc/kv_codec.h"

namespace etcdlite::apply {

using mvcc::AppendBool;
using mvcc::AppendInt;
using mvcc::AppendLengthDelimited;

std::string EncodeHeader(const HeaderFields& fields, int64_t revision) {
  std::string out;
  AppendInt(1, static_cast<int64_t>(fields.cluster_id), &out);
  AppendInt(2, static_cast<int64_t>(fields.member_id), &out);
  AppendInt(3, revision, &out);
  AppendInt(4, static_cast<int64_t>(fields.raft_term), &out);
  return out;
}

std::string EncodeRangeAnswer(absl::string_view header, const mvcc::RangeResult& result) {
  size_t size = header.size() + 32;
  for (const mvcc::RangeItem& item : result.items) size += item.bytes->size() + 6;
  std::string out;
  out.reserve(size);
  AppendLengthDelimited(1, header, &out);
  for (const mvcc::RangeItem& item : result.items) AppendLengthDelimited(2, *item.bytes, &out);
  AppendBool(3, result.more, &out);
  AppendInt(4, result.count, &out);
  return out;
}

}  // namespace etcdlite::apply
