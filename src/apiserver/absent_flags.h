// Upstream's flags of the API server about what is not here: those that can be overlooked, and those that must not be.
#pragma once

namespace base {
class FlagSet;
}

namespace apiserver {
void AddAbsentFlags(base::FlagSet& flags);
}
