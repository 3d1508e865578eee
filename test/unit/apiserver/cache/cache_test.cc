#include "apiserver/cache/cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/codec.h"
#include "apiserver/cache/object_bytes.h"
#include "unit/apiserver/cache/fake_store.h"

namespace apiserver::cache {
namespace {

using apimachinery::Schema;
using apimachinery::Value;

const apimachinery::Kind& ConfigMap() { return *Schema::Builtin().FindKind("v1", "ConfigMap"); }

std::string Stored(absl::string_view ns, absl::string_view name, absl::string_view label) {
  Value object = Value::MakeObject();
  object.Set("kind", "ConfigMap");
  object.Set("apiVersion", "v1");
  object.Ensure("metadata").Set("name", name);
  object["metadata"].Set("namespace", ns);
  object.Ensure("metadata.labels").Set("l", label);
  return apimachinery::EncodeObject(*ConfigMap().message, object);
}

struct Log {
  std::vector<std::string> lines;
};

class LogSink : public WatchSink {
 public:
  explicit LogSink(Log* log) : log_(log) {}
  bool OnEvent(const Event&, const Event::View& view) override {
    log_->lines.push_back(absl::StrCat(EventTypeName(view.type), " ", view.object->key, "@",
                                       MetaString(view.object->bytes, MetaField::kResourceVersion)));
    return true;
  }
  bool OnBookmark(int64_t revision, bool initial_end) override {
    log_->lines.push_back(absl::StrCat("BOOKMARK ", revision, initial_end ? " end" : ""));
    return true;
  }
  void OnEnd(absl::Status status) override { log_->lines.push_back("END"); }

 protected:
  Log* const log_;
};

class CacheTest : public testing::Test {
 protected:
  void Start(CacheOptions options = {}) {
    cache_ = Cache::Create(store_, {"configmaps"}, options);
    ASSERT_TRUE(cache_->Start().ok());
    mirror_ = cache_->Find("configmaps");
  }
  int64_t Write(absl::string_view name, absl::string_view label, int64_t expected) {
    return store_.Update(absl::StrCat("/registry/configmaps/ns/", name), Stored("ns", name, label), expected, /*lease=*/0)->revision;
  }
  std::unique_ptr<WatchTicket> Watch(WatchRequest request, Log* log) {
    auto ticket = cache_->Watch(*mirror_, std::move(request), std::make_unique<LogSink>(log));
    EXPECT_TRUE(ticket.ok()) << ticket.status();
    return ticket.ok() ? *std::move(ticket) : nullptr;
  }
  static Filter Labelled(absl::string_view selector) { return *ParseFilter(ConfigMap(), "", selector, ""); }

  store::FakeStore store_;
  std::unique_ptr<Cache> cache_;
  MirrorPtr mirror_;
};

TEST_F(CacheTest, ShowsWhatTheStoreHoldsWithItsRevision) {
  const int64_t first = Write("a", "x", 0);
  Start();
  const int64_t second = Write("b", "x", 0);
  ASSERT_TRUE(cache_->WaitFresh(absl::Seconds(1)).ok());
  const Listing list = cache_->List(*mirror_, "ns/");
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(list.revision, second);
  EXPECT_EQ(MetaString(list.items[0]->bytes, MetaField::kResourceVersion), absl::StrCat(first));
  EXPECT_EQ(cache_->Get(*mirror_, "ns/b")->name(), "b");
  EXPECT_EQ(cache_->Get(*mirror_, "ns/c"), nullptr);
  EXPECT_TRUE(cache_->List(*mirror_, "n/").items.empty());
}

TEST_F(CacheTest, WatchBeginsWithTheStateAndASingleBookmark) {
  Write("a", "x", 0);
  Start();
  Log log;
  WatchRequest request;
  request.initial_bookmark = true;
  const auto ticket = Watch(std::move(request), &log);
  Write("b", "x", 0);
  EXPECT_EQ(absl::StrJoin(log.lines, ","), "ADDED ns/a@2,BOOKMARK 2 end,ADDED ns/b@3");
}

TEST_F(CacheTest, SelectorsTurnChangesIntoAddedAndDeleted) {
  Start();
  Log log;
  WatchRequest request;
  request.filter = Labelled("l=x");
  const auto ticket = Watch(std::move(request), &log);
  int64_t at = Write("a", "y", 0);
  at = Write("a", "x", at);
  at = Write("a", "x", at);
  at = Write("a", "y", at);
  ASSERT_TRUE(store_.Delete("/registry/configmaps/ns/a", at).ok());
  // Leaving the selection shows the object as it was, at the revision of the change.
  EXPECT_EQ(absl::StrJoin(log.lines, ","), "ADDED ns/a@3,MODIFIED ns/a@4,DELETED ns/a@5");
}

TEST_F(CacheTest, WatchFromARevisionReplaysWhatFollowedIt) {
  Start();
  int64_t at = Write("a", "x", 0);
  const int64_t from = at;
  at = Write("a", "y", at);
  ASSERT_TRUE(store_.Delete("/registry/configmaps/ns/a", at).ok());
  Log log;
  WatchRequest request;
  request.after_revision = from;
  const auto ticket = Watch(std::move(request), &log);
  EXPECT_EQ(absl::StrJoin(log.lines, ","), "MODIFIED ns/a@3,DELETED ns/a@4");
}

TEST_F(CacheTest, WatchFromARevisionToComeIsSilentUpToIt) {
  Start();
  const int64_t at = Write("a", "x", 0);
  Log log;
  WatchRequest request;
  request.after_revision = at + 1;
  const auto ticket = Watch(std::move(request), &log);
  Write("a", "z", Write("a", "y", at));
  EXPECT_EQ(absl::StrJoin(log.lines, ","), absl::StrCat("MODIFIED ns/a@", at + 2));
}

TEST_F(CacheTest, ForgottenHistoryIsToldAsTooOld) {
  CacheOptions options;
  options.history_events = 2;
  Start(options);
  int64_t at = Write("a", "0", 0);
  const int64_t from = at;
  for (int i = 1; i < 5; ++i) at = Write("a", absl::StrCat(i), at);
  Log log;
  WatchRequest request;
  request.after_revision = from;
  const auto ticket = cache_->Watch(*mirror_, std::move(request), std::make_unique<LogSink>(&log));
  EXPECT_TRUE(absl::IsOutOfRange(ticket.status()));
}

TEST_F(CacheTest, DroppedTicketsHearNothing) {
  Start();
  Log log;
  auto ticket = Watch({}, &log);
  ticket.reset();
  Write("a", "x", 0);
  EXPECT_TRUE(log.lines.empty());
  EXPECT_EQ(cache_->watchers(), 0u);
}

TEST_F(CacheTest, WatchersComeAndGoWithoutAnyoneMissingAnEvent) {
  Start();
  std::mt19937 random(7);
  std::map<int, std::pair<std::unique_ptr<Log>, std::unique_ptr<WatchTicket>>> watchers;
  std::map<int, size_t> wanted;
  int64_t at = 0;
  for (int step = 0; step < 2000; ++step) {
    const int who = static_cast<int>(random() % 40);
    if (random() % 4 == 0) {
      at = Write("a", absl::StrCat(step), at);
      for (auto& [name, count] : wanted) ++count;
    } else if (watchers.erase(who) == 0) {
      WatchRequest request;
      request.after_revision = -2;
      auto log = std::make_unique<Log>();
      auto ticket = Watch(std::move(request), log.get());
      watchers[who] = {std::move(log), std::move(ticket)};
      wanted[who] = 0;
    } else {
      wanted.erase(who);
    }
    for (const auto& [name, watcher] : watchers) ASSERT_EQ(watcher.first->lines.size(), wanted[name]) << step;
    ASSERT_EQ(cache_->WatchersOf(*mirror_), watchers.size());
  }
}

// A client that takes so many lines and then no more until it is given room.
class SlowSink final : public LogSink {
 public:
  SlowSink(Log* log, std::shared_ptr<base::Turn>* turn, size_t room) : LogSink(log), turn_(turn), room_(room) {}
  void OnEnd(absl::Status status) override { log_->lines.push_back(absl::StrCat("END ", absl::StatusCodeToString(status.code()))); }
  bool Full() const override { return log_->lines.size() >= room_; }
  void OnFull(std::shared_ptr<base::Turn> turn) override { *turn_ = std::move(turn); }
  void MakeRoom(size_t lines) { room_ = log_->lines.size() + lines; }

 private:
  std::shared_ptr<base::Turn>* const turn_;
  size_t room_;
};

// Objects are read in windows of 64: a client that pauses within them sees each object once, in its state of then, and
// afterwards only what the state did not show.
TEST_F(CacheTest, AStateThatIsReadSlowlyIsShownByWindowsAndEventsAreNotRepeated) {
  std::vector<int64_t> revisions;
  const auto name = [](int i) { return absl::StrCat("o", 100 + i); };
  for (int i = 0; i < 150; ++i) revisions.push_back(Write(name(i), "x", 0));
  Start();
  Log log;
  std::shared_ptr<base::Turn> turn;
  WatchRequest request;
  request.initial_bookmark = true;
  auto owned = std::make_unique<SlowSink>(&log, &turn, 1);
  SlowSink* const sink = owned.get();
  const auto ticket = *cache_->Watch(*mirror_, std::move(request), std::move(owned));
  ASSERT_EQ(log.lines.size(), 64u);  // the first window, and no more
  ASSERT_NE(turn, nullptr);
  const int64_t shown = Write(name(3), "y", revisions[3]);       // told after the state
  const int64_t coming = Write(name(140), "y", revisions[140]);  // part of the state
  EXPECT_EQ(log.lines.size(), 64u);
  sink->MakeRoom(1000);
  std::exchange(turn, nullptr)->Run();
  ASSERT_EQ(log.lines.size(), 152u);
  EXPECT_EQ(log.lines[140], absl::StrCat("ADDED ns/o240@", coming));
  EXPECT_EQ(log.lines[150], absl::StrCat("MODIFIED ns/o103@", shown));
  EXPECT_EQ(log.lines[151], absl::StrCat("BOOKMARK ", coming, " end"));
  const int64_t live = Write(name(140), "z", coming);
  EXPECT_EQ(log.lines.back(), absl::StrCat("MODIFIED ns/o240@", live));
}

TEST_F(CacheTest, AWatchThatIsReadSlowlyGoesOnWhereItWasUntilTheEventsAreForgotten) {
  CacheOptions options;
  options.history_events = 8;
  Start(options);
  Log log;
  std::shared_ptr<base::Turn> turn;
  WatchRequest request;
  request.after_revision = -2;
  auto owned = std::make_unique<SlowSink>(&log, &turn, 2);
  SlowSink* const sink = owned.get();
  const auto ticket = *cache_->Watch(*mirror_, std::move(request), std::move(owned));
  int64_t revision = 0;
  const auto write = [&](int times) {
    for (int i = 0; i < times; ++i) revision = Write("a", absl::StrCat(revision), revision);
  };
  write(9);
  EXPECT_EQ(log.lines.size(), 2u);
  sink->MakeRoom(100);
  std::exchange(turn, nullptr)->Run();
  EXPECT_EQ(log.lines.size(), 9u);
  sink->MakeRoom(0);
  write(9);
  ASSERT_NE(turn, nullptr);
  sink->MakeRoom(100);
  std::exchange(turn, nullptr)->Run();
  EXPECT_EQ(log.lines.size(), 10u);
  EXPECT_EQ(log.lines.back(), "END RESOURCE_EXHAUSTED");
}

TEST_F(CacheTest, AThousandWatchersCostOneEncodingPerEventAndForm) {
  struct FrameSink final : WatchSink {
    explicit FrameSink(uint32_t form) : form(form) {}
    bool OnEvent(const Event& event, const Event::View& view) override {
      event.Encoded(form, view, [&] { return absl::StrCat(form, view.object->bytes); });
      return true;
    }
    bool OnBookmark(int64_t, bool) override { return true; }
    void OnEnd(absl::Status) override {}
    const uint32_t form;
  };
  Start();
  std::vector<std::unique_ptr<WatchTicket>> tickets;
  for (uint32_t i = 0; i < 1000; ++i) {
    WatchRequest request;
    request.after_revision = -2;
    tickets.push_back(*cache_->Watch(*mirror_, std::move(request), std::make_unique<FrameSink>(i % 2)));
  }
  const FrameCounters before = FrameCounts();
  int64_t revision = 0;
  for (int i = 0; i < 10; ++i) revision = Write("a", absl::StrCat(i), revision);
  const FrameCounters after = FrameCounts();
  EXPECT_EQ(after.encoded - before.encoded, 20u);
  EXPECT_EQ(after.served - before.served, 10000u);
}

TEST_F(CacheTest, FreshReadsAreCalledBackUntilItStops) {
  Start();
  int told = 0;
  const auto count = [&](absl::Status status) { told += status.ok(); };
  EXPECT_TRUE(cache_->WhenFresh(count));
  Write("a", "1", 0);
  EXPECT_TRUE(cache_->WhenFresh(count));
  EXPECT_EQ(told, 2);  // this store answers at once, and the cache is never behind it
  cache_->Stop();
  EXPECT_FALSE(cache_->WhenFresh(count));
}

TEST(EventTest, AFrameIsEncodedOnceForAllWatchers) {
  auto entry = std::make_shared<Entry>();
  const Event event(EventType::kAdded, entry, nullptr, 7);
  int made = 0;
  const auto encode = [&made] { return absl::StrCat("frame ", ++made); };
  const Event::Frame first = event.Encoded(1, {EventType::kAdded, entry}, encode);
  EXPECT_EQ(event.Encoded(1, {EventType::kAdded, entry}, encode), first);
  EXPECT_NE(event.Encoded(2, {EventType::kAdded, entry}, encode), first);
  EXPECT_EQ(made, 2);
}

TEST(ObjectBytesTest, ResourceVersionIsSetInPlace) {
  const apimachinery::Message& message = *ConfigMap().message;
  for (const char* present : {"", "5", "123456"}) {
    Value object = Value::MakeObject();
    object.Ensure("metadata").Set("name", "n");
    object["metadata"].Set("uid", "u");
    object["metadata"].Set("generation", int64_t{3});
    if (*present != 0) object["metadata"].Set("resourceVersion", present);
    object.Ensure("data").Set("k", "v");
    std::string bytes, want;
    apimachinery::EncodeWire(message, object, &bytes);
    object["metadata"].Set("resourceVersion", "42");
    apimachinery::EncodeWire(message, object, &want);
    EXPECT_EQ(WithResourceVersion(bytes, 42), want);
  }
}

TEST(ObjectBytesTest, TheStoredFormSaysNoVersionAndNoSelfLink) {
  const apimachinery::Message& message = *ConfigMap().message;
  for (const char* name : {"n", ""}) {
    Value object = Value::MakeObject();
    if (*name != 0) object.Ensure("metadata").Set("name", name);
    object.Ensure("metadata").Set("uid", "u");
    object.Ensure("data").Set("k", "v");
    std::string bytes, want;
    apimachinery::EncodeWire(message, object, &want);
    object["metadata"].Set("resourceVersion", "42");
    object["metadata"].Set("selfLink", "/api/v1/namespaces/x");
    apimachinery::EncodeWire(message, object, &bytes);
    EXPECT_EQ(WithoutResourceVersion(bytes), want);
    EXPECT_EQ(WithoutResourceVersion(want), want);
  }
}

TEST(ObjectBytesTest, MalformedBytesAreLeftAlone) {
  EXPECT_EQ(WithResourceVersion("\xff\xff", 1), "\xff\xff");
  EXPECT_EQ(WithResourceVersion("", 1), "");
  EXPECT_EQ(MetaString("\x0a\x05", MetaField::kName), "");
}

TEST(FilterTest, FieldsOfAKind) {
  const apimachinery::Kind& pod = *Schema::Builtin().FindKind("v1", "Pod");
  Value object = Value::MakeObject();
  object.Ensure("metadata").Set("name", "p");
  object.Ensure("spec").Set("nodeName", "n1");
  object.Ensure("status").Set("phase", "Running");
  Entry entry;
  entry.kind = &pod;
  entry.key = "ns/p";
  apimachinery::EncodeWire(*pod.message, object, &entry.bytes);
  const auto matches = [&](absl::string_view fields) { return ParseFilter(pod, "", "", fields)->Matches(entry); };
  EXPECT_TRUE(matches("spec.nodeName=n1,status.phase!=Failed"));
  EXPECT_FALSE(matches("spec.nodeName="));
  EXPECT_TRUE(matches("metadata.name=p,metadata.namespace=ns"));
  EXPECT_EQ(ParseFilter(pod, "", "", "spec.foo=1").status().message(), "field label not supported: spec.foo");
}

}  // namespace
}  // namespace apiserver::cache
