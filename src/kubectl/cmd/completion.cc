// kubectl completion: a script that lets the shell complete commands, flags, types and names.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"

namespace kubectl {
namespace {

// Words that may follow each command, as a case list in shell syntax.
void Collect(const Command& command, std::vector<std::pair<std::string, std::string>>* words) {
  std::vector<std::string> next;
  for (const auto& child : command.children) next.push_back(child->name);
  for (const auto& flag : command.flags.flags()) next.push_back("--" + flag->name);
  words->emplace_back(command.Path(), absl::StrJoin(next, " "));
  for (const auto& child : command.children) Collect(*child, words);
}

std::string Bash(const Command& root) {
  std::vector<std::pair<std::string, std::string>> words;
  Collect(root, &words);
  std::string cases;
  for (const auto& [path, next] : words)
    absl::StrAppend(&cases, "    '", path, "') words='", next, "';;\n");
  return absl::StrCat(R"sh(
# bash completion for kubectl
_kubectl_words() {
  local words=''
  case "$1" in
)sh",
                      cases, R"sh(  esac
  echo "$words"
}
_kubectl() {
  local cur=${COMP_WORDS[COMP_CWORD]} path=kubectl rest=() where=() of='' i w
  for ((i = 1; i < COMP_CWORD; i++)); do
    w=${COMP_WORDS[i]}
    case "$w" in
      -n|--namespace|--context|--kubeconfig)  # the next word is its value, after = as well
        [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))
        ((++i >= COMP_CWORD)) && of=$w || where+=("$w" "${COMP_WORDS[i]}")
        continue ;;
      -*) continue ;;
    esac
    if [[ ${#rest[@]} == 0 && -n $(_kubectl_words "$path $w") ]]; then path="$path $w"; else rest+=("$w"); fi
  done
  [[ $cur == = ]] && cur=
  local choices=$(_kubectl_words "$path")
  if [[ $of == --kubeconfig ]]; then
    COMPREPLY=($(compgen -f -- "$cur")); return
  elif [[ $of == --context ]]; then
    choices=$(kubectl "${where[@]}" config get-contexts -o name 2>/dev/null)
  elif [[ -n $of ]]; then
    choices=$(kubectl "${where[@]}" get namespaces -o jsonpath='{.items[*].metadata.name}' 2>/dev/null)
  elif [[ $cur == -* ]]; then
    choices="$choices --namespace --context --kubeconfig"
  else
    case "$path" in
      'kubectl get'|'kubectl describe'|'kubectl delete'|'kubectl edit'|'kubectl label'|'kubectl annotate'|'kubectl scale'|'kubectl patch'|'kubectl explain'|'kubectl expose'|'kubectl rollout '*)
        if [[ ${#rest[@]} == 0 ]]; then choices="$choices $(kubectl "${where[@]}" api-resources --cached -o name 2>/dev/null)"
        else choices=$(kubectl "${where[@]}" get "${rest[0]}" -o jsonpath='{.items[*].metadata.name}' 2>/dev/null); fi ;;
      'kubectl logs'|'kubectl exec'|'kubectl attach'|'kubectl port-forward')
        choices=$(kubectl "${where[@]}" get pods -o jsonpath='{.items[*].metadata.name}' 2>/dev/null) ;;
      'kubectl cordon'|'kubectl uncordon'|'kubectl drain')
        choices=$(kubectl "${where[@]}" get nodes -o jsonpath='{.items[*].metadata.name}' 2>/dev/null) ;;
      'kubectl config use-context')
        choices=$(kubectl "${where[@]}" config get-contexts -o name 2>/dev/null) ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$choices" -- "$cur"))
}
complete -F _kubectl kubectl
)sh");
}

std::string Zsh(const Command& root) {
  return absl::StrCat("#compdef kubectl\nautoload -U +X bashcompinit && bashcompinit\n",
                      Bash(root));
}

std::string Fish(const Command& root) {
  std::string text = "# fish completion for kubectl\ncomplete -c kubectl -f\n";
  for (const auto& child : root.children) {
    absl::StrAppend(&text, "complete -c kubectl -n __fish_use_subcommand -a ", child->name, " -d '",
                    child->summary, "'\n");
    for (const auto& sub : child->children) {
      absl::StrAppend(&text, "complete -c kubectl -n '__fish_seen_subcommand_from ", child->name,
                      "' -a ", sub->name, "\n");
    }
    for (const auto& flag : child->flags.flags()) {
      absl::StrAppend(&text, "complete -c kubectl -n '__fish_seen_subcommand_from ", child->name,
                      "' -l ", flag->name, flag->shorthand.empty() ? "" : " -s ", flag->shorthand,
                      "\n");
    }
  }
  absl::StrAppend(&text,
                  "complete -c kubectl -n '__fish_seen_subcommand_from get describe delete edit' "
                  "-a '(kubectl api-resources --cached -o name 2>/dev/null)'\n");
  return text;
}

}  // namespace

CommandPtr MakeCompletion(Factory& factory, Command* root) {
  auto command = NewCommand(
      "completion",
      "Output shell completion code for the specified shell (bash, zsh, fish, or powershell)",
      "SHELL", "  # In this shell only\n  source <(kubectl completion bash)");
  command->run = [&factory, root](const FlagSet::Parsed& parsed) -> absl::Status {
    if (parsed.args.empty()) return UsageError("kubectl completion", "Shell not specified.");
    if (parsed.args.size() > 1)
      return UsageError("kubectl completion", "Too many arguments. Expected only the shell type.");
    const std::string& shell = parsed.args[0];
    if (shell == "bash")
      factory.io.Out(Bash(*root));
    else if (shell == "zsh")
      factory.io.Out(Zsh(*root));
    else if (shell == "fish")
      factory.io.Out(Fish(*root));
    else
      return UsageError("kubectl completion",
                        absl::StrCat("Unsupported shell type \"", shell, "\"."));
    return absl::OkStatus();
  };
  return command;
}

}  // namespace kubectl
