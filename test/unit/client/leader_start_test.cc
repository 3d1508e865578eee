// Becoming leader while the API server starts.
#include <gtest/gtest.h>

#include "client/api_client.h"
#include "client/leader_election.h"
#include "unit/client/fake_transport.h"

namespace client {
namespace {

// Answers nothing but errors to the first `failures` questions.
class StartingServer final : public Transport {
 public:
  explicit StartingServer(int failures) : failures_(failures) {}
  int asked = 0;

  absl::StatusOr<Object> Get(const Target& target, absl::string_view name) override {
    if (++asked <= failures_) return absl::UnavailableError("connection refused");
    return ready_.Get(target, name);
  }
  absl::StatusOr<ListMeta> List(const Target& t, const ListOptions& o, absl::FunctionRef<void(absl::string_view)> i) override {
    return ready_.List(t, o, i);
  }
  std::unique_ptr<Watch> StartWatch(const Target& t, const WatchOptions& o, WatchCallbacks c) override {
    return ready_.StartWatch(t, o, std::move(c));
  }
  absl::StatusOr<Object> Create(const Target& t, const Object& o, const WriteOptions& w) override { return ready_.Create(t, o, w); }
  absl::StatusOr<Object> Update(const Target& t, const Object& o, const WriteOptions& w) override { return ready_.Update(t, o, w); }
  absl::StatusOr<Object> Patch(const Target& t, absl::string_view n, absl::string_view p, const WriteOptions& w) override {
    return ready_.Patch(t, n, p, w);
  }
  absl::StatusOr<Object> Delete(const Target& t, absl::string_view n) override { return ready_.Delete(t, n); }
  absl::Status DeleteCollection(const Target& t, const Selection& s, absl::string_view p) override {
    return ready_.DeleteCollection(t, s, p);
  }
  absl::StatusOr<std::string> GetRaw(absl::string_view p, absl::string_view a) override { return ready_.GetRaw(p, a); }

 private:
  const int failures_;
  FakeTransport ready_;
};

TEST(LeaderElectorTest, AServerThatStartsIsAskedAgainLongBeforeTheRetryPeriod) {
  auto owned = std::make_unique<StartingServer>(3);
  StartingServer& server = *owned;
  const ApiClient client(std::move(owned));
  LeaderElectionConfig config;
  config.ns = "kube-system";
  config.name = "test";
  config.retry_period = absl::Hours(24);  // with it the test would not end
  LeaderElector elector(client, config, nullptr);
  EXPECT_TRUE(elector.Acquire([] { return false; }));
  EXPECT_EQ(server.asked, 4);
}

}  // namespace
}  // namespace client
