#include "base/http/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/http/certificate_words.h"
#include "base/http/client.h"
#include "base/status_macros.h"

namespace base::http {
namespace {

std::string SslError(absl::string_view what) {
  char text[256] = "unknown error";
  if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof(text));
  ERR_clear_error();
  return absl::StrCat(what, ": ", text);
}

std::vector<std::string> SubjectEntries(X509_NAME* name, int nid) {
  std::vector<std::string> values;
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0; at = X509_NAME_get_index_by_NID(name, nid, at)) {
    unsigned char* utf8 = nullptr;
    const int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (n >= 0) values.emplace_back(reinterpret_cast<char*>(utf8), n);
    OPENSSL_free(utf8);
  }
  return values;
}

int UidNid() {
  static const int nid = OBJ_create("1.3.6.1.4.1.57683.2", "k8sUID", "kubernetes user uid");
  return nid;
}

int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
               void*) {
  static const unsigned char kProtocols[] = "\x02h2\x08http/1.1";
  if (SSL_select_next_proto(const_cast<unsigned char**>(out), out_size, kProtocols, sizeof(kProtocols) - 1, in,
                            in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  return SSL_TLSEXT_ERR_OK;
}

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
Bio Memory(const std::string& pem) { return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free}; }

// The first certificate is ours, those behind it lead to the authority.
bool UseChain(SSL_CTX* ctx, const std::string& pem) {
  const Bio bio = Memory(pem);
  X509* own = PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr);
  if (own == nullptr) return false;
  const bool used = SSL_CTX_use_certificate(ctx, own) == 1;
  X509_free(own);
  if (!used) return false;
  SSL_CTX_clear_chain_certs(ctx);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(ctx, next) != 1) {
      X509_free(next);
      return false;
    }
  }
  ERR_clear_error();  // the end of the file counts as one
  return true;
}

// Every certificate of `pem` is an authority. False: there is none in it.
bool TrustAll(SSL_CTX* ctx, const std::string& pem) {
  const Bio bio = Memory(pem);
  bool any = false;
  while (X509* authority = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    any |= X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), authority) == 1;
    X509_free(authority);
  }
  ERR_clear_error();  // the end of the text counts as one
  return any;
}

bool UseKey(SSL_CTX* ctx, const std::string& pem) {
  const Bio bio = Memory(pem);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr);
  if (key == nullptr) return false;
  const bool used = SSL_CTX_use_PrivateKey(ctx, key) == 1;
  EVP_PKEY_free(key);
  return used;
}

}  // namespace

namespace {

// A server's store of the authorities of front proxies hangs on its context.
int FrontProxies() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, [](void*, void* store, CRYPTO_EX_DATA*, int, long, void*) {
    X509_STORE_free(static_cast<X509_STORE*>(store));
  });
  return index;
}

absl::Status TrustFrontProxies(SSL_CTX* ctx, const std::string& file) {
  X509_STORE* store = X509_STORE_new();
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(file.c_str());
  if (names == nullptr || X509_STORE_load_file(store, file.c_str()) != 1) {
    X509_STORE_free(store);
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return absl::InvalidArgumentError(SslError(absl::StrCat("loading CA ", file)));
  }
  SSL_CTX_set_ex_data(ctx, FrontProxies(), store);
  // Clients choose their certificate by the names of the authorities that are asked for.
  STACK_OF(X509_NAME)* asked = SSL_dup_CA_list(SSL_CTX_get_client_CA_list(ctx));
  if (asked == nullptr) asked = sk_X509_NAME_new_null();
  while (sk_X509_NAME_num(names) > 0) sk_X509_NAME_push(asked, sk_X509_NAME_shift(names));
  sk_X509_NAME_free(names);
  SSL_CTX_set_client_CA_list(ctx, asked);
  return absl::OkStatus();
}

bool IsFrontProxy(SSL* ssl, X509* cert) {
  auto* store = static_cast<X509_STORE*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), FrontProxies()));
  if (store == nullptr) return false;
  X509_STORE_CTX* check = X509_STORE_CTX_new();
  X509_STORE_CTX_init(check, store, cert, SSL_get_peer_cert_chain(ssl));
  X509_STORE_CTX_set_purpose(check, X509_PURPOSE_SSL_CLIENT);
  const bool leads_there = X509_verify_cert(check) == 1;
  X509_STORE_CTX_free(check);
  ERR_clear_error();
  return leads_there;
}

// OpenSSL does not take a certificate "for any extended key usage" for a client's; Go does. The authority itself must have
// signed it: what an authority in between may sign is not looked at here.
bool IsForAnyUse(SSL* ssl, X509* cert) {
  if (SSL_get_verify_result(ssl) != X509_V_ERR_INVALID_PURPOSE || (X509_get_extension_flags(cert) & EXFLAG_XKUSAGE) == 0 ||
      (X509_get_extended_key_usage(cert) & XKU_ANYEKU) == 0) {
    return false;
  }
  X509_STORE_CTX* check = X509_STORE_CTX_new();
  X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)), cert, nullptr);
  X509_STORE_CTX_set_purpose(check, X509_PURPOSE_ANY);
  const bool trusted = X509_verify_cert(check) == 1 && sk_X509_num(X509_STORE_CTX_get0_chain(check)) <= 2;
  X509_STORE_CTX_free(check);
  ERR_clear_error();
  return trusted;
}

}  // namespace

std::shared_ptr<const PeerCertificate> DescribePeer(SSL* ssl) {
  X509* cert = SSL_get1_peer_certificate(ssl);
  if (cert == nullptr) return nullptr;
  auto peer = std::make_shared<PeerCertificate>();
  peer->verified = SSL_get_verify_result(ssl) == X509_V_OK || IsForAnyUse(ssl, cert);
  peer->front_proxy = IsFrontProxy(ssl, cert);
  X509_NAME* subject = X509_get_subject_name(cert);
  if (std::vector<std::string> cn = SubjectEntries(subject, NID_commonName); !cn.empty()) peer->common_name = cn.back();
  peer->organizations = SubjectEntries(subject, NID_organizationName);
  if (std::vector<std::string> uid = SubjectEntries(subject, UidNid()); !uid.empty()) peer->uid = uid.back();
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(cert, EVP_sha256(), digest, &size) == 1) {
    peer->fingerprint =
        absl::BytesToHexString(absl::string_view(reinterpret_cast<char*>(digest), size));
  }
  std::tm expires{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &expires) == 1) peer->not_after = timegm(&expires);
  X509_free(cert);
  return peer;
}

absl::StatusOr<std::shared_ptr<SSL_CTX>> MakeTlsContext(const TlsFiles& files) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(files.server ? TLS_server_method() : TLS_client_method()), SSL_CTX_free);
  SSL_CTX* ctx = context.get();
  if (ctx == nullptr) return absl::InternalError(SslError("making a TLS context"));
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(ctx, 0);  // resumed sessions would carry old certificates
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // AES-128 is the fastest of the equally good ones; servers insist on it.
  SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  if (files.server) SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_read_ahead(ctx, 1);  // a record's header and content in one system call
  std::string cert = files.cert_pem, key = files.key_pem;
  if (cert.empty() && !files.cert_file.empty()) {
    ASSIGN_OR_RETURN(cert, base::ReadFile(files.cert_file));
    ASSIGN_OR_RETURN(key, base::ReadFile(files.key_file.empty() ? files.cert_file : files.key_file));
  }
  if (!cert.empty()) {
    if (!UseChain(ctx, cert)) {
      return absl::InvalidArgumentError(SslError(absl::StrCat("loading certificate ", files.cert_file)));
    }
    if (!UseKey(ctx, key)) return absl::InvalidArgumentError(SslError(absl::StrCat("loading key ", files.key_file)));
    if (SSL_CTX_check_private_key(ctx) != 1) {
      return absl::InvalidArgumentError(SslError(absl::StrCat("key ", files.key_file, " does not fit its certificate")));
    }
  }
  if (!files.ca_file.empty()) {
    if (SSL_CTX_load_verify_file(ctx, files.ca_file.c_str()) != 1) {
      return absl::InvalidArgumentError(SslError(absl::StrCat("loading CA ", files.ca_file)));
    }
    if (files.server) SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(files.ca_file.c_str()));
  }
  if (!files.ca_pem.empty() && !TrustAll(ctx, files.ca_pem)) {
    return absl::InvalidArgumentError("unable to load root certificates: no valid certificate authority data seen");
  }
  if (!files.server && files.verify_peer && files.ca_file.empty() && files.ca_pem.empty()) SSL_CTX_set_default_verify_paths(ctx);
  if (!files.front_proxy_ca_file.empty()) RETURN_IF_ERROR(TrustFrontProxies(ctx, files.front_proxy_ca_file));
  if (files.server) {
    SSL_CTX_set_alpn_select_cb(ctx, SelectAlpn, nullptr);
    // Certificates are asked for and judged, but a bad one does not end the handshake: the authenticator decides.
    if (!files.ca_file.empty() || !files.front_proxy_ca_file.empty()) {
      SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    }
  } else {
    if (!files.alpn.empty()) {
      const std::string wire = static_cast<char>(files.alpn.size()) + files.alpn;
      SSL_CTX_set_alpn_protos(ctx, reinterpret_cast<const unsigned char*>(wire.data()), static_cast<unsigned>(wire.size()));
    }
    SSL_CTX_set_verify(ctx, files.verify_peer ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, RememberDistrusted);
  }
  return context;
}

absl::StatusOr<std::shared_ptr<const ClientTls>> MakeClientTls(const ClientTlsOptions& options) {
  TlsFiles files;
  files.server = false;
  files.verify_peer = options.verify;
  files.ca_pem = options.verify ? options.ca_pem : "";
  files.cert_pem = options.cert_pem;
  files.key_pem = options.key_pem;
  ASSIGN_OR_RETURN(std::shared_ptr<SSL_CTX> context, MakeTlsContext(files));
  return std::make_shared<const ClientTls>(ClientTls{std::move(context), options.verify, options.server_name});
}

}  // namespace base::http
