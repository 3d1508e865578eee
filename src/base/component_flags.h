// Flags that all of upstream's daemons share and whose subject does not exist in ours: logging formats, filters of metrics,
// identities at the health port, TLS tuning. They are taken, and whoever sets one is told why it changes nothing.
#pragma once

namespace base {

class FlagSet;
void AddLoggingFlagsWithoutEffect(FlagSet& flags);     // of all daemons
void AddMetricsFlagsWithoutEffect(FlagSet& flags);     // of those that filter their metrics
void AddClientFlagsWithoutEffect(FlagSet& flags);      // of those that call the API server
void AddLeastTlsFlag(FlagSet& flags);                  // --tls-min-version: met by what is spoken, or refused
void AddComponentFlagsWithoutEffect(FlagSet& flags);   // of controllers: all of these, and their health port's

}  // namespace base
