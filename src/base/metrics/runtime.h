// go_*: the names under which dashboards look for the runtime of a daemon. There is no Go runtime here: what has an
// equivalent (threads, the C library's heap, processor time) is told under its name, what has none stays at zero, and
// each HELP says which. Read when somebody looks, never before.
#pragma once

namespace base {

class MetricsPage;
void AddRuntime(MetricsPage& page);

}  // namespace base
