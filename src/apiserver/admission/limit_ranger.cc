// Default, smallest and largest resources of containers, pods and claims in a namespace.
#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "apimachinery/quota/pod_usage.h"
#include "apiserver/admission/plugin.h"

namespace apiserver::admission {
namespace {

using apimachinery::Quantity;
using apimachinery::quota::Amounts;
using apimachinery::quota::AmountsAt;

Amounts OfPod(const Value& pod, absl::string_view list) {
  return apimachinery::quota::OfContainers(pod, list, [](absl::string_view name) { return name == "cpu" || name == "memory"; });
}

// Judges one holder of resources against one item of a LimitRange.
void Judge(const Value& limit, const std::string& type, const Amounts& requests, const Amounts& limits, bool claim,
           std::vector<std::string>* errors) {
  const auto at = [](const Amounts& amounts, const std::string& name) {
    const auto it = amounts.find(name);
    return it == amounts.end() ? nullptr : &it->second;
  };
  for (const auto& [name, bound] : AmountsAt(limit, "min")) {
    const std::string head = absl::StrCat("minimum ", name, " usage per ", type, " is ", bound.ToString());
    const Quantity* request = at(requests, name);
    const Quantity* most = at(limits, name);
    if (request == nullptr) {
      errors->push_back(absl::StrCat(head, ".  No request is specified"));
    } else if (*request < bound) {
      errors->push_back(absl::StrCat(head, ", but request is ", request->ToString()));
    } else if (most != nullptr && *most < bound) {
      errors->push_back(absl::StrCat(head, ", but limit is ", most->ToString()));
    }
  }
  for (const auto& [name, bound] : AmountsAt(limit, "max")) {
    const std::string head = absl::StrCat("maximum ", name, " usage per ", type, " is ", bound.ToString());
    const Quantity* request = at(requests, name);
    const Quantity* most = at(limits, name);
    if (claim) {
      if (request == nullptr) {
        errors->push_back(absl::StrCat(head, ".  No request is specified"));
      } else if (bound < *request) {
        errors->push_back(absl::StrCat(head, ", but request is ", request->ToString()));
      }
    } else if (most == nullptr) {
      errors->push_back(absl::StrCat(head, ".  No limit is specified"));
    } else if (bound < *most) {
      errors->push_back(absl::StrCat(head, ", but limit is ", most->ToString()));
    } else if (request != nullptr && bound < *request) {
      errors->push_back(absl::StrCat(head, ", but request is ", request->ToString()));
    }
  }
  if (claim) return;
  for (const auto& [name, bound] : AmountsAt(limit, "maxLimitRequestRatio")) {
    const std::string head = absl::StrCat(name, " max limit to request ratio per ", type, " is ", bound.ToString());
    const Quantity* request = at(requests, name);
    const Quantity* most = at(limits, name);
    if (request == nullptr || request->IsZero()) {
      errors->push_back(absl::StrCat(head, ", but no request is specified or request is 0"));
    } else if (most == nullptr || most->IsZero()) {
      errors->push_back(absl::StrCat(head, ", but no limit is specified or limit is 0"));
    } else if (const double ratio = most->AsDouble() / request->AsDouble(); ratio > bound.AsDouble()) {
      errors->push_back(absl::StrFormat("%s, but provided ratio is %f", head, ratio));
    }
  }
}

class LimitRanger final : public Plugin {
 public:
  explicit LimitRanger(const PluginSeams& seams) : Plugin("LimitRanger"), reader_(seams.reader) {}

  absl::Status Admit(Attributes& a) const override {
    const bool resized = a.Is("", "pods", "resize") && a.operation == Operation::kUpdate;
    if (!resized && (!a.Is("", "pods") || a.operation != Operation::kCreate)) return absl::OkStatus();
    if (a.old != nullptr && a.old->At("metadata.deletionTimestamp") != nullptr) return absl::OkStatus();
    for (const auto& range : Ranges(a)) Complete(*range, *a.object);
    return absl::OkStatus();
  }

  absl::Status Validate(const Attributes& a) const override {
    const bool pod = (a.Is("", "pods") && a.operation == Operation::kCreate) ||
                     (a.Is("", "pods", "resize") && a.operation == Operation::kUpdate);
    const bool claim = a.Is("", "persistentvolumeclaims") && a.object != nullptr;
    if (!pod && !claim) return absl::OkStatus();
    if (a.old != nullptr && a.old->At("metadata.deletionTimestamp") != nullptr) return absl::OkStatus();
    for (const auto& range : Ranges(a)) {
      std::vector<std::string> errors;
      for (const Value& limit : range->GetArray("spec.limits")) {
        const std::string type = limit.GetString("type");
        if (claim && type == "PersistentVolumeClaim") {
          Judge(limit, type, AmountsAt(*a.object, "spec.resources.requests"), {}, true, &errors);
        }
        if (pod && type == "Container") {
          for (const char* list : {"spec.containers", "spec.initContainers"}) {
            for (const Value& c : a.object->GetArray(list)) {
              Judge(limit, type, AmountsAt(c, "resources.requests"), AmountsAt(c, "resources.limits"), false, &errors);
            }
          }
        }
        if (pod && type == "Pod") Judge(limit, type, OfPod(*a.object, "requests"), OfPod(*a.object, "limits"), false, &errors);
      }
      std::set<std::string> told;  // each once
      errors.erase(std::remove_if(errors.begin(), errors.end(), [&](const std::string& e) { return !told.insert(e).second; }), errors.end());
      if (errors.size() == 1) return Refuse(a, errors[0]);
      if (!errors.empty()) return Refuse(a, absl::StrCat("[", absl::StrJoin(errors, ", "), "]"));
    }
    return absl::OkStatus();
  }

 private:
  std::vector<pipeline::ObjectPtr> Ranges(const Attributes& a) const {
    return reader_.List({"", "limitranges"}, a.info->ns);
  }

  static void Complete(const Value& range, Value& pod) {
    std::map<std::string, Value> limits, requests;
    for (const Value& limit : range.GetArray("spec.limits")) {
      if (limit.GetString("type") != "Container") continue;
      for (const auto& [name, amount] : limit.GetObject("defaultRequest")) requests[name] = amount;
      for (const auto& [name, amount] : limit.GetObject("default")) limits[name] = amount;
    }
    std::vector<std::string> notes;
    const std::pair<const char*, const char*> lists[] = {{"containers", "container"}, {"initContainers", "init container"}};
    for (const auto& [list, label] : lists) {
      Value* containers = pod.At(absl::StrCat("spec.", list));
      if (containers == nullptr || !containers->is_array()) continue;
      for (Value& c : containers->array()) {
        const auto fill = [&c](const std::map<std::string, Value>& from, const char* key) {
          std::vector<std::string> set;
          for (const auto& [name, amount] : from) {
            Value& to = c.Ensure(absl::StrCat("resources.", key));
            if (to.Has(name)) continue;
            to.Set(name, amount);
            set.push_back(name);
          }
          return absl::StrJoin(set, ", ");
        };
        const std::string limited = fill(limits, "limits");
        const std::string requested = fill(requests, "requests");
        const std::string tail = absl::StrCat(" for ", label, " ", c.GetString("name"));
        if (!requested.empty()) notes.push_back(absl::StrCat(requested, " request", tail));
        if (!limited.empty()) notes.push_back(absl::StrCat(limited, " limit", tail));
      }
    }
    if (notes.empty()) return;
    pod.Ensure("metadata.annotations")
        .Set("kubernetes.io/limit-ranger", absl::StrCat("LimitRanger plugin set: ", absl::StrJoin(notes, "; ")));
  }

  const pipeline::ObjectReader& reader_;
};

}  // namespace

PluginPtr NewLimitRanger(const PluginSeams& seams) { return std::make_unique<LimitRanger>(seams); }

}  // namespace apiserver::admission
