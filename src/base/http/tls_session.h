// TLS over one non-blocking socket. Reads come straight from the socket; what is to be sent is appended to a buffer of
// the caller, so that a whole batch of records leaves with one system call and an idle connection holds no buffers.
// Internal to base/http. Belongs to one thread at a time.
#pragma once
#include <openssl/types.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace base::http {

class TlsSession {
 public:
  // `fd` stays the caller's.
  TlsSession(const std::shared_ptr<SSL_CTX>& context, int fd, bool server);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  enum class Step {
    kDone,
    kWait,  // for bytes from the other side; what is in `out` has to be sent first
    kEnd,   // the other side closed, or something is wrong: `problem` says what
  };
  // Every call may append records (handshake messages, alerts, key updates) to `out`, whatever it answers.
  Step Handshake(std::string* out);
  Step Read(char* to, size_t size, size_t* got, std::string* out);
  bool pending() const;  // something can be read without the socket
  bool Write(absl::string_view plain, std::string* out);  // all of it; false: the session is broken
  void Shutdown(std::string* out);

  const std::string& problem() const { return problem_; }
  bool plain_http() const { return plain_http_; }  // what was wrong is that the client does not speak TLS
  SSL* native() { return ssl_; }

 private:
  friend struct TlsSocket;
  void Begin(std::string* out);
  Step After(int result);

  const std::shared_ptr<SSL_CTX> context_;
  const int fd_;
  SSL* ssl_;
  std::string* out_ = nullptr;
  std::string problem_;
  bool plain_http_ = false;
};

}  // namespace base::http
