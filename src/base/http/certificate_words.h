// Why a certificate is not trusted, in the words that Go's crypto/x509 has for it: clients of Kubernetes look for them.
// Internal to base/http.
#pragma once
#include <openssl/types.h>

#include <string>

#include "absl/strings/string_view.h"

namespace base::http {

// A verification callback of clients: OpenSSL's judgement stands, and what it was about is kept for WhyNotTrusted.
int RememberDistrusted(int holds, X509_STORE_CTX* check);

// After a client's handshake that failed: "x509: ..."; empty when the server's certificate was not the cause.
// `name` is the host that the certificate should be for.
std::string WhyNotTrusted(SSL* ssl, absl::string_view name);

}  // namespace base::http
