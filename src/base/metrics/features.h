// kubernetes_feature_enabled: the features of this release and whether they are on. There are no switches here: each is what
// the release has it by default.
#pragma once

namespace base {

class MetricsPage;
void AddFeatures(MetricsPage& page);

}  // namespace base
