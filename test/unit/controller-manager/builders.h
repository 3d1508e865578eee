// API objects in one line.
#pragma once
#include <memory>
#include <string>

#include "controller-manager/framework/metadata.h"
#include "controller-manager/framework/pods.h"

namespace controller_manager {

inline const absl::Time kNow = absl::FromUnixSeconds(1700000000);

inline Pod MakePod(const std::string& name, const std::string& node = "n1", bool ready = true,
                   absl::Duration age = absl::Hours(1)) {
  Pod pod;
  pod.mutable_metadata()->set_name(name);
  pod.mutable_metadata()->set_namespace_("default");
  pod.mutable_metadata()->set_uid("uid-" + name);
  (*pod.mutable_metadata()->mutable_labels())["app"] = "web";
  SetTime(kNow - age, pod.mutable_metadata()->mutable_creationtimestamp());
  pod.mutable_spec()->set_nodename(node);
  pod.mutable_status()->set_phase(node.empty() ? "Pending" : "Running");
  auto& condition = *pod.mutable_status()->add_conditions();
  condition.set_type("Ready");
  condition.set_status(ready ? "True" : "False");
  SetTime(kNow - age, condition.mutable_lasttransitiontime());
  return pod;
}

inline PodPtr Share(Pod pod) { return std::make_shared<const Pod>(std::move(pod)); }

}  // namespace controller_manager
