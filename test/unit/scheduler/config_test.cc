#include "scheduler/config.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace scheduler {
namespace {

constexpr char kHead[] = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n";

std::string Error(const std::string& text) { return std::string(ParseConfig(text).status().message()); }

TEST(SchedulerConfigTest, WhatIsWrongIsToldInUpstreamsWords) {
  const std::string making = "initializing profiles: creating profile for scheduler name a: ";
  const auto args = [](const std::string& what) { return "profiles: [{schedulerName: a, pluginConfig: [{name: NodeResourcesFit, args: {" + what + "}}]}]"; };
  const auto plugins = [](const std::string& what) { return "profiles: [{schedulerName: a, plugins: {" + what + "}}]"; };
  const std::pair<std::string, std::string> cases[] = {
      {"foo: 1", "strict decoding error: unknown field \"foo\""},
      {"parallelism: -1", "parallelism: Invalid value: -1: should be an integer value greater than zero"},
      {"parallelism: many", "json: cannot unmarshal string into Go struct field KubeSchedulerConfiguration.parallelism of type int32"},
      {"percentageOfNodesToScore: 101", "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]"},
      {"podInitialBackoffSeconds: 0", "podInitialBackoffSeconds: Invalid value: 0: must be greater than 0"},
      {"podInitialBackoffSeconds: 20", "podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to PodInitialBackoffSeconds"},
      {"profiles: [{schedulerName: \"\"}]", "profiles[0].schedulerName: Required value"},
      {"profiles: [{schedulerName: a},{schedulerName: a}]", "profiles[1].schedulerName: Duplicate value: {}"},
      {plugins("score: {enabled: [{name: Nope}]}"), making + "ScorePlugin \"Nope\" does not exist"},
      {plugins("score: {enabled: [{name: NodePorts}]}"), making + "plugin \"NodePorts\" does not extend ScorePlugin plugin"},
      {plugins("score: {enabled: [{name: ImageLocality, weight: 3}, {name: ImageLocality, weight: 4}]}"),
       making + "plugin \"ImageLocality\" already registered as \"ScorePlugin\""},
      {plugins("queueSort: {disabled: [{name: \"*\"}]}"),
       making + "only one queue sort plugin required for profile with scheduler name \"a\", but got 0"},
      {plugins("bind: {disabled: [{name: \"*\"}]}"), making + "at least one bind plugin is needed for profile with scheduler name \"a\""},
      {args("nope: 1"), "strict decoding error: decoding .profiles[0].pluginConfig[0]: strict decoding error: decoding args for plugin "
                        "NodeResourcesFit: strict decoding error: unknown field \"nope\""},
      {args("scoringStrategy: {type: Foo}"), making + "initializing plugin \"NodeResourcesFit\": scoringStrategy.type: Unsupported value: \"Foo\": "
                                             "supported values: \"LeastAllocated\", \"MostAllocated\", \"RequestedToCapacityRatio\""},
      {args("scoringStrategy: {type: LeastAllocated, resources: [{name: cpu, weight: 101}]}"),
       making + "initializing plugin \"NodeResourcesFit\": scoringStrategy.resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range (0, 100]"},
      {args("scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: []}}"),
       making + "initializing plugin \"NodeResourcesFit\": scoringStrategy.shape: Required value: at least one point must be specified"},
      {"profiles: [{schedulerName: a, pluginConfig: [{name: NodeResourcesFit},{name: NodeResourcesFit}]}]",
       "profiles[0].pluginConfig[1]: Duplicate value: \"NodeResourcesFit\""}};
  for (const auto& [text, want] : cases) EXPECT_EQ(Error(absl::StrCat(kHead, text, "\n")), want) << text;
  EXPECT_EQ(Error("apiVersion: kubescheduler.config.k8s.io/v1\nkind: Foo\n"),
            "no kind \"Foo\" is registered for version \"kubescheduler.config.k8s.io/v1\" in scheme \"pkg/runtime/scheme.go:111\"");
  EXPECT_NE(Error(absl::StrCat(kHead, "extenders: [{urlPrefix: x}]\n")), "");
}

TEST(SchedulerConfigTest, ProfilesSayWhichPluginsAndHowMuchTheyCount) {
  const auto config = ParseConfig(absl::StrCat(kHead, R"(
percentageOfNodesToScore: 40
podInitialBackoffSeconds: 2
leaderElection: {leaderElect: false}
profiles:
- schedulerName: default-scheduler
- schedulerName: packed
  percentageOfNodesToScore: 10
  plugins:
    multiPoint: {disabled: [{name: NodePorts}]}
    postFilter: {disabled: [{name: "*"}]}
    score:
      disabled: [{name: "*"}]
      enabled: [{name: NodeResourcesFit, weight: 5}, {name: ImageLocality}]
  pluginConfig:
  - name: NodeResourcesFit
    args:
      ignoredResources: [example.com/gpu]
      scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 3}]}
)"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->initial_backoff, absl::Seconds(2));
  EXPECT_EQ(config->leader_elect, false);
  ASSERT_EQ(config->profiles.size(), 2);
  const ProfileConfig &usual = config->profiles[0], &packed = config->profiles[1];
  EXPECT_EQ(usual.filters, DefaultFilters());
  EXPECT_EQ(usual.percentage_of_nodes_to_score, 40);
  EXPECT_TRUE(usual.preempts);
  EXPECT_EQ(packed.percentage_of_nodes_to_score, 10);
  EXPECT_FALSE(packed.preempts);
  EXPECT_EQ(packed.filters.size(), DefaultFilters().size() - 1);
  ASSERT_EQ(packed.scores.size(), 2);
  EXPECT_EQ(packed.scores[0].name, "NodeResourcesFit");
  EXPECT_EQ(packed.scores[0].weight, 5);
  EXPECT_EQ(packed.fit.strategy, FitArgs::Strategy::kMostAllocated);
  EXPECT_TRUE(packed.fit.ignored_resources.contains("example.com/gpu"));
}

TEST(SchedulerConfigTest, TheStrategyDecidesWhichNodeScoresMost) {
  auto spec = std::make_shared<NodeSpec>();
  spec->allocatable.milli_cpu = 1000;
  spec->allocatable.memory = 1000;
  NodeInfo empty, full;
  empty.spec = full.spec = spec;
  full.score_cpu = full.score_memory = 800;
  const std::vector<NodePtr> nodes = {std::make_shared<const NodeInfo>(empty), std::make_shared<const NodeInfo>(full)};
  const auto scores = [&](const FitArgs& args) {
    std::vector<int64_t> out(2);
    NewNodeResourcesFitScore(args)->Score(PodInfo(), Snapshot(), nodes, absl::MakeSpan(out));
    return out;
  };
  FitArgs args;
  EXPECT_EQ(scores(args), (std::vector<int64_t>{100, 20}));
  args.strategy = FitArgs::Strategy::kMostAllocated;
  EXPECT_EQ(scores(args), (std::vector<int64_t>{0, 80}));
  args.strategy = FitArgs::Strategy::kRequestedToCapacityRatio;
  args.shape = {{0, 0}, {50, 100}, {100, 0}};
  EXPECT_EQ(scores(args), (std::vector<int64_t>{0, 40}));
}

TEST(SchedulerConfigTest, SettingsWithoutEffectAreToldAndTheirDefaultsAreNot) {
  const auto said = ParseConfig(absl::StrCat(kHead, "parallelism: 4\nclientConnection: {qps: 10}\nleaderElection: {resourceLock: leases}"));
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->warnings, (std::vector<std::string>{
                                "Setting parallelism has no effect: nodes are filtered on one thread",
                                "Setting clientConnection.qps has no effect: requests are not throttled here; the API server's flow "
                                "control does it"}));
  EXPECT_TRUE(ParseConfig(absl::StrCat(kHead, "parallelism: 16\nenableProfiling: true"))->warnings.empty());
}

}  // namespace
}  // namespace scheduler
