// Upstream's flags of kube-proxy about what is not here: those that can be overlooked, and those that must not be.
#pragma once

namespace base {
class FlagSet;
}

namespace kube_proxy {
void AddAbsentFlags(base::FlagSet& flags);
}
