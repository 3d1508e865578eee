#include "kubelet/pods/admission.h"

#include <gtest/gtest.h>

#include "k8s/core/v1/node.pb.h"
#include "kubelet/pods/storage_limits.h"

namespace kubelet {
namespace {

namespace v1 = k8s::core::v1;
using Pods = std::vector<std::shared_ptr<const v1::Pod>>;

v1::Node ANode() {
  v1::Node node;
  node.mutable_metadata()->set_name("n");
  (*node.mutable_metadata()->mutable_labels())["zone"] = "a";
  for (const auto& [name, amount] : {std::pair{"cpu", "2"}, {"memory", "1Gi"}, {"pods", "2"}, {"ephemeral-storage", "1Gi"}}) {
    (*node.mutable_status()->mutable_allocatable())[name].set_string(amount);
  }
  return node;
}

v1::Pod APod(const std::string& cpu = "") {
  v1::Pod pod;
  pod.mutable_spec()->add_containers()->set_name("c");
  if (!cpu.empty()) (*pod.mutable_spec()->mutable_containers(0)->mutable_resources()->mutable_requests())["cpu"].set_string(cpu);
  return pod;
}

std::string Said(const v1::Pod& pod, const v1::Node& node, const Pods& others = {}, const AdmissionSettings& settings = {}) {
  const auto rejection = Admit(pod, &node, others, settings);
  return rejection.has_value() ? rejection->reason + "|" + rejection->message : "";
}

TEST(Admission, APodThatFitsIsTaken) {
  EXPECT_EQ(Said(APod("2"), ANode()), "");
  EXPECT_EQ(Said(APod(), ANode(), {std::make_shared<v1::Pod>(APod("5"))}), "");  // asking for nothing, it fits a full node
}

TEST(Admission, WhatIsShortIsNamedWithItsAmounts) {
  const Pods others = {std::make_shared<v1::Pod>(APod("40m"))};
  EXPECT_EQ(Said(APod("1000"), ANode(), others), "OutOfcpu|Node didn't have enough resource: cpu, requested: 1000000, used: 40, capacity: 2000");
  EXPECT_EQ(Said(APod(), ANode(), {others[0], others[0]}), "OutOfpods|Node didn't have enough resource: pods, requested: 1, used: 2, capacity: 2");
  v1::Pod init = APod("1");
  v1::Container& first = *init.mutable_spec()->add_initcontainers();
  (*first.mutable_resources()->mutable_requests())["cpu"].set_string("3");
  EXPECT_EQ(Said(init, ANode()), "OutOfcpu|Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000");
  v1::Pod device = APod();
  (*device.mutable_spec()->mutable_containers(0)->mutable_resources()->mutable_requests())["example.com/thing"].set_string("1");
  EXPECT_EQ(Said(device, ANode()), "");  // a device the node never heard of is not the node's to count
}

TEST(Admission, SelectorsPortsAndTaintsHold) {
  v1::Pod pod = APod();
  (*pod.mutable_spec()->mutable_nodeselector())["zone"] = "b";
  EXPECT_EQ(Said(pod, ANode()), "NodeAffinity|Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
  v1::Pod affine = APod();
  auto* want = affine.mutable_spec()->mutable_affinity()->mutable_nodeaffinity()->mutable_requiredduringschedulingignoredduringexecution()
                   ->add_nodeselectorterms()->add_matchexpressions();
  want->set_key("zone");
  want->set_operator_("NotIn");
  want->add_values("a");
  EXPECT_NE(Said(affine, ANode()), "");
  want->set_operator_("In");
  EXPECT_EQ(Said(affine, ANode()), "");
  v1::Pod port = APod();
  port.mutable_spec()->mutable_containers(0)->add_ports()->set_hostport(80);
  EXPECT_EQ(Said(port, ANode(), {std::make_shared<v1::Pod>(port)}),
            "NodePorts|Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports");
  v1::Node tainted = ANode();
  v1::Taint& taint = *tainted.mutable_spec()->add_taints();
  taint.set_key("a");
  taint.set_effect("NoSchedule");
  EXPECT_EQ(Said(APod(), tainted), "");  // only what evicts is looked at here
  taint.set_effect("NoExecute");
  EXPECT_EQ(Said(APod(), tainted), "TaintToleration|Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate");
}

TEST(Admission, SysctlsAreAllowedByName) {
  v1::Pod pod = APod();
  pod.mutable_spec()->mutable_securitycontext()->add_sysctls()->set_name("net.ipv4.tcp_syncookies");
  EXPECT_EQ(Said(pod, ANode()), "");
  pod.mutable_spec()->mutable_securitycontext()->add_sysctls()->set_name("kernel.msgmax");
  EXPECT_EQ(Said(pod, ANode()), "SysctlForbidden|forbidden sysctl: \"kernel.msgmax\" not allowlisted");
  EXPECT_EQ(Said(pod, ANode(), {}, {.allowed_unsafe_sysctls = {"kernel.msg*"}}), "");
  EXPECT_NE(Said(pod, ANode(), {}, {.allowed_unsafe_sysctls = {"kernel.msg"}}), "");
}

TEST(Admission, AppArmorNeedsAKernelThatHasIt) {
  v1::Pod pod = APod();
  pod.mutable_spec()->mutable_containers(0)->mutable_securitycontext()->mutable_apparmorprofile()->set_type("RuntimeDefault");
  EXPECT_EQ(Said(pod, ANode()), "AppArmor|Cannot enforce AppArmor: AppArmor is not enabled on the host");
  EXPECT_EQ(Said(pod, ANode(), {}, {.app_armor = true}), "");
  pod.mutable_spec()->mutable_containers(0)->mutable_securitycontext()->mutable_apparmorprofile()->set_type("Unconfined");
  EXPECT_EQ(Said(pod, ANode()), "");
}

TEST(StorageLimits, TheFirstThatIsExceededIsTold) {
  v1::Pod pod = APod();
  EXPECT_FALSE(HasStorageLimits(pod));
  EXPECT_EQ(OverStorageLimit(pod, {{{"v", 1 << 30}}, {{"c", 1 << 30}}}), std::nullopt);
  v1::Volume& volume = *pod.mutable_spec()->add_volumes();
  volume.set_name("v");
  volume.mutable_volumesource()->mutable_emptydir()->mutable_sizelimit()->set_string("1Mi");
  EXPECT_TRUE(HasStorageLimits(pod));
  EXPECT_EQ(OverStorageLimit(pod, {{{"v", 1 << 20}}, {}}), std::nullopt);
  EXPECT_EQ(OverStorageLimit(pod, {{{"v", (1 << 20) + 1}}, {}}), "Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". ");
  (*pod.mutable_spec()->mutable_containers(0)->mutable_resources()->mutable_limits())["ephemeral-storage"].set_string("2Mi");
  EXPECT_EQ(OverStorageLimit(pod, {{{"v", 1 << 20}}, {{"c", (1 << 20) + 1}}}),
            "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ");
  v1::Container& other = *pod.mutable_spec()->add_containers();
  other.set_name("d");
  (*other.mutable_resources()->mutable_limits())["ephemeral-storage"].set_string("1Gi");
  EXPECT_EQ(OverStorageLimit(pod, {{}, {{"c", 3 << 20}}}), "Container c exceeded its local ephemeral storage limit \"2Mi\". ");
}

}  // namespace
}  // namespace kubelet
