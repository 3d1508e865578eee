#include "apiserver/registry/identity_lease.h"

#include <gtest/gtest.h>

namespace apiserver::registry {
namespace {

TEST(IdentityLeaseTest, TheNameOfAServerIsUpstreams) {
  EXPECT_EQ(IdentityOf("vm"), "apiserver-wlv32tlttr4jl3gtroqexyxapa");  // as upstream's names itself on a host of this name
}

}  // namespace
}  // namespace apiserver::registry
