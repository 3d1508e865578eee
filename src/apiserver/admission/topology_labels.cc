// PodTopologyLabels: a pod learns the zone and region of the node it is put on, as labels.
#include "apiserver/admission/plugin.h"

namespace apiserver::admission {
namespace {

class PodTopologyLabels final : public Plugin {
 public:
  explicit PodTopologyLabels(const PluginSeams& seams) : Plugin("PodTopologyLabels"), reader_(seams.reader) {}

  absl::Status Admit(Attributes& a) const override {
    if (a.operation != Operation::kCreate) return absl::OkStatus();
    if (a.Is("", "pods", "binding")) Copy(*a.object, a.object->GetString("target.name"));
    if (a.Is("", "pods")) Copy(*a.object, a.object->GetString("spec.nodeName"));
    return absl::OkStatus();
  }

 private:
  // A binding hands its labels on to the pod.
  void Copy(Value& object, const std::string& name) const {
    const auto node = name.empty() ? nullptr : reader_.Get({"", "nodes"}, "", name);
    const Value* labels = node == nullptr ? nullptr : node->At("metadata.labels");
    if (labels == nullptr) return;
    for (const char* key : {"topology.kubernetes.io/zone", "topology.kubernetes.io/region"}) {
      if (const Value* value = labels->Find(key)) object.Ensure("metadata.labels").Set(key, *value);
    }
  }

  const pipeline::ObjectReader& reader_;
};

}  // namespace

PluginPtr NewPodTopologyLabels(const PluginSeams& seams) { return std::make_unique<PodTopologyLabels>(seams); }

}  // namespace apiserver::admission
