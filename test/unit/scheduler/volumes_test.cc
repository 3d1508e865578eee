// Which nodes a pod's claims leave it, and which volumes they get there.
#include <gtest/gtest.h>

#include "scheduler/cache/volume_cache.h"
#include "scheduler/framework/decide.h"
#include "scheduler/plugins/plugins.h"
#include "unit/scheduler/builders.h"

namespace scheduler {
namespace {

Volume MakeVolume(const std::string& name, int64_t bytes, const std::string& node = "", const std::string& storage_class = "late") {
  Volume volume{.name = name, .class_name = storage_class, .volume_mode = "Filesystem", .access_modes = {"ReadWriteOnce"}, .bytes = bytes};
  if (!node.empty()) volume.nodes = {{NodeTerm{{{"kubernetes.io/hostname", "In", {node}}}, {}}}};
  volume.available = true;
  return volume;
}

Claim MakeClaim(const std::string& name, int64_t bytes, const std::string& storage_class = "late") {
  return {.ns = "default", .name = name, .uid = "uid-" + name, .class_name = storage_class, .volume_mode = "Filesystem",
          .access_modes = {"ReadWriteOnce"}, .bytes = bytes};
}

Claim Bound(Claim claim, const std::string& volume) {
  claim.volume = volume;
  claim.bound = true;
  return claim;
}

class VolumesTest : public testing::Test {
 protected:
  VolumesTest() {
    cache_.SetClass("late", {.waits_for_pod = true});
    cache_.SetClass("made", {.waits_for_pod = true, .provisions = true});
  }
  // Where a pod with these claims goes, or why nowhere.
  std::string Where(std::vector<std::string> claims) {
    PodInfo pod = MakePod("p", 100);
    pod.claims = std::move(claims);
    Snapshot snapshot = MakeSnapshot({MakeNode("a"), MakeNode("b")});
    snapshot.volumes = cache_.State();
    size_t start = 0;
    const Decision decision = Decide(DefaultProfile(), pod, snapshot, start, rng_);
    return decision.node.empty() ? decision.Message() : decision.node;
  }
  // "claim=volume" of each claim on a node, "none" when there are not enough.
  std::string Choose(std::vector<Claim> claims, const std::string& node) {
    std::vector<ClaimPtr> all;
    for (Claim& claim : claims) all.push_back(std::make_shared<const Claim>(std::move(claim)));
    const auto choices = ChooseVolumes(all, *MakeNode(node)->spec, *cache_.State());
    if (!choices.has_value()) return "none";
    std::string out;
    for (const VolumeChoice& choice : *choices) out += choice.claim->name + "=" + choice.volume + " ";
    return out;
  }

  VolumeCache cache_;
  base::Rng rng_{1};
};

TEST_F(VolumesTest, APodGoesWhereItsVolumeIs) {
  cache_.SetVolume(MakeVolume("v", 10, "b"));
  cache_.SetClaim(Bound(MakeClaim("c", 10), "v"));
  EXPECT_EQ(Where({"c"}), "b");
  cache_.SetVolume(MakeVolume("v", 10, "z"));
  EXPECT_EQ(Where({"c"}), "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.");
}

TEST_F(VolumesTest, WhatSpeaksAgainstThePodItselfIsSaidOnce) {
  EXPECT_EQ(Where({"no"}), "0/2 nodes are available: persistentvolumeclaim \"no\" not found.");
  cache_.SetClaim(Bound(MakeClaim("lost", 10), "gone"));
  EXPECT_EQ(Where({"lost"}),
            "0/2 nodes are available: persistentvolumeclaim \"lost\" bound to non-existent persistentvolume \"gone\".");
  cache_.SetClaim(MakeClaim("now", 10, "immediate"));
  EXPECT_EQ(Where({"now"}), "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.");
  Claim dying = MakeClaim("dying", 10);
  dying.deleting = true;
  cache_.SetClaim(dying);
  EXPECT_EQ(Where({"dying"}), "0/2 nodes are available: persistentvolumeclaim \"dying\" is being deleted.");
}

TEST_F(VolumesTest, AClaimThatWaitsGetsTheSmallestVolumeTheNodeReaches) {
  cache_.SetVolume(MakeVolume("small", 5, "a"));
  cache_.SetVolume(MakeVolume("large", 50, "a"));
  cache_.SetVolume(MakeVolume("right", 10, "a"));
  cache_.SetVolume(MakeVolume("far", 10, "b"));
  cache_.SetVolume(MakeVolume("other", 10, "a", "else"));
  EXPECT_EQ(Choose({MakeClaim("c", 8)}, "a"), "c=right ");
  EXPECT_EQ(Choose({MakeClaim("c", 8)}, "b"), "c=far ");
  EXPECT_EQ(Choose({MakeClaim("c", 80)}, "a"), "none");
}

TEST_F(VolumesTest, NoVolumeIsGivenTwice) {
  cache_.SetVolume(MakeVolume("one", 10));
  cache_.SetVolume(MakeVolume("two", 20));
  EXPECT_EQ(Choose({MakeClaim("x", 15), MakeClaim("y", 5)}, "a"), "y=one x=two ");
  EXPECT_EQ(Choose({MakeClaim("x", 15), MakeClaim("y", 15)}, "a"), "none");
  const auto claim = std::make_shared<const Claim>(MakeClaim("z", 10));
  cache_.Promise({{claim, "one"}});
  EXPECT_EQ(Choose({MakeClaim("y", 5)}, "a"), "y=two ");
  EXPECT_EQ(Choose({MakeClaim("z", 10)}, "a"), "z=one ");
  cache_.Forget({{claim, "one"}});
  EXPECT_EQ(Choose({MakeClaim("y", 5)}, "a"), "y=one ");
}

TEST_F(VolumesTest, AVolumeThatNamesTheClaimIsItsAlone) {
  Volume reserved = MakeVolume("reserved", 10);
  reserved.claim_key = "default/mine";
  cache_.SetVolume(reserved);
  EXPECT_EQ(Choose({MakeClaim("mine", 5)}, "a"), "mine=reserved ");
  EXPECT_EQ(Choose({MakeClaim("other", 5)}, "a"), "none");
}

TEST_F(VolumesTest, AClaimThatSomebodyMakesAVolumeForStaysWithTheNodeItWasTold) {
  Claim claim = MakeClaim("c", 10, "made");
  EXPECT_EQ(Choose({claim}, "a"), "c= ");
  claim.selected_node = "b";
  EXPECT_EQ(Choose({claim}, "a"), "none");
  EXPECT_EQ(Choose({claim}, "b"), "c= ");
}

}  // namespace
}  // namespace scheduler
