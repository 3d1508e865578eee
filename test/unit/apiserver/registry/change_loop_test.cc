#include "apiserver/registry/change_loop.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "unit/apiserver/registry/registry_fixture.h"

namespace apiserver::registry {
namespace {

class ChangeLoopTest : public RegistryFixture {
 protected:
  void Create(absl::string_view name) {
    pipeline::RequestContext context;
    context.info.is_resource_request = true;
    context.info.verb = "create";
    context.info.version = "v1";
    context.info.resource = "configmaps";
    context.info.ns = "ns";
    const std::string object = absl::StrCat(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")", name, R"("}})");
    ASSERT_TRUE(registry_->Create(context, {BodyFormat::kJson, object}).ok());
  }
  ChangeLoop Loop(absl::Duration again = absl::InfiniteDuration()) {
    return ChangeLoop(*registry_, "test", {{{"", "configmaps"}, nullptr}}, [this, again] {
      std::unique_lock lock(mu_);
      ++looks_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return !held_; });
      return again;
    });
  }
  bool Looked(int times) {
    std::unique_lock lock(mu_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return looks_ >= times; });
  }
  void Hold(bool held) {
    const std::lock_guard lock(mu_);
    held_ = held;
    changed_.notify_all();
  }
  int looks() {
    const std::lock_guard lock(mu_);
    return looks_;
  }

  std::mutex mu_;
  std::condition_variable changed_;
  int looks_ = 0;
  bool held_ = false;
};

TEST_F(ChangeLoopTest, LooksBeforeStartReturnsWhenAsked) {
  ChangeLoop loop = Loop();
  ASSERT_TRUE(loop.Start(/*look_here=*/true).ok());
  EXPECT_EQ(looks(), 1);
}

TEST_F(ChangeLoopTest, LooksAgainWhenSomethingChanged) {
  ChangeLoop loop = Loop();
  ASSERT_TRUE(loop.Start(/*look_here=*/true).ok());
  Create("a");
  EXPECT_TRUE(Looked(2));
}

TEST_F(ChangeLoopTest, WhatChangesDuringALookIsLookedAtOnce) {
  ChangeLoop loop = Loop();
  Hold(true);
  ASSERT_TRUE(loop.Start(/*look_here=*/false).ok());
  ASSERT_TRUE(Looked(1));
  for (int i = 0; i < 50; ++i) Create(absl::StrCat("c", i));
  Hold(false);
  ASSERT_TRUE(Looked(2));
  loop.Stop();
  EXPECT_EQ(looks(), 2);
}

TEST_F(ChangeLoopTest, LooksAgainAfterTheTimeItAskedFor) {
  ChangeLoop loop = Loop(absl::Milliseconds(5));
  ASSERT_TRUE(loop.Start(/*look_here=*/true).ok());
  EXPECT_TRUE(Looked(4));
}

TEST_F(ChangeLoopTest, FollowsAnewWhenItsWatchIsLost) {
  ChangeLoop loop = Loop();
  ASSERT_TRUE(loop.Start(/*look_here=*/true).ok());
  store_.LoseHistory();
  ASSERT_TRUE(Looked(2));
  const int before = looks();
  Create("after");
  EXPECT_TRUE(Looked(before + 1));
}

TEST_F(ChangeLoopTest, LooksNoMoreOnceStopped) {
  ChangeLoop loop = Loop();
  ASSERT_TRUE(loop.Start(/*look_here=*/true).ok());
  loop.Stop();
  Create("late");
  EXPECT_EQ(looks(), 1);
}

}  // namespace
}  // namespace apiserver::registry
