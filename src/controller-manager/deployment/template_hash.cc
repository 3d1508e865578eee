#include "controller-manager/deployment/template_hash.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "absl/strings/str_cat.h"

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
  uint32_t hash = 2166136261u;  // FNV-1a, 32 bits
  const auto add = [&](unsigned char byte) { hash = (hash ^ byte) * 16777619u; };
  for (const char c : Canonical(pod_template)) add(static_cast<unsigned char>(c));
  if (collisions.has_value()) {
    for (int i = 0; i < 4; ++i) add(static_cast<unsigned char>(static_cast<uint32_t>(*collisions) >> (8 * i)));
  }
  // Digits in letters that spell no words.
  constexpr absl::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string out = absl::StrCat(hash);
  for (char& c : out) c = kAlphabet[static_cast<size_t>(c) % kAlphabet.size()];
  return out;
}

bool SameTemplate(const PodTemplateSpec& a, const PodTemplateSpec& b) { return Canonical(a) == Canonical(b); }

}  // namespace controller_manager
