#include <gtest/gtest.h>

#include <fstream>

#include "base/flags.h"
#include "controller-manager/options.h"

namespace controller_manager {
namespace {

TEST(ControllerManagerFlagsTest, EveryFlagOfUpstreamsIsTaken) {
  Options options;
  base::FlagSet flags;
  AddFlags(flags, options);
  std::ifstream names(SKIFF_SOURCE_DIR "/test/golden/flags/kube-controller-manager.txt");
  int seen = 0;
  for (std::string name; std::getline(names, name); ++seen) {
    if (name == "help" || name == "version") continue;  // of every program
    EXPECT_NE(flags.Find(name), nullptr) << name;
  }
  EXPECT_GT(seen, 100);
}

}  // namespace
}  // namespace controller_manager
