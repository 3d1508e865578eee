#include "etcdlite/ctl/printer.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cmath>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "etcd/cluster.pb.h"
#include "etcd/kv.pb.h"
#include "etcd/watch.pb.h"

namespace etcdlite::ctl {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Length of the valid UTF-8 sequence at the front; 0: none.
size_t Utf8Length(absl::string_view s) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(s[i]); };
  const uint8_t lead = at(0);
  const size_t length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (length == 0 || length > s.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  if (length == 3 && ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) >= 0xa0))) return 0;
  if (length == 4 && ((lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) >= 0x90))) return 0;
  return length;
}

std::string Bytes(const Style& style, const std::string& bytes) {
  if (!style.hex) return bytes;
  std::string out;
  for (const char c : bytes) absl::StrAppendFormat(&out, "\\x%02x", static_cast<uint8_t>(c));
  return out;
}

std::string SimpleKv(const Style& style, const mvccpb::KeyValue& kv) {
  std::string out;
  if (!style.values_only) absl::StrAppend(&out, Bytes(style, kv.key()), "\n");
  absl::StrAppend(&out, Bytes(style, kv.value()), "\n");
  return out;
}

std::string ScalarJson(const Message& message, const FieldDescriptor* field, int index);

std::string ValueJson(const Message& message, const FieldDescriptor* field) {
  if (!field->is_repeated()) return ScalarJson(message, field, -1);
  std::vector<std::string> items;
  for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) items.push_back(ScalarJson(message, field, i));
  return absl::StrCat("[", absl::StrJoin(items, ","), "]");
}

#define GET(kind) (index < 0 ? reflection->Get##kind(message, field) : reflection->GetRepeated##kind(message, field, index))
std::string ScalarJson(const Message& message, const FieldDescriptor* field, int index) {
  const google::protobuf::Reflection* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64: return absl::StrCat(GET(Int64));
    case FieldDescriptor::CPPTYPE_UINT64: return absl::StrCat(GET(UInt64));
    case FieldDescriptor::CPPTYPE_INT32: return absl::StrCat(GET(Int32));
    case FieldDescriptor::CPPTYPE_UINT32: return absl::StrCat(GET(UInt32));
    case FieldDescriptor::CPPTYPE_BOOL: return GET(Bool) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM: return absl::StrCat(index < 0 ? reflection->GetEnumValue(message, field) : reflection->GetRepeatedEnumValue(message, field, index));
    case FieldDescriptor::CPPTYPE_STRING:
      return field->type() == FieldDescriptor::TYPE_BYTES ? absl::StrCat("\"", absl::Base64Escape(GET(String)), "\"") : JsonString(GET(String));
    case FieldDescriptor::CPPTYPE_MESSAGE: return ToJson(index < 0 ? reflection->GetMessage(message, field) : reflection->GetRepeatedMessage(message, field, index));
    default: return "null";
  }
}
#undef GET

std::string NestedTxnFields(const etcdserverpb::TxnResponse& response);

std::string Prefixed(const std::string& prefix, const mvccpb::KeyValue& kv) { return KeyValueFields(prefix, kv); }

std::string GetFields(const etcdserverpb::RangeResponse& response) {
  std::string out = HeaderFields(response.header());
  for (const mvccpb::KeyValue& kv : response.kvs()) out += Prefixed("", kv);
  absl::StrAppend(&out, "\"More\" : ", response.more() ? "true" : "false", "\n\"Count\" : ", response.count(), "\n");
  return out;
}

std::string PutFields(const etcdserverpb::PutResponse& response) {
  std::string out = HeaderFields(response.header());
  if (response.has_prev_kv()) out += Prefixed("Prev", response.prev_kv());
  return out;
}

std::string DeleteFields(const etcdserverpb::DeleteRangeResponse& response) {
  std::string out = HeaderFields(response.header());
  absl::StrAppend(&out, "\"Deleted\" : ", response.deleted(), "\n");
  for (const mvccpb::KeyValue& kv : response.prev_kvs()) out += Prefixed("Prev", kv);
  return out;
}

std::string NestedTxnFields(const etcdserverpb::TxnResponse& response) {
  std::string out = HeaderFields(response.header());
  absl::StrAppend(&out, "\"Succeeded\" : ", response.succeeded() ? "true" : "false", "\n");
  for (const etcdserverpb::ResponseOp& op : response.responses()) {
    if (op.has_response_range()) out += GetFields(op.response_range());
    if (op.has_response_put()) out += PutFields(op.response_put());
    if (op.has_response_delete_range()) out += DeleteFields(op.response_delete_range());
    if (op.has_response_txn()) out += NestedTxnFields(op.response_txn());
  }
  return out;
}

}  // namespace

std::string GoQuote(absl::string_view bytes) {
  std::string out = "\"";
  while (!bytes.empty()) {
    const size_t length = Utf8Length(bytes);
    if (length == 0) {
      absl::StrAppendFormat(&out, "\\x%02x", static_cast<uint8_t>(bytes[0]));
      bytes.remove_prefix(1);
      continue;
    }
    const char c = bytes[0];
    if (length > 1) {
      out.append(bytes.data(), length);
    } else if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c >= 0x20 && c < 0x7f) {
      out += c;
    } else {
      switch (c) {
        case '\a': out += "\\a"; break;
        case '\b': out += "\\b"; break;
        case '\f': out += "\\f"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        case '\v': out += "\\v"; break;
        default: absl::StrAppendFormat(&out, "\\x%02x", static_cast<uint8_t>(c));
      }
    }
    bytes.remove_prefix(length);
  }
  return out + "\"";
}

std::string GoDuration(int64_t nanos) {
  if (nanos < 1000) return absl::StrCat(nanos, "ns");
  const char* unit = nanos < 1000000 ? "µs" : nanos < 1000000000 ? "ms" : "s";
  const double scale = nanos < 1000000 ? 1e3 : nanos < 1000000000 ? 1e6 : 1e9;
  std::string number = absl::StrFormat("%.9f", static_cast<double>(nanos) / scale);
  number = number.substr(0, number.find('.') + 1 + (scale == 1e3 ? 3 : scale == 1e6 ? 6 : 9));
  while (number.back() == '0') number.pop_back();
  if (number.back() == '.') number.pop_back();
  return number + unit;
}

std::string HumanBytes(uint64_t bytes) {
  if (bytes < 10) return absl::StrCat(bytes, " B");
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  const int power = static_cast<int>(std::floor(std::log(static_cast<double>(bytes)) / std::log(1000.0)));
  const double value = std::floor(static_cast<double>(bytes) / std::pow(1000, power) * 10 + 0.5) / 10;
  return absl::StrFormat(value < 10 ? "%.1f %s" : "%.0f %s", value, kUnits[power]);
}

std::string Table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < header.size(); ++i) {
    size_t width = header[i].size();
    for (const auto& row : rows) width = std::max(width, row[i].size());
    widths.push_back(width);
  }
  std::string rule = "+";
  for (const size_t width : widths) rule += std::string(width + 2, '-') + "+";
  rule += "\n";
  std::string out = rule + "|";
  for (size_t i = 0; i < header.size(); ++i) {
    const size_t space = widths[i] - header[i].size();
    out += std::string(1 + space / 2, ' ') + header[i] + std::string(1 + space - space / 2, ' ') + "|";
  }
  out += "\n" + rule;
  for (const auto& row : rows) {
    out += "|";
    for (size_t i = 0; i < row.size(); ++i) out += std::string(1 + widths[i] - row[i].size(), ' ') + row[i] + " |";
    out += "\n";
  }
  return out + rule;
}

std::string JsonString(absl::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const char c = text[0];
    if (length == 0) {
      out += "\\ufffd";
      text.remove_prefix(1);
      continue;
    }
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (length == 1 && (static_cast<uint8_t>(c) < 0x20 || c == '<' || c == '>' || c == '&')) {
      absl::StrAppendFormat(&out, "\\u%04x", c);
    } else {
      out.append(text.data(), length);
    }
    text.remove_prefix(length);
  }
  return out + "\"";
}

std::string JsonFields(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  std::vector<std::string> parts;
  for (const FieldDescriptor* field : fields) {
    std::string value = ValueJson(message, field);
    if (field->containing_oneof() != nullptr) {  // Go prints a oneof as a nested object of its interface field
      value = absl::StrCat("{\"", field->name(), "\":", value, "}");
      parts.push_back(absl::StrCat("\"Response\":", value));
    } else {
      parts.push_back(absl::StrCat("\"", field->name(), "\":", value));
    }
  }
  return absl::StrJoin(parts, ",");
}

std::string ToJson(const Message& message) { return absl::StrCat("{", JsonFields(message), "}"); }

std::string HeaderFields(const etcdserverpb::ResponseHeader& header) {
  return absl::StrCat("\"ClusterID\" : ", header.cluster_id(), "\n\"MemberID\" : ", header.member_id(), "\n\"Revision\" : ",
                      header.revision(), "\n\"RaftTerm\" : ", header.raft_term(), "\n");
}

std::string KeyValueFields(const std::string& prefix, const mvccpb::KeyValue& kv) {
  return absl::StrCat("\"", prefix, "Key\" : ", GoQuote(kv.key()), "\n\"", prefix, "CreateRevision\" : ", kv.create_revision(), "\n\"",
                      prefix, "ModRevision\" : ", kv.mod_revision(), "\n\"", prefix, "Version\" : ", kv.version(), "\n\"", prefix,
                      "Value\" : ", GoQuote(kv.value()), "\n\"", prefix, "Lease\" : ", kv.lease(), "\n");
}

std::string PrintGet(const Style& style, const etcdserverpb::RangeResponse& response) {
  if (style.format == Format::kJson) return ToJson(response) + "\n";
  if (style.format == Format::kFields) return GetFields(response);
  std::string out;
  for (const mvccpb::KeyValue& kv : response.kvs()) out += SimpleKv(style, kv);
  return out;
}

std::string PrintPut(const Style& style, const etcdserverpb::PutResponse& response) {
  if (style.format == Format::kJson) return ToJson(response) + "\n";
  if (style.format == Format::kFields) return PutFields(response);
  return absl::StrCat("OK\n", response.has_prev_kv() ? SimpleKv(style, response.prev_kv()) : "");
}

std::string PrintDelete(const Style& style, const etcdserverpb::DeleteRangeResponse& response) {
  if (style.format == Format::kJson) return ToJson(response) + "\n";
  if (style.format == Format::kFields) return DeleteFields(response);
  std::string out = absl::StrCat(response.deleted(), "\n");
  for (const mvccpb::KeyValue& kv : response.prev_kvs()) out += SimpleKv(style, kv);
  return out;
}

std::string PrintTxn(const Style& style, const etcdserverpb::TxnResponse& response) {
  if (style.format == Format::kJson) return ToJson(response) + "\n";
  if (style.format == Format::kFields) return NestedTxnFields(response);
  std::string out = response.succeeded() ? "SUCCESS\n" : "FAILURE\n";
  for (const etcdserverpb::ResponseOp& op : response.responses()) {
    out += "\n";
    if (op.has_response_range()) out += PrintGet(style, op.response_range());
    if (op.has_response_put()) out += PrintPut(style, op.response_put());
    if (op.has_response_delete_range()) out += PrintDelete(style, op.response_delete_range());
    if (op.has_response_txn()) out += PrintTxn(style, op.response_txn());
  }
  return out;
}

std::string PrintWatch(const Style& style, const etcdserverpb::WatchResponse& response) {
  std::string out;
  if (style.format == Format::kJson) {
    std::vector<std::string> events;
    for (const mvccpb::Event& event : response.events()) events.push_back(ToJson(event));
    return absl::StrCat("{\"Header\":", ToJson(response.header()), ",\"Events\":[", absl::StrJoin(events, ","),
                        "],\"CompactRevision\":", response.compact_revision(), ",\"Canceled\":", response.canceled() ? "true" : "false",
                        ",\"Created\":", response.created() ? "true" : "false", "}\n");
  }
  if (style.format == Format::kFields) out = HeaderFields(response.header());
  for (const mvccpb::Event& event : response.events()) {
    const std::string type = mvccpb::Event::EventType_Name(event.type());
    if (style.format == Format::kFields) {
      absl::StrAppend(&out, "\"Type\" : ", type, "\n", event.has_prev_kv() ? KeyValueFields("Prev", event.prev_kv()) : "",
                      KeyValueFields("", event.kv()));
    } else {
      absl::StrAppend(&out, type, "\n", event.has_prev_kv() ? SimpleKv(style, event.prev_kv()) : "", SimpleKv(style, event.kv()));
    }
  }
  return out;
}

std::string PrintMembers(const Style& style, const etcdserverpb::MemberListResponse& response) {
  if (style.format == Format::kJson) return ToJson(response) + "\n";
  std::string out;
  if (style.format == Format::kFields) {
    absl::StrAppend(&out, "\"ClusterID\" : ", response.header().cluster_id(), "\n\"MemberID\" : ", response.header().member_id(),
                    "\n\"RaftTerm\" : ", response.header().raft_term(), "\n");
    for (const etcdserverpb::Member& member : response.members()) {
      absl::StrAppend(&out, "\"ID\" : ", member.id(), "\n\"Name\" : ", GoQuote(member.name()), "\n");
      for (const std::string& url : member.peerurls()) absl::StrAppend(&out, "\"PeerURL\" : ", GoQuote(url), "\n");
      for (const std::string& url : member.clienturls()) absl::StrAppend(&out, "\"ClientURL\" : ", GoQuote(url), "\n");
      absl::StrAppend(&out, "\"IsLearner\" : ", member.islearner() ? "true" : "false", "\n\n");
    }
    return out;
  }
  std::vector<std::vector<std::string>> rows;
  for (const etcdserverpb::Member& member : response.members()) {
    rows.push_back({absl::StrFormat("%x", member.id()), member.name().empty() ? "unstarted" : "started", member.name(),
                    absl::StrJoin(member.peerurls(), ","), absl::StrJoin(member.clienturls(), ","), member.islearner() ? "true" : "false"});
  }
  if (style.format == Format::kTable) return Table({"ID", "STATUS", "NAME", "PEER ADDRS", "CLIENT ADDRS", "IS LEARNER"}, rows);
  for (const auto& row : rows) absl::StrAppend(&out, absl::StrJoin(row, ", "), "\n");
  return out;
}

}  // namespace etcdlite::ctl
