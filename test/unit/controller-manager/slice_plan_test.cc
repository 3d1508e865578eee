#include "controller-manager/endpointslice/slice_plan.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "controller-manager/endpoints/endpoints_controller.h"
#include "unit/controller-manager/builders.h"

namespace controller_manager {
namespace {

Service MakeService() {
  Service service;
  service.mutable_metadata()->set_name("web");
  service.mutable_metadata()->set_namespace_("default");
  (*service.mutable_spec()->mutable_selector())["app"] = "web";
  auto& port = *service.mutable_spec()->add_ports();
  port.set_port(80);
  port.set_protocol("TCP");
  port.mutable_targetport()->set_intval(8080);
  service.mutable_spec()->add_ipfamilies("IPv4");
  return service;
}

PodPtr Backend(int i, bool ready = true) {
  Pod pod = MakePod(absl::StrCat("p", i), "n1", ready);
  pod.mutable_status()->set_podip(absl::StrCat("10.0.", i / 250, ".", i % 250));
  return Share(pod);
}

// Applies a plan to the existing slices as the API server would.
std::vector<SlicePtr> Apply(const SlicePlan& plan, std::vector<SlicePtr> slices) {
  for (const SlicePtr& gone : plan.remove) std::erase_if(slices, [&](const SlicePtr& s) { return s == gone; });
  for (const EndpointSlice& updated : plan.update) {
    for (SlicePtr& s : slices) {
      if (s->metadata().name() == updated.metadata().name()) s = std::make_shared<const EndpointSlice>(updated);
    }
  }
  for (EndpointSlice created : plan.create) {
    static int counter = 0;
    created.mutable_metadata()->set_name(absl::StrCat("web-", ++counter));
    slices.push_back(std::make_shared<const EndpointSlice>(created));
  }
  return slices;
}

bool Empty(const SlicePlan& plan) { return plan.create.empty() && plan.update.empty() && plan.remove.empty(); }

TEST(PlanSlicesTest, WithoutPodsOneEmptySliceStands) {
  const Service service = MakeService();
  const auto slices = Apply(PlanSlices({&service}), {});
  ASSERT_EQ(slices.size(), 1u);
  EXPECT_EQ(slices[0]->endpoints_size(), 0);
  EXPECT_EQ(slices[0]->ports_size(), 0);
  EXPECT_EQ(slices[0]->metadata().labels().at(kServiceName), "web");
  EXPECT_TRUE(Empty(PlanSlices({&service, {}, slices})));
}

TEST(PlanSlicesTest, TheEmptySliceIsFilledNotReplaced) {
  const Service service = MakeService();
  auto slices = Apply(PlanSlices({&service}), {});
  const std::string name = slices[0]->metadata().name();
  const std::vector<PodPtr> pods = {Backend(1), Backend(2, false)};
  slices = Apply(PlanSlices({&service, pods, slices}), slices);
  ASSERT_EQ(slices.size(), 1u);
  EXPECT_EQ(slices[0]->metadata().name(), name);
  EXPECT_EQ(slices[0]->endpoints_size(), 2);
  EXPECT_EQ(slices[0]->ports(0).port(), 8080);
  EXPECT_TRUE(slices[0]->endpoints(0).conditions().ready());
  EXPECT_FALSE(slices[0]->endpoints(1).conditions().ready());
  EXPECT_TRUE(Empty(PlanSlices({&service, pods, slices})));
}

TEST(PlanSlicesTest, ManyEndpointsTakeSeveralSlicesAndOneChangeTouchesOne) {
  const Service service = MakeService();
  std::vector<PodPtr> pods;
  for (int i = 0; i < 250; ++i) pods.push_back(Backend(i));
  auto slices = Apply(PlanSlices({&service, pods}), {});
  EXPECT_EQ(slices.size(), 3u);
  pods[17] = Backend(17, false);
  SlicePlan plan = PlanSlices({&service, pods, slices});
  EXPECT_EQ(plan.update.size(), 1u);
  EXPECT_TRUE(plan.create.empty());
  slices = Apply(plan, slices);
  pods.push_back(Backend(250));
  plan = PlanSlices({&service, pods, slices});
  EXPECT_EQ(plan.update.size(), 1u);
  EXPECT_TRUE(plan.create.empty());
  pods.clear();
  slices = Apply(PlanSlices({&service, pods, slices}), slices);
  EXPECT_EQ(slices.size(), 1u);
}

TEST(PlanSlicesTest, TerminatingPodsServeButAreNotReady) {
  const Service service = MakeService();
  Pod pod = *Backend(1);
  SetTime(kNow, pod.mutable_metadata()->mutable_deletiontimestamp());
  const auto slices = Apply(PlanSlices({&service, {Share(pod)}}), {});
  ASSERT_EQ(slices[0]->endpoints_size(), 1);
  EXPECT_FALSE(slices[0]->endpoints(0).conditions().ready());
  EXPECT_TRUE(slices[0]->endpoints(0).conditions().serving());
  EXPECT_TRUE(slices[0]->endpoints(0).conditions().terminating());
}

TEST(PlanSubsetsTest, ReadyAndNotReadyAddressesByPorts) {
  const Service service = MakeService();
  bool truncated = true;
  const auto subsets = PlanSubsets(service, {Backend(2), Backend(1), Backend(3, false)}, truncated);
  EXPECT_FALSE(truncated);
  ASSERT_EQ(subsets.size(), 1u);
  ASSERT_EQ(subsets[0].addresses_size(), 2);
  EXPECT_EQ(subsets[0].addresses(0).ip(), "10.0.0.1");
  EXPECT_EQ(subsets[0].notreadyaddresses_size(), 1);
  EXPECT_EQ(subsets[0].ports(0).port(), 8080);
}

TEST(PlanSubsetsTest, ANamedPortIsLookedUpPerPod) {
  Service service = MakeService();
  service.mutable_spec()->mutable_ports(0)->mutable_targetport()->set_type(1);
  service.mutable_spec()->mutable_ports(0)->mutable_targetport()->set_strval("http");
  Pod with = *Backend(1);
  auto& port = *with.mutable_spec()->add_containers()->add_ports();
  port.set_name("http");
  port.set_containerport(9000);
  port.set_protocol("TCP");
  bool truncated = false;
  const auto subsets = PlanSubsets(service, {Share(with), Backend(2)}, truncated);
  ASSERT_EQ(subsets.size(), 1u);
  EXPECT_EQ(subsets[0].addresses_size(), 1);
  EXPECT_EQ(subsets[0].ports(0).port(), 9000);
}

}  // namespace
}  // namespace controller_manager
