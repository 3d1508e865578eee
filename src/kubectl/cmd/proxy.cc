// kubectl proxy: a local HTTP server that hands requests on to the API server with the kubeconfig's identity. A connection
// carries one exchange; bytes are passed on as they are, so watches, uploads and upgrades stream.
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <list>
#include <optional>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kubectl/cmd/commands.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/proxy_filter.h"
#include "kubectl/cmd/static_files.h"
#include "kubectl/rest/raw_connection.h"

namespace kubectl {
namespace {

constexpr size_t kMaxHead = 1u << 20, kMaxConnections = 1024;

struct Options {
  int64_t port = 8001;
  std::string address = "127.0.0.1", api_prefix = "/", www, www_prefix = "/static/", unix_socket;
  ProxyFilter::Rules rules;
  bool append_server_path = false;
  absl::Duration keepalive;
};

struct Proxy {
  Options options;
  ProxyFilter filter;
  Connection connection;
};

std::string Reason() {
  std::string text = strerror(errno);
  text[0] = absl::ascii_tolower(text[0]);
  return text;
}

bool SendAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(n);
  }
  return true;
}

// Adds "Connection: close" to the head of the final answer, which the client must know about.
class AnswerHead {
 public:
  // What can be passed on now.
  std::string Take(absl::string_view bytes) {
    if (done_) return std::string(bytes);
    pending_.append(bytes.data(), bytes.size());
    std::string ready;
    size_t end;
    while (!done_ && (end = pending_.find("\r\n\r\n")) != std::string::npos) {
      std::string head = pending_.substr(0, end);
      pending_.erase(0, end + 4);
      const bool interim = head.size() > 9 && head[9] == '1' && head.substr(9, 3) != "101";
      done_ = !interim;
      if (done_ && head.substr(9, 3) != "101" && !absl::StrContains(absl::AsciiStrToLower(head), "\r\nconnection:"))
        absl::StrAppend(&head, "\r\nConnection: close");
      absl::StrAppend(&ready, head, "\r\n\r\n");
    }
    if (done_ || pending_.size() > kMaxHead) {
      done_ = true;
      ready += pending_;
      pending_.clear();
    }
    return ready;
  }

 private:
  bool done_ = false;
  std::string pending_;
};

// Carries bytes both ways until the server ends the exchange or the client is gone.
void Carry(RawConnection& server, int client) {
  AnswerHead head;
  bool client_open = true;
  char buffer[32768];
  while (!server.closed()) {
    bool got = false;
    while (const size_t n = server.Receive(buffer, sizeof(buffer))) {
      got = true;
      if (!SendAll(client, head.Take(absl::string_view(buffer, n)))) return;
    }
    if (server.closed()) return;
    pollfd pollers[2] = {{server.fd(), POLLIN, 0}, {client, POLLIN, 0}};
    if (!got && poll(pollers, client_open ? 2 : 1, -1) < 0 && errno != EINTR) return;
    if (got || !client_open || pollers[1].revents == 0) continue;
    const ssize_t n = read(client, buffer, sizeof(buffer));
    if (n > 0) {
      if (!server.Send(absl::string_view(buffer, n)).ok()) return;
    } else if (n == 0) {
      client_open = false;  // it may still read
      if ((pollers[1].revents & (POLLHUP | POLLERR)) != 0) return;
    } else if (errno != EINTR) {
      return;
    }
  }
}

// The path below the prefix, or nullopt when the request is not for the API.
std::optional<std::string> ApiTarget(const Proxy& proxy, const RequestHead& request) {
  const std::string& prefix = proxy.options.api_prefix;
  if (!absl::StartsWith(request.target, prefix)) return std::nullopt;
  return absl::StrCat(proxy.options.append_server_path ? PrefixOfServer(proxy.connection.server) : "", "/",
                      request.target.substr(prefix.size()));
}

void Answer(const Proxy& proxy, int client) {
  std::string text;
  size_t end;
  char buffer[8192];
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    const ssize_t n = read(client, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.append(buffer, n);
    if (text.size() > kMaxHead) {
      SendAll(client, HttpError(431, "Request Header Fields Too Large", "431 Request Header Fields Too Large"));
      return;
    }
  }
  const absl::StatusOr<RequestHead> request = ParseRequestHead(absl::string_view(text).substr(0, end));
  if (!request.ok()) {
    SendAll(client, HttpError(400, "Bad Request", "400 Bad Request"));
    return;
  }
  const std::string& www_prefix = proxy.options.www_prefix;
  if (!proxy.options.www.empty() && absl::StartsWith(request->Path(), www_prefix)) {
    SendAll(client, ServeFile(proxy.options.www, request->Path().substr(www_prefix.size())));
    return;
  }
  for (const std::string* prefix : {&proxy.options.api_prefix, &www_prefix}) {  // "/static" -> "/static/"
    const bool served = prefix == &www_prefix ? !proxy.options.www.empty() : true;
    if (served && request->Path() + "/" == *prefix) {
      SendAll(client, HttpAnswer(301, "Moved Permanently", "text/html; charset=utf-8",
                                 absl::StrCat("<a href=\"", *prefix, "\">Moved Permanently</a>.\n\n"),
                                 absl::StrCat("Location: ", *prefix, "\r\n")));
      return;
    }
  }
  const std::optional<std::string> target = ApiTarget(proxy, *request);
  if (!target.has_value()) {
    SendAll(client, HttpError(404, "Not Found", "404 page not found"));
    return;
  }
  if (!proxy.filter.Accepts(*request)) {
    SendAll(client, HttpError(403, "Forbidden", "Forbidden"));
    return;
  }
  const absl::StatusOr<std::unique_ptr<RawConnection>> server = RawConnection::Open(proxy.connection);
  if (!server.ok() || !(*server)->Send(ForwardedHead(*request, *target, proxy.connection)).ok() ||
      !(*server)->Send(absl::string_view(text).substr(end + 4)).ok()) {
    SendAll(client, HttpError(502, "Bad Gateway", "Bad Gateway"));
    return;
  }
  Carry(**server, client);
}

absl::StatusOr<int> ListenUnix(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof(name.sun_path)) return Error(absl::StrCat("listen unix ", path, ": bind: invalid argument"));
  memcpy(name.sun_path, path.data(), path.size());
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) unlink(path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const mode_t old = umask(0077);  // the kubeconfig's identity is for its owner alone
  const int bound = fd < 0 ? -1 : bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name));
  umask(old);
  if (bound != 0 || listen(fd, 128) != 0) {
    const std::string why = Reason();
    if (fd >= 0) close(fd);
    return Error(absl::StrCat("listen unix ", path, ": bind: ", why));
  }
  return fd;
}

// `*shown` becomes the address that is served.
absl::StatusOr<int> ListenTcp(const std::string& address, int64_t port, std::string* shown) {
  if (port < 0 || port > 65535) return Error(absl::StrCat("listen tcp: address ", port, ": invalid port"));
  addrinfo hints{}, *found = nullptr;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(address.c_str(), absl::StrCat(port).c_str(), &hints, &found) != 0)
    return Error(absl::StrCat("listen tcp: lookup ", address, ": no such host"));
  const bool v6 = found->ai_family == AF_INET6;
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  const int bound = bind(fd, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  const std::string host = v6 ? absl::StrCat("[", address, "]") : address;
  if (bound != 0 || listen(fd, 128) != 0) {
    const std::string why = Reason();
    close(fd);
    return Error(absl::StrCat("listen tcp ", host, ":", port, ": bind: ", why));
  }
  sockaddr_storage actual{};
  socklen_t size = sizeof(actual);
  getsockname(fd, reinterpret_cast<sockaddr*>(&actual), &size);
  *shown = absl::StrCat(host, ":", ntohs(v6 ? reinterpret_cast<sockaddr_in6*>(&actual)->sin6_port
                                            : reinterpret_cast<sockaddr_in*>(&actual)->sin_port));
  return fd;
}

// A thread for each connection, reaped when it is over. Ends only with the process or the socket.
absl::Status Serve(const Proxy& proxy, int listener) {
  struct Worker {
    std::atomic<bool> done{false};
    std::thread thread;
  };
  std::list<Worker> workers;
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    workers.remove_if([](Worker& worker) {
      if (!worker.done) return false;
      worker.thread.join();
      return true;
    });
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      const absl::Status failed = Error(absl::StrCat("accept: ", Reason()));
      for (Worker& worker : workers) worker.thread.join();
      return failed;
    }
    if (workers.size() >= kMaxConnections) {
      SendAll(fd, HttpError(503, "Service Unavailable", "too many connections"));
      close(fd);
      continue;
    }
    if (proxy.options.keepalive > absl::ZeroDuration()) {
      const int one = 1, seconds = std::max<int>(1, static_cast<int>(absl::ToInt64Seconds(proxy.options.keepalive)));
      setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
      setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
      setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof(seconds));
    }
    Worker& worker = workers.emplace_back();
    worker.thread = std::thread([&proxy, &worker, fd] {
      Answer(proxy, fd);
      shutdown(fd, SHUT_WR);
      close(fd);
      worker.done = true;
    });
  }
}

std::string Slashed(std::string prefix) {
  if (!absl::StartsWith(prefix, "/")) prefix.insert(0, "/");
  if (!absl::EndsWith(prefix, "/")) prefix += '/';
  return prefix;
}

absl::Status Run(Factory& factory, Options o, bool port_set) {
  if (port_set && o.port != 8001 && !o.unix_socket.empty())
    return Error("cannot set --unix-socket and --port at the same time");
  ASSIGN_OR_RETURN(const Connection* connection, factory.Resolved());
  absl::StatusOr<ProxyFilter> filter = ProxyFilter::Make(o.rules);
  if (!filter.ok()) return Rendered(filter.status().message(), 255);
  struct stat info;
  if (!o.www.empty() && stat(o.www.c_str(), &info) != 0)
    factory.io.Err(absl::StrCat("Failed to stat static file directory ", o.www, ": stat ", o.www, ": ", Reason(), "\n"));
  else if (!o.www.empty() && !S_ISDIR(info.st_mode))
    factory.io.Err(absl::StrCat("Static file directory ", o.www, " is not a directory\n"));
  if (o.rules.disabled) {
    if (o.unix_socket.empty())
      factory.io.Err("Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious\n");
  }
  o.api_prefix = Slashed(o.api_prefix);
  if (!o.www_prefix.empty()) o.www_prefix = Slashed(o.www_prefix);
  std::string shown = o.unix_socket;
  int listener;
  if (o.unix_socket.empty()) {
    ASSIGN_OR_RETURN(listener, ListenTcp(o.address, o.port, &shown));
  } else {
    ASSIGN_OR_RETURN(listener, ListenUnix(o.unix_socket));
  }
  factory.io.Out(absl::StrCat("Starting to serve on ", shown, "\n"));
  factory.io.out->Flush();
  const Proxy proxy{o, *std::move(filter), *connection};
  return Serve(proxy, listener);
}

}  // namespace

CommandPtr MakeProxy(Factory& factory) {
  auto command = NewCommand(
      "proxy", "Run a proxy to the Kubernetes API server",
      "[--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix]",
      "  # The whole API at localhost:8001\n  kubectl proxy\n\n"
      "  # On a free port, under /k8s\n  kubectl proxy --port=0 --api-prefix=/k8s");
  command->about =
      "Serve the API on a local port. Requests go on to the API server with the identity of the kubeconfig, so whoever can "
      "reach the port can do what you can do.";
  auto o = std::make_shared<Options>();
  FlagSet& f = command->flags;
  f.String(&o->rules.accept_paths, "accept-paths", "", "Expressions for paths that are let through.");
  f.String(&o->rules.reject_paths, "reject-paths", "", "Expressions for paths that are refused, accepted or not.");
  f.String(&o->rules.accept_hosts, "accept-hosts", "", "Expressions for Host headers that are let through.");
  f.String(&o->rules.reject_methods, "reject-methods", "", "Expressions for HTTP methods that are refused.");
  f.Bool(&o->rules.disabled, "disable-filter", "", "Let everything through. Any web page can then use the port.");
  f.Int(&o->port, "port", "p", "Port to listen on; 0 takes a free one.");
  f.String(&o->address, "address", "", "Address to listen on.");
  f.String(&o->api_prefix, "api-prefix", "", "Path under which the API appears.");
  f.String(&o->www, "www", "w", "Also serve the files of this directory.");
  f.String(&o->www_prefix, "www-prefix", "P", "Path under which the files appear.");
  f.String(&o->unix_socket, "unix-socket", "u", "Listen on this socket instead of a port.");
  f.Bool(&o->append_server_path, "append-server-path", "", "Put the path of the kubeconfig's server before each request.");
  f.Duration(&o->keepalive, "keepalive", "", "How often idle connections are probed; 0: not.");
  Command* self = command.get();
  command->run = [&factory, o, self](const FlagSet::Parsed&) {
    return Run(factory, *o, self->flags.Changed("port"));
  };
  return command;
}

}  // namespace kubectl
