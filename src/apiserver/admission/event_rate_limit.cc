// EventRateLimit: events that come too fast are refused, by server, namespace, user or what they are about.
#include <algorithm>
#include <list>
#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "apiserver/admission/plugin.h"
#include "apiserver/admission/plugin_settings.h"
#include "base/clock.h"

namespace apiserver::admission {
namespace {

// One token bucket a key; the keys that were not asked for longest go first.
class Limiter {
 public:
  explicit Limiter(EventLimit limit) : limit_(std::move(limit)) {}

  const std::string& type() const { return limit_.type; }

  bool Take(const std::string& key, absl::Duration now) {
    const std::lock_guard lock(mu_);
    const auto found = buckets_.find(key);
    if (found == buckets_.end()) {
      if (static_cast<int64_t>(order_.size()) >= limit_.cache_size) {
        buckets_.erase(order_.back().key);
        order_.pop_back();
      }
      order_.push_front({key, static_cast<double>(limit_.burst), now});
      buckets_[key] = order_.begin();
    } else {
      order_.splice(order_.begin(), order_, found->second);
    }
    Bucket& bucket = order_.front();
    const double earned = absl::ToDoubleSeconds(now - bucket.at) * static_cast<double>(limit_.qps);
    bucket.tokens = std::min(static_cast<double>(limit_.burst), bucket.tokens + earned);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

 private:
  struct Bucket {
    std::string key;
    double tokens;
    absl::Duration at;
  };
  const EventLimit limit_;
  std::mutex mu_;
  std::list<Bucket> order_;                                              // under mu_; the latest first
  absl::flat_hash_map<std::string, std::list<Bucket>::iterator> buckets_;  // under mu_
};

class EventRateLimit final : public Plugin {
 public:
  explicit EventRateLimit(const PluginSeams& seams) : Plugin("EventRateLimit"), clock_(seams.clock) {
    if (seams.config.settings == nullptr) return;
    for (const EventLimit& limit : seams.config.settings->event_limits) limiters_.push_back(std::make_unique<Limiter>(limit));
  }

  absl::Status Validate(const Attributes& a) const override {
    if (a.info->resource != "events" || (!a.info->group.empty() && a.info->group != "events.k8s.io")) return absl::OkStatus();
    if (a.dry_run || a.object == nullptr || a.operation == Operation::kDelete) return absl::OkStatus();
    std::string refused;
    for (const auto& limiter : limiters_) {  // each counts, even when another one has refused
      const std::string key = KeyOf(limiter->type(), a);
      if (!limiter->Take(key, clock_.Monotonic())) refused = absl::StrCat("Too many requests: limit reached on type ", limiter->type(), " for key ", key);
    }
    if (refused.empty()) return absl::OkStatus();
    apimachinery::ApiStatus status = apimachinery::TooManyRequests(refused, 0);
    status.always_details = false;
    return status;
  }

 private:
  static std::string KeyOf(const std::string& type, const Attributes& a) {
    if (type == "Namespace") return a.info->ns;
    if (type == "User") return a.user == nullptr ? "" : a.user->name;
    if (type != "SourceAndObject") return "";
    std::string key;
    for (const char* path : {"source.component", "source.host", "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
                             "involvedObject.uid", "involvedObject.apiVersion"}) {
      key += a.object->GetString(path);
    }
    return key;
  }

  const base::Clock& clock_;
  std::vector<std::unique_ptr<Limiter>> limiters_;
};

}  // namespace

PluginPtr NewEventRateLimit(const PluginSeams& seams) { return std::make_unique<EventRateLimit>(seams); }

}  // namespace apiserver::admission
