#include "kubectl/cmd/root.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/plugin.h"

namespace kubectl {

absl::Status RunKubectl(Factory& factory, const std::vector<std::string>& words) {
  FlagSet globals;
  factory.AddFlags(&globals);
  Command root;
  root.name = "kubectl";
  root.about =
      "kubectl works with the objects of a Kubernetes cluster: it creates, shows, changes and "
      "deletes them, and looks "
      "into running containers.";
  root.usage = "[flags]";
  const auto add = [&](const char* group, CommandPtr command) {
    root.Add(std::move(command)).group = group;
  };
  add("Basic Commands (Beginner)", MakeCreate(factory));
  add("Basic Commands (Beginner)", MakeExpose(factory));
  add("Basic Commands (Beginner)", MakeRun(factory));
  add("Basic Commands (Beginner)", MakeSet(factory));
  add("Basic Commands (Intermediate)", MakeGet(factory));
  add("Basic Commands (Intermediate)", MakeEdit(factory));
  add("Basic Commands (Intermediate)", MakeDelete(factory));
  add("Deploy Commands", MakeRollout(factory));
  add("Deploy Commands", MakeScale(factory));
  add("Deploy Commands", MakeAutoscale(factory));
  add("Cluster Management Commands", MakeCertificate(factory));
  add("Cluster Management Commands", MakeClusterInfo(factory));
  add("Cluster Management Commands", MakeTop(factory));
  add("Cluster Management Commands", MakeCordon(factory));
  add("Cluster Management Commands", MakeUncordon(factory));
  add("Cluster Management Commands", MakeDrain(factory));
  add("Cluster Management Commands", MakeTaint(factory));
  add("Basic Commands (Intermediate)", MakeExplain(factory));
  add("Advanced Commands", MakeWait(factory));
  add("Troubleshooting and Debugging Commands", MakeAuth(factory));
  add("Troubleshooting and Debugging Commands", MakeDescribe(factory));
  add("Troubleshooting and Debugging Commands", MakeLogs(factory));
  add("Troubleshooting and Debugging Commands", MakeAttach(factory));
  add("Troubleshooting and Debugging Commands", MakeExec(factory));
  add("Troubleshooting and Debugging Commands", MakePortForward(factory));
  add("Troubleshooting and Debugging Commands", MakeProxy(factory));
  add("Troubleshooting and Debugging Commands", MakeDebug(factory));
  add("Troubleshooting and Debugging Commands", MakeEvents(factory));
  add("Troubleshooting and Debugging Commands", MakeCp(factory));
  add("Advanced Commands", MakeDiff(factory));
  add("Advanced Commands", MakeApply(factory));
  add("Advanced Commands", MakePatch(factory));
  add("Advanced Commands", MakeReplace(factory));
  add("Advanced Commands", MakeKustomize(factory));
  add("Settings Commands", MakeLabel(factory));
  add("Settings Commands", MakeAnnotate(factory));
  add("Settings Commands", MakeCompletion(factory, &root));
  add("Other Commands", MakeApiResources(factory));
  add("Other Commands", MakeApiVersions(factory));
  add("Other Commands", MakeConfig(factory));
  add("Other Commands", MakePlugin(factory, &root));
  add("Other Commands", MakeVersion(factory));
  auto options = NewCommand("options", "Print the list of flags inherited by all commands", "");
  options->run = [&](const FlagSet::Parsed&) {
    factory.io.Out(
        absl::StrCat("The following options can be passed to any command:\n\n", FlagHelp(globals)));
    return absl::OkStatus();
  };
  add("Other Commands", std::move(options));
  RETURN_IF_ERROR(RunPlugin(root, words));
  return RunCommand(root, globals, words, factory.io);
}

}  // namespace kubectl
