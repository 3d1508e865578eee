// kubectl cp: files to and from a container, by tar on both sides.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/remote.h"

namespace kubectl {
namespace {

struct Options {
  std::string container;
  bool no_preserve = false;
  int64_t retries = 0;
};

struct Place {
  std::string ns, pod, path;
  bool remote = false;
};

// [[NAMESPACE/]POD:]PATH
absl::StatusOr<Place> ParsePlace(const std::string& text) {
  Place place;
  const size_t colon = text.find(':');
  if (colon == std::string::npos || text[0] == '/' || text[0] == '.') {
    place.path = text;
    return place;
  }
  place.remote = true;
  place.path = text.substr(colon + 1);
  const std::vector<std::string> parts = absl::StrSplit(text.substr(0, colon), '/');
  if (parts.size() > 2 || parts.back().empty())
    return Error("filespec must match the canonical format: [[namespace/]pod:]file/path");
  if (place.path.empty()) return Error("filepath can not be empty");
  place.pod = parts.back();
  if (parts.size() == 2) place.ns = parts[0];
  return place;
}

std::string BaseName(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1);
}

std::string DirName(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// A local tar with one end of a pipe as its archive: write end for unpacking, read end for packing.
struct Tar {
  int fd = -1;
  pid_t pid = -1;

  absl::Status Start(std::vector<std::string> words, bool pack) {
    int ends[2];
    if (pipe(ends) != 0) return Error("no pipe");
    pid = fork();
    if (pid == 0) {
      dup2(pack ? ends[1] : ends[0], pack ? 1 : 0);
      close(ends[0]);
      close(ends[1]);
      std::vector<char*> argv;
      for (std::string& word : words) argv.push_back(word.data());
      argv.push_back(nullptr);
      execvp("tar", argv.data());
      _exit(127);
    }
    close(pack ? ends[1] : ends[0]);
    fd = pack ? ends[0] : ends[1];
    return absl::OkStatus();
  }
  absl::Status Finish() {
    if (fd >= 0) close(fd);
    fd = -1;
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? absl::OkStatus()
                                                         : Error("local tar failed");
  }
};

class Copy {
 public:
  Copy(Factory& factory, Options options) : factory_(factory), o_(std::move(options)) {}

  absl::Status Run(const std::vector<std::string>& args) {
    if (args.size() != 2) return Error("source and destination are required");
    ASSIGN_OR_RETURN(const Place from, ParsePlace(args[0]));
    ASSIGN_OR_RETURN(const Place to, ParsePlace(args[1]));
    if (from.remote && to.remote)
      return Error(absl::StrCat("one of src or dest must be a local file specification"));
    if (from.remote) return FromPod(from, to.path);
    if (to.remote) return ToPod(from.path, to);
    return Error("one of src or dest must be a remote file specification");
  }

 private:
  absl::Status Exec(const Place& place, const std::vector<std::string>& command, int in_fd,
                    const std::function<void(absl::string_view)>& out) {
    ASSIGN_OR_RETURN(const Connection* connection, factory_.Resolved());
    ASSIGN_OR_RETURN(RestClient * client, factory_.Client());
    const std::string pod =
        absl::StrCat("/api/v1/namespaces/", place.ns.empty() ? connection->ns : place.ns, "/pods/",
                     UrlEscape(place.pod));
    ASSIGN_OR_RETURN(const Value object, client->Get(pod));
    ASSIGN_OR_RETURN(const std::string container,
                     ContainerFor(factory_, object, o_.container, quiet_));
    quiet_ = true;
    std::string path = pod + "/exec?";
    for (const std::string& word : command)
      absl::StrAppend(&path, "command=", UrlEscape(word), "&");
    absl::StrAppend(&path, "container=", UrlEscape(container), in_fd >= 0 ? "&stdin=true" : "",
                    "&stdout=true&stderr=true");
    RemoteStreams streams;
    streams.stdin = in_fd >= 0;
    streams.in_fd = in_fd;
    streams.out = out;
    streams.err = [&](absl::string_view bytes) { factory_.io.Err(bytes); };
    return RunRemote(*connection, path, streams);
  }

  absl::Status ToPod(const std::string& local, const Place& to) {
    struct stat info;
    if (stat(local.c_str(), &info) != 0)
      return Error(absl::StrCat(local, " doesn't exist in local filesystem"));
    // An existing folder receives the source under its own name.
    std::string target = to.path;
    if (Exec(to, {"test", "-d", target}, -1, nullptr).ok())
      target = absl::StrCat(absl::StripSuffix(target, "/"), "/", BaseName(local));
    Tar tar;
    const std::string name = BaseName(local), renamed = BaseName(target);
    RETURN_IF_ERROR(tar.Start({"tar", "-cf", "-", "-C", DirName(local), "--transform",
                               absl::StrCat("s,^", name, ",", renamed, ","), name},
                              true));
    std::vector<std::string> command = {"tar", o_.no_preserve ? "--no-same-permissions" : "-xmf",
                                        o_.no_preserve ? "-xmf" : "-"};
    if (o_.no_preserve) command.insert(command.end(), {"--no-same-owner", "-"});
    command.insert(command.end(), {"-C", DirName(target)});
    const absl::Status status = Exec(to, command, tar.fd, nullptr);
    const absl::Status packed = tar.Finish();
    return status.ok() ? packed : status;
  }

  absl::Status FromPod(const Place& from, const std::string& local) {
    struct stat info;
    std::string target = local;
    if (stat(local.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
      target = absl::StrCat(absl::StripSuffix(local, "/"), "/", BaseName(from.path));
    Tar tar;  // started when something comes
    bool started = false;
    absl::Status failed;
    const absl::Status status =
        Exec(from, {"tar", "cf", "-", "-C", DirName(from.path), BaseName(from.path)}, -1,
             [&](absl::string_view bytes) {
               if (!started && failed.ok()) {
                 failed = tar.Start({"tar", "-xmf", "-", "-C", DirName(target), "--no-same-owner", "--transform",
                                     absl::StrCat("s,^", BaseName(from.path), ",", BaseName(target), ",")},
                                    false);
                 started = failed.ok();
               }
               if (!started) return;
               while (!bytes.empty()) {
                 const ssize_t n = write(tar.fd, bytes.data(), bytes.size());
                 if (n < 0 && errno != EINTR) return;
                 if (n > 0) bytes.remove_prefix(n);
               }
             });
    const absl::Status unpacked = started ? tar.Finish() : failed;
    return status.ok() ? unpacked : status;
  }

  Factory& factory_;
  Options o_;
  bool quiet_ = false;
};

}  // namespace

CommandPtr MakeCp(Factory& factory) {
  auto command = NewCommand(
      "cp", "Copy files and directories to and from containers", "<file-spec-src> <file-spec-dest>",
      "  # Into a pod\n  kubectl cp ./site web-0:/srv/site\n\n  # Out of a container of a pod\n  "
      "kubectl cp ns/web-0:/var/log/x.log x.log -c helper");
  command->about =
      "Copy files and directories to and from containers. The container's image must hold tar.";
  auto o = std::make_shared<Options>();
  command->flags.String(&o->container, "container", "c",
                        "Which container; by default the first or the annotated one.");
  command->flags.Bool(&o->no_preserve, "no-preserve", "",
                      "Do not keep owner and permissions in the container.");
  command->flags.Int(&o->retries, "retries", "", "How often to take up a copy that broke off.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Copy(factory, *o).Run(parsed.args);
  };
  return command;
}

}  // namespace kubectl
