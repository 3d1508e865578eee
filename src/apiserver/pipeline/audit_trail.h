// What a request leaves for the audit log on its way through the server, whichever door it came by.
#pragma once
#include <string>

#include "absl/strings/string_view.h"

namespace apimachinery {
class Value;
struct ApiStatus;
struct Kind;
}  // namespace apimachinery

namespace apiserver::pipeline {

struct UserInfo;

// Thread-safe. A request that nobody audits has none.
class AuditTrail {
 public:
  virtual ~AuditTrail() = default;
  // A fact by name; the first one said of a name stands.
  virtual void Annotate(absl::string_view key, absl::string_view value) = 0;
  virtual void ActsAs(const UserInfo& user) = 0;

  // The body of the request: names what it is about when the path does not. `object` is as decoded, without defaults.
  virtual void RequestObject(const apimachinery::Kind& kind, const apimachinery::Value& object) = 0;
  virtual void RequestOptions(const apimachinery::Value& options) = 0;  // of a deletion
  virtual void RequestPatch(absl::string_view patch) = 0;

  virtual bool wants_request() const = 0;   // whether bodies are told at all
  virtual bool wants_response() const = 0;  // whether ResponseObject is worth calling
  virtual void ResponseObject(std::string json) = 0;
  virtual void Over() = 0;  // the answer, begun well, is at its end
  virtual void ResponseStatus(const apimachinery::ApiStatus& status) = 0;
};

}  // namespace apiserver::pipeline
