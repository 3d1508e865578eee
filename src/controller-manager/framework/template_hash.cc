#include "controller-manager/framework/template_hash.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "controller-manager/framework/go_dump.h"

namespace controller_manager {
namespace {

using k8s::core::v1::PodTemplateSpec;

// Map entries sorted; what says nothing (an empty creation time, unset against empty metadata) left out.
std::string Canonical(const PodTemplateSpec& pod_template) {
  PodTemplateSpec copy = pod_template;
  auto& metadata = *copy.mutable_metadata();
  metadata.mutable_labels()->erase(kPodTemplateHash);
  metadata.clear_creationtimestamp();
  for (std::string* field : {metadata.mutable_name(), metadata.mutable_generatename(), metadata.mutable_namespace_(),
                             metadata.mutable_selflink(), metadata.mutable_uid(), metadata.mutable_resourceversion()}) {
    field->clear();
  }
  metadata.set_generation(0);
  std::string out;
  {
    google::protobuf::io::StringOutputStream sink(&out);
    google::protobuf::io::CodedOutputStream coded(&sink);
    coded.SetSerializationDeterministic(true);
    copy.SerializePartialToCodedStream(&coded);
  }
  return out;
}

}  // namespace

std::string TemplateHash(const PodTemplateSpec& pod_template, std::optional<int> collisions) {
  Fnv32 hash(Fnv32::Kind::kFnv1a);
  hash.Add(GoDump("core.v1.PodTemplateSpec", pod_template));
  if (collisions.has_value()) {  // eight bytes, the upper four never written
    std::string bytes(8, '\0');
    for (int i = 0; i < 4; ++i) bytes[i] = static_cast<char>(static_cast<uint32_t>(*collisions) >> (8 * i));
    hash.Add(bytes);
  }
  return hash.SafeText();
}

bool SameTemplate(const PodTemplateSpec& a, const PodTemplateSpec& b) { return Canonical(a) == Canonical(b); }

}  // namespace controller_manager
