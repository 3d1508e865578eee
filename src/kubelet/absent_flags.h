// Upstream's flags of the kubelet about what is not here: those that can be overlooked, and those that must not be.
#pragma once

namespace base {
class FlagSet;
}

namespace kubelet {
void AddAbsentFlags(base::FlagSet& flags);
}
