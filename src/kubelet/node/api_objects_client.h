// ApiObjects answered by the API server.
#pragma once
#include "client/api_client.h"
#include "client/informer.h"
#include "k8s/core/v1/service.pb.h"
#include "kubelet/pods/api_objects.h"

namespace kubelet {

class ApiObjectsClient final : public ApiObjects {
 public:
  ApiObjectsClient(const client::ApiClient& api, client::Informer<k8s::core::v1::Service>& services)
      : api_(api), services_(services) {}

  absl::StatusOr<KeyedData> ConfigMap(const std::string& ns, const std::string& name) override;
  absl::StatusOr<KeyedData> Secret(const std::string& ns, const std::string& name) override;
  absl::StatusOr<ClaimedVolume> Claim(const std::string& ns, const std::string& name) override;
  std::vector<ServiceAddress> Services(const std::string& ns) override;
  absl::StatusOr<ServiceAccountToken> Token(const std::string& ns, const std::string& account, const std::string& audience,
                                            int64_t seconds, const std::string& pod_name, const std::string& pod_uid) override;

 private:
  const client::ApiClient& api_;
  client::Informer<k8s::core::v1::Service>& services_;
};

}  // namespace kubelet
