#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "base/metrics/page.h"
#include "kubelet/pods/probe_series.h"
#include "kubelet/runtime/hollow/hollow_runtime.h"
#include "kubelet/runtime/measured_runtime.h"
#include "kubelet/runtime/net_dev.h"

namespace kubelet {
namespace {

TEST(NetDevTest, EachInterfaceButLoopbackHasItsFigures) {
  const std::vector<InterfaceUsage> interfaces = ParseInterfaces(
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
      "    lo:  11      1    0    0    0     0          0         0       11       1    0    0    0     0       0          0\n"
      "  eth0:1234      5    6    7    0     0          0         0     4321       8    9   10    0     0       0          0\n"
      "broken: 1 2\n");
  ASSERT_EQ(interfaces.size(), 1);
  const InterfaceUsage& eth = interfaces[0];
  EXPECT_EQ(eth.name, "eth0");
  EXPECT_EQ((std::vector<uint64_t>{eth.received_bytes, eth.received_packets, eth.received_errors, eth.received_dropped, eth.sent_bytes,
                                   eth.sent_packets, eth.sent_errors, eth.sent_dropped}),
            (std::vector<uint64_t>{1234, 5, 6, 7, 4321, 8, 9, 10}));
}

TEST(ProbeSeriesTest, ProbesAreCountedUntilTheirPodGoes) {
  const ProbedContainer of{"ns", "pod", "uid-1", "c"};
  CountProbe(of, "Liveness", "successful", absl::Milliseconds(20));
  CountProbe(of, "Liveness", "successful", absl::Milliseconds(20));
  CountProbe(of, "Liveness", "failed", absl::Seconds(20));
  const std::string text = ProbesText();
  constexpr char kOf[] = "{container=\"c\",namespace=\"ns\",pod=\"pod\",pod_uid=\"uid-1\",probe_type=\"Liveness\",result=";
  EXPECT_TRUE(absl::StrContains(text, std::string("prober_probe_total") + kOf + "\"successful\"} 2\n")) << text;
  EXPECT_TRUE(absl::StrContains(text, std::string("prober_probe_total") + kOf + "\"failed\"} 1\n")) << text;
  EXPECT_TRUE(absl::StrContains(text, "probe_type=\"Liveness\",le=\"0.025\"} 2\n")) << text;
  EXPECT_TRUE(absl::StrContains(text, "probe_type=\"Liveness\",le=\"+Inf\"} 3\n")) << text;
  ForgetProbes("uid-1");
  EXPECT_EQ(ProbesText(), "");
}

TEST(MeasuredRuntimeTest, CallsAreCountedAndFailuresToo) {
  const std::unique_ptr<ContainerRuntime> runtime = Measure(std::make_unique<HollowRuntime>());
  (void)runtime->ListContainers("");
  EXPECT_FALSE(runtime->GetContainer("absent").ok());
  base::MetricsPage page;
  const std::string text = page.Text();
  EXPECT_TRUE(absl::StrContains(text, "kubelet_runtime_operations_total{operation_type=\"list_containers\"} 1\n")) << text;
  EXPECT_TRUE(absl::StrContains(text, "kubelet_runtime_operations_errors_total{operation_type=\"container_status\"} 1\n")) << text;
}

}  // namespace
}  // namespace kubelet
