#include "client/informer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/api_error.h"
#include "k8s/core/v1/pod.pb.h"
#include "unit/client/fake_transport.h"

namespace client {
namespace {

using k8s::core::v1::Pod;
using testing::ElementsAre;

std::string PodBytes(const std::string& name, const std::string& version, const std::string& node = "",
                     const std::string& uid = "") {
  Pod pod;
  pod.mutable_metadata()->set_name(name);
  pod.mutable_metadata()->set_namespace_("ns");
  pod.mutable_metadata()->set_uid(uid.empty() ? "uid-" + name : uid);
  pod.mutable_metadata()->set_resourceversion(version);
  pod.mutable_metadata()->add_managedfields()->set_manager("kubectl");
  pod.mutable_spec()->set_nodename(node);
  return pod.SerializePartialAsString();
}

class InformerTest : public testing::Test {
 protected:
  InformerTest() : transport_(std::make_shared<FakeTransport>()), client_(transport_), informers_(client_) {}

  void Start() {
    pods_ = &informers_.For<Pod>();
    pods_->AddIndex("node", [](const Pod& pod, std::vector<std::string>& keys) {
      if (!pod.spec().nodename().empty()) keys.push_back(pod.spec().nodename());
    });
    pods_->AddHandler({[this](const auto& p) { Log("add " + p->metadata().name()); },
                       [this](const auto& old, const auto& p) {
                         Log("update " + p->metadata().name() + " " + old->metadata().resourceversion() + ">" +
                             p->metadata().resourceversion());
                       },
                       [this](const auto& p) { Log("delete " + p->metadata().name()); }});
    informers_.Start();
    ASSERT_TRUE(informers_.WaitForSync(absl::Seconds(30)));
    ASSERT_TRUE(transport_->Watching(1));
  }
  void Log(std::string line) {
    absl::MutexLock lock(&mu_);
    log_.push_back(std::move(line));
  }
  std::vector<std::string> TakeLog() {
    absl::MutexLock lock(&mu_);
    return std::exchange(log_, {});
  }

  absl::Mutex mu_;
  std::vector<std::string> log_;
  std::shared_ptr<FakeTransport> transport_;
  ApiClient client_;
  Informers informers_;
  Informer<Pod>* pods_ = nullptr;
};

TEST_F(InformerTest, ListsThenWatchesFromTheListsVersion) {
  transport_->objects["a"] = PodBytes("a", "7");
  Start();
  EXPECT_THAT(TakeLog(), ElementsAre("add a"));
  EXPECT_THAT(transport_->lists, ElementsAre("0"));
  EXPECT_THAT(transport_->watches, ElementsAre("10"));
  EXPECT_EQ(pods_->Get("ns", "a")->metadata().managedfields_size(), 0);
}

TEST_F(InformerTest, EventsChangeTheStoreItsIndexesAndTellHandlers) {
  transport_->objects["a"] = PodBytes("a", "7", "n1");
  Start();
  transport_->watch.event({EventType::kModified, PodBytes("a", "11", "n2")});
  transport_->watch.event({EventType::kAdded, PodBytes("b", "12", "n2")});
  EXPECT_TRUE(pods_->Indexed("node", "n1").empty());
  EXPECT_EQ(pods_->Indexed("node", "n2").size(), 2u);
  transport_->watch.event({EventType::kDeleted, PodBytes("a", "13", "n2")});
  EXPECT_EQ(pods_->Indexed("node", "n2").size(), 1u);
  EXPECT_EQ(pods_->Get("ns", "a"), nullptr);
  EXPECT_THAT(TakeLog(), ElementsAre("add a", "update a 7>11", "add b", "delete a"));
}

TEST_F(InformerTest, AVersionAlreadySeenIsNoChange) {
  transport_->objects["a"] = PodBytes("a", "7");
  Start();
  transport_->watch.event({EventType::kAdded, PodBytes("a", "7")});
  EXPECT_THAT(TakeLog(), ElementsAre("add a"));
}

TEST_F(InformerTest, ABrokenWatchResumesWhereItStopped) {
  Start();
  transport_->watch.event({EventType::kAdded, PodBytes("a", "11")});
  transport_->watch.event({EventType::kBookmark, PodBytes("", "20")});
  transport_->watch.done(absl::UnavailableError("connection lost"));
  ASSERT_TRUE(transport_->Watching(2));
  EXPECT_THAT(transport_->watches, ElementsAre("10", "20"));
  EXPECT_EQ(transport_->lists.size(), 1u);
}

TEST_F(InformerTest, AnExpiredVersionListsTheMostRecentAndReportsTheDifference) {
  transport_->objects["a"] = PodBytes("a", "7");
  transport_->objects["b"] = PodBytes("b", "8");
  Start();
  TakeLog();
  {
    absl::MutexLock lock(&transport_->mu);
    transport_->objects.erase("a");
    transport_->objects["b"] = PodBytes("b", "30");
    transport_->objects["c"] = PodBytes("c", "31");
    transport_->resource_version = "40";
  }
  transport_->watch.done(absl::OutOfRangeError("too old resource version"));
  ASSERT_TRUE(transport_->Watching(2));
  EXPECT_THAT(transport_->lists, ElementsAre("0", ""));
  EXPECT_THAT(transport_->watches, ElementsAre("10", "40"));
  EXPECT_THAT(TakeLog(), ElementsAre("update b 8>30", "add c", "delete a"));
}

TEST_F(InformerTest, TheSameNameWithAnotherUidIsADeletionAndAnAddition) {
  transport_->objects["a"] = PodBytes("a", "7");
  Start();
  transport_->watch.event({EventType::kModified, PodBytes("a", "11", "", "uid-2")});
  EXPECT_THAT(TakeLog(), ElementsAre("add a", "delete a", "add a"));
}

}  // namespace
}  // namespace client
