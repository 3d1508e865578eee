// The costs that every request pays: parsing, decoding and encoding a pod, and the transcoding of lists.
// Run build/bin/apimachinery-bench of the release preset.
#include <benchmark/benchmark.h>

#include <fstream>
#include <sstream>

#include "apimachinery/apply/apply.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/patch/patch.h"
#include "apimachinery/schema.h"
#include "apimachinery/transcode_memo.h"
#include "absl/strings/str_cat.h"

namespace apimachinery {
namespace {

const Message& Pod() {
  static const Message* const pod = Schema::Builtin().FindMessage("v1", "Pod");
  return *pod;
}

// A pod as it lies in the store of a running cluster: about 3 KB of JSON.
const std::string& PodJson() {
  static const std::string* const json = new std::string(
      R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-7d4b9c6f5-abcde","generateName":"web-7d4b9c6f5-","namespace":"default","uid":"94e5626b-0f51-4855-a9b3-7ed7b2bab423","resourceVersion":"265","creationTimestamp":"2026-11-23T16:24:36Z","labels":{"app":"web","pod-template-hash":"7d4b9c6f5"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-7d4b9c6f5","uid":"6b4e2228-a915-4988-9bbf-f99395ec4c4e","controller":true,"blockOwnerDeletion":true}],"managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-11-23T16:24:36Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"6b4e2228-a915-4988-9bbf-f99395ec4c4e\"}":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}}]},"spec":{"volumes":[{"name":"kube-api-access-x2x5z","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}],"containers":[{"name":"web","image":"registry.example.com/team/web:1.2.3","ports":[{"containerPort":8080,"protocol":"TCP"}],"env":[{"name":"MODE","value":"production"}],"resources":{"limits":{"cpu":"500m","memory":"256Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},"volumeMounts":[{"name":"kube-api-access-x2x5z","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],"livenessProbe":{"httpGet":{"path":"/healthz","port":8080,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default","serviceAccount":"default","nodeName":"node-1","securityContext":{},"schedulerName":"default-scheduler","tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-11-23T16:24:37Z"},{"type":"PodScheduled","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-11-23T16:24:36Z"}],"hostIP":"10.0.0.1","podIP":"10.244.0.5","podIPs":[{"ip":"10.244.0.5"}],"startTime":"2026-11-23T16:24:36Z","containerStatuses":[{"name":"web","state":{"running":{"startedAt":"2026-11-23T16:24:37Z"}},"lastState":{},"ready":true,"restartCount":0,"image":"registry.example.com/team/web:1.2.3","imageID":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","containerID":"containerd://0123456789abcdef","started":true}],"qosClass":"Burstable"}})");
  return *json;
}
const Value& PodTree() {
  static const Value* const tree = new Value(DecodeJson(Pod(), PodJson())->value);
  return *tree;
}
const std::string& PodWire() {
  static const std::string* const wire = [] {
    auto* out = new std::string;
    EncodeWire(Pod(), PodTree(), out);
    return out;
  }();
  return *wire;
}

void BM_ParseJson(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(ParseJson(PodJson()));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * PodJson().size()));
}
BENCHMARK(BM_ParseJson);

void BM_DecodeJson(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(DecodeJson(Pod(), PodJson()));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * PodJson().size()));
}
BENCHMARK(BM_DecodeJson);

void BM_EncodeJson(benchmark::State& state) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    EncodeJson(Pod(), PodTree(), &out);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * out.size()));
}
BENCHMARK(BM_EncodeJson);

void BM_EncodeWire(benchmark::State& state) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    EncodeWire(Pod(), PodTree(), &out);
  }
}
BENCHMARK(BM_EncodeWire);

void BM_DecodeWire(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(DecodeWire(Pod(), PodWire()));
}
BENCHMARK(BM_DecodeWire);

// Bytes are those of the JSON that comes out.
void BM_TranscodeList(benchmark::State& state) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    for (int i = 0; i < 500; ++i) {
      if (!TranscodeWireToJson(Pod(), PodWire(), "", "", &out).ok()) state.SkipWithError("transcoding failed");
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * out.size()));
}
BENCHMARK(BM_TranscodeList);

// Pods of one template, with names of their own.
void BM_TranscodeListOfATemplate(benchmark::State& state) {
  std::vector<std::string> wires;
  for (int i = 0; i < 500; ++i) {
    Value pod = PodTree();
    pod["metadata"].Set("name", absl::StrCat("web-7d4b9c6f5-", i));
    EncodeWire(Pod(), pod, &wires.emplace_back());
  }
  std::string out;
  for (auto _ : state) {
    out.clear();
    TranscodeMemo memo;
    for (const std::string& wire : wires) {
      if (!TranscodeWireToJson(Pod(), wire, &memo, &out).ok()) state.SkipWithError("transcoding failed");
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * out.size()));
}
BENCHMARK(BM_TranscodeListOfATemplate);

// The whole way of a create through the codec.
void BM_CreatePath(benchmark::State& state) {
  std::string wire, json;
  for (auto _ : state) {
    absl::StatusOr<Decoded> decoded = DecodeJson(Pod(), PodJson());
    wire.clear();
    json.clear();
    EncodeWire(Pod(), decoded->value, &wire);
    EncodeJson(Pod(), decoded->value, &json);
  }
}
BENCHMARK(BM_CreatePath);

void BM_MergePatch(benchmark::State& state) {
  const std::string patch = R"({"metadata":{"labels":{"x":"y"}}})";
  for (auto _ : state) {
    benchmark::DoNotOptimize(patch::PatchObject(patch::PatchType::kMerge, &Pod(), PodTree(), patch));
  }
}
BENCHMARK(BM_MergePatch);

void BM_TrackUpdate(benchmark::State& state) {
  Value changed = PodTree();
  changed.Ensure("status.phase") = Value("Failed");
  const apply::Manager manager{"kubelet", "status", "v1", "2026-11-23T16:24:38Z"};
  for (auto _ : state) benchmark::DoNotOptimize(apply::TrackUpdate(&Pod(), PodTree(), changed, manager));
}
BENCHMARK(BM_TrackUpdate);

}  // namespace
}  // namespace apimachinery

BENCHMARK_MAIN();
