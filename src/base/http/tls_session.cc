#include "base/http/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace base::http {

// OpenSSL's view of the connection: reads from the socket, writes to the caller's buffer.
struct TlsSocket {
  static TlsSession& Of(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int Read(BIO* bio, char* to, size_t size, size_t* got) {
    BIO_clear_retry_flags(bio);
    ssize_t n;
    do {
      n = recv(Of(bio).fd_, to, size, 0);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
      *got = static_cast<size_t>(n);
      return 1;
    }
    *got = 0;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) BIO_set_retry_read(bio);
    return 0;
  }
  static int Write(BIO* bio, const char* from, size_t size, size_t* put) {
    BIO_clear_retry_flags(bio);
    Of(bio).out_->append(from, size);
    *put = size;
    return 1;
  }
  static long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* Method() {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket in, buffer out");
      BIO_meth_set_read_ex(m, Read);
      BIO_meth_set_write_ex(m, Write);
      BIO_meth_set_ctrl(m, Control);
      return m;
    }();
    return method;
  }
};

TlsSession::TlsSession(const std::shared_ptr<SSL_CTX>& context, int fd, bool server)
    : context_(context), fd_(fd), ssl_(SSL_new(context.get())) {
  BIO* bio = BIO_new(TlsSocket::Method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  server ? SSL_set_accept_state(ssl_) : SSL_set_connect_state(ssl_);
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

// SSL_get_error looks at the thread's error queue: what others left there must not end this connection.
void TlsSession::Begin(std::string* out) {
  out_ = out;
  if (ERR_peek_error() != 0) ERR_clear_error();
}

TlsSession::Step TlsSession::After(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Step::kWait;
    case SSL_ERROR_ZERO_RETURN: problem_ = "closed"; break;
    default: {
      char text[256] = "stream truncated";
      if (const unsigned long code = ERR_get_error(); code != 0) {
        ERR_error_string_n(code, text, sizeof(text));
        plain_http_ = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST;
      }
      problem_ = text;
    }
  }
  ERR_clear_error();
  return Step::kEnd;
}

TlsSession::Step TlsSession::Handshake(std::string* out) {
  Begin(out);
  const int done = SSL_do_handshake(ssl_);
  return done == 1 ? Step::kDone : After(done);
}

TlsSession::Step TlsSession::Read(char* to, size_t size, size_t* got, std::string* out) {
  Begin(out);
  const int done = SSL_read_ex(ssl_, to, size, got);
  return done == 1 ? Step::kDone : After(done);
}

bool TlsSession::pending() const { return SSL_has_pending(ssl_) == 1; }

bool TlsSession::Write(absl::string_view plain, std::string* out) {
  Begin(out);
  while (!plain.empty()) {
    size_t written = 0;
    if (const int done = SSL_write_ex(ssl_, plain.data(), plain.size(), &written); done != 1) {
      After(done);
      return false;
    }
    plain.remove_prefix(written);
  }
  return true;
}

void TlsSession::Shutdown(std::string* out) {
  Begin(out);
  if (SSL_is_init_finished(ssl_)) SSL_shutdown(ssl_);
  ERR_clear_error();
}

}  // namespace base::http
