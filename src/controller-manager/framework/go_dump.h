// What Go's dump of a decoded API object looks like: the text that upstream's controllers hash to name ReplicaSets and
// the revisions of DaemonSets. Equal text gives equal names, so that both controllers can take turns on one cluster.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace controller_manager {

// `message_name` is the schema's ("core.v1.PodTemplateSpec") and must be the type of `message`. Field names, types and
// their order come from the schema; absent lists, maps and pointers are <nil>, as after decoding from protobuf. Times
// other than zero show the location of a process that runs in UTC. Pure.
std::string GoDump(absl::string_view message_name, const google::protobuf::Message& message);

// resource.Quantity as its parser leaves it: 64-bit or big decimal form, the text kept only when it is canonical.
std::string GoDumpQuantity(absl::string_view text);

// The name of a member in Go: "podIP" is PodIP, "dnsPolicy" is DNSPolicy.
std::string GoFieldName(absl::string_view go_message, absl::string_view json);

// 32-bit hashes by Fowler, Noll and Vo: FNV-1 multiplies first, FNV-1a mixes the byte in first.
class Fnv32 {
 public:
  enum class Kind { kFnv1, kFnv1a };
  explicit Fnv32(Kind kind) : kind_(kind) {}
  Fnv32& Add(absl::string_view bytes);
  // The decimal digits of the hash in letters that spell no words.
  std::string SafeText() const;

 private:
  const Kind kind_;
  uint32_t hash_ = 2166136261u;
};

}  // namespace controller_manager
