// The admission chain: what may still change or refuse a write that is allowed and well-formed.
#pragma once
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/api_error.h"
#include "apimachinery/schema.h"
#include "apimachinery/value.h"
#include "apiserver/auth/authorizer.h"
#include "apiserver/pipeline/objects.h"
#include "apiserver/pipeline/request.h"

namespace base {
class Clock;
}

namespace apiserver::admission {

using apimachinery::Value;

enum class Operation : uint8_t { kCreate, kUpdate, kDelete, kConnect };

// What webhooks need to know of each other within one write: who was called, who is to be called once more because the
// object changed behind them.
struct MutationRound {
  bool again = false;    // the second and last run through the chain
  bool wanted = false;   // there is to be a second run
  std::set<std::string> called, to_call;  // webhooks with reinvocationPolicy IfNeeded
  Value left;            // the object as the webhooks left it

  void CallAgain() {
    to_call.insert(called.begin(), called.end());
    called.clear();
  }
};

// One write on its way. `object` is the new object (mutable while mutating; nullptr on delete), `old` the stored one
// (nullptr on create). For a subresource with a body of its own (binding, eviction, token) `object` is that body.
struct Attributes {
  Operation operation = Operation::kCreate;
  const pipeline::RequestInfo* info = nullptr;  // group, resource, subresource, ns; not the name, see below
  const pipeline::UserInfo* user = nullptr;
  const apimachinery::Kind* kind = nullptr;     // of `object` (of the parent for bodies without a kind of their own)
  std::string name;                             // "" while generateName is pending
  Value* object = nullptr;
  const Value* old = nullptr;
  bool dry_run = false;
  std::vector<std::string>* warnings = nullptr;  // may be nullptr
  const pipeline::RequestOptions* options = nullptr;  // as asked for; may be nullptr
  const Value* delete_options = nullptr;              // of deletions; may be nullptr
  pipeline::AuditTrail* audit = nullptr;              // may be nullptr
  // Of a write that is looked at in another version than it was asked for: what was asked for.
  const pipeline::RequestInfo* asked_info = nullptr;
  const apimachinery::Kind* asked_kind = nullptr;
  MutationRound* round = nullptr;                     // the chain's, while it mutates

  bool Is(absl::string_view group, absl::string_view resource, absl::string_view subresource = "") const {
    return info->group == group && info->resource == resource && info->subresource == subresource;
  }
};

// Quota that a write has taken. The core calls Commit() once the object is stored, or drops it: then the usage is
// given back.
class Reservation {
 public:
  virtual ~Reservation() = default;
  virtual void Commit() = 0;
};

struct PluginSettings;  // plugin_settings.h

struct Config {
  std::vector<std::string> enable, disable;     // --enable/--disable-admission-plugins, on top of upstream's defaults
  int64_t not_ready_toleration_seconds = 300;
  int64_t unreachable_toleration_seconds = 300;
  std::shared_ptr<const PluginSettings> settings;  // --admission-control-config-file; nullptr: none
};

// Thread-safe. Refusals are absl::Status made of ApiStatus (api_error.h), in upstream's words.
class Chain {
 public:
  virtual ~Chain() = default;
  // Runs the mutating plugins in order. For creates and updates before validation.
  virtual absl::Status Mutate(Attributes& attributes) const = 0;
  // Runs the validating plugins in order, after validation. `reservation` gets what quota took, or stays nullptr.
  virtual absl::Status Validate(const Attributes& attributes, std::unique_ptr<Reservation>* reservation) const = 0;
};

// InvalidArgument names a plugin that is unknown, cannot be had, or is both enabled and disabled.
absl::Status CheckPluginNames(const Config& config);

// All arguments must outlive the result; `authorizer` may be nullptr.
std::unique_ptr<Chain> NewChain(const Config& config, const pipeline::ObjectReader& reader,
                                pipeline::ObjectWriter* writer, const auth::Authorizer* authorizer,
                                const base::Clock& clock);

// Objects that exist from the first start: the two system priority classes.
const std::vector<Value>& BootstrapPriorityClasses();

}  // namespace apiserver::admission
