// The gRPC door: skiff.v1.Resources over mutual TLS, in front of the same registry as REST.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "apiserver/registry/registry.h"

namespace apiserver::audit {
class Auditor;
}
namespace apiserver::flowcontrol {
class FlowControl;
}

namespace apiserver::grpc {

struct GrpcDoorOptions {
  std::string address;  // "0.0.0.0:6444"
  std::string cert_file, key_file, client_ca_file;  // PEM files; no certificate: plain text
  flowcontrol::FlowControl* flow = nullptr;         // nullptr: everything is let in at once
  audit::Auditor* auditor = nullptr;                // nullptr: nothing is audited
};

class GrpcDoor {
 public:
  virtual ~GrpcDoor() = default;  // stops
  virtual void Stop() = 0;        // cuts calls. Idempotent.
};

// `registry` must outlive the result.
absl::StatusOr<std::unique_ptr<GrpcDoor>> OpenGrpcDoor(const GrpcDoorOptions& options, registry::Registry& registry);

}  // namespace apiserver::grpc
