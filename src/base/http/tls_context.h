// Certificates as OpenSSL takes them: what all connections of one side share. Internal to base/http.
#pragma once
#include <openssl/types.h>

#include <memory>

#include "absl/status/statusor.h"
#include "base/http/transport.h"

namespace base::http {

// InvalidArgument names the file that does not load. Any thread.
absl::StatusOr<std::shared_ptr<SSL_CTX>> MakeTlsContext(const TlsFiles& files);

// The other side's certificate after the handshake; nullptr when it showed none.
std::shared_ptr<const PeerCertificate> DescribePeer(SSL* ssl);

}  // namespace base::http
