// The subject of a PEM certificate, as credentials. Thread-safe; remembers what it has read.
#pragma once
#include <string>

#include "absl/strings/string_view.h"
#include "apiserver/pipeline/request.h"

namespace apiserver::grpc {

// False: not a certificate.
bool ReadCertificate(absl::string_view pem, pipeline::Credentials* credentials);

}  // namespace apiserver::grpc
