// A registry on a store in memory, for tests.
#pragma once
#include <gtest/gtest.h>

#include <memory>

#include "apiserver/registry/registry.h"
#include "base/clock.h"
#include "unit/apiserver/cache/fake_store.h"

namespace apiserver::registry {

class RegistryFixture : public testing::Test {
 protected:
  void SetUp() override {
    cache_ = cache::Cache::Create(store_, ResourceTable::StoragePrefixes(), {});
    ASSERT_TRUE(cache_->Start().ok());
    table_ = std::make_unique<ResourceTable>(*cache_);
    Environment environment;
    environment.store = &store_;
    environment.cache = cache_.get();
    environment.resources = table_.get();
    environment.clock = &base::SystemClock();
    registry_ = std::make_unique<Registry>(environment);
  }

  store::FakeStore store_;
  std::unique_ptr<cache::Cache> cache_;
  std::unique_ptr<ResourceTable> table_;
  std::unique_ptr<Registry> registry_;
};

}  // namespace apiserver::registry
