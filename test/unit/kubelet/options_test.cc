#include "kubelet/options.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace kubelet {
namespace {

constexpr char kHead[] = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

struct Read {
  absl::Status status;
  KubeletOptions options;
  std::vector<std::string> warnings;
};

Read FromFile(const std::string& text) {
  Read read;
  const std::string path = testing::TempDir() + "kubelet_options_test.yaml";
  std::ofstream(path) << kHead << text;
  read.status = ApplyConfigFile(path, &read.options, &read.warnings);
  std::remove(path.c_str());
  return read;
}

TEST(KubeletConfigFileTest, WhatIsReadIsNotWarnedOf) {
  const Read read = FromFile("maxPods: 7\nclusterDNS: [10.96.0.10]\nevictionHard: {memory.available: 50Mi}\nfileCheckFrequency: 0s\n"
                             "failSwapOn: false\ncgroupDriver: cgroupfs\nauthentication: {anonymous: {enabled: false}}");
  ASSERT_TRUE(read.status.ok()) << read.status;
  EXPECT_EQ(read.options.max_pods, 7);
  EXPECT_EQ(read.options.cluster_dns, std::vector<std::string>{"10.96.0.10"});
  EXPECT_EQ(read.options.memory_reserved, 50 << 20);
  EXPECT_TRUE(read.warnings.empty()) << read.warnings[0];
}

TEST(KubeletConfigFileTest, WhatChangesNothingIsTold) {
  const Read read = FromFile("serializeImagePulls: true\nnope: 1\nevictionHard: {nodefs.available: 10%}");
  ASSERT_TRUE(read.status.ok()) << read.status;
  EXPECT_EQ(read.warnings, (std::vector<std::string>{
                               "Setting serializeImagePulls has no effect: the runtime pulls images as they are asked for",
                               "Setting nope has no effect: it is not known here",
                               "Setting evictionHard[nodefs.available] has no effect: only memory.available is kept back"}));
}

TEST(KubeletConfigFileTest, WhatMustNotBeOverlookedIsRefused) {
  for (const std::string text : {"cpuManagerPolicy: static", "systemReserved: {cpu: 100m}", "protectKernelDefaults: true"}) {
    const Read read = FromFile(text);
    EXPECT_TRUE(absl::IsInvalidArgument(read.status)) << text;
    EXPECT_NE(read.status.message().find(text.substr(0, text.find(':')) + ": not supported: "), absl::string_view::npos) << read.status;
  }
}

}  // namespace
}  // namespace kubelet
