#include "kubectl/cmd/editor.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cli/errors.h"

namespace kubectl {

std::string StripComments(const std::string& text) {
  std::vector<absl::string_view> kept;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "#")) kept.push_back(line);
  }
  return std::string(absl::StripAsciiWhitespace(absl::StrJoin(kept, "\n")));
}

absl::Status OpenEditor(Factory& factory, const std::string& path) {
  const char* editor = getenv("KUBE_EDITOR");
  if (editor == nullptr || *editor == '\0') editor = getenv("EDITOR");
  if (editor == nullptr || *editor == '\0') editor = "vi";
  factory.io.out->Flush();
  const pid_t child = fork();
  if (child == 0) {
    const std::string command = absl::StrCat(editor, " \"$1\"");
    execl("/bin/sh", "sh", "-c", command.c_str(), "sh", path.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
    return Error(absl::StrCat("unable to launch the editor \"", editor, "\""));
  return Error(absl::StrCat("there was a problem with the editor \"", editor, "\""));
}

absl::StatusOr<std::string> EditText(Factory& factory, absl::string_view text, absl::string_view suffix) {
  const std::string path = absl::StrCat("/tmp/kubectl-edit-", getpid(), suffix);
  RETURN_IF_ERROR(base::WriteFileAtomic(path, text, 0600));
  RETURN_IF_ERROR(OpenEditor(factory, path));
  absl::StatusOr<std::string> edited = base::ReadFile(path);
  unlink(path.c_str());
  return edited;
}

}  // namespace kubectl
