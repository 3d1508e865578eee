#include "kubectl/rest/exec_credential.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"
#include "kubectl/cli/streams.h"
#include "kubectl/rest/kubeconfig.h"

namespace kubectl {

absl::Status RunExecCredential(const Value& exec, const std::string& config_dir,
                               Connection* connection) {
  std::string command = exec.GetString("command");
  if (command.find('/') != std::string::npos && command[0] != '/')
    command = absl::StrCat(config_dir, "/", command);
  std::vector<std::string> args = {command};
  for (const Value& arg : exec.GetArray("args")) args.push_back(arg.as_string());
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  int pipe_fds[2];
  if (pipe(pipe_fds) != 0) return Error("getting credentials: no pipe");
  const std::string info =
      absl::StrCat("{\"kind\":\"ExecCredential\",\"apiVersion\":\"", exec.GetString("apiVersion"),
                   "\",\"spec\":{\"interactive\":", isatty(0) ? "true" : "false", "}}");
  const pid_t child = fork();
  if (child == 0) {
    dup2(pipe_fds[1], 1);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    setenv("KUBERNETES_EXEC_INFO", info.c_str(), 1);
    for (const Value& pair : exec.GetArray("env")) {
      setenv(pair.GetString("name").c_str(), pair.GetString("value").c_str(), 1);
    }
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(pipe_fds[1]);
  const std::string output = ReadAll(pipe_fds[0]);
  close(pipe_fds[0]);
  int wait_status = 0;
  waitpid(child, &wait_status, 0);
  if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0) {
    const int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
    if (code == 127)
      return Error(absl::StrCat("getting credentials: exec: executable ", command, " not found"));
    return Error(absl::StrCat("getting credentials: exec: executable ", command,
                              " failed with exit code ", code));
  }
  absl::StatusOr<Value> credential = ParseJson(output);
  if (!credential.ok()) {
    return Error(
        absl::StrCat("getting credentials: decoding stdout: ", credential.status().message()));
  }
  const std::string token = credential->GetString("status.token");
  if (!token.empty()) connection->token = token;
  const std::string certificate = credential->GetString("status.clientCertificateData");
  if (!certificate.empty()) {
    connection->cert_pem = certificate;
    connection->key_pem = credential->GetString("status.clientKeyData");
  }
  return absl::OkStatus();
}

}  // namespace kubectl
