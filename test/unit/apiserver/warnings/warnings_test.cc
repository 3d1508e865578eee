// Upstream's words about valid objects, recorded from its answers.
#include "apiserver/warnings/warnings.h"

#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/schema.h"
#include "apiserver/warnings/key_pair.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace apiserver::warnings {
namespace {

using apimachinery::Value;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

std::vector<std::string> Notes(const char* api_version, const char* name, const char* json, const char* subresource = "",
                               const char* before = nullptr) {
  const apimachinery::Kind& kind = *apimachinery::Schema::Builtin().FindKind(api_version, name);
  const Value object = apimachinery::DecodeJson(*kind.message, json)->value;
  if (before == nullptr) return Of(kind, subresource, object, nullptr);
  const Value old = apimachinery::DecodeJson(*kind.message, before)->value;
  return Of(kind, subresource, object, &old);
}

TEST(WarningsTest, OfNewPods) {
  struct Case { const char* name; const char* pod; std::vector<std::string> want; };
  const Case cases[] = {
      {"nothing to say", R"({"metadata":{"name":"a"},"spec":{"containers":[{"name":"c"}]}})", {}},
      {"a name that is no host name", R"({"metadata":{"name":"a.b"},"spec":{}})",
       {"metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is "
        "recommended: [must not contain dots]"}},
      {"a label of nodes that is no more", R"({"metadata":{"name":"a"},"spec":{"nodeSelector":{"beta.kubernetes.io/os":"x"}}})",
       {"spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead"}},
      {"a term that selects nothing",
       R"({"metadata":{"name":"a"},"spec":{"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"x"}]}}}})",
       {"spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector "
        "results in matching no pod"}},
      {"a variable that hides another",
       R"({"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","env":[{"name":"X","value":"1"},{"name":"X","value":"$(X)2"},{"name":"X","value":"3"}]}]}})",
       {"spec.containers[0].env[2]: hides previous definition of \"X\", which may be dropped when using apply"}},
      {"ports",
       R"({"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","ports":[{"name":"p","containerPort":80,"protocol":"TCP"},{"name":"p","containerPort":80,"protocol":"TCP"}]}]}})",
       {"spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
        "spec.containers[0].ports[1]: duplicate port name \"p\" with spec.containers[0].ports[0], services and probes that "
        "select ports by name will use spec.containers[0].ports[0]"}},
      {"files in each other's way",
       R"({"metadata":{"name":"a"},"spec":{"volumes":[{"name":"v","configMap":{"name":"m","items":[{"key":"a","path":"x"},{"key":"b","path":"x/y"}]}}]}})",
       {"volume \"v\" (ConfigMap \"m\"): overlapping paths: \"x/y\" with \"x\""}},
      {"an address with leading zeros", R"({"metadata":{"name":"a"},"spec":{"hostAliases":[{"ip":"010.0.0.1"}]}})",
       {"spec.hostAliases[0].ip: non-standard IP address \"010.0.0.1\" will be considered invalid in a future Kubernetes "
        "release: use \"10.0.0.1\""}},
      {"half a byte", R"({"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","resources":{"limits":{"memory":"100m"}}}]}})",
       {"spec.containers[0].resources.limits[memory]: fractional byte value \"100m\" is invalid, must be an integer"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(Notes("v1", "Pod", c.pod), ElementsAreArray(c.want));
    EXPECT_THAT(Notes("v1", "Pod", c.pod, "", c.pod), IsEmpty()) << "updates of pods are silent";
  }
}

TEST(WarningsTest, TemplatesAreLookedAtWhenTheGenerationMoves) {
  const char kOld[] = R"({"metadata":{"name":"a","generation":1},"spec":{}})";
  const char kNew[] =
      R"({"metadata":{"name":"a","generation":2},"spec":{"template":{"spec":{"volumes":[{"name":"v","gitRepo":{"repository":"r"}}]}}}})";
  EXPECT_THAT(Notes("apps/v1", "Deployment", kNew, "", kOld),
              ElementsAre("spec.template.spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+"));
  EXPECT_THAT(Notes("apps/v1", "Deployment", kNew, "", kNew), IsEmpty());
}

TEST(WarningsTest, OfServicesAndQuotas) {
  EXPECT_THAT(Notes("v1", "Service", R"({"spec":{"type":"ClusterIP","clusterIP":"None","sessionAffinity":"ClientIP","externalName":"x"}})"),
              ElementsAre("spec.SessionAffinity is ignored for headless services",
                          "spec.externalName is ignored when spec.type is not \"ExternalName\""));
  EXPECT_THAT(Notes("v1", "Service", R"({"status":{"loadBalancer":{"ingress":[{"ip":"::ffff:1.2.3.4"}]}}})", "status"),
              ElementsAre("status.loadBalancer.ingress[0]: non-standard IP address \"::ffff:1.2.3.4\" will be considered "
                          "invalid in a future Kubernetes release: use \"1.2.3.4\""));
  EXPECT_THAT(Notes("v1", "ResourceQuota", R"({"spec":{"hard":{"cpu":"3","limits.cpu":"2"}}})"),
              ElementsAre("ResourceQuota cpu (3) should be less than limits.cpu (2)"));
}

TEST(KeyPairTest, TellsWhatIsMissing) {
  EXPECT_EQ(KeyPairProblem("", ""), "tls: failed to find any PEM data in certificate input");
  const char kKey[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  const char kCertificate[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  EXPECT_EQ(KeyPairProblem(kKey, kKey),
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have "
            "been switched");
  EXPECT_EQ(KeyPairProblem(kCertificate, ""), "tls: failed to find any PEM data in key input");
  EXPECT_EQ(KeyPairProblem(kCertificate, kCertificate),
            "tls: found a certificate rather than a key in the PEM for the private key");
}

}  // namespace
}  // namespace apiserver::warnings
