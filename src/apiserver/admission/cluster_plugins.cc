// Nodes, volumes, ingresses and certificates: small plugins.
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/quantity.h"
#include "apiserver/admission/plugin.h"

namespace apiserver::admission {
namespace {

using apimachinery::Quantity;

// A new node counts as not ready until its controller has seen otherwise.
class TaintNodesByCondition final : public Plugin {
 public:
  TaintNodesByCondition() : Plugin("TaintNodesByCondition") {}
  absl::Status Admit(Attributes& a) const override {
    if (!a.Is("", "nodes") || a.operation != Operation::kCreate) return absl::OkStatus();
    constexpr char kKey[] = "node.kubernetes.io/not-ready";
    for (const Value& taint : a.object->GetArray("spec.taints")) {
      if (taint.GetString("key") == kKey && taint.GetString("effect") == "NoSchedule") return absl::OkStatus();
    }
    Value taint = Value::MakeObject();
    taint.Set("key", kKey);
    taint.Set("effect", "NoSchedule");
    a.object->Ensure("spec")["taints"].Append(std::move(taint));
    return absl::OkStatus();
  }
};

// The newest of the classes that an annotation marks as default; equally new ones by name.
pipeline::ObjectPtr DefaultClass(const pipeline::ObjectReader& reader, const pipeline::GroupResource& what,
                                 std::initializer_list<absl::string_view> annotations) {
  pipeline::ObjectPtr best;
  for (auto& candidate : reader.List(what, "")) {
    const Value* values = candidate->At("metadata.annotations");
    const bool marked = values != nullptr &&
                        std::any_of(annotations.begin(), annotations.end(), [&](absl::string_view key) {
                          const Value* value = values->Find(key);
                          return value != nullptr && value->is_string() && value->as_string() == "true";
                        });
    if (!marked) continue;
    if (best == nullptr || candidate->GetString("metadata.creationTimestamp") >
                               best->GetString("metadata.creationTimestamp")) {
      best = candidate;
    }
  }
  return best;
}

class DefaultStorageClass final : public Plugin {
 public:
  explicit DefaultStorageClass(const PluginSeams& seams) : Plugin("DefaultStorageClass"), reader_(seams.reader) {}
  absl::Status Admit(Attributes& a) const override {
    if (!a.Is("", "persistentvolumeclaims") || a.operation != Operation::kCreate) return absl::OkStatus();
    const Value* annotations = a.object->At("metadata.annotations");
    if (annotations != nullptr && annotations->Has("volume.beta.kubernetes.io/storage-class")) return absl::OkStatus();
    Value& spec = a.object->Ensure("spec");
    if (spec.Has("storageClassName")) return absl::OkStatus();
    const auto found = DefaultClass(reader_, {"storage.k8s.io", "storageclasses"},
                                    {"storageclass.kubernetes.io/is-default-class",
                                     "storageclass.beta.kubernetes.io/is-default-class"});
    if (found != nullptr) spec.Set("storageClassName", found->GetString("metadata.name"));
    return absl::OkStatus();
  }

 private:
  const pipeline::ObjectReader& reader_;
};

class DefaultIngressClass final : public Plugin {
 public:
  explicit DefaultIngressClass(const PluginSeams& seams) : Plugin("DefaultIngressClass"), reader_(seams.reader) {}
  absl::Status Admit(Attributes& a) const override {
    if (!a.Is("networking.k8s.io", "ingresses") || a.operation != Operation::kCreate) return absl::OkStatus();
    const Value* annotations = a.object->At("metadata.annotations");
    if (annotations != nullptr && annotations->Has("kubernetes.io/ingress.class")) return absl::OkStatus();
    Value& spec = a.object->Ensure("spec");
    if (spec.Has("ingressClassName")) return absl::OkStatus();
    const auto found = DefaultClass(reader_, {"networking.k8s.io", "ingressclasses"},
                                    {"ingressclass.kubernetes.io/is-default-class"});
    if (found != nullptr) spec.Set("ingressClassName", found->GetString("metadata.name"));
    return absl::OkStatus();
  }

 private:
  const pipeline::ObjectReader& reader_;
};

class StorageObjectInUseProtection final : public Plugin {
 public:
  StorageObjectInUseProtection() : Plugin("StorageObjectInUseProtection") {}
  absl::Status Admit(Attributes& a) const override {
    if (a.operation != Operation::kCreate) return absl::OkStatus();
    if (a.Is("", "persistentvolumes")) Protect(*a.object, "kubernetes.io/pv-protection");
    if (a.Is("", "persistentvolumeclaims")) Protect(*a.object, "kubernetes.io/pvc-protection");
    if (a.Is("storage.k8s.io", "volumeattributesclasses")) Protect(*a.object, "kubernetes.io/vac-protection");
    return absl::OkStatus();
  }

 private:
  static void Protect(Value& object, const char* finalizer) {
    const auto& have = object.GetArray("metadata.finalizers");
    if (std::find(have.begin(), have.end(), Value(finalizer)) != have.end()) return;
    object.Ensure("metadata")["finalizers"].Append(finalizer);
  }
};

class ClaimResize final : public Plugin {
 public:
  explicit ClaimResize(const PluginSeams& seams) : Plugin("PersistentVolumeClaimResize"), reader_(seams.reader) {}
  absl::Status Validate(const Attributes& a) const override {
    if (!a.Is("", "persistentvolumeclaims") || a.operation != Operation::kUpdate) return absl::OkStatus();
    const auto size = [](const Value& claim) {
      return Quantity::ParseOrZero(claim.GetString("spec.resources.requests.storage"));
    };
    if (size(*a.object).Compare(size(*a.old)) <= 0) return absl::OkStatus();
    if (a.old->GetString("status.phase") != "Bound") {
      return Refuse(a, "Only bound persistent volume claims can be expanded");
    }
    const std::string name = a.object->GetString("spec.storageClassName");
    const auto storage = name.empty() || name != a.old->GetString("spec.storageClassName")
                             ? nullptr
                             : reader_.Get({"storage.k8s.io", "storageclasses"}, "", name);
    if (storage != nullptr && storage->GetBool("allowVolumeExpansion")) return absl::OkStatus();
    return Refuse(a, "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
                     "support resize");
  }

 private:
  const pipeline::ObjectReader& reader_;
};

// Whether the user may VERB signers of this name: by the full name, or by "domain/*".
bool SignerAuthorized(const auth::Authorizer* authorizer, const pipeline::UserInfo& user, absl::string_view verb,
                      const std::string& signer) {
  if (authorizer == nullptr) return true;
  pipeline::RequestInfo request;
  request.is_resource_request = true;
  request.verb = std::string(verb);
  request.group = "certificates.k8s.io";
  request.version = "*";
  request.resource = "signers";
  request.name = signer;
  if (authorizer->Authorize({user, request}).allowed()) return true;
  request.name = absl::StrCat(signer.substr(0, signer.find('/')), "/*");
  return authorizer->Authorize({user, request}).allowed();
}

constexpr char kCertificates[] = "certificates.k8s.io";
constexpr char kRequests[] = "certificatesigningrequests";

class CertificateApproval final : public Plugin {
 public:
  explicit CertificateApproval(const PluginSeams& seams)
      : Plugin("CertificateApproval"), authorizer_(seams.authorizer) {}
  absl::Status Validate(const Attributes& a) const override {
    if (!a.Is(kCertificates, kRequests, "approval") || a.operation != Operation::kUpdate) return absl::OkStatus();
    const std::string signer = a.old->GetString("spec.signerName");
    if (SignerAuthorized(authorizer_, *a.user, "approve", signer)) return absl::OkStatus();
    return Refuse(a, absl::StrCat("user not permitted to approve requests with signerName \"", signer, "\""));
  }

 private:
  const auth::Authorizer* const authorizer_;
};

class CertificateSigning final : public Plugin {
 public:
  explicit CertificateSigning(const PluginSeams& seams) : Plugin("CertificateSigning"), authorizer_(seams.authorizer) {}
  absl::Status Validate(const Attributes& a) const override {
    if (!a.Is(kCertificates, kRequests, "status") || a.operation != Operation::kUpdate) return absl::OkStatus();
    const Value none = Value::MakeArray();
    const auto conditions = [&](const Value& object) {
      const Value* at = object.At("status.conditions");
      return at == nullptr ? none : *at;
    };
    if (a.old->GetString("status.certificate") == a.object->GetString("status.certificate") &&
        conditions(*a.old) == conditions(*a.object)) {
      return absl::OkStatus();
    }
    const std::string signer = a.old->GetString("spec.signerName");
    if (SignerAuthorized(authorizer_, *a.user, "sign", signer)) return absl::OkStatus();
    return Refuse(a, absl::StrCat("user not permitted to sign requests with signerName \"", signer, "\""));
  }

 private:
  const auth::Authorizer* const authorizer_;
};

class CertificateSubjectRestriction final : public Plugin {
 public:
  CertificateSubjectRestriction() : Plugin("CertificateSubjectRestriction") {}
  absl::Status Validate(const Attributes& a) const override {
    constexpr char kSigner[] = "kubernetes.io/kube-apiserver-client";
    if (!a.Is(kCertificates, kRequests) || a.operation != Operation::kCreate) return absl::OkStatus();
    if (a.object->GetString("spec.signerName") != kSigner) return absl::OkStatus();
    std::string pem;
    absl::Base64Unescape(a.object->GetString("spec.request"), &pem);
    BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    X509_REQ* request = PEM_read_bio_X509_REQ(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    if (request == nullptr) return Refuse(a, "failed to parse CSR: PEM block type must be CERTIFICATE REQUEST");
    bool masters = false;
    const X509_NAME* subject = X509_REQ_get_subject_name(request);
    for (int i = -1; (i = X509_NAME_get_index_by_NID(const_cast<X509_NAME*>(subject), NID_organizationName, i)) >= 0;) {
      const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i));
      masters = masters || absl::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                             ASN1_STRING_length(text)) == "system:masters";
    }
    X509_REQ_free(request);
    if (!masters) return absl::OkStatus();
    return Refuse(a, absl::StrCat("use of ", kSigner, " signer with system:masters group is not allowed"));
  }
};

}  // namespace

PluginPtr NewTaintNodesByCondition(const PluginSeams&) { return std::make_unique<TaintNodesByCondition>(); }
PluginPtr NewDefaultStorageClass(const PluginSeams& seams) { return std::make_unique<DefaultStorageClass>(seams); }
PluginPtr NewStorageObjectInUseProtection(const PluginSeams&) {
  return std::make_unique<StorageObjectInUseProtection>();
}
PluginPtr NewClaimResize(const PluginSeams& seams) { return std::make_unique<ClaimResize>(seams); }
PluginPtr NewCertificateApproval(const PluginSeams& seams) { return std::make_unique<CertificateApproval>(seams); }
PluginPtr NewCertificateSigning(const PluginSeams& seams) { return std::make_unique<CertificateSigning>(seams); }
PluginPtr NewCertificateSubjectRestriction(const PluginSeams&) {
  return std::make_unique<CertificateSubjectRestriction>();
}
PluginPtr NewDefaultIngressClass(const PluginSeams& seams) { return std::make_unique<DefaultIngressClass>(seams); }

}  // namespace apiserver::admission
