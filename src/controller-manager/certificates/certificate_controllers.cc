#include "controller-manager/certificates/certificate_controllers.h"

#include "apimachinery/codec.h"
#include "apimachinery/schema.h"
#include "apimachinery/time.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "client/api_error.h"
#include "client/value_informer.h"
#include "controller-manager/certificates/signer_rules.h"

namespace controller_manager {
namespace {

using apimachinery::Value;

const apimachinery::Kind& RequestKind() {
  static const apimachinery::Kind& kind =
      *apimachinery::Schema::Builtin().FindKind("certificates.k8s.io/v1", "CertificateSigningRequest");
  return kind;
}

std::string Pem(const Value& request, absl::string_view path) {
  std::string pem;
  return apimachinery::Base64Decode(request.GetString(path), &pem) < 0 ? pem : "";
}

std::vector<std::string> UsagesOf(const Value& request) {
  std::vector<std::string> usages;
  for (const Value& usage : request.GetArray("spec.usages")) usages.push_back(usage.as_string());
  return usages;
}

const Value* Condition(const Value& request, absl::string_view type) {
  for (const Value& condition : request.GetArray("status.conditions")) {
    if (condition.GetString("type") == type) return &condition;
  }
  return nullptr;
}

void AddCondition(Value& request, absl::string_view type, absl::string_view reason, absl::string_view message) {
  Value condition = Value::MakeObject();
  condition.Set("type", type);
  condition.Set("status", "True");
  condition.Set("reason", reason);
  condition.Set("message", message);
  request.Ensure("status")["conditions"].Append(std::move(condition));
}

// A controller over the requests of the cluster, on an informer of its own.
class RequestController : public Controller {
 public:
  RequestController(const Context& context, std::string name, int workers)
      : Controller(std::move(name), workers), api_(context.api), clock_(context.clock),
        requests_(context.api, RequestKind(), timer_) {
    requests_.OnChange([this](const Value& request) { queue().Add(request.GetString("metadata.name")); });
  }

  void Run() override {
    requests_.Start();
    Controller::Run();
  }
  void Stop() override {
    Controller::Stop();
    requests_.Halt();
    timer_.Stop();
  }

 protected:
  absl::Status Write(const Value& request, absl::string_view subresource) {
    const absl::Status written = client::UpdateValue(api_, RequestKind(), request, subresource);
    return IsNotFound(written) ? absl::OkStatus() : written;
  }

  const client::ApiClient& api_;
  const base::Clock& clock_;
  client::TimerThread timer_;
  client::ValueInformer requests_;
};

class Approver final : public RequestController {
 public:
  Approver(const Context& context, int workers)
      : RequestController(context, "certificatesigningrequest-approving-controller", workers) {}
  ~Approver() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const auto stored = requests_.Get(key);
    if (stored == nullptr || !stored->GetString("status.certificate").empty() || Condition(*stored, "Approved") != nullptr ||
        Condition(*stored, "Denied") != nullptr) {
      return absl::OkStatus();
    }
    const auto facts = pki::ReadRequest(Pem(*stored, "spec.request"));
    if (!facts.ok()) return absl::OkStatus();  // the signer will say so
    const std::string right = ApprovalRight(stored->GetString("spec.signerName"), stored->GetString("spec.username"), *facts,
                                            UsagesOf(*stored));
    if (right.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const bool allowed, MayCreate(*stored, right));
    if (!allowed) return absl::OkStatus();  // a person may still approve it
    Value request = *stored;
    AddCondition(request, "Approved", "AutoApproved",
                 right == "selfnodeclient" ? "Auto approving self kubelet client certificate after SubjectAccessReview."
                                           : "Auto approving kubelet client certificate after SubjectAccessReview.");
    return Write(request, "approval");
  }

 private:
  absl::StatusOr<bool> MayCreate(const Value& request, const std::string& right) {
    const apimachinery::Kind& kind = *apimachinery::Schema::Builtin().FindKind("authorization.k8s.io/v1", "SubjectAccessReview");
    Value review = Value::MakeObject();
    Value& spec = review.Ensure("spec");
    spec.Set("user", request.GetString("spec.username"));
    for (const char* member : {"uid", "groups", "extra"}) {
      if (const Value* value = request.At(absl::StrCat("spec.", member))) spec.Set(member, *value);
    }
    Value& what = spec["resourceAttributes"];
    what.Set("group", "certificates.k8s.io");
    what.Set("resource", "certificatesigningrequests");
    what.Set("verb", "create");
    what.Set("subresource", right);
    what.Set("version", "*");
    client::Object body{std::string(kind.api_version), std::string(kind.kind), ""};
    apimachinery::EncodeWire(*kind.message, review, &body.bytes);
    ASSIGN_OR_RETURN(const client::Object answer,
                     api_.transport().Create({"authorization.k8s.io", "v1", "subjectaccessreviews", "", "", ""}, body));
    ASSIGN_OR_RETURN(const Value judged, apimachinery::DecodeWire(*kind.message, answer.bytes));
    return judged.GetBool("status.allowed");
  }
};

class Signer final : public RequestController {
 public:
  Signer(const Context& context, int workers, SigningAuthorities authorities, absl::Duration limit)
      : RequestController(context, "certificatesigningrequest-signing-controller", workers), authorities_(std::move(authorities)),
        limit_(limit) {}
  ~Signer() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const auto stored = requests_.Get(key);
    if (stored == nullptr || Condition(*stored, "Approved") == nullptr || Condition(*stored, "Denied") != nullptr ||
        Condition(*stored, "Failed") != nullptr || !stored->GetString("status.certificate").empty()) {
      return absl::OkStatus();
    }
    const std::string signer = stored->GetString("spec.signerName"), pem = Pem(*stored, "spec.request");
    const auto authority = authorities_.find(signer);
    if (authority == authorities_.end()) return absl::OkStatus();
    const auto facts = pki::ReadRequest(pem);
    const std::string refusal = facts.ok() ? SignerRefusal(signer, *facts, UsagesOf(*stored)) : std::string(facts.status().message());
    Value request = *stored;
    if (!refusal.empty()) {
      AddCondition(request, "Failed", "SignerValidationFailure", refusal);
      return Write(request, "status");
    }
    const absl::Time now = clock_.Now();
    const absl::Duration life = CertificateLife(stored->GetInt("spec.expirationSeconds"), limit_);
    constexpr absl::Duration kBackdate = absl::Minutes(5);  // others' clocks may be slow
    ASSIGN_OR_RETURN(const std::string certificate,
                     pki::SignRequest(authority->second, pem, {now - kBackdate, now + life, UsagesOf(*stored)}));
    std::string encoded;
    apimachinery::Base64Append(certificate, &encoded);
    request.Ensure("status").Set("certificate", std::move(encoded));
    return Write(request, "status");
  }

 private:
  const SigningAuthorities authorities_;
  const absl::Duration limit_;
};

class Cleaner final : public RequestController {
 public:
  explicit Cleaner(const Context& context) : RequestController(context, "certificatesigningrequest-cleaner-controller", 1) {}
  ~Cleaner() override { Stop(); }

  absl::Status Reconcile(const std::string& key) override {
    const auto request = requests_.Get(key);
    if (request == nullptr) return absl::OkStatus();
    const auto time = [&](const Value* condition) {
      const auto at = condition == nullptr ? absl::StatusOr<absl::Time>(absl::NotFoundError(""))
                                           : apimachinery::ParseTime(condition->GetString("lastUpdateTime"));
      return at.ok() ? *at : absl::InfiniteFuture();
    };
    RequestAges ages;
    const auto created = apimachinery::ParseTime(request->GetString("metadata.creationTimestamp"));
    ages.created = created.ok() ? *created : clock_.Now();
    ages.approved = time(Condition(*request, "Approved"));
    ages.denied = time(Condition(*request, "Denied"));
    ages.failed = time(Condition(*request, "Failed"));
    ages.issued = !request->GetString("status.certificate").empty();
    if (!IsStale(ages, clock_.Now())) {
      queue().AddAfter(key, absl::Hours(1));
      return absl::OkStatus();
    }
    const absl::Status deleted =
        api_.transport()
            .Delete({"certificates.k8s.io", "v1", "certificatesigningrequests", "", key, ""},
                    client::Encode({.uid = request->GetString("metadata.uid")}))
            .status();
    return IsNotFound(deleted) ? absl::OkStatus() : deleted;
  }
};

}  // namespace

std::unique_ptr<Controller> NewCertificateApprover(const Context& context, int workers) {
  return std::make_unique<Approver>(context, workers);
}
std::unique_ptr<Controller> NewCertificateSigner(const Context& context, int workers, SigningAuthorities authorities,
                                                 absl::Duration limit) {
  return std::make_unique<Signer>(context, workers, std::move(authorities), limit);
}
std::unique_ptr<Controller> NewCertificateCleaner(const Context& context) { return std::make_unique<Cleaner>(context); }

}  // namespace controller_manager
