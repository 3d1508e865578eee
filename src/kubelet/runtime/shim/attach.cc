#include "kubelet/runtime/shim/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

namespace kubelet {
namespace {

constexpr size_t kMaxBacklog = 4 << 20;  // a client this far behind is dropped: it must not slow the container

template <typename Call>
int WithAddress(const std::string& path, Call call) {
  const size_t slash = path.rfind('/');
  const int dir = open(path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", dir, path.substr(slash + 1).c_str());
  const bool ok = dir >= 0 && fd >= 0 && call(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  if (dir >= 0) close(dir);
  if (ok) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

}  // namespace

int ListenUnix(const std::string& path) {
  unlink(path.c_str());
  const int fd = WithAddress(path, bind);
  if (fd >= 0) listen(fd, 16);
  return fd;
}

int ConnectUnix(const std::string& path) { return WithAddress(path, connect); }

std::string EncodeAttachFrame(AttachFrame type, const char* data, size_t size) {
  std::string frame(5, '\0');
  frame[0] = type;
  for (int i = 0; i < 4; ++i) frame[1 + i] = static_cast<char>(size >> (24 - 8 * i));
  frame.append(data, size);
  return frame;
}

bool TakeAttachFrame(std::string* buffer, AttachFrame* type, std::string* payload) {
  if (buffer->size() < 5) return false;
  size_t size = 0;
  for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>((*buffer)[1 + i]);
  if (buffer->size() < 5 + size) return false;
  *type = static_cast<AttachFrame>((*buffer)[0]);
  *payload = buffer->substr(5, size);
  buffer->erase(0, 5 + size);
  return true;
}

AttachServer::AttachServer(const std::string& socket_path, bool with_stdin) : path_(socket_path), with_stdin_(with_stdin) {
  if (path_.empty()) return;
  listener_ = ListenUnix(path_);
  if (listener_ >= 0) fcntl(listener_, F_SETFL, O_NONBLOCK);
}

AttachServer::~AttachServer() {
  if (listener_ >= 0) close(listener_);
  for (Client& client : clients_) close(client.fd);
}

void AttachServer::AddPolls(std::vector<pollfd>* fds) const {
  fds->push_back({listener_, POLLIN, 0});
  for (const Client& client : clients_) {
    fds->push_back({client.fd, static_cast<short>(POLLIN | (client.out.empty() ? 0 : POLLOUT)), 0});
  }
}

void AttachServer::Handle(const std::vector<pollfd>& fds, size_t first) {
  const size_t known = fds.size() - first - 1;
  for (size_t i = 0; i < known; ++i) {
    const short events = fds[first + 1 + i].revents;
    if (events & POLLOUT) Send(clients_[i]);
    if (events & (POLLIN | POLLHUP | POLLERR)) Receive(clients_[i]);
  }
  if (fds[first].revents != 0) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) clients_.push_back({fd, "", ""});
  }
  for (Client& client : clients_) {
    if (client.gone) close(client.fd);
  }
  clients_.erase(std::remove_if(clients_.begin(), clients_.end(), [](const Client& c) { return c.gone; }),
                 clients_.end());
}

void AttachServer::Receive(Client& client) {
  char buffer[16384];
  const ssize_t n = read(client.fd, buffer, sizeof buffer);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
    client.gone = true;
    return;
  }
  if (n < 0) return;
  client.in.append(buffer, static_cast<size_t>(n));
  AttachFrame type;
  std::string payload;
  while (TakeAttachFrame(&client.in, &type, &payload)) {
    if (type == kAttachStdin && with_stdin_) {
      stdin_data_ += payload;
    } else if (type == kAttachStdinEnd) {
      stdin_closed_ = true;
    } else if (type == kAttachResize) {
      unsigned columns = 0, rows = 0;
      if (sscanf(payload.c_str(), "%u %u", &columns, &rows) == 2) {
        size_.ws_col = static_cast<unsigned short>(columns);
        size_.ws_row = static_cast<unsigned short>(rows);
        resized_ = true;
      }
    }
  }
  if (client.in.size() > kMaxBacklog) client.gone = true;
}

void AttachServer::Send(Client& client) {
  while (!client.out.empty()) {
    const ssize_t n = send(client.fd, client.out.data(), client.out.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) client.gone = true;
    if (n <= 0) return;
    client.out.erase(0, static_cast<size_t>(n));
  }
}

void AttachServer::Output(int stream, const char* data, size_t size) {
  for (Client& client : clients_) {
    client.out += EncodeAttachFrame(stream == 2 ? kAttachStderr : kAttachStdout, data, size);
    Send(client);
    if (client.out.size() > kMaxBacklog) client.gone = true;
  }
}

void AttachServer::Finish(int exit_code) {
  const std::string code = std::to_string(exit_code);
  for (Client& client : clients_) {
    client.out += EncodeAttachFrame(kAttachExit, code.data(), code.size());
    fcntl(client.fd, F_SETFL, 0);  // the last words may block, but not for long
    timeval limit = {2, 0};
    setsockopt(client.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    Send(client);
  }
  if (listener_ >= 0) unlink(path_.c_str());
}

bool AttachServer::TakeResize(winsize* size) {
  if (!resized_) return false;
  resized_ = false;
  *size = size_;
  return true;
}

}  // namespace kubelet
