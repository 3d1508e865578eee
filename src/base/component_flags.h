// Flags that all of upstream's daemons share and whose subject does not exist in ours: logging formats, filters of metrics,
// identities at the health port, TLS tuning. They are taken, and whoever sets one is told why it changes nothing.
#pragma once

namespace base {

class FlagSet;
void AddComponentFlagsWithoutEffect(FlagSet& flags);

}  // namespace base
