// Plugins that are off unless asked for and look at any object.
#include <set>

#include "absl/strings/str_cat.h"
#include "apimachinery/schema.h"
#include "apiserver/admission/plugin.h"

namespace apiserver::admission {
namespace {

class AlwaysAdmit final : public Plugin {
 public:
  AlwaysAdmit() : Plugin("AlwaysAdmit") {}
};

class AlwaysDeny final : public Plugin {
 public:
  AlwaysDeny() : Plugin("AlwaysDeny") {}
  absl::Status Validate(const Attributes& a) const override { return Refuse(a, "admission control is denying all modifications"); }
};

bool NeedsNamespace(const Attributes& a) {
  return a.operation == Operation::kCreate && !a.info->ns.empty() && a.info->resource != "namespaces";
}

// A namespace comes into being with its first object.
class NamespaceAutoProvision final : public Plugin {
 public:
  explicit NamespaceAutoProvision(const PluginSeams& seams)
      : Plugin("NamespaceAutoProvision"), reader_(seams.reader), writer_(seams.writer) {}
  absl::Status Admit(Attributes& a) const override {
    if (!NeedsNamespace(a) || a.dry_run || writer_ == nullptr) return absl::OkStatus();
    if (reader_.Get({"", "namespaces"}, "", a.info->ns) != nullptr) return absl::OkStatus();
    Value ns = Value::MakeObject();
    ns.Set("kind", "Namespace");
    ns.Set("apiVersion", "v1");
    ns.Ensure("metadata").Set("name", a.info->ns);
    const absl::Status made = writer_->Create({"", "namespaces"}, ns).status();
    return apimachinery::ApiStatus::From(made).Is("AlreadyExists") ? absl::OkStatus() : made;
  }

 private:
  const pipeline::ObjectReader& reader_;
  pipeline::ObjectWriter* const writer_;
};

class NamespaceExists final : public Plugin {
 public:
  explicit NamespaceExists(const PluginSeams& seams) : Plugin("NamespaceExists"), reader_(seams.reader) {}
  absl::Status Validate(const Attributes& a) const override {
    if (a.info->ns.empty() || a.info->resource == "namespaces") return absl::OkStatus();
    if (Look(reader_, {"", "namespaces"}, "", a.info->ns) != nullptr) return absl::OkStatus();
    return apimachinery::NotFound("", "namespaces", a.info->ns);
  }

 private:
  const pipeline::ObjectReader& reader_;
};

class DenyServiceExternalIps final : public Plugin {
 public:
  DenyServiceExternalIps() : Plugin("DenyServiceExternalIPs") {}
  absl::Status Validate(const Attributes& a) const override {
    if (!a.Is("", "services") || a.object == nullptr) return absl::OkStatus();
    std::set<std::string> before;  // may stay, or go
    if (a.old != nullptr) {
      for (const Value& ip : a.old->GetArray("spec.externalIPs")) before.insert(ip.as_string());
    }
    for (const Value& ip : a.object->GetArray("spec.externalIPs")) {
      if (!before.contains(ip.as_string())) return Refuse(a, "Use of external IPs is denied by admission control");
    }
    return absl::OkStatus();
  }
};

// Naming an owner can get an object deleted, and hold its owner's deletion back: who does so must be allowed both.
class OwnerReferencesPermission final : public Plugin {
 public:
  explicit OwnerReferencesPermission(const PluginSeams& seams)
      : Plugin("OwnerReferencesPermissionEnforcement"), authorizer_(seams.authorizer) {}

  absl::Status Validate(const Attributes& a) const override {
    if (authorizer_ == nullptr || a.object == nullptr || a.operation == Operation::kDelete) return absl::OkStatus();
    static const Value none{};
    const Value* now = a.object->At("metadata.ownerReferences");
    const Value* was = a.old == nullptr ? nullptr : a.old->At("metadata.ownerReferences");
    if (now == nullptr) now = &none;
    if (was == nullptr) was = &none;
    if (*now == *was) return absl::OkStatus();
    if (a.old != nullptr) {
      pipeline::RequestInfo request = *a.info;
      request.verb = "delete";
      request.subresource.clear();
      request.name = a.name;
      const auth::Decision decision = authorizer_->Authorize({*a.user, request});
      if (!decision.allowed()) {
        return Refuse(a, absl::StrCat("cannot set an ownerRef on a resource you can't delete: ", decision.reason, ", <nil>"));
      }
    }
    if (!now->is_array()) return absl::OkStatus();
    for (const Value& owner : now->array()) {
      if (owner.GetBool("blockOwnerDeletion") && !BlockedBefore(*was, owner)) {
        if (const std::string why = MayBlock(a, owner); !why.empty()) return Refuse(a, why);
      }
    }
    return absl::OkStatus();
  }

 private:
  static bool BlockedBefore(const Value& was, const Value& owner) {
    if (!was.is_array()) return false;
    for (const Value& o : was.array()) {
      if (o.GetString("uid") == owner.GetString("uid") && o.GetBool("blockOwnerDeletion")) return true;
    }
    return false;
  }

  std::string MayBlock(const Attributes& a, const Value& owner) const {
    const std::string version = owner.GetString("apiVersion"), kind_name = owner.GetString("kind");
    const apimachinery::Kind* kind = apimachinery::Schema::Builtin().FindKind(version, kind_name);
    if (kind == nullptr) {
      return absl::StrCat("cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ", version,
                          " Kind ", kind_name, ": no matches for kind \"", kind_name, "\" in version \"", version, "\"");
    }
    pipeline::RequestInfo request;
    request.is_resource_request = true;
    request.verb = "update";
    request.group = std::string(kind->group);
    request.version = std::string(kind->version);
    request.resource = std::string(kind->plural);
    request.subresource = "finalizers";
    request.name = owner.GetString("name");
    if (kind->namespaced) request.ns = a.info->ns;
    const auth::Decision decision = authorizer_->Authorize({*a.user, request});
    if (decision.allowed()) return "";
    return absl::StrCat("cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ",
                        decision.reason, ", <nil>");
  }

  const auth::Authorizer* const authorizer_;
};

}  // namespace

PluginPtr NewAlwaysAdmit(const PluginSeams&) { return std::make_unique<AlwaysAdmit>(); }
PluginPtr NewAlwaysDeny(const PluginSeams&) { return std::make_unique<AlwaysDeny>(); }
PluginPtr NewNamespaceAutoProvision(const PluginSeams& seams) { return std::make_unique<NamespaceAutoProvision>(seams); }
PluginPtr NewNamespaceExists(const PluginSeams& seams) { return std::make_unique<NamespaceExists>(seams); }
PluginPtr NewDenyServiceExternalIps(const PluginSeams&) { return std::make_unique<DenyServiceExternalIps>(); }
PluginPtr NewOwnerReferencesPermission(const PluginSeams& seams) {
  return std::make_unique<OwnerReferencesPermission>(seams);
}

}  // namespace apiserver::admission
