// Objects of custom resources in another version, by their definition's webhook.
#pragma once
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "apimachinery/structural/definition.h"
#include "apimachinery/value.h"
#include "apiserver/cache/watcher.h"
#include "apiserver/pipeline/objects.h"

namespace apiserver::conversion {

// Thread-safe.
class Converter {
 public:
  virtual ~Converter() = default;
  // Makes every object one of `to`, all or none; what is one already is left alone. Asks the webhook once for many. Blocks.
  // The error is a 500 in upstream's words.
  virtual absl::Status Convert(const apimachinery::structural::Version& to,
                               absl::Span<apimachinery::Value* const> objects) = 0;
  // Runs what may block, on one of a few threads. False: too much waits already.
  virtual bool Run(std::function<void()> task) = 0;
  virtual void Stop() = 0;
};

// `services` finds the addresses of webhooks that are services; it must outlive the result.
std::unique_ptr<Converter> NewConverter(const pipeline::ObjectReader& services);

// What `entry` was converted to, with the key and revision it has.
cache::EntryPtr EntryOf(const apimachinery::structural::Version& to, const cache::Entry& entry, const apimachinery::Value& tree);

// A sink that hears of every object as one of `to`. Events keep their order; they are converted behind the cache's back, as
// many at once as have come meanwhile, and no more than a batch ahead of a client that has enough to read. The watch ends
// with an error when they cannot be.
std::unique_ptr<cache::WatchSink> ConvertingSink(Converter& converter, apimachinery::structural::DefinitionPtr definition,
                                                 const apimachinery::structural::Version& to,
                                                 std::unique_ptr<cache::WatchSink> inner);

}  // namespace apiserver::conversion
