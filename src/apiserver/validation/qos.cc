#include "apiserver/validation/qos.h"

#include <map>

#include "apimachinery/quantity.h"

namespace apiserver::validation {

using apimachinery::Quantity;
using apimachinery::Value;

std::string QosClass(const Value& pod) {
  std::map<std::string, Quantity> requests, limits;
  bool guaranteed = true;
  const auto add = [](const Value& list, std::map<std::string, Quantity>& sums, int* found) {
    for (const auto& [name, amount] : list.object()) {
      if ((name != "cpu" && name != "memory") || !amount.is_string()) continue;
      const Quantity q = Quantity::ParseOrZero(amount.as_string());
      if (q.Sign() <= 0) continue;
      ++*found;
      sums[name].Add(q);
    }
  };
  const auto consider = [&](const Value& resources) {
    int requested = 0, limited = 0;
    const Value* r = resources.Find("requests");
    const Value* l = resources.Find("limits");
    if (r != nullptr && r->is_object()) add(*r, requests, &requested);
    if (l != nullptr && l->is_object()) add(*l, limits, &limited);
    guaranteed &= limited == 2;
  };
  const Value* whole = pod.At("spec.resources");
  if (whole != nullptr && whole->is_object()) {
    consider(*whole);
  } else {
    for (const char* list : {"spec.containers", "spec.initContainers"}) {
      for (const Value& container : pod.GetArray(list)) {
        const Value* resources = container.Find("resources");
        consider(resources == nullptr ? Value() : *resources);
      }
    }
  }
  if (requests.empty() && limits.empty()) return "BestEffort";
  if (guaranteed && requests.size() == limits.size()) {
    for (const auto& [name, amount] : requests) {
      const auto it = limits.find(name);
      guaranteed &= it != limits.end() && it->second == amount;
    }
    if (guaranteed) return "Guaranteed";
  }
  return "Burstable";
}

}  // namespace apiserver::validation
