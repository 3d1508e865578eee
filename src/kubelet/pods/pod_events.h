// References that events about pods and their containers carry.
#pragma once
#include <string>

#include "client/event_recorder.h"
#include "kubelet/pods/pod_util.h"

namespace kubelet {

inline client::ObjectRef PodRef(const v1::Pod& pod) { return client::RefTo(pod); }

inline client::ObjectRef ContainerRef(const v1::Pod& pod, const std::string& container) {
  client::ObjectRef ref = client::RefTo(pod);
  ref.field_path = FieldPath(pod.spec(), container);
  return ref;
}

}  // namespace kubelet
