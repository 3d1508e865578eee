// The constructor of each verb. `factory` outlives the commands.
#pragma once
#include <memory>

#include "kubectl/cli/command.h"
#include "kubectl/rest/factory.h"

namespace kubectl {

using CommandPtr = std::unique_ptr<Command>;

CommandPtr MakeAnnotate(Factory& factory);
CommandPtr MakeApiResources(Factory& factory);
CommandPtr MakeApiVersions(Factory& factory);
CommandPtr MakeApply(Factory& factory);
CommandPtr MakeAttach(Factory& factory);
CommandPtr MakeAuth(Factory& factory);
CommandPtr MakeAutoscale(Factory& factory);
CommandPtr MakeCertificate(Factory& factory);
CommandPtr MakeClusterInfo(Factory& factory);
CommandPtr MakeCompletion(Factory& factory, Command* root);
CommandPtr MakeConfig(Factory& factory);
CommandPtr MakeCordon(Factory& factory);
CommandPtr MakeCp(Factory& factory);
CommandPtr MakeCreate(Factory& factory);
CommandPtr MakeDebug(Factory& factory);
CommandPtr MakeDelete(Factory& factory);
CommandPtr MakeDescribe(Factory& factory);
CommandPtr MakeDiff(Factory& factory);
CommandPtr MakeDrain(Factory& factory);
CommandPtr MakeEdit(Factory& factory);
CommandPtr MakeEvents(Factory& factory);
CommandPtr MakeExec(Factory& factory);
CommandPtr MakeExplain(Factory& factory);
CommandPtr MakeExpose(Factory& factory);
CommandPtr MakeGet(Factory& factory);
CommandPtr MakeKustomize(Factory& factory);
CommandPtr MakeLabel(Factory& factory);
CommandPtr MakeLogs(Factory& factory);
CommandPtr MakePatch(Factory& factory);
CommandPtr MakePlugin(Factory& factory, Command* root);
CommandPtr MakePortForward(Factory& factory);
CommandPtr MakeProxy(Factory& factory);
CommandPtr MakeReplace(Factory& factory);
CommandPtr MakeRollout(Factory& factory);
CommandPtr MakeRun(Factory& factory);
CommandPtr MakeScale(Factory& factory);
CommandPtr MakeSet(Factory& factory);
CommandPtr MakeTaint(Factory& factory);
CommandPtr MakeTop(Factory& factory);
CommandPtr MakeUncordon(Factory& factory);
CommandPtr MakeVersion(Factory& factory);
CommandPtr MakeWait(Factory& factory);

}  // namespace kubectl
