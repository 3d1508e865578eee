#include <gtest/gtest.h>

#include <deque>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/json.h"
#include "apiserver/conversion/converter.h"

namespace apiserver::conversion {
namespace {

using apimachinery::Value;
using apimachinery::structural::Version;

constexpr char kDefinition[] = R"({"kind":"CustomResourceDefinition","apiVersion":"apiextensions.k8s.io/v1",
  "metadata":{"name":"ships.sea.io"},
  "spec":{"group":"sea.io","scope":"Namespaced","names":{"plural":"ships","singular":"ship","kind":"Ship","listKind":"ShipList"},
    "versions":[
      {"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}},
      {"name":"v2","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]}})";

// Work waits until the test runs it; converting only sets the version.
class HandConverter final : public Converter {
 public:
  absl::Status Convert(const Version& to, absl::Span<Value* const> objects) override {
    if (broken) return absl::InternalError("conversion webhook failed");
    batches.push_back(objects.size());
    for (Value* object : objects) object->Set("apiVersion", to.api_version);
    return absl::OkStatus();
  }
  bool Run(std::function<void()> task) override {
    if (busy) return false;
    tasks.push_back(std::move(task));
    return true;
  }
  void Stop() override {}
  void Work() {
    while (!tasks.empty()) {
      const std::function<void()> task = std::move(tasks.front());
      tasks.pop_front();
      task();
    }
  }

  bool broken = false, busy = false;
  std::vector<size_t> batches;
  std::deque<std::function<void()>> tasks;
};

struct Client {
  std::vector<std::string> heard;
  size_t room = 1000000;  // what it takes before it is full
  std::shared_ptr<base::Turn> turn;
  bool gone = false;

  void Read(size_t more) {
    room = heard.size() + more;
    std::exchange(turn, nullptr)->Run();
  }
};

class ClientSink final : public cache::WatchSink {
 public:
  explicit ClientSink(Client* client) : client_(client) {}
  bool OnEvent(const cache::Event&, const cache::Event::View& view) override {
    return Hear(absl::StrCat(cache::EventTypeName(view.type), " ", view.object->key, " ", view.object->kind->version));
  }
  bool OnBookmark(int64_t revision, bool initial_end) override {
    return Hear(absl::StrCat("BOOKMARK ", revision, initial_end ? " end" : ""));
  }
  void OnEnd(absl::Status status) override { Hear(absl::StrCat("END ", status.message())); }
  bool Full() const override { return client_->heard.size() >= client_->room; }
  void OnFull(std::shared_ptr<base::Turn> turn) override { client_->turn = std::move(turn); }

 private:
  bool Hear(std::string line) {
    client_->heard.push_back(std::move(line));
    return !client_->gone;
  }
  Client* const client_;
};

// A watch with so many events to tell; tells them as far as the sink takes them.
class Source final : public base::Turn, public std::enable_shared_from_this<Source> {
 public:
  Source(std::unique_ptr<cache::WatchSink> sink, int events, size_t bytes, const apimachinery::structural::DefinitionPtr& definition)
      : sink(std::move(sink)), events_(events), bytes_(bytes), definition_(definition) {}
  void Run() override {
    while (told < events_) {
      if (sink->Full()) return sink->OnFull(shared_from_this());
      auto entry = std::make_shared<cache::Entry>();
      entry->kind = &definition_->storage->kind;
      entry->definition = definition_;
      entry->key = absl::StrCat("ns/s", ++told);
      entry->bytes = absl::StrCat(R"({"apiVersion":"sea.io/v1","kind":"Ship","metadata":{"name":"s)", told,
                                  R"(","namespace":"ns"},"text":")", std::string(bytes_, 'x'), "\"}");
      const cache::Event event(cache::EventType::kAdded, std::move(entry), nullptr, told);
      if (!sink->OnEvent(event, {cache::EventType::kAdded, event.object})) {
        refused = true;
        return;
      }
    }
  }

  std::unique_ptr<cache::WatchSink> sink;
  int told = 0;
  bool refused = false;

 private:
  const int events_;
  const size_t bytes_;
  const apimachinery::structural::DefinitionPtr definition_;
};

class ConvertingSinkTest : public testing::Test {
 protected:
  std::shared_ptr<Source> Watch(int events, size_t bytes = 10) {
    auto sink = ConvertingSink(converter_, definition_, *definition_->Find("v2"), std::make_unique<ClientSink>(&client_));
    return std::make_shared<Source>(std::move(sink), events, bytes, definition_);
  }

  const apimachinery::structural::DefinitionPtr definition_ =
      *apimachinery::structural::MakeDefinition(*apimachinery::ParseJson(kDefinition));
  HandConverter converter_;
  Client client_;
};

TEST_F(ConvertingSinkTest, TellsEverythingInOrderInTheVersionAskedFor) {
  const auto watch = Watch(3);
  watch->Run();
  watch->sink->OnBookmark(3, true);
  EXPECT_TRUE(client_.heard.empty());
  converter_.Work();
  EXPECT_EQ(absl::StrJoin(client_.heard, ","), "ADDED ns/s1 v2,ADDED ns/s2 v2,ADDED ns/s3 v2,BOOKMARK 3 end");
  EXPECT_EQ(converter_.batches, std::vector<size_t>{3});
}

TEST_F(ConvertingSinkTest, TakesNoMoreOfALongWatchThanABatchBeforeItIsDelivered) {
  const auto watch = Watch(100, 100 << 10);
  watch->Run();
  EXPECT_EQ(watch->told, 3);  // 256 KiB are reached with the third
  converter_.Work();
  ASSERT_EQ(client_.heard.size(), 100u);
  EXPECT_EQ(client_.heard.back(), "ADDED ns/s100 v2");
}

TEST_F(ConvertingSinkTest, RestsWhileTheClientHasEnoughToRead) {
  client_.room = 1;
  const auto watch = Watch(1000, 10 << 10);
  watch->Run();
  converter_.Work();
  ASSERT_NE(client_.turn, nullptr);
  const int told = watch->told;
  EXPECT_LT(told, 100);
  EXPECT_LT(client_.heard.size(), 50u);
  EXPECT_TRUE(converter_.tasks.empty());
  while (client_.turn != nullptr) {
    client_.Read(200);
    converter_.Work();
  }
  ASSERT_EQ(client_.heard.size(), 1000u);
  EXPECT_EQ(client_.heard.back(), "ADDED ns/s1000 v2");
}

TEST_F(ConvertingSinkTest, EndsAfterWhatWasTold) {
  client_.room = 1;
  const auto watch = Watch(2);
  watch->Run();
  converter_.Work();
  watch->sink->OnEnd(absl::OkStatus());
  converter_.Work();
  EXPECT_EQ(client_.heard.size(), 2u);
  client_.Read(10);
  converter_.Work();
  EXPECT_EQ(client_.heard.back(), "END ");
}

TEST_F(ConvertingSinkTest, EndsTheWatchWhenConversionFails) {
  converter_.broken = true;
  const auto watch = Watch(3);
  watch->Run();
  converter_.Work();
  EXPECT_EQ(absl::StrJoin(client_.heard, ","), "END conversion webhook failed");
  EXPECT_FALSE(watch->sink->OnBookmark(4, false));
}

TEST_F(ConvertingSinkTest, EndsTheWatchWhenNoThreadIsToBeHad) {
  converter_.busy = true;
  const auto watch = Watch(3);
  watch->Run();
  EXPECT_TRUE(watch->refused);
  EXPECT_EQ(absl::StrJoin(client_.heard, ","), "END too many watches wait for conversion");
}

TEST_F(ConvertingSinkTest, TellsAGoneClientNothingMore) {
  client_.gone = true;
  const auto watch = Watch(10);
  watch->Run();
  converter_.Work();
  EXPECT_EQ(client_.heard.size(), 1u);
  EXPECT_FALSE(watch->sink->OnBookmark(11, false));
}

TEST_F(ConvertingSinkTest, DeliversNothingOnceTheWatchIsDropped) {
  const auto watch = Watch(10);
  watch->Run();
  watch->sink = nullptr;
  converter_.Work();
  EXPECT_TRUE(client_.heard.empty());
}

}  // namespace
}  // namespace apiserver::conversion
