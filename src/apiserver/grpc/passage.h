// The way into the server for requests of the gRPC door: who is it, may they, is there a seat; and the audit log along it.
// Thread-safe.
#pragma once
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "apiserver/audit/auditor.h"
#include "apiserver/flowcontrol/flow_control.h"
#include "apiserver/pipeline/request.h"
#include "apiserver/registry/registry.h"

namespace apiserver::grpc {

class Passage {
 public:
  // `flow` and `auditor` may be nullptr; all outlive it.
  Passage(registry::Registry& registry, flowcontrol::FlowControl* flow, audit::Auditor* auditor)
      : registry_(registry), flow_(flow), auditor_(auditor) {}

  // Calls `work` once the request may go on (now, or later on another thread), then `done` with how it ended; or `done`
  // alone with why it may not. `context` lives until then.
  using Work = std::function<absl::Status(pipeline::RequestContext& context)>;
  using Done = std::function<void(const absl::Status& status)>;
  void Enter(const std::shared_ptr<pipeline::RequestContext>& context, Work work, Done done) const;

 private:
  absl::Status Known(pipeline::RequestContext& context, std::shared_ptr<audit::Record>* record) const;

  registry::Registry& registry_;
  flowcontrol::FlowControl* const flow_;
  audit::Auditor* const auditor_;
};

// The path of a request as the REST door would see it, with what it selects.
std::string UriOf(const pipeline::RequestContext& context);
// Tells the audit log what is answered, when it wants to know.
void TellAnswer(const pipeline::RequestContext& context, const registry::Answer& answer);
void TellAnswer(const pipeline::RequestContext& context, const registry::ListAnswer& list);

}  // namespace apiserver::grpc
