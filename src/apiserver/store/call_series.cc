#include "apiserver/store/call_series.h"

#include <map>
#include <mutex>

namespace apiserver::store {
namespace {

constexpr absl::string_view kCodes[] = {"OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound",
                                        "AlreadyExists", "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
                                        "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss",
                                        "Unauthenticated"};

struct Families {
  base::CounterFamily started{"grpc_client_started_total", "Calls of the store that began.",
                              {"grpc_method", "grpc_service", "grpc_type"}};
  base::CounterFamily handled{"grpc_client_handled_total", "Calls of the store that ended, by how.",
                              {"grpc_code", "grpc_method", "grpc_service", "grpc_type"}};
  base::CounterFamily sent{"grpc_client_msg_sent_total", "Messages sent to the store.",
                           {"grpc_method", "grpc_service", "grpc_type"}};
  base::CounterFamily received{"grpc_client_msg_received_total", "Messages that streams of the store brought.",
                               {"grpc_method", "grpc_service", "grpc_type"}};
};
Families& All() {
  static auto* const all = new Families;
  return *all;
}

}  // namespace

CallSeries& CallSeries::Of(absl::string_view path, Kind kind) {
  static auto* const mu = new std::mutex;
  static auto* const known = new std::map<std::string, CallSeries*, std::less<>>;
  const std::lock_guard lock(*mu);
  const auto found = known->find(path);
  if (found != known->end()) return *found->second;
  return *known->emplace(std::string(path), new CallSeries(path, kind)).first->second;
}

CallSeries::CallSeries(absl::string_view path, Kind kind) : type_(kind == Kind::kStream ? "bidi_stream" : "unary") {
  const size_t slash = path.rfind('/');
  service_ = std::string(path.substr(1, slash - 1));
  method_ = std::string(path.substr(slash + 1));
  started_ = &All().started.With({method_, service_, type_});
  sent_ = &All().sent.With({method_, service_, type_});
  if (kind == Kind::kStream) received_ = &All().received.With({method_, service_, type_});
}

void CallSeries::Handled(int code) {
  const size_t at = code >= 0 && static_cast<size_t>(code) < handled_.size() ? static_cast<size_t>(code) : 2;
  base::Counter* counter = handled_[at].load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &All().handled.With({kCodes[at], method_, service_, type_});
    handled_[at].store(counter, std::memory_order_release);
  }
  counter->Add();
}

}  // namespace apiserver::store
