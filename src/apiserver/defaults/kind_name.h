// Names an API type for the policy code: "apps" "v1" "Deployment".
#pragma once
#include "absl/strings/string_view.h"

namespace apiserver {

struct KindName {
  absl::string_view group, version, kind;

  bool Is(absl::string_view a_group, absl::string_view a_kind) const { return group == a_group && kind == a_kind; }
};

}  // namespace apiserver
