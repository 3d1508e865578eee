#include "controller-manager/framework/go_dump.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/schema.h"

namespace controller_manager {
namespace {

using apimachinery::FieldType;
using apimachinery::Shape;
using google::protobuf::FieldDescriptor;
using ProtoMessage = google::protobuf::Message;
using SchemaField = apimachinery::Field;
using SchemaMessage = apimachinery::Message;

// Seconds from the year 1, where Go's times begin, to 1970.
constexpr int64_t kUnixToGo = 62135596800;

// "core.v1.PodSpec" is v1.PodSpec, "resource.Quantity" stays: the last part of the package and the name.
std::string LocalType(absl::string_view type) {
  const size_t name = type.rfind('.');
  if (name == absl::string_view::npos) return std::string(type);
  const size_t package = type.rfind('.', name - 1);
  return std::string(package == absl::string_view::npos ? type : type.substr(package + 1));
}

std::string GoMessageType(const SchemaMessage& message) {
  const size_t dot = message.name.rfind('.');
  if (dot == absl::string_view::npos) return std::string(message.go_name);
  return LocalType(absl::StrCat(message.name.substr(0, dot), ".", message.go_name));
}

std::string GoType(const SchemaField& field) {
  if (!field.go_type.empty()) {  // "[]types.UID", "core.v1.ResourceList", "*core.v1.Signal"
    const size_t prefix = field.go_type.find_last_of("]*");
    const size_t at = prefix == absl::string_view::npos ? 0 : prefix + 1;
    return absl::StrCat(field.go_type.substr(0, at), LocalType(field.go_type.substr(at)));
  }
  std::string base;
  if (!field.enum_type.empty()) {
    base = LocalType(field.enum_type);
  } else {
    switch (field.type) {
      case FieldType::kBool: base = "bool"; break;
      case FieldType::kInt32: base = "int32"; break;
      case FieldType::kInt64: base = "int64"; break;
      case FieldType::kDouble: base = "float64"; break;
      case FieldType::kString: base = "string"; break;
      case FieldType::kBytes: base = "[]uint8"; break;
      case FieldType::kMessage: base = GoMessageType(*field.message); break;
    }
  }
  if (field.is_list()) return "[]" + base;
  if (field.is_map()) return "map[string]" + base;
  return field.pointer ? "*" + base : base;
}

class Dumper {
 public:
  std::string Take() { return std::move(out_); }

  // A message without its type before it.
  void Body(const SchemaMessage& schema, const ProtoMessage& message) {
    const auto* descriptor = message.GetDescriptor();
    const auto& reflection = *message.GetReflection();
    switch (schema.shape) {
      case Shape::kTime:
      case Shape::kMicroTime: return Time(message);
      case Shape::kQuantity: {
        out_ += GoDumpQuantity(reflection.GetString(message, descriptor->FindFieldByNumber(1)));
        return;
      }
      case Shape::kIntOrString:
        absl::StrAppend(&out_, "{Type:(intstr.Type)", reflection.GetInt64(message, descriptor->FindFieldByNumber(1)),
                        " IntVal:(int32)", reflection.GetInt32(message, descriptor->FindFieldByNumber(2)),
                        " StrVal:(string)", reflection.GetString(message, descriptor->FindFieldByNumber(3)), "}");
        return;
      case Shape::kFieldsV1:
        out_ += "{Raw:([]uint8)";
        Bytes(reflection.GetString(message, descriptor->FindFieldByNumber(1)));
        out_ += "}";
        return;
      default: break;
    }
    const char* separator = "{";
    for (const SchemaField& field : schema.fields) {
      if (field.type_meta) continue;
      absl::StrAppend(&out_, separator, field.inlined ? field.message->go_name : GoFieldName(schema.go_name, field.json),
                      ":(", GoType(field), ")");
      separator = " ";
      Field(field, message, descriptor->FindFieldByNumber(static_cast<int>(field.number)));
    }
    out_ += schema.fields.empty() ? "{}" : "}";
  }

 private:
  void Field(const SchemaField& field, const ProtoMessage& message, const FieldDescriptor* descriptor) {
    const auto& reflection = *message.GetReflection();
    if (descriptor->is_map()) return Map(field, message, descriptor);
    if (descriptor->is_repeated()) {
      const int size = reflection.FieldSize(message, descriptor);
      if (size == 0) {
        out_ += "<nil>";
        return;
      }
      for (int i = 0; i < size; ++i) {
        out_ += i == 0 ? '[' : ' ';
        Item(field, message, descriptor, i);
      }
      out_ += ']';
      return;
    }
    if (field.pointer && !reflection.HasField(message, descriptor)) {
      out_ += "<nil>";
      return;
    }
    if (descriptor->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return Body(*field.message, reflection.GetMessage(message, descriptor));
    }
    Scalar(message, descriptor);
  }

  void Scalar(const ProtoMessage& message, const FieldDescriptor* descriptor) {
    const auto& reflection = *message.GetReflection();
    switch (descriptor->cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL: out_ += reflection.GetBool(message, descriptor) ? "true" : "false"; break;
      case FieldDescriptor::CPPTYPE_INT32: absl::StrAppend(&out_, reflection.GetInt32(message, descriptor)); break;
      case FieldDescriptor::CPPTYPE_INT64: absl::StrAppend(&out_, reflection.GetInt64(message, descriptor)); break;
      case FieldDescriptor::CPPTYPE_DOUBLE: absl::StrAppend(&out_, reflection.GetDouble(message, descriptor)); break;
      default:
        if (descriptor->type() == FieldDescriptor::TYPE_BYTES) {
          Bytes(reflection.GetString(message, descriptor));
        } else {
          out_ += reflection.GetString(message, descriptor);
        }
    }
  }

  void Item(const SchemaField& field, const ProtoMessage& message, const FieldDescriptor* descriptor, int i) {
    const auto& reflection = *message.GetReflection();
    switch (descriptor->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Body(*field.message, reflection.GetRepeatedMessage(message, descriptor, i));
      case FieldDescriptor::CPPTYPE_INT32:
        absl::StrAppend(&out_, reflection.GetRepeatedInt32(message, descriptor, i));
        return;
      case FieldDescriptor::CPPTYPE_INT64:
        absl::StrAppend(&out_, reflection.GetRepeatedInt64(message, descriptor, i));
        return;
      default: out_ += reflection.GetRepeatedString(message, descriptor, i);
    }
  }

  // Sorted by key; keys and values without their types.
  void Map(const SchemaField& field, const ProtoMessage& message, const FieldDescriptor* descriptor) {
    const auto& reflection = *message.GetReflection();
    const auto* key = descriptor->message_type()->FindFieldByNumber(1);
    const auto* value = descriptor->message_type()->FindFieldByNumber(2);
    std::vector<std::pair<std::string, const ProtoMessage*>> entries;
    for (int i = 0; i < reflection.FieldSize(message, descriptor); ++i) {
      const ProtoMessage& entry = reflection.GetRepeatedMessage(message, descriptor, i);
      entries.emplace_back(entry.GetReflection()->GetString(entry, key), &entry);
    }
    if (entries.empty()) {
      out_ += "<nil>";
      return;
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    const char* separator = "map[";
    for (const auto& [name, entry] : entries) {
      absl::StrAppend(&out_, separator, name, ":");
      separator = " ";
      if (field.type == FieldType::kMessage) {
        Body(*field.message, entry->GetReflection()->GetMessage(*entry, value));
      } else {
        Scalar(*entry, value);
      }
    }
    out_ += ']';
  }

  void Bytes(absl::string_view bytes) {
    if (bytes.empty()) {
      out_ += "<nil>";
      return;
    }
    char separator = '[';
    for (const char c : bytes) {
      out_ += std::exchange(separator, ' ');
      absl::StrAppend(&out_, static_cast<int>(static_cast<unsigned char>(c)));
    }
    out_ += ']';
  }

  void Time(const ProtoMessage& message) {
    const auto& reflection = *message.GetReflection();
    const int64_t seconds = reflection.GetInt64(message, message.GetDescriptor()->FindFieldByNumber(1));
    const int32_t nanos = reflection.GetInt32(message, message.GetDescriptor()->FindFieldByNumber(2));
    const bool zero = seconds == 0 && nanos == 0;
    absl::StrAppend(&out_, "{Time:(time.Time){wall:(uint64)", nanos, " ext:(int64)", zero ? 0 : seconds + kUnixToGo,
                    " loc:(*time.Location)");
    out_ += zero ? "<nil>"
                 : "{name:(string)UTC zone:([]time.zone)<nil> tx:([]time.zoneTrans)<nil> extend:(string) "
                   "cacheStart:(int64)0 cacheEnd:(int64)0 cacheZone:(*time.zone)<nil>}";
    out_ += "}}";
  }

  std::string out_;
};

}  // namespace

std::string GoFieldName(absl::string_view go_message, absl::string_view json) {
  // Where Go's name is not the JSON name with a capital first letter. A name that is special in one type alone is
  // written with it.
  static const auto* const kNames = new absl::flat_hash_map<absl::string_view, absl::string_view>{
      {"uid", "UID"}, {"apiVersion", "APIVersion"}, {"apiGroup", "APIGroup"}, {"gcePersistentDisk", "GCEPersistentDisk"},
      {"pdName", "PDName"}, {"fsType", "FSType"}, {"awsElasticBlockStore", "AWSElasticBlockStore"}, {"nfs", "NFS"},
      {"iscsi", "ISCSI"}, {"iqn", "IQN"}, {"iscsiInterface", "ISCSIInterface"},
      {"chapAuthDiscovery", "DiscoveryCHAPAuth"}, {"chapAuthSession", "SessionCHAPAuth"},
      {"GlusterfsVolumeSource.endpoints", "EndpointsName"}, {"rbd", "RBD"}, {"RBDVolumeSource.monitors", "CephMonitors"},
      {"RBDVolumeSource.image", "RBDImage"}, {"RBDVolumeSource.pool", "RBDPool"}, {"RBDVolumeSource.user", "RadosUser"},
      {"cephfs", "CephFS"}, {"fc", "FC"}, {"wwids", "WWIDs"}, {"diskURI", "DataDiskURI"}, {"sslEnabled", "SSLEnabled"},
      {"storageos", "StorageOS"}, {"csi", "CSI"}, {"httpGet", "HTTPGet"}, {"httpHeaders", "HTTPHeaders"},
      {"tcpSocket", "TCPSocket"}, {"grpc", "GRPC"}, {"seLinuxOptions", "SELinuxOptions"},
      {"gmsaCredentialSpecName", "GMSACredentialSpecName"}, {"gmsaCredentialSpec", "GMSACredentialSpec"}, {"tty", "TTY"},
      {"dnsPolicy", "DNSPolicy"}, {"PodSpec.serviceAccount", "DeprecatedServiceAccount"}, {"fsGroup", "FSGroup"},
      {"fsGroupChangePolicy", "FSGroupChangePolicy"}, {"seLinuxChangePolicy", "SELinuxChangePolicy"}, {"ip", "IP"},
      {"dnsConfig", "DNSConfig"}, {"os", "OS"}};
  auto found = kNames->find(json);
  if (found == kNames->end()) found = kNames->find(absl::StrCat(go_message, ".", json));
  if (found != kNames->end()) return std::string(found->second);
  if (json == "metadata") return "ObjectMeta";
  std::string name(json);
  if (!name.empty()) name[0] = absl::ascii_toupper(name[0]);
  return name;
}

std::string GoDump(absl::string_view message_name, const ProtoMessage& message) {
  const SchemaMessage* schema = apimachinery::Schema::Builtin().FindMessage(message_name);
  if (schema == nullptr) return "";
  Dumper dumper;
  dumper.Body(*schema, message);
  return absl::StrCat("(", GoMessageType(*schema), ")", dumper.Take());
}

Fnv32& Fnv32::Add(absl::string_view bytes) {
  constexpr uint32_t kPrime = 16777619u;
  for (const char c : bytes) {
    const uint32_t byte = static_cast<unsigned char>(c);
    hash_ = kind_ == Kind::kFnv1a ? (hash_ ^ byte) * kPrime : (hash_ * kPrime) ^ byte;
  }
  return *this;
}

std::string Fnv32::SafeText() const {
  constexpr absl::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string out = absl::StrCat(hash_);
  for (char& c : out) c = kAlphabet[static_cast<size_t>(c) % kAlphabet.size()];
  return out;
}

}  // namespace controller_manager
