// Answers in etcdctl's output formats: simple, json, fields, table.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace etcdserverpb {
class ResponseHeader;
class DeleteRangeResponse;
class MemberListResponse;
class PutResponse;
class RangeResponse;
class TxnResponse;
class WatchResponse;
}  // namespace etcdserverpb
namespace google::protobuf {
class Message;
}  // namespace google::protobuf
namespace mvccpb {
class KeyValue;
}  // namespace mvccpb

namespace etcdlite::ctl {

enum class Format { kSimple, kJson, kFields, kTable };

struct Style {
  Format format = Format::kSimple;
  bool hex = false;
  bool values_only = false;
  bool keys_only = false;
};

std::string GoQuote(absl::string_view bytes);            // Go's %q
std::string GoDuration(int64_t nanos);                   // Go's time.Duration text: 3.17ms
std::string HumanBytes(uint64_t bytes);                  // 20 kB
std::string Table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);

// A message as encoding/json prints it: declared names, no default values, bytes as base64, numbers bare.
std::string ToJson(const google::protobuf::Message& message);
// Without the braces of the outermost object.
std::string JsonFields(const google::protobuf::Message& message);
std::string JsonString(absl::string_view text);

std::string HeaderFields(const etcdserverpb::ResponseHeader& header);  // format fields
std::string KeyValueFields(const std::string& prefix, const mvccpb::KeyValue& kv);

std::string PrintGet(const Style& style, const etcdserverpb::RangeResponse& response);
std::string PrintPut(const Style& style, const etcdserverpb::PutResponse& response);
std::string PrintDelete(const Style& style, const etcdserverpb::DeleteRangeResponse& response);
std::string PrintTxn(const Style& style, const etcdserverpb::TxnResponse& response);
std::string PrintWatch(const Style& style, const etcdserverpb::WatchResponse& response);
std::string PrintMembers(const Style& style, const etcdserverpb::MemberListResponse& response);

}  // namespace etcdlite::ctl
