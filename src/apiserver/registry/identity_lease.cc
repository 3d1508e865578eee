#include "apiserver/registry/identity_lease.h"

#include <openssl/sha.h>

#include "absl/strings/str_cat.h"
#include "apimachinery/time.h"
#include "base/rng.h"

namespace apiserver::registry {
namespace {

using apimachinery::Value;

constexpr char kNamespace[] = "kube-system";
constexpr int64_t kLifetimeSeconds = 3600;
constexpr size_t kHashBytes = 16;

// RFC 4648, small letters, without padding.
std::string Base32(const unsigned char* bytes, size_t count) {
  std::string out;
  uint32_t held = 0;
  int bits = 0;
  for (size_t i = 0; i < count; ++i) {
    held = held << 8 | bytes[i];
    for (bits += 8; bits >= 5; bits -= 5) out += "abcdefghijklmnopqrstuvwxyz234567"[held >> (bits - 5) & 31];
  }
  if (bits > 0) out += "abcdefghijklmnopqrstuvwxyz234567"[held << (5 - bits) & 31];
  return out;
}

void AppendWithLength(absl::string_view text, std::string* out) {
  out->push_back(static_cast<char>(text.size() >> 8));
  out->push_back(static_cast<char>(text.size()));
  out->append(text.data(), text.size());
}

}  // namespace

std::string IdentityOf(absl::string_view host) {
  std::string text;
  AppendWithLength(host, &text);
  AppendWithLength("kube-apiserver", &text);
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  return absl::StrCat("apiserver-", Base32(hash, kHashBytes));
}

IdentityLease::IdentityLease(Registry& registry, std::string host)
    : registry_(registry), host_(std::move(host)), name_(IdentityOf(host_)), holder_(absl::StrCat(name_, "_", base::NewUid())) {}

absl::Status IdentityLease::Renew() {
  const pipeline::GroupResource leases{"coordination.k8s.io", "leases"};
  const std::string now = apimachinery::FormatMicroTime(registry_.environment().clock->Now());
  if (registry_.Get(leases, kNamespace, name_) != nullptr) {
    return registry_.Modify(leases, kNamespace, name_, [&](Value& lease) {
      Value& spec = lease.Ensure("spec");
      spec.Set("holderIdentity", holder_);
      spec.Set("leaseDurationSeconds", kLifetimeSeconds);
      spec.Set("renewTime", now);
      return true;
    }).status();
  }
  Value lease = Value::MakeObject();
  lease.Set("kind", "Lease");
  lease.Set("apiVersion", "coordination.k8s.io/v1");
  Value& meta = lease.Ensure("metadata");
  meta.Set("name", name_);
  meta.Set("namespace", kNamespace);
  Value& labels = meta["labels"];
  labels = Value::MakeObject();
  labels.Set("apiserver.kubernetes.io/identity", "kube-apiserver");
  labels.Set("kubernetes.io/hostname", host_);
  Value& spec = lease.Ensure("spec");
  spec.Set("holderIdentity", holder_);
  spec.Set("leaseDurationSeconds", kLifetimeSeconds);
  spec.Set("renewTime", now);
  const absl::Status made = registry_.Create(leases, lease).status();
  return apimachinery::ApiStatus::From(made).Is("AlreadyExists") ? absl::OkStatus() : made;
}

}  // namespace apiserver::registry
