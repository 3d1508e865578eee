// OpenSSL's objects with owners, and its errors as statuses. For this room's sources only.
#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pki {

template <typename T, void (*Free)(T*)>
struct OpensslDeleter {
  void operator()(T* t) const { Free(t); }
};
using Key = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY, EVP_PKEY_free>>;
using Cert = std::unique_ptr<X509, OpensslDeleter<X509, X509_free>>;
using Request = std::unique_ptr<X509_REQ, OpensslDeleter<X509_REQ, X509_REQ_free>>;
using Bio = std::unique_ptr<BIO, OpensslDeleter<BIO, BIO_free_all>>;

// InvalidArgument: `what`, and OpenSSL's latest error, which is taken off its queue.
absl::Status SslError(absl::string_view what);

Bio Memory(const std::string& pem);  // reads from `pem`, which outlives it

// Adds an extension in the text form of OpenSSL's configuration files; nothing when it is empty.
absl::Status Extend(X509* cert, X509* issuer, int nid, const std::string& value);

}  // namespace pki
