// Nothing is made in a namespace that is not there or on its way out; three namespaces are never deleted.
#include "absl/strings/str_cat.h"
#include "apiserver/admission/plugin.h"

namespace apiserver::admission {
namespace {

class NamespaceLifecycle final : public Plugin {
 public:
  explicit NamespaceLifecycle(const PluginSeams& seams) : Plugin("NamespaceLifecycle"), reader_(seams.reader) {}

  absl::Status Admit(Attributes& a) const override {
    const bool is_namespace = a.info->group.empty() && a.info->resource == "namespaces";
    if (is_namespace) {
      if (a.operation == Operation::kDelete &&
          (a.name == "default" || a.name == "kube-system" || a.name == "kube-public")) {
        return apimachinery::Forbidden("", "namespaces", a.name, "this namespace may not be deleted");
      }
      return absl::OkStatus();
    }
    const std::string& ns = a.info->ns;
    if (ns.empty() || a.operation == Operation::kDelete || a.operation == Operation::kConnect) return absl::OkStatus();
    if (a.info->group == "authorization.k8s.io" && a.info->resource == "localsubjectaccessreviews") {
      return absl::OkStatus();
    }
    const pipeline::GroupResource what{"", "namespaces"};
    pipeline::ObjectPtr found = reader_.Get(what, "", ns);
    if (found == nullptr) {
      auto fresh = reader_.GetFresh(what, "", ns);
      if (!fresh.ok()) return apimachinery::InternalError(fresh.status().message());
      found = *fresh;
    }
    if (found == nullptr) return apimachinery::NotFound("", "namespaces", ns);
    if (a.operation != Operation::kCreate || found->GetString("status.phase") != "Terminating") return absl::OkStatus();
    apimachinery::ApiStatus no = apimachinery::ApiStatus::From(
        Refuse(a, absl::StrCat("unable to create new content in namespace ", ns, " because it is being terminated")));
    no.causes.push_back({"NamespaceTerminating", absl::StrCat("namespace ", ns, " is being terminated"),
                         "metadata.namespace"});
    return no;
  }

 private:
  const pipeline::ObjectReader& reader_;
};

}  // namespace

PluginPtr NewNamespaceLifecycle(const PluginSeams& seams) { return std::make_unique<NamespaceLifecycle>(seams); }

}  // namespace apiserver::admission
