// kubectl auth reconcile, a part of kubectl auth.
#pragma once
#include "kubectl/cli/command.h"
#include "kubectl/rest/factory.h"

namespace kubectl {

void AddReconcile(Factory& factory, Command* group);

}  // namespace kubectl
