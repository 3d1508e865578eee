// kubectl version: the client's and the server's.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"

namespace kubectl {
namespace {

constexpr char kVersion[] = "v1.35.0";
constexpr char kKustomize[] = "v5.7.1";

struct Options {
  bool client_only = false;
  std::string output;
};

int Minor(const std::string& git_version) {
  const std::vector<std::string> parts = absl::StrSplit(git_version, '.');
  int minor = -1;
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[1], &minor)) return -1;
  return minor;
}

absl::Status Run(Factory& factory, const Options& options) {
  if (!options.output.empty() && options.output != "yaml" && options.output != "json") {
    return Error("--output must be 'yaml' or 'json'");
  }
  Value client;
  client.Set("major", "1");
  client.Set("minor", "35");
  client.Set("gitVersion", kVersion);
  client.Set("gitTreeState", "clean");
  client.Set("goVersion", "");  // readers expect the member; there is no Go in here
  client.Set("compiler", "gcc");
  client.Set("platform", "linux/amd64");
  Value answer;
  answer.Set("clientVersion", client);
  answer.Set("kustomizeVersion", kKustomize);
  absl::Status server_status;
  if (!options.client_only) {
    absl::StatusOr<RestClient*> rest = factory.Client();
    absl::StatusOr<Value> server = rest.ok() ? (*rest)->Get("/version?timeout=32s") : rest.status();
    if (server.ok())
      answer.Set("serverVersion", *std::move(server));
    else
      server_status = server.status();
  }
  if (options.output == "json") {
    factory.io.Out(WriteJsonIndented(answer, KeyOrder::kAsIs, "  "));
  } else if (options.output == "yaml") {
    factory.io.Out(WriteYaml(answer) + "\n");
  } else {
    factory.io.Out(
        absl::StrCat("Client Version: ", kVersion, "\nKustomize Version: ", kKustomize, "\n"));
    const std::string server = answer.GetString("serverVersion.gitVersion");
    if (!server.empty()) {
      factory.io.Out(absl::StrCat("Server Version: ", server, "\n"));
      const int minor = Minor(server);
      if (minor >= 0 && std::abs(minor - 35) > 1) {
        factory.io.Err(
            absl::StrCat("WARNING: version difference between client (1.35) and server (1.", minor,
                         ") exceeds the supported minor version skew of +/-1\n"));
      }
    }
  }
  return server_status;
}

}  // namespace

CommandPtr MakeVersion(Factory& factory) {
  auto command = NewCommand("version", "Print the client and server version information", "[flags]",
                            "  # Print both versions\n  kubectl version");
  auto options = std::make_shared<Options>();
  command->flags.Bool(&options->client_only, "client", "",
                      "Only the client's version; no server is asked.");
  command->flags.String(&options->output, "output", "o", "yaml or json.");
  command->run = [&factory, options](const FlagSet::Parsed& parsed) -> absl::Status {
    if (!parsed.args.empty()) {
      return Error(absl::StrCat("extra arguments: [", absl::StrJoin(parsed.args, " "), "]"));
    }
    return Run(factory, *options);
  };
  return command;
}

}  // namespace kubectl
