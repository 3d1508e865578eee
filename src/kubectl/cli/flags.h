// kubectl's flags are the ones of all programs.
#pragma once
#include "base/flags.h"

namespace kubectl {

using base::Flag;
using base::FlagSet;
using base::FormatGoDuration;
using base::ParseGoDuration;

}  // namespace kubectl
