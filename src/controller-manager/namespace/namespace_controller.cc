#include "controller-manager/namespace/namespace_controller.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "client/wire.h"
#include "controller-manager/framework/discovery.h"
#include "controller-manager/framework/metadata.h"
#include "k8s/core/v1/namespace.pb.h"

namespace controller_manager {
namespace {

using k8s::core::v1::Namespace;
using k8s::core::v1::NamespaceCondition;

constexpr char kFinalizer[] = "kubernetes";
constexpr absl::Duration kDefaultWait = absl::Seconds(5);

bool Set(Namespace& ns, const std::string& type, bool problem, const std::string& reason, const std::string& message,
         absl::Time now) {
  NamespaceCondition* condition = nullptr;
  for (auto& c : *ns.mutable_status()->mutable_conditions()) {
    if (c.type() == type) condition = &c;
  }
  const std::string status = problem ? "True" : "False";
  if (condition != nullptr && condition->status() == status && condition->reason() == reason &&
      condition->message() == message) {
    return false;
  }
  if (condition == nullptr) condition = ns.mutable_status()->add_conditions();
  if (condition->status() != status) SetTime(now, condition->mutable_lasttransitiontime());
  condition->set_type(type);
  condition->set_status(status);
  condition->set_reason(reason);
  condition->set_message(message);
  return true;
}

class NamespaceController final : public Controller {
 public:
  NamespaceController(const Context& context, int workers)
      : Controller("namespace-controller", workers), api_(context.api), clock_(context.clock),
        namespaces_(context.informers.For<Namespace>()) {
    namespaces_.OnChange([this](const Namespace& ns) {
      if (IsDeleting(ns.metadata())) queue().Add(ns.metadata().name());
    });
  }
  ~NamespaceController() override { Stop(); }

  absl::Status Reconcile(const std::string& name) override {
    const auto seen = namespaces_.Get(name);
    if (seen == nullptr || !IsDeleting(seen->metadata())) return absl::OkStatus();
    Namespace ns = *seen;
    if (ns.status().phase() != "Terminating") {
      ns.mutable_status()->set_phase("Terminating");
      ASSIGN_OR_RETURN(ns, api_.UpdateStatus(ns));
    }
    if (ns.spec().finalizers().empty()) return absl::OkStatus();

    NamespaceContent content;
    const absl::Duration wait = Empty(name, content);
    if (SetDeletionConditions(content, clock_.Now(), ns)) {
      auto written = api_.UpdateStatus(ns);
      if (IsNotFound(written.status())) return absl::OkStatus();
      RETURN_IF_ERROR(written.status());
      ns = *std::move(written);
    }
    if (!content.deletion_failures.empty()) return absl::UnavailableError(content.deletion_failures[0]);
    if (!content.discovery_failures.empty()) return absl::UnavailableError(content.discovery_failures[0]);
    if (!content.remaining.empty()) {
      queue().AddAfter(name, wait);
      return absl::OkStatus();
    }
    auto& finalizers = *ns.mutable_spec()->mutable_finalizers();
    finalizers.erase(std::remove(finalizers.begin(), finalizers.end(), kFinalizer), finalizers.end());
    const absl::Status finalized = api_.UpdateSubresource(ns, "finalize").status();
    return IsNotFound(finalized) ? absl::OkStatus() : finalized;
  }

 private:
  // Deletes what the namespace holds, pods first: they may need the rest to end well. Returns when to look again.
  absl::Duration Empty(const std::string& ns, NamespaceContent& content) {
    const absl::StatusOr<Discovery> found = Discover(api_.transport());
    if (!found.ok()) {
      content.discovery_failures.push_back(std::string(found.status().message()));
      return kDefaultWait;
    }
    for (const std::string& group : found->failed) {
      content.discovery_failures.push_back(absl::StrCat("unable to retrieve the complete list of server APIs: ", group));
    }
    absl::Duration wait = absl::Seconds(1);
    for (const DiscoveredResource& resource : found->resources) {
      if (resource.group.empty() && resource.resource == "pods") {
        wait = std::max(wait, EmptyOne(ns, resource, content));
      }
    }
    if (!content.remaining.empty()) return wait;
    for (const DiscoveredResource& resource : found->resources) {
      const bool deletable = resource.namespaced && resource.Can("delete") && resource.Can("list");
      if (!deletable || (resource.group.empty() && resource.resource == "pods")) continue;
      if (resource.resource == "events" && !resource.group.empty()) continue;  // the same objects as core events
      wait = std::max(wait, EmptyOne(ns, resource, content));
    }
    return wait;
  }

  absl::Duration EmptyOne(const std::string& ns, const DiscoveredResource& resource, NamespaceContent& content) {
    client::Target target{resource.group, resource.version, resource.resource, ns, "", ""};
    client::ListOptions options;
    options.metadata_only = true;
    std::vector<std::string> names;
    // First a look: most kinds have nothing in most namespaces, and a list is cheaper than a deletion.
    absl::Status status = ListNames(target, options, names, nullptr);
    if (status.ok() && !names.empty()) {
      if (resource.Can("deletecollection")) {
        status = api_.transport().DeleteCollection(target, {}, client::Encode({.propagation = "Background"}));
      } else {
        for (const std::string& name : names) {
          target.name = name;
          const absl::Status deleted =
              api_.transport().Delete(target, client::Encode({.propagation = "Background"})).status();
          if (!deleted.ok() && !IsNotFound(deleted)) status = deleted;
        }
        target.name.clear();
      }
      names.clear();
      if (status.ok()) status = ListNames(target, options, names, &content);
    }
    if (absl::IsUnimplemented(status) || IsNotFound(status)) return absl::ZeroDuration();  // the kind went away
    if (!status.ok()) {
      content.deletion_failures.push_back(std::string(status.message()));
      return kDefaultWait;
    }
    if (names.empty()) return absl::ZeroDuration();
    content.remaining[absl::StrCat(resource.resource, ".", resource.group)] = static_cast<int>(names.size());
    return resource.resource == "pods" ? absl::Seconds(2) : kDefaultWait;
  }

  absl::Status ListNames(const client::Target& target, const client::ListOptions& options,
                         std::vector<std::string>& names, NamespaceContent* content) {
    return api_.transport()
        .List(target, options,
              [&](absl::string_view object) {
                absl::string_view metadata = client::BytesField(object, 1);
                client::WireField field;
                while (client::NextField(metadata, field)) {
                  if (field.number == 1) names.emplace_back(field.bytes);
                  if (field.number == 14 && content != nullptr) ++content->finalizers[std::string(field.bytes)];
                }
              })
        .status();
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  client::Informer<Namespace>& namespaces_;
};

}  // namespace

bool SetDeletionConditions(const NamespaceContent& content, absl::Time now, Namespace& ns) {
  bool changed = false;
  const auto join = [](const auto& map, absl::string_view verb, absl::string_view unit) {
    std::vector<std::string> parts;
    for (const auto& [what, count] : map) parts.push_back(absl::StrCat(what, " ", verb, " ", count, " ", unit));
    return absl::StrJoin(parts, ", ");
  };
  if (content.discovery_failures.empty()) {
    changed |= Set(ns, "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered",
                   "All resources successfully discovered", now);
  } else {
    changed |= Set(ns, "NamespaceDeletionDiscoveryFailure", true, "DiscoveryFailed",
                   absl::StrCat("Discovery failed for some groups, ", content.discovery_failures.size(),
                                " failing: ", absl::StrJoin(content.discovery_failures, ", ")),
                   now);
  }
  changed |= Set(ns, "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
                 "All legacy kube types successfully parsed", now);
  if (content.deletion_failures.empty()) {
    changed |= Set(ns, "NamespaceDeletionContentFailure", false, "ContentDeleted",
                   "All content successfully deleted, may be waiting on finalization", now);
  } else {
    changed |= Set(ns, "NamespaceDeletionContentFailure", true, "ContentDeletionFailed",
                   absl::StrCat("Failed to delete all resource types, ", content.deletion_failures.size(),
                                " remaining: ", absl::StrJoin(content.deletion_failures, ", ")),
                   now);
  }
  if (content.remaining.empty()) {
    changed |= Set(ns, "NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed", now);
  } else {
    changed |= Set(ns, "NamespaceContentRemaining", true, "SomeResourcesRemain",
                   absl::StrCat("Some resources are remaining: ", join(content.remaining, "has", "resource instances")),
                   now);
  }
  if (content.finalizers.empty()) {
    changed |= Set(ns, "NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers",
                   "All content-preserving finalizers finished", now);
  } else {
    changed |= Set(ns, "NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
                   absl::StrCat("Some content in the namespace has finalizers remaining: ",
                                join(content.finalizers, "in", "resource instances")),
                   now);
  }
  return changed;
}

std::unique_ptr<Controller> NewNamespaceController(const Context& context, int workers) {
  return std::make_unique<NamespaceController>(context, workers);
}

}  // namespace controller_manager
