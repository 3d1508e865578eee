#include "kubectl/cmd/remote.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "apimachinery/labels.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"
#include "kubectl/cmd/waiting.h"
#include "kubectl/cmd/common.h"
#include "kubectl/rest/websocket.h"

namespace kubectl {
namespace {

// The local terminal without echo and line editing while a remote one takes over.
class RawTerminal {
 public:
  RawTerminal(int fd, bool wanted) : fd_(fd) {
    active_ = wanted && isatty(fd) && tcgetattr(fd, &saved_) == 0;
    if (!active_) return;
    termios raw = saved_;
    cfmakeraw(&raw);
    tcsetattr(fd, TCSADRAIN, &raw);
  }
  ~RawTerminal() {
    if (active_) tcsetattr(fd_, TCSADRAIN, &saved_);
  }
  bool active() const { return active_; }

 private:
  const int fd_;
  bool active_ = false;
  termios saved_;
};

volatile sig_atomic_t window_changed = 0;
void OnWindowChange(int) { window_changed = 1; }

absl::Status SendSize(WebSocketClient& socket, int fd) {
  winsize size;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return absl::OkStatus();
  return socket.SendBinary(
      absl::StrCat("\x04", "{\"Width\":", size.ws_col, ",\"Height\":", size.ws_row, "}\n"));
}

absl::Status Verdict(const std::string& text) {
  if (text.empty()) return absl::OkStatus();
  const absl::StatusOr<Value> status = ParseJson(text);
  if (!status.ok()) return Error(absl::StrCat("error stream protocol error: ", text));
  if (status->GetString("status") == "Success") return absl::OkStatus();
  if (status->GetString("reason") == "NonZeroExitCode") {
    for (const Value& cause : status->GetArray("details.causes")) {
      int code = 0;
      if (cause.GetString("reason") == "ExitCode" &&
          absl::SimpleAtoi(cause.GetString("message"), &code)) {
        return Rendered(absl::StrCat("command terminated with exit code ", code), code);
      }
    }
  }
  return Error(status->GetString("message"));
}

bool RunningAndReady(const Value& pod) { return pod.GetString("status.phase") == "Running"; }

}  // namespace

absl::Status RunRemote(const Connection& connection, const std::string& path,
                       const RemoteStreams& streams) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<WebSocketClient> socket,
      WebSocketClient::Open(connection, path, {"v5.channel.k8s.io", "v4.channel.k8s.io"}));
  RawTerminal terminal(streams.in_fd, streams.tty);
  if (streams.tty && isatty(1)) {
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = OnWindowChange;
    sigaction(SIGWINCH, &action, nullptr);
    RETURN_IF_ERROR(SendSize(*socket, 1));
  }
  int in_fd = streams.stdin ? streams.in_fd : -1;
  std::string error_text;
  for (;;) {
    ASSIGN_OR_RETURN(const bool open, socket->Receive([&](absl::string_view message) {
      if (message.empty()) return;
      const int channel = static_cast<unsigned char>(message[0]);
      message.remove_prefix(1);
      if (channel == 1 && streams.out) streams.out(message);
      if (channel == 2 && streams.err) streams.err(message);
      if (channel == 3) error_text.append(message.data(), message.size());
    }));
    if (!open) break;
    bool input = false;
    socket->Wait(in_fd, -1, &input);
    if (window_changed != 0) {
      window_changed = 0;
      RETURN_IF_ERROR(SendSize(*socket, 1));
    }
    if (!input) continue;
    char buffer[32768];
    buffer[0] = 0;  // channel 0
    const ssize_t n = read(in_fd, buffer + 1, sizeof(buffer) - 1);
    if (n > 0) {
      RETURN_IF_ERROR(socket->SendBinary(absl::string_view(buffer, n + 1)));
    } else {
      in_fd = -1;
      if (socket->protocol() == "v5.channel.k8s.io")
        RETURN_IF_ERROR(socket->SendBinary(absl::string_view("\xFF\0", 2)));
    }
  }
  return Verdict(error_text);
}

absl::StatusOr<Info> PodFor(Factory& factory, const std::string& argument, const FileOptions& files,
                            absl::Duration timeout) {
  Selection selection;
  selection.files = files;
  if (files.empty())
    selection.args = absl::StrContains(argument, '/') ? std::vector<std::string>{argument}
                                                      : std::vector<std::string>{"pods", argument};
  ASSIGN_OR_RETURN(std::vector<Info> infos, FetchObjects(factory, selection));
  if (infos.empty()) return Error("no objects passed");
  Info& info = infos[0];
  if (info.resource.kind == "Pod") return std::move(info);
  const Value* selector = info.object.At("spec.selector");
  Value wrapped;
  if (selector != nullptr &&
      (info.resource.kind == "Service" || info.resource.kind == "ReplicationController")) {
    wrapped.Set("matchLabels", *selector);
    selector = &wrapped;
  }
  if (selector == nullptr || !selector->is_object()) {
    return Error(
        absl::StrCat("cannot attach to ", GoType(info.resource), ": selector for ", GoType(info.resource), " not implemented"));
  }
  ASSIGN_OR_RETURN(const auto parsed, apimachinery::LabelSelector::FromObject(selector));
  ASSIGN_OR_RETURN(RestClient * client, factory.Client());
  ASSIGN_OR_RETURN(Discovery * discovery, factory.Discover());
  ASSIGN_OR_RETURN(const ApiResource pods, discovery->ForKind("v1", "Pod"));
  const absl::Time deadline = absl::Now() + timeout;
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<Value> found,
                     ListItems(*client, pods.Path(info.ns),
                               absl::StrCat("labelSelector=", UrlEscape(parsed.ToString()))));
    const Value* best = nullptr;
    for (const Value& pod : found) {
      if (pod.At("metadata.deletionTimestamp") != nullptr) continue;
      if (best == nullptr || (!RunningAndReady(*best) && RunningAndReady(pod))) best = &pod;
    }
    if (best != nullptr) return Info{pods, info.ns, best->GetString("metadata.name"), "", *best};
    if (absl::Now() >= deadline) return Error("timed out waiting for the condition");
    absl::SleepFor(absl::Milliseconds(200));
  }
}

absl::StatusOr<std::string> ContainerFor(Factory& factory, const Value& pod,
                                         const std::string& wanted, bool quiet) {
  std::vector<std::string> names, shown;
  for (const Value& container : pod.GetArray("spec.containers"))
    names.push_back(container.GetString("name"));
  shown = names;
  std::vector<std::string> all = names;
  for (const auto& [list, mark] : {std::pair("spec.ephemeralContainers", " (ephem)"),
                                   std::pair("spec.initContainers", " (init)")}) {
    for (const Value& container : pod.GetArray(list)) {
      all.push_back(container.GetString("name"));
      shown.push_back(container.GetString("name") + mark);
    }
  }
  if (!wanted.empty()) {
    if (std::find(all.begin(), all.end(), wanted) == all.end()) {
      return Error(absl::StrCat("container ", wanted, " is not valid for pod ",
                                pod.GetString("metadata.name")));
    }
    return wanted;
  }
  if (names.empty())
    return Error(absl::StrCat("pod ", pod.GetString("metadata.name"), " has no containers"));
  if (const Value* annotations = pod.At("metadata.annotations"); annotations != nullptr) {
    if (const Value* name = annotations->Find("kubectl.kubernetes.io/default-container");
        name != nullptr) {
      if (std::find(names.begin(), names.end(), name->as_string()) != names.end())
        return name->as_string();
    }
  }
  if (shown.size() > 1 && !quiet) {
    factory.io.Err(absl::StrCat("Defaulted container \"", names[0],
                                "\" out of: ", absl::StrJoin(shown, ", "), "\n"));
  }
  return names[0];
}

}  // namespace kubectl
