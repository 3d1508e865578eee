// kubectl port-forward: local ports that lead into a pod, a WebSocket for each connection
// (portforward protocol over channels: 2n carries data of the n-th port, 2n+1 its errors).
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/remote.h"
#include "kubectl/rest/websocket.h"

namespace kubectl {
namespace {

struct Options {
  std::vector<std::string> addresses = {"localhost"};
  absl::Duration timeout = absl::Minutes(1);
};

struct Listener {
  int fd;
  int64_t local, remote;
};

struct Mapping {
  int64_t local, remote;
};

absl::StatusOr<int> Listen(const std::string& address, int64_t port, int64_t* bound) {
  const bool v6 = address.find(':') != std::string::npos;
  const int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error(absl::StrCat("unable to create listener: ", strerror(errno)));
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  int result;
  if (v6) {
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET6, address.c_str(), &name.sin6_addr);
    result = bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name));
  } else {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(static_cast<uint16_t>(port));
    if (inet_pton(AF_INET, address.c_str(), &name.sin_addr) != 1) {
      close(fd);
      return Error(absl::StrCat(address, " is not a valid IP"));
    }
    result = bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name));
  }
  if (result != 0 || listen(fd, 64) != 0) {
    const std::string why = strerror(errno);
    close(fd);
    return Error(absl::StrCat("unable to listen on port ", port, ": ", address, ": ", why));
  }
  sockaddr_storage actual{};
  socklen_t size = sizeof(actual);
  getsockname(fd, reinterpret_cast<sockaddr*>(&actual), &size);
  *bound = ntohs(v6 ? reinterpret_cast<sockaddr_in6*>(&actual)->sin6_port
                    : reinterpret_cast<sockaddr_in*>(&actual)->sin_port);
  return fd;
}

// Carries one connection until either side ends.
absl::Status Carry(const Connection& connection, const std::string& path, int fd) {
  ASSIGN_OR_RETURN(const std::unique_ptr<WebSocketClient> socket,
                   WebSocketClient::Open(connection, path, {"v4.channel.k8s.io"}));
  int preamble[2] = {2, 2};  // each channel starts with its port number in two bytes
  std::string trouble;
  bool local_open = true;
  for (;;) {
    bool broken = false;
    ASSIGN_OR_RETURN(const bool open, socket->Receive([&](absl::string_view message) {
      if (message.empty()) return;
      const int channel = message[0];
      message.remove_prefix(1);
      if (channel != 0 && channel != 1) return;
      const size_t skip = std::min<size_t>(preamble[channel], message.size());
      preamble[channel] -= static_cast<int>(skip);
      message.remove_prefix(skip);
      if (channel == 1) {
        trouble.append(message.data(), message.size());
        return;
      }
      while (!message.empty() && !broken) {
        const ssize_t n = ::send(fd, message.data(), message.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
          broken = true;
        else
          message.remove_prefix(n);
      }
    }));
    if (!open || broken || !trouble.empty()) break;
    bool input = false;
    socket->Wait(local_open ? fd : -1, -1, &input);
    if (!input) continue;
    char buffer[32768];
    buffer[0] = 0;
    const ssize_t n = read(fd, buffer + 1, sizeof(buffer) - 1);
    if (n <= 0) break;  // the protocol knows no half-closed connection
    RETURN_IF_ERROR(socket->SendBinary(absl::string_view(buffer, n + 1)));
  }
  return trouble.empty() ? absl::OkStatus() : Error(trouble);
}

// What a service's port means inside its pods.
absl::StatusOr<int64_t> TargetPort(const Value& service, const Value& pod, int64_t port) {
  if (service.GetString("kind") != "Service") return port;
  for (const Value& p : service.GetArray("spec.ports")) {
    if (p.GetInt("port") != port) continue;
    const Value* target = p.Find("targetPort");
    if (target == nullptr) return port;
    if (!target->is_string()) return target->as_int() == 0 ? port : target->as_int();
    for (const Value& container : pod.GetArray("spec.containers")) {
      for (const Value& c : container.GetArray("ports")) {
        if (c.GetString("name") == target->as_string()) return c.GetInt("containerPort");
      }
    }
    return Error(absl::StrCat("Pod '", pod.GetString("metadata.name"),
                              "' does not have a named port '", target->as_string(), "'"));
  }
  return Error(absl::StrCat("Service ", service.GetString("metadata.name"),
                            " does not have a service port ", port));
}

absl::Status Run(Factory& factory, const Options& o, const std::vector<std::string>& args) {
  if (args.size() < 2)
    return UsageError("kubectl port-forward",
                      "TYPE/NAME and list of ports are required for port-forward");
  Value object;
  if (args[0].find('/') != std::string::npos) {
    Selection selection;
    selection.args = {args[0]};
    ASSIGN_OR_RETURN(const std::vector<Info> infos, FetchObjects(factory, selection));
    object = infos[0].object;
  }
  ASSIGN_OR_RETURN(const Info pod, PodFor(factory, args[0], {}, o.timeout));
  if (pod.object.GetString("status.phase") != "Running") {
    return Error(absl::StrCat("unable to forward port because pod is not running. Current status=",
                              pod.object.GetString("status.phase")));
  }
  std::vector<Mapping> mappings;
  for (size_t i = 1; i < args.size(); ++i) {
    const std::vector<std::string> parts = absl::StrSplit(args[i], ':');
    Mapping mapping{0, 0};
    if (parts.size() > 2) return Error(absl::StrCat("invalid port format '", args[i], "'"));
    if (!absl::SimpleAtoi(parts.back(), &mapping.remote) || mapping.remote <= 0 ||
        mapping.remote > 65535) {
      return Error(
          absl::StrCat("error parsing remote port '", parts.back(), "': remote port must be > 0"));
    }
    mapping.local = mapping.remote;
    if (parts.size() == 2 && !parts[0].empty() && !absl::SimpleAtoi(parts[0], &mapping.local)) {
      return Error(absl::StrCat("error parsing local port '", parts[0], "': invalid syntax"));
    }
    if (parts.size() == 2 && parts[0].empty()) mapping.local = 0;
    ASSIGN_OR_RETURN(mapping.remote, TargetPort(object, pod.object, mapping.remote));
    mappings.push_back(mapping);
  }
  std::vector<Listener> listeners;
  for (const Mapping& mapping : mappings) {
    for (const std::string& address : o.addresses) {
      const std::vector<std::string> resolved = address == "localhost"
                                                    ? std::vector<std::string>{"127.0.0.1", "::1"}
                                                    : std::vector<std::string>{address};
      int64_t local = mapping.local;
      absl::Status failure;
      bool any = false;
      for (const std::string& ip : resolved) {
        int64_t bound = 0;
        const absl::StatusOr<int> fd = Listen(ip, local, &bound);
        if (!fd.ok()) {
          failure = fd.status();
          continue;
        }
        any = true;
        local = bound;
        listeners.push_back({*fd, bound, mapping.remote});
        factory.io.Out(absl::StrCat("Forwarding from ",
                                    ip.find(':') == std::string::npos ? ip : "[" + ip + "]", ":",
                                    bound, " -> ", mapping.remote, "\n"));
      }
      if (!any) return failure;
    }
  }
  factory.io.out->Flush();
  ASSIGN_OR_RETURN(const Connection* connection, factory.Resolved());
  absl::Mutex mu;  // guards the streams
  std::vector<pollfd> pollers;
  for (const Listener& listener : listeners) pollers.push_back({listener.fd, POLLIN, 0});
  std::vector<std::thread> carriers;
  while (poll(pollers.data(), pollers.size(), -1) >= 0 || errno == EINTR) {
    for (size_t i = 0; i < pollers.size(); ++i) {
      if ((pollers[i].revents & POLLIN) == 0) continue;
      const int fd = accept4(pollers[i].fd, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const Listener listener = listeners[i];
      {
        absl::MutexLock lock(&mu);
        factory.io.Out(absl::StrCat("Handling connection for ", listener.local, "\n"));
        factory.io.out->Flush();
      }
      carriers.emplace_back(
          [&factory, &mu, connection, fd, listener,
           path = absl::StrCat(pod.Path("portforward"), "?ports=", listener.remote)] {
            const absl::Status status = Carry(*connection, path, fd);
            close(fd);
            if (status.ok()) return;
            absl::MutexLock lock(&mu);
            factory.io.Err(absl::StrCat("error forwarding port ", listener.remote, ": ",
                                        status.message(), "\n"));
          });
    }
  }
  for (std::thread& carrier : carriers) carrier.join();
  return absl::OkStatus();
}

}  // namespace

CommandPtr MakePortForward(Factory& factory) {
  auto command = NewCommand(
      "port-forward", "Forward one or more local ports to a pod",
      "TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]",
      "  # localhost:8080 leads to the pod's port 80\n  kubectl port-forward pod/web-0 8080:80");
  command->options_suffix = false;
  auto o = std::make_shared<Options>();
  command->flags.List(&o->addresses, "address", "",
                      "Addresses to listen on: localhost or IP addresses.");
  command->flags.Duration(&o->timeout, "pod-running-timeout", "",
                          "How long to wait until a pod runs.");
  command->run = [&factory, o](const FlagSet::Parsed& parsed) {
    return Run(factory, *o, parsed.args);
  };
  return command;
}

}  // namespace kubectl
