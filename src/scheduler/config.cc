#include "scheduler/config.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apimachinery/json.h"
#include "apimachinery/value.h"
#include "apimachinery/yaml.h"
#include "base/flags.h"
#include "base/status_macros.h"

namespace scheduler {
namespace {

using absl::string_view;
using apimachinery::Value;

absl::Status Bad(std::string text) { return absl::InvalidArgumentError(std::move(text)); }

// The fields of an object, as upstream's type has them. Unknown ones are refused.
absl::Status CheckFields(const Value& object, std::initializer_list<string_view> known, const std::string& path) {
  if (!object.is_object()) return Bad(absl::StrCat("json: cannot unmarshal value into ", path.empty() ? "KubeSchedulerConfiguration" : path));
  std::vector<std::string> errors;
  for (const auto& [name, value] : object.object()) {
    if (std::find(known.begin(), known.end(), string_view(name)) == known.end()) {
      errors.push_back(absl::StrCat("unknown field \"", path, path.empty() ? "" : ".", string_view(name), "\""));
    }
  }
  return errors.empty() ? absl::OkStatus() : Bad(absl::StrCat("strict decoding error: ", absl::StrJoin(errors, ", ")));
}

absl::Status ReadInt(const Value& object, string_view name, const std::string& path, std::optional<int64_t>* out) {
  const Value* value = object.Find(name);
  if (value == nullptr || value->is_null()) return absl::OkStatus();
  if (!value->is_int()) {
    const char* type = value->is_string() ? "string" : value->is_bool() ? "bool" : value->is_object() ? "object" : value->is_array() ? "array" : "number";
    return Bad(absl::StrCat("json: cannot unmarshal ", type, " into Go struct field ", path, ".", name, " of type int32"));
  }
  *out = value->as_int();
  return absl::OkStatus();
}

absl::Status ReadDuration(const Value& object, string_view name, std::optional<absl::Duration>* out) {
  const Value* value = object.Find(name);
  if (value == nullptr || value->is_null()) return absl::OkStatus();
  if (!value->is_string()) return Bad("json: cannot unmarshal number into Go value of type string");
  ASSIGN_OR_RETURN(*out, base::ParseGoDuration(value->as_string()));
  return absl::OkStatus();
}

absl::Status ReadConnection(const Value& root, SchedulerConfig* config) {
  if (const Value* election = root.Find("leaderElection"); election != nullptr && !election->is_null()) {
    RETURN_IF_ERROR(CheckFields(*election, {"leaderElect", "leaseDuration", "renewDeadline", "retryPeriod", "resourceLock",
                                            "resourceName", "resourceNamespace"}, "leaderElection"));
    if (election->Find("leaderElect") != nullptr) config->leader_elect = election->GetBool("leaderElect", true);
    RETURN_IF_ERROR(ReadDuration(*election, "leaseDuration", &config->lease_duration));
    RETURN_IF_ERROR(ReadDuration(*election, "renewDeadline", &config->renew_deadline));
    RETURN_IF_ERROR(ReadDuration(*election, "retryPeriod", &config->retry_period));
    config->lease_name = election->GetString("resourceName");
    config->lease_namespace = election->GetString("resourceNamespace");
    const absl::Duration lease = config->lease_duration.value_or(absl::Seconds(15)), renew = config->renew_deadline.value_or(absl::Seconds(10));
    if (config->leader_elect.value_or(true) && lease <= renew) {
      return Bad(absl::StrCat("leaderElection.leaseDuration: Invalid value: \"", base::FormatGoDuration(lease), "\": LeaseDuration must be greater than RenewDeadline"));
    }
  }
  if (const Value* connection = root.Find("clientConnection"); connection != nullptr && !connection->is_null()) {
    RETURN_IF_ERROR(CheckFields(*connection, {"kubeconfig", "acceptContentTypes", "contentType", "qps", "burst"}, "clientConnection"));
    config->kubeconfig = connection->GetString("kubeconfig");
  }
  return absl::OkStatus();
}

// "[]" of the plugins that a point (or all points) turn on and off.
struct PluginSet {
  std::vector<PluginWeight> enabled;
  std::vector<std::string> disabled;
  bool Disables(string_view name) const {
    return std::any_of(disabled.begin(), disabled.end(), [&](const std::string& d) { return d == name || d == "*"; });
  }
};

absl::StatusOr<PluginSet> ReadSet(const Value& plugins, string_view point, const std::string& path) {
  PluginSet out;
  const Value* set = plugins.Find(point);
  if (set == nullptr || set->is_null()) return out;
  const std::string at = absl::StrCat(path, ".", point);
  RETURN_IF_ERROR(CheckFields(*set, {"enabled", "disabled"}, at));
  for (const Value& plugin : set->GetArray("enabled")) {
    RETURN_IF_ERROR(CheckFields(plugin, {"name", "weight"}, absl::StrCat(at, ".enabled[", out.enabled.size(), "]")));
    std::optional<int64_t> weight;
    RETURN_IF_ERROR(ReadInt(plugin, "weight", "Plugin", &weight));
    out.enabled.push_back({plugin.GetString("name"), static_cast<int>(weight.value_or(0))});
  }
  for (const Value& plugin : set->GetArray("disabled")) {
    RETURN_IF_ERROR(CheckFields(plugin, {"name", "weight"}, absl::StrCat(at, ".disabled[", out.disabled.size(), "]")));
    out.disabled.push_back(plugin.GetString("name"));
  }
  return out;
}

bool Known(string_view name) {
  constexpr string_view kAll[] = {"SchedulingGates", "PrioritySort", "NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity",
                                  "NodePorts", "NodeResourcesFit", "VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding",
                                  "VolumeZone", "PodTopologySpread", "InterPodAffinity", "DynamicResources", "DefaultPreemption",
                                  "NodeResourcesBalancedAllocation", "ImageLocality", "DefaultBinder"};
  return std::find(std::begin(kAll), std::end(kAll), name) != std::end(kAll);
}

// The plugins of one point: the defaults (or what multiPoint makes of them), less those turned off, with those turned on.
absl::StatusOr<std::vector<PluginWeight>> Choose(std::vector<PluginWeight> by_default, const PluginSet& all, const PluginSet& own, string_view type) {
  const std::vector<PluginWeight> possible = by_default;
  const auto find = [](const std::vector<PluginWeight>& list, string_view name) {
    return std::find_if(list.begin(), list.end(), [&](const PluginWeight& p) { return p.name == name; });
  };
  std::vector<PluginWeight> out;
  for (PluginWeight& plugin : by_default) {
    if (!all.Disables(plugin.name)) out.push_back(std::move(plugin));
  }
  const auto enable = [&](const PluginWeight& wanted, int weight) {
    const auto there = find(out, wanted.name);
    if (there == out.end()) {
      out.push_back({wanted.name, weight});
    } else {
      out[static_cast<size_t>(there - out.begin())].weight = weight;
    }
  };
  for (const PluginWeight& wanted : all.enabled) {
    const auto known = find(possible, wanted.name);
    if (known != possible.end()) enable(wanted, wanted.weight > 0 ? wanted.weight : known->weight);
  }
  std::erase_if(out, [&](const PluginWeight& plugin) { return own.Disables(plugin.name); });
  std::vector<std::string> seen;
  for (const PluginWeight& wanted : own.enabled) {
    if (!Known(wanted.name)) return Bad(absl::StrCat(type, " \"", wanted.name, "\" does not exist"));
    const auto known = find(possible, wanted.name);
    if (known == possible.end()) return Bad(absl::StrCat("plugin \"", wanted.name, "\" does not extend ", type, " plugin"));
    if (std::find(seen.begin(), seen.end(), wanted.name) != seen.end()) {
      return Bad(absl::StrCat("plugin \"", wanted.name, "\" already registered as \"", type, "\""));
    }
    seen.push_back(wanted.name);
    enable(wanted, wanted.weight > 0 ? wanted.weight : 1);
  }
  return out;
}

absl::Status ReadShape(const Value& strategy, FitArgs* fit) {
  const auto& points = strategy.GetArray("requestedToCapacityRatio.shape");
  constexpr char kAt[] = "scoringStrategy.shape";
  if (points.empty()) return Bad(absl::StrCat(kAt, ": Required value: at least one point must be specified"));
  int64_t last = -1;
  for (size_t i = 0; i < points.size(); ++i) {
    const int64_t utilization = points[i].GetInt("utilization"), score = points[i].GetInt("score");
    if (utilization < 0 || utilization > 100) {
      return Bad(absl::StrCat(kAt, "[", i, "].utilization: Invalid value: ", utilization, ": not in valid range [0-100]"));
    }
    if (i > 0 && utilization <= last) {
      return Bad(absl::StrCat(kAt, "[", i, "].utilization: Invalid value: ", utilization, ": utilization values must be sorted in increasing order"));
    }
    if (score < 0 || score > 10) return Bad(absl::StrCat(kAt, "[", i, "].score: Invalid value: ", score, ": not in valid range [0-10]"));
    last = utilization;
    fit->shape.push_back({utilization, score * 10});  // to 0..100
  }
  return absl::OkStatus();
}

absl::Status ReadFitArgs(const Value& args, const std::string& path, FitArgs* fit) {
  const absl::Status fields = CheckFields(args, {"apiVersion", "kind", "ignoredResources", "ignoredResourceGroups", "scoringStrategy"}, "");
  if (!fields.ok()) {
    return Bad(absl::StrCat("strict decoding error: decoding ", path, ": strict decoding error: decoding args for plugin NodeResourcesFit: ", fields.message()));
  }
  for (const Value& name : args.GetArray("ignoredResources")) fit->ignored_resources.insert(name.is_string() ? name.as_string() : "");
  for (const Value& group : args.GetArray("ignoredResourceGroups")) fit->ignored_groups.insert(group.is_string() ? group.as_string() : "");
  const Value* strategy = args.Find("scoringStrategy");
  if (strategy == nullptr || strategy->is_null()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckFields(*strategy, {"type", "resources", "requestedToCapacityRatio"}, "scoringStrategy"));
  const std::string type = strategy->GetString("type");
  const auto& resources = strategy->GetArray("resources");
  if (!resources.empty()) fit->resources.clear();
  for (size_t i = 0; i < resources.size(); ++i) {
    const std::string name = resources[i].GetString("name");
    const int64_t weight = resources[i].Find("weight") == nullptr ? 1 : resources[i].GetInt("weight");
    if (weight <= 0 || weight > 100) {
      return Bad(absl::StrCat("scoringStrategy.resources[", i, "].weight: Invalid value: ", weight, ": resource weight of ", name, " not in valid range (0, 100]"));
    }
    fit->resources.push_back({name, static_cast<int>(weight)});
  }
  if (type == "MostAllocated") {
    fit->strategy = FitArgs::Strategy::kMostAllocated;
  } else if (type == "RequestedToCapacityRatio") {
    fit->strategy = FitArgs::Strategy::kRequestedToCapacityRatio;
    return ReadShape(*strategy, fit);
  } else if (type != "LeastAllocated") {
    return Bad(absl::StrCat("scoringStrategy.type: Unsupported value: \"", type,
                            "\": supported values: \"LeastAllocated\", \"MostAllocated\", \"RequestedToCapacityRatio\""));
  }
  return absl::OkStatus();
}

absl::Status ReadPluginConfig(const Value& profile, const std::string& path, ProfileConfig* out, absl::Status* later) {
  const auto& list = profile.GetArray("pluginConfig");
  std::vector<std::string> seen;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string at = absl::StrCat(path, ".pluginConfig[", i, "]");
    RETURN_IF_ERROR(CheckFields(list[i], {"name", "args"}, at));
    const std::string name = list[i].GetString("name");
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) return Bad(absl::StrCat(at, ": Duplicate value: \"", name, "\""));
    seen.push_back(name);
    const Value* args = list[i].Find("args");
    if (args == nullptr || args->is_null() || (args->is_object() && args->empty())) continue;
    if (name == "NodeResourcesFit") {
      const absl::Status read = ReadFitArgs(*args, "." + at, &out->fit);
      if (!read.ok() && absl::StartsWith(read.message(), "strict")) return read;
      if (!read.ok() && later->ok()) *later = Bad(absl::StrCat("initializing plugin \"", name, "\": ", read.message()));
    } else if (Known(name)) {
      return Bad(absl::StrCat(at, ".args: not supported: ", name, " has its default arguments"));
    }
  }
  return absl::OkStatus();
}

// Errors that upstream finds when it makes the profile go to `later`: those of the file's form come first.
absl::Status ReadProfile(const Value& profile, size_t index, ProfileConfig* out, absl::Status* later) {
  const std::string path = absl::StrCat("profiles[", index, "]");
  RETURN_IF_ERROR(CheckFields(profile, {"schedulerName", "percentageOfNodesToScore", "plugins", "pluginConfig"}, path));
  if (profile.Find("schedulerName") != nullptr) out->scheduler_name = profile.GetString("schedulerName");
  std::optional<int64_t> percentage;
  RETURN_IF_ERROR(ReadInt(profile, "percentageOfNodesToScore", "KubeSchedulerProfile", &percentage));
  if (percentage.has_value()) {
    if (*percentage < 0 || *percentage > 100) {
      return Bad(absl::StrCat(path, ".percentageOfNodesToScore: Invalid value: ", *percentage, ": not in valid range [0-100]"));
    }
    out->percentage_of_nodes_to_score = static_cast<int>(*percentage);
  }
  RETURN_IF_ERROR(ReadPluginConfig(profile, path, out, later));
  const Value* plugins = profile.Find("plugins");
  if (plugins == nullptr || plugins->is_null()) return absl::OkStatus();
  const std::string at = path + ".plugins";
  RETURN_IF_ERROR(CheckFields(*plugins, {"preEnqueue", "queueSort", "preFilter", "filter", "postFilter", "preScore", "score", "reserve",
                                         "permit", "preBind", "bind", "postBind", "multiPoint"}, at));
  ASSIGN_OR_RETURN(const PluginSet all, ReadSet(*plugins, "multiPoint", at));
  ASSIGN_OR_RETURN(const PluginSet filter, ReadSet(*plugins, "filter", at));
  ASSIGN_OR_RETURN(const PluginSet score, ReadSet(*plugins, "score", at));
  ASSIGN_OR_RETURN(const PluginSet post_filter, ReadSet(*plugins, "postFilter", at));
  for (const PluginWeight& wanted : all.enabled) {
    if (!Known(wanted.name) && later->ok()) *later = Bad(absl::StrCat("plugin \"", wanted.name, "\" does not exist"));
  }
  for (const char* point : {"preEnqueue", "queueSort", "preFilter", "preScore", "reserve", "permit", "preBind", "bind", "postBind"}) {
    ASSIGN_OR_RETURN(const PluginSet set, ReadSet(*plugins, point, at));
    const string_view only = string_view(point) == "queueSort" ? "PrioritySort" : string_view(point) == "bind" ? "DefaultBinder" : "";
    if (!only.empty() && set.Disables(only) && set.enabled.empty()) {
      const std::string why = only == "PrioritySort"
                                  ? absl::StrCat("only one queue sort plugin required for profile with scheduler name \"", out->scheduler_name, "\", but got 0")
                                  : absl::StrCat("at least one bind plugin is needed for profile with scheduler name \"", out->scheduler_name, "\"");
      if (later->ok()) *later = Bad(why);
      continue;
    }
    for (const PluginWeight& wanted : set.enabled) {
      if (wanted.name != only) return Bad(absl::StrCat(at, ".", point, ".enabled: not supported: plugins are turned on by filter, score and multiPoint"));
    }
    for (const std::string& name : set.disabled) {
      if (name != only && name != "*") return Bad(absl::StrCat(at, ".", point, ".disabled: not supported: plugins are turned off by filter, score and multiPoint"));
      if (only.empty()) return Bad(absl::StrCat(at, ".", point, ".disabled: not supported: plugins are turned off by filter, score and multiPoint"));
    }
  }
  const auto on_all = [&](string_view name) {
    const bool again = std::any_of(all.enabled.begin(), all.enabled.end(), [&](const PluginWeight& p) { return p.name == name; });
    return again || !all.Disables(name);
  };
  out->preempts = on_all("DefaultPreemption") && !post_filter.Disables("DefaultPreemption");
  for (const PluginWeight& wanted : post_filter.enabled) {
    if (wanted.name == "DefaultPreemption") out->preempts = true;
    if (!Known(wanted.name) && later->ok()) *later = Bad(absl::StrCat("PostFilterPlugin \"", wanted.name, "\" does not exist"));
  }
  std::vector<PluginWeight> filters;
  for (const std::string& name : out->filters) filters.push_back({name, 1});
  absl::StatusOr<std::vector<PluginWeight>> chosen = Choose(std::move(filters), all, filter, "FilterPlugin");
  absl::StatusOr<std::vector<PluginWeight>> scores = Choose(out->scores, all, score, "ScorePlugin");
  if (later->ok()) *later = chosen.ok() ? scores.status() : chosen.status();
  if (!chosen.ok() || !scores.ok()) return absl::OkStatus();
  out->filters.clear();
  for (const PluginWeight& plugin : *chosen) out->filters.push_back(plugin.name);
  out->scores = *std::move(scores);
  return absl::OkStatus();
}

ProfileConfig DefaultProfileConfig() {
  ProfileConfig profile;
  profile.filters = DefaultFilters();
  profile.scores = DefaultScores();
  return profile;
}

absl::Status ReadProfiles(const Value& root, SchedulerConfig* config) {
  const auto& list = root.GetArray("profiles");
  absl::Status later;
  for (size_t i = 0; i < list.size(); ++i) {
    ProfileConfig profile = DefaultProfileConfig();
    if (list.size() > 1) profile.scheduler_name.clear();  // one of several has to say
    absl::Status broken;
    RETURN_IF_ERROR(ReadProfile(list[i], i, &profile, &broken));
    if (!broken.ok() && later.ok()) {
      later = Bad(absl::StrCat("initializing profiles: creating profile for scheduler name ", profile.scheduler_name, ": ", broken.message()));
    }
    if (profile.scheduler_name.empty()) return Bad(absl::StrCat("profiles[", i, "].schedulerName: Required value"));
    for (const ProfileConfig& other : config->profiles) {
      if (other.scheduler_name == profile.scheduler_name) return Bad(absl::StrCat("profiles[", i, "].schedulerName: Duplicate value: {}"));
    }
    config->profiles.push_back(std::move(profile));
  }
  if (config->profiles.empty()) config->profiles.push_back(DefaultProfileConfig());
  return later;
}

// Settings of upstream's scheduler that have no subject in this one. `idle`: what says nothing, as JSON.
struct WithoutEffect {
  absl::string_view path, idle, why;
};
constexpr WithoutEffect kWithoutEffect[] = {
    {"parallelism", "16", "nodes are filtered on one thread"},
    {"enableProfiling", "true", "there are no profiling pages"},
    {"enableContentionProfiling", "true", "there are no profiling pages"},
    {"delayCacheUntilActive", "false", "the cache is always filled, so that a new leader starts at once"},
    {"leaderElection.resourceLock", "\"leases\"", "leaders are elected by leases"},
    {"clientConnection.acceptContentTypes", "\"\"", "the API server is spoken to over gRPC"},
    {"clientConnection.contentType", "\"application/vnd.kubernetes.protobuf\"", "the API server is spoken to over gRPC"},
    {"clientConnection.qps", "50", "requests are not throttled here; the API server's flow control does it"},
    {"clientConnection.burst", "100", "requests are not throttled here; the API server's flow control does it"},
};

std::vector<std::string> NoEffectWarnings(const Value& root) {
  std::vector<std::string> warnings;
  for (const WithoutEffect& one : kWithoutEffect) {
    const Value* value = root.At(one.path);
    if (value == nullptr || value->is_null() || apimachinery::WriteJson(*value) == one.idle) continue;
    warnings.push_back(absl::StrCat("Setting ", one.path, " has no effect: ", one.why));
  }
  return warnings;
}

}  // namespace

SchedulerConfig DefaultConfig() {
  SchedulerConfig config;
  config.profiles.push_back(DefaultProfileConfig());
  return config;
}

absl::StatusOr<SchedulerConfig> ParseConfig(absl::string_view yaml) {
  std::vector<std::string> duplicates;
  absl::StatusOr<Value> parsed = apimachinery::ParseYaml(yaml, &duplicates);
  if (!parsed.ok()) return Bad(std::string(parsed.status().message()));
  const Value& root = *parsed;
  if (!root.is_object()) return Bad("Object 'Kind' is missing in the file");
  const std::string version = root.GetString("apiVersion"), kind = root.GetString("kind");
  if (kind.empty()) return Bad("Object 'Kind' is missing in the file");
  if (version.empty()) return Bad("Object 'apiVersion' is missing in the file");
  if (version != "kubescheduler.config.k8s.io/v1" || kind != "KubeSchedulerConfiguration") {
    return Bad(absl::StrCat("no kind \"", kind, "\" is registered for version \"", version, "\" in scheme \"pkg/runtime/scheme.go:111\""));
  }
  if (!duplicates.empty()) return Bad(absl::StrCat("strict decoding error: yaml: unmarshal errors:\n  ", absl::StrJoin(duplicates, "\n  ")));
  RETURN_IF_ERROR(CheckFields(root, {"apiVersion", "kind", "parallelism", "leaderElection", "clientConnection", "enableProfiling",
                                     "enableContentionProfiling", "percentageOfNodesToScore", "podInitialBackoffSeconds",
                                     "podMaxBackoffSeconds", "profiles", "extenders", "delayCacheUntilActive"}, ""));
  SchedulerConfig config;
  RETURN_IF_ERROR(ReadConnection(root, &config));
  if (!root.GetArray("extenders").empty()) return Bad("extenders: not supported: nodes are filtered and scored by plugins alone");
  constexpr char kType[] = "KubeSchedulerConfiguration";
  std::optional<int64_t> parallelism, percentage, initial, most;
  RETURN_IF_ERROR(ReadInt(root, "parallelism", kType, &parallelism));
  RETURN_IF_ERROR(ReadInt(root, "percentageOfNodesToScore", kType, &percentage));
  RETURN_IF_ERROR(ReadInt(root, "podInitialBackoffSeconds", kType, &initial));
  RETURN_IF_ERROR(ReadInt(root, "podMaxBackoffSeconds", kType, &most));
  if (parallelism.has_value() && *parallelism <= 0) {
    return Bad(absl::StrCat("parallelism: Invalid value: ", *parallelism, ": should be an integer value greater than zero"));
  }
  if (percentage.has_value() && (*percentage < 0 || *percentage > 100)) {
    return Bad(absl::StrCat("percentageOfNodesToScore: Invalid value: ", *percentage, ": not in valid range [0-100]"));
  }
  if (initial.has_value() && *initial <= 0) return Bad(absl::StrCat("podInitialBackoffSeconds: Invalid value: ", *initial, ": must be greater than 0"));
  if (initial.has_value()) config.initial_backoff = absl::Seconds(*initial);
  if (most.has_value()) config.max_backoff = absl::Seconds(*most);
  if (config.max_backoff < config.initial_backoff) {
    return Bad(absl::StrCat("podMaxBackoffSeconds: Invalid value: ", absl::ToInt64Seconds(config.max_backoff), ": must be greater than or equal to PodInitialBackoffSeconds"));
  }
  RETURN_IF_ERROR(ReadProfiles(root, &config));
  config.warnings = NoEffectWarnings(root);
  for (ProfileConfig& profile : config.profiles) {
    if (profile.percentage_of_nodes_to_score == 0) profile.percentage_of_nodes_to_score = static_cast<int>(percentage.value_or(0));
  }
  return config;
}

}  // namespace scheduler
