#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kubelet/probes/probe_state.h"
#include "kubelet/runtime/embedded/capabilities.h"
#include "kubelet/runtime/images/image_name.h"
#include "kubelet/runtime/shim/log_writer.h"
#include "kubelet/runtime/shim/record.h"
#include "kubelet/runtime/shim/spec.h"
#include "kubelet/server/log_reader.h"
#include "kubelet/volumes/atomic_writer.h"

namespace kubelet {
namespace {

std::string TempDir() {
  std::string path = testing::TempDir() + "kubelet-XXXXXX";
  return mkdtemp(path.data());
}

std::string ReadAll(const std::string& path) {
  std::string text;
  ReadWholeFile(path, &text);
  return text;
}

TEST(RecordTest, AnyBytesSurvive) {
  Record r;
  r.Add("a", std::string("x\n\0 y", 5));
  r.Add("a", "");
  r.AddInt("n", -7);
  Record back;
  ASSERT_TRUE(Record::Decode(r.Encode(), &back));
  EXPECT_THAT(back.All("a"), testing::ElementsAre(std::string("x\n\0 y", 5), ""));
  EXPECT_EQ(back.GetInt("n"), -7);
}

TEST(RecordTest, TornFilesAreRefused) {
  Record r;
  r.Add("name", "value");
  const std::string whole = r.Encode();
  for (size_t n = 1; n < whole.size(); ++n) {
    Record back;
    EXPECT_FALSE(Record::Decode(whole.substr(0, n), &back)) << n;
  }
}

TEST(SpecTest, ContainerRoundTrips) {
  ContainerSpecFile spec;
  spec.process.args = {"sh", "-c", "echo hi"};
  spec.process.env = {"A=1"};
  spec.process.capabilities = 0xa80425fb;
  spec.mounts.push_back({.source = "/a", .target = "/b", .read_only = true, .from_sandbox = true});
  spec.pid_namespace_of = -1;
  ContainerSpecFile back;
  ASSERT_TRUE(DecodeSpec(EncodeSpec(spec), &back));
  EXPECT_EQ(back.process.args, spec.process.args);
  EXPECT_EQ(back.process.capabilities, spec.process.capabilities);
  ASSERT_EQ(back.mounts.size(), 1u);
  EXPECT_TRUE(back.mounts[0].read_only && back.mounts[0].from_sandbox);
  EXPECT_EQ(back.pid_namespace_of, -1);
}

TEST(ImageNameTest, Normalised) {
  struct Case {
    const char* text;
    const char* want;  // empty: invalid
  };
  for (const Case& c : {Case{"busybox", "docker.io/library/busybox:latest"}, Case{"busybox:1", "docker.io/library/busybox:1"},
                        Case{"a/b:2", "docker.io/a/b:2"}, Case{"reg.example/a/b", "reg.example/a/b:latest"},
                        Case{"localhost:5000/x:y", "localhost:5000/x:y"}, Case{"index.docker.io/library/x", "docker.io/library/x:latest"},
                        Case{"a_b/c--d:1", "docker.io/a_b/c--d:1"}, Case{"", ""}, Case{"UPPER", ""}, Case{"a//b", ""}, Case{"a:", ""},
                        Case{"-a", ""}, Case{"a:b:c", ""}}) {
    const absl::StatusOr<ImageName> name = ParseImageName(c.text);
    EXPECT_EQ(name.ok() ? name->ToString() : "", c.want) << c.text;
  }
  EXPECT_EQ(ParseImageName("Bad::Image").status().message(),
            "couldn't parse image name \"Bad::Image\": invalid reference format: repository name (library/Bad) must be lowercase");
}

TEST(CapabilitiesTest, AddAndDrop) {
  EXPECT_EQ(ComputeCapabilities(false, {}, {}), 0xa80425fbu);
  EXPECT_EQ(ComputeCapabilities(false, {}, {"ALL"}), 0u);
  EXPECT_EQ(ComputeCapabilities(false, {"NET_BIND_SERVICE"}, {"ALL"}), 1u << 10);
  EXPECT_EQ(ComputeCapabilities(false, {"CAP_SYS_ADMIN"}, {"CHOWN"}), (0xa80425fbu | 1u << 21) & ~1u);
  EXPECT_EQ(ComputeCapabilities(true, {}, {}), (uint64_t{1} << 41) - 1);
}

TEST(LogWriterTest, LinesPartsAndTheRest) {
  const std::string path = TempDir() + "/0.log";
  {
    LogWriter log(path, 1 << 20, 3);
    log.Write(1, "one\ntw", 6);
    log.Write(1, "o\n", 2);
    log.Write(2, "err", 3);
    log.Flush();
    const std::string big(20000, 'x');
    log.Write(1, (big + "\n").data(), big.size() + 1);
  }
  std::vector<LogLine> lines;
  const std::string text = ReadAll(path);
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    LogLine line;
    ASSERT_TRUE(ParseLogLine(absl::string_view(text).substr(at, end - at), &line));
    lines.push_back(line);
    at = end + 1;
  }
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0].content, "one");
  EXPECT_EQ(lines[1].content, "two");
  EXPECT_EQ(lines[2].stream, "stderr");
  EXPECT_FALSE(lines[3].whole);
  EXPECT_EQ(lines[3].content.size(), 16384u);
  EXPECT_EQ(lines[4].content.size(), 20000u - 16384u);
}

TEST(LogWriterTest, RotatesAndForgetsTheOldest) {
  const std::string path = TempDir() + "/0.log";
  LogWriter log(path, 100, 2);
  for (int i = 0; i < 10; ++i) log.Write(1, "0123456789012345678901234567890123456789\n", 41);
  EXPECT_LE(LogFiles(path).size(), 2u);
}

TEST(LogReaderTest, TailLimitAndTimestamps) {
  const std::string path = TempDir() + "/0.log";
  std::ofstream(path) << "2026-01-01T00:00:00.000000000Z stdout F one\n2026-01-01T00:00:01.000000000Z stderr F two\n"
                         "2026-01-01T00:00:02.000000000Z stdout P th\n2026-01-01T00:00:02.000000000Z stdout F ree\n";
  const auto read = [&](const LogQuery& query) {
    std::string out;
    EXPECT_TRUE(ReadLog(path, query, [&](std::string text) { out += text; return true; }, [] { return true; }).ok());
    return out;
  };
  EXPECT_EQ(read({}), "one\ntwo\nthree\n");
  EXPECT_EQ(read({.tail = 3}), "two\nthree\n");
  EXPECT_EQ(read({.tail = 0}), "");
  EXPECT_EQ(read({.limit_bytes = 6}), "one\ntw");
  EXPECT_EQ(read({.stream = "Stderr"}), "two\n");
  EXPECT_EQ(read({.timestamps = true, .tail = 3}), "2026-01-01T00:00:01.000000000Z two\n2026-01-01T00:00:02.000000000Z three\n");
  EXPECT_EQ(read({.since = absl::FromUnixSeconds(1767225601)}), "two\nthree\n");
}

TEST(ProbeStateTest, Thresholds) {
  ProbeState ready(ProbeKind::kReadiness, {.success = 2, .failure = 3});
  EXPECT_FALSE(ready.passing());
  EXPECT_FALSE(ready.Record(true));
  EXPECT_TRUE(ready.Record(true));
  EXPECT_TRUE(ready.passing());
  EXPECT_FALSE(ready.Record(false));
  EXPECT_FALSE(ready.Record(false));
  EXPECT_TRUE(ready.Record(false));
  EXPECT_FALSE(ready.passing());
  EXPECT_FALSE(ready.exhausted());

  ProbeState live(ProbeKind::kLiveness, {.success = 1, .failure = 2});
  EXPECT_TRUE(live.passing());
  live.Record(false);
  live.Record(true);
  live.Record(false);
  EXPECT_FALSE(live.exhausted());
  live.Record(false);
  EXPECT_TRUE(live.exhausted());
}

TEST(AtomicWriterTest, SwitchesAllFilesAtOnce) {
  const std::string dir = TempDir() + "/v";
  ASSERT_TRUE(WriteAtomically(dir, {{"a", {"1", 0644}}, {"d/b", {"2", 0400}}}, -1).ok());
  EXPECT_EQ(ReadAll(dir + "/a"), "1");
  EXPECT_EQ(ReadAll(dir + "/d/b"), "2");
  struct stat st;
  ASSERT_EQ(stat((dir + "/d/b").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0400u);
  const std::string before = std::filesystem::read_symlink(dir + "/..data");
  ASSERT_TRUE(WriteAtomically(dir, {{"a", {"1", 0644}}, {"d/b", {"2", 0400}}}, -1).ok());
  EXPECT_EQ(std::filesystem::read_symlink(dir + "/..data"), before);  // nothing changed: nothing written
  ASSERT_TRUE(WriteAtomically(dir, {{"c", {"3", 0644}}}, -1).ok());
  EXPECT_EQ(ReadAll(dir + "/c"), "3");
  EXPECT_FALSE(std::filesystem::exists(dir + "/a"));
  EXPECT_FALSE(WriteAtomically(dir, {{"../x", {"", 0644}}}, -1).ok());
}

}  // namespace
}  // namespace kubelet
