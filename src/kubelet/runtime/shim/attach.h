// Serves attach clients of one container on a Unix socket. Frames, both ways: one type byte, four length bytes (big
// endian), payload. To clients: 1 stdout, 2 stderr, 3 the exit code in decimal. From clients: 0 standard input,
// 4 terminal size "COLUMNS ROWS", 5 end of standard input.
#pragma once
#include <poll.h>
#include <sys/ioctl.h>

#include <string>
#include <vector>

namespace kubelet {

enum AttachFrame : char { kAttachStdin = 0, kAttachStdout = 1, kAttachStderr = 2, kAttachExit = 3, kAttachResize = 4,
                          kAttachStdinEnd = 5 };

std::string EncodeAttachFrame(AttachFrame type, const char* data, size_t size);
// Takes the first whole frame off `buffer`; false when there is none yet.
bool TakeAttachFrame(std::string* buffer, AttachFrame* type, std::string* payload);

class AttachServer {
 public:
  AttachServer(const std::string& socket_path, bool with_stdin);
  ~AttachServer();

  void AddPolls(std::vector<pollfd>* fds) const;
  void Handle(const std::vector<pollfd>& fds, size_t first);  // `first`: where AddPolls began
  void Output(int stream, const char* data, size_t size);
  void Finish(int exit_code);  // tells the clients, closes

  std::string& stdin_data() { return stdin_data_; }  // what clients typed; the owner takes from the front
  bool stdin_closed() const { return stdin_closed_; }
  bool TakeResize(winsize* size);

 private:
  struct Client {
    int fd;
    std::string in, out;
    bool gone = false;
  };
  void Receive(Client& client);
  void Send(Client& client);

  const std::string path_;
  const bool with_stdin_;
  int listener_ = -1;
  std::vector<Client> clients_;
  std::string stdin_data_;
  bool stdin_closed_ = false;
  bool resized_ = false;
  winsize size_ = {};
};

// Binds or connects a Unix stream socket whose path may be longer than the 107 bytes an address can hold.
int ListenUnix(const std::string& path);
int ConnectUnix(const std::string& path);

}  // namespace kubelet
