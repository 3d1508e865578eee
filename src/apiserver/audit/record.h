// One audited request, from its arrival to its last event. Thread-safe.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "apiserver/audit/backend.h"
#include "apiserver/audit/event.h"
#include "apiserver/pipeline/audit_trail.h"

namespace apiserver::audit {

// What a door knows of a request beyond its context.
struct Arrival {
  std::string uri;  // path and query as sent
  absl::string_view forwarded_for, real_ip;
  bool long_running = false;  // watches and streams: the start of the answer is told of, too
};

class Record final : public pipeline::AuditTrail {
 public:
  // `known` false: nobody was authenticated, and the one event is that of the refusal.
  Record(const Decision& decision, const pipeline::RequestContext& context, const Arrival& arrival, bool known, Backend& backend);

  bool Received();  // false: the event was lost
  void Started(int code);
  void Complete(int code);  // once; later calls do nothing. Code 0: the answer was never begun

  void Annotate(absl::string_view key, absl::string_view value) override;
  void ActsAs(const pipeline::UserInfo& user) override;
  void RequestObject(const apimachinery::Kind& kind, const apimachinery::Value& object) override;
  void RequestOptions(const apimachinery::Value& options) override;
  void RequestPatch(absl::string_view patch) override;
  bool wants_request() const override { return decision_.level >= Level::kRequest; }
  bool wants_response() const override { return decision_.level >= Level::kRequestResponse; }
  void ResponseObject(std::string json) override;
  void ResponseStatus(const apimachinery::ApiStatus& status) override;
  void Over() override { Complete(200); }

 private:
  bool Emit(Stage stage);
  void SetCodeLocked(int code);
  std::string Trimmed(std::string json) const;

  const Decision decision_;
  const bool known_, long_running_;
  Backend& backend_;
  std::mutex mu_;
  Event event_;           // under mu_
  bool started_ = false;  // under mu_
  bool complete_ = false;  // under mu_
};

}  // namespace apiserver::audit
