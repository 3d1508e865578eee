#include "kubelet/runtime/cri/convert.h"

// Before GoogleMock: its traits would look into messages that are declared and not yet defined.
#include "cri/runtime/v1/container.pb.h"
#include "cri/runtime/v1/image.pb.h"
#include "cri/runtime/v1/sandbox.pb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kubelet {
namespace {

TEST(CriConvertTest, SandboxesCarryUpstreamsLabelsAndNamespaces) {
  SandboxConfig config;
  config.pod_uid = "u1";
  config.pod_name = "web";
  config.pod_namespace = "shop";
  config.hostname = "web";
  config.share_pid = true;
  config.ports = {{8080, 80, "udp", "10.0.0.1"}};
  config.memory_volumes = {{"/v/a", "size=1m"}, {"/v/b", ""}};
  cri::PodSandboxConfig out;
  ToCri(config, &out);
  EXPECT_EQ(out.labels().at("io.kubernetes.pod.uid"), "u1");
  EXPECT_EQ(out.labels().at("io.kubernetes.pod.name"), "web");
  EXPECT_EQ(out.labels().at("io.kubernetes.pod.namespace"), "shop");
  const cri::NamespaceOption& ns = out.linux().security_context().namespace_options();
  EXPECT_EQ(ns.network(), cri::POD);
  EXPECT_EQ(ns.pid(), cri::POD);
  EXPECT_EQ(out.port_mappings(0).protocol(), cri::UDP);
  EXPECT_EQ(out.port_mappings(0).host_port(), 8080);
  cri::PodSandboxStatus status;
  *status.mutable_annotations() = out.annotations();
  EXPECT_THAT(MemoryVolumesOf(status), testing::ElementsAre("/v/a", "/v/b"));
}

TEST(CriConvertTest, APodInTheHostsNetworkHasTheHostsNameAndNoAddressOfItsOwn) {
  SandboxConfig config;
  config.hostname = "web";
  config.host_network = true;
  cri::PodSandboxConfig out;
  ToCri(config, &out);
  EXPECT_EQ(out.hostname(), "");
  EXPECT_EQ(out.linux().security_context().namespace_options().network(), cri::NODE);
  cri::PodSandboxStatus status;
  status.mutable_linux()->mutable_namespaces()->mutable_options()->set_network(cri::NODE);
  status.mutable_network()->set_ip("10.0.0.9");
  EXPECT_TRUE(FromCri(status).ips.empty());
}

TEST(CriConvertTest, SeccompProfilesArePassedOnAndTheSandboxHasTheDefault) {
  using Type = SeccompProfile::Type;
  const std::pair<SeccompProfile, cri::SecurityProfile::ProfileType> cases[] = {
      {{}, cri::SecurityProfile::Unconfined},
      {{Type::kRuntimeDefault, ""}, cri::SecurityProfile::RuntimeDefault},
      {{Type::kLocalhost, "/var/lib/kubelet/seccomp/a.json"}, cri::SecurityProfile::Localhost}};
  for (const auto& [profile, type] : cases) {
    ContainerConfig config;
    config.seccomp = profile;
    cri::ContainerConfig out;
    ToCri(config, SandboxConfig(), &out);
    EXPECT_EQ(out.linux().security_context().seccomp().profile_type(), type);
    EXPECT_EQ(out.linux().security_context().seccomp().localhost_ref(), profile.path);
  }
  SandboxConfig config;
  config.privileged = true;
  cri::PodSandboxConfig sandbox;
  ToCri(config, &sandbox);
  EXPECT_TRUE(sandbox.linux().security_context().privileged()) << "runtimes refuse a privileged container in another sandbox";
  EXPECT_EQ(sandbox.linux().security_context().seccomp().profile_type(), cri::SecurityProfile::RuntimeDefault);
}

TEST(CriConvertTest, WhatTheKubeletKeepsWithAContainerComesBack) {
  ContainerConfig config;
  config.name = "c";
  config.attempt = 3;
  config.image_id = "sha256:abc";
  config.labels = {{"hash", "1234"}};
  config.run_as_group = 5;  // CRI refuses a group without a user
  config.cpu_quota_us = 50000;
  cri::ContainerConfig out;
  ToCri(config, SandboxConfig{.pod_uid = "u1"}, &out);
  EXPECT_EQ(out.image().image(), "sha256:abc");
  EXPECT_FALSE(out.linux().security_context().has_run_as_group());
  EXPECT_EQ(out.linux().resources().cpu_period(), 100000);
  cri::ContainerStatus status;
  status.set_state(cri::CONTAINER_EXITED);
  status.set_exit_code(137);
  *status.mutable_metadata() = out.metadata();
  *status.mutable_labels() = out.labels();
  *status.mutable_annotations() = out.annotations();
  const ContainerStatus back = FromCri(status, "s1");
  EXPECT_EQ(back.pod_uid, "u1");
  EXPECT_EQ(back.sandbox_id, "s1");
  EXPECT_EQ(back.attempt, 3u);
  EXPECT_EQ(back.state, ContainerState::kExited);
  EXPECT_EQ(back.exit_code, 137);
  EXPECT_EQ(back.labels, config.labels);
}

TEST(CriConvertTest, PrivilegedContainersSeeAllOfProc) {
  ContainerConfig config;
  cri::ContainerConfig plain, privileged;
  ToCri(config, {}, &plain);
  config.privileged = true;
  ToCri(config, {}, &privileged);
  EXPECT_THAT(plain.linux().security_context().masked_paths(), testing::Contains("/proc/kcore"));
  EXPECT_TRUE(privileged.linux().security_context().masked_paths().empty());
}

TEST(CriConvertTest, TheLongestRegistryKeyThatFitsGivesTheCredentials) {
  const char config[] = R"({"auths":{"https://index.docker.io/v1/":{"username":"hub"},"r.example":{"username":"all"},
                           "r.example/team":{"username":"team","password":"p"}}})";
  struct Case {
    const char* image;
    const char* want;  // nullptr: none
  };
  for (const Case& c : {Case{"busybox:1", "hub"}, {"r.example/x:1", "all"}, {"r.example/team/x@sha256:" "0000000000000000000000000000000000000000000000000000000000000000", "team"},
                        {"r.example/teams/x", "all"}, {"other.example/x", nullptr}}) {
    SCOPED_TRACE(c.image);
    cri::AuthConfig auth;
    ASSERT_EQ(CredentialsFor(config, c.image, &auth), c.want != nullptr);
    if (c.want != nullptr) {
      EXPECT_EQ(auth.username(), c.want);
    }
  }
  cri::AuthConfig auth;
  EXPECT_FALSE(CredentialsFor("not json", "busybox", &auth));
}

}  // namespace
}  // namespace kubelet
