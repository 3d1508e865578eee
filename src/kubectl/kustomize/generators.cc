#include "kubectl/kustomize/generators.h"

#include <openssl/evp.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"

namespace kubectl::kustomize {
namespace {

constexpr size_t kBase64Line = 70;  // longer texts are folded, each line with its newline

struct Pair {
  std::string key, value;
};

bool IsUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const unsigned char c = text[i];
    const size_t more = c < 0x80 ? 0 : (c >> 5) == 6 && c >= 0xc2 ? 1 : (c >> 4) == 14 ? 2 : (c >> 3) == 30 && c <= 0xf4 ? 3 : 9;
    if (more == 9 || i + more >= text.size() + (more == 0)) return false;
    for (size_t k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    const unsigned char second = more > 0 ? text[i + 1] : 0;
    if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) || (c == 0xf0 && second < 0x90) ||
        (c == 0xf4 && second > 0x8f)) {
      return false;
    }
    i += more + 1;
  }
  return true;
}

std::string Base64(absl::string_view data) {
  const std::string text = absl::Base64Escape(data);
  if (text.size() < kBase64Line) return text;
  std::string folded;
  for (size_t i = 0; i < text.size(); i += kBase64Line) absl::StrAppend(&folded, text.substr(i, kBase64Line), "\n");
  return folded;
}

std::string ListText(const Value& entry, absl::string_view name) {
  std::vector<std::string> items;
  for (const Value& item : entry.GetArray(name)) items.push_back(item.as_string());
  return absl::StrCat("[", absl::StrJoin(items, " "), "]");
}

absl::Status AddEnvLines(const std::string& text, std::vector<Pair>* pairs) {
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (!lines.empty()) lines[0] = absl::StripPrefix(lines[0], "\xef\xbb\xbf");
  for (size_t i = 0; i < lines.size(); ++i) {
    absl::string_view line = absl::StripSuffix(lines[i], "\r");
    if (!IsUtf8(line)) return Error(absl::StrCat("line ", i, " has invalid utf8 bytes : ", line));
    line = absl::StripLeadingAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    const std::pair<std::string, std::string> parts = absl::StrSplit(line, absl::MaxSplits('=', 1));
    pairs->push_back({parts.first, parts.second});
  }
  return absl::OkStatus();
}

absl::StatusOr<Pair> ParseFileSource(const std::string& source) {
  const size_t count = std::count(source.begin(), source.end(), '=');
  if (count == 0) return Pair{source.substr(source.find_last_of('/') + 1), source};
  if (count > 1) return Error(absl::StrCat("source \"", source, "\" key name or file path contains '='"));
  const size_t equals = source.find('=');
  if (equals == 0)
    return Error(absl::StrCat("missing key name for file path \"", source.substr(1), "\" in source \"", source, "\""));
  if (equals + 1 == source.size())
    return Error(absl::StrCat("missing file path for key name \"", source.substr(0, equals), "\" in source \"", source, "\""));
  return Pair{source.substr(0, equals), source.substr(equals + 1)};
}

absl::StatusOr<Pair> ParseLiteral(const std::string& literal) {
  const size_t equals = literal.find('=');
  if (equals == std::string::npos || equals == 0)
    return Error(absl::StrCat("invalid literal source ", literal, ", expected key=value"));
  Pair pair{literal.substr(0, equals), literal.substr(equals + 1)};
  if (pair.value.size() >= 2 && pair.value.front() == pair.value.back() &&
      (pair.value.front() == '"' || pair.value.front() == '\'')) {
    pair.value = pair.value.substr(1, pair.value.size() - 2);
  }
  return pair;
}

absl::StatusOr<std::vector<Pair>> ReadPairs(const Value& entry, const Loader& loader) {
  std::vector<Pair> pairs;
  Value envs = Value::MakeObject();
  for (const Value& env : entry.GetArray("envs")) envs["envs"].Append(env);
  if (const std::string env = entry.GetString("env"); !env.empty()) envs["envs"].Append(env);
  const auto sources = [&](const Value& from, absl::string_view name, absl::string_view words,
                           auto add) -> absl::Status {
    for (const Value& item : from.GetArray(name)) {
      if (const absl::Status added = add(item.as_string()); !added.ok())
        return AddContext(added, absl::StrCat("loading KV pairs: ", words, ListText(from, name), ": "));
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(sources(envs, "envs", "env source files: ", [&](const std::string& file) -> absl::Status {
    ASSIGN_OR_RETURN(const std::string text, loader.Load(file));
    return AddEnvLines(text, &pairs);
  }));
  RETURN_IF_ERROR(sources(entry, "literals", "literal sources ", [&](const std::string& literal) -> absl::Status {
    ASSIGN_OR_RETURN(Pair pair, ParseLiteral(literal));
    pairs.push_back(std::move(pair));
    return absl::OkStatus();
  }));
  RETURN_IF_ERROR(sources(entry, "files", "file sources: ", [&](const std::string& source) -> absl::Status {
    ASSIGN_OR_RETURN(Pair pair, ParseFileSource(source));
    ASSIGN_OR_RETURN(pair.value, loader.Load(pair.value));
    pairs.push_back(std::move(pair));
    return absl::OkStatus();
  }));
  return pairs;
}

void AddMetadata(const Value* options, Value* metadata) {
  if (options == nullptr) return;
  for (const char* map : {"labels", "annotations"}) {
    for (const auto& [key, value] : options->GetObject(map)) (*metadata)[map].Set(key, value);
  }
}

absl::StatusOr<Resource> Generate(const Value& entry, const Value* common, bool secret, const Loader& loader) {
  const std::string name = entry.GetString("name");
  const absl::string_view noun = secret ? "secret" : "configmap";
  if (name.empty()) return Error(absl::StrCat("a ", noun, " must have a name"));
  ASSIGN_OR_RETURN(const std::vector<Pair> pairs, ReadPairs(entry, loader));
  Resource made;
  made.object.Set("apiVersion", "v1");
  made.object.Set("kind", secret ? "Secret" : "ConfigMap");
  Value& metadata = made.object["metadata"];
  metadata.Set("name", name);
  if (const std::string ns = entry.GetString("namespace"); !ns.empty()) metadata.Set("namespace", ns);
  const Value* own = entry.Find("options");
  AddMetadata(common, &metadata);
  AddMetadata(own, &metadata);
  if (secret) {
    const std::string type = entry.GetString("type");
    made.object.Set("type", type.empty() ? "Opaque" : type);
  }
  for (const Pair& pair : pairs) {
    const bool binary = !secret && !IsUtf8(pair.value);
    for (const char* map : {"data", "binaryData"}) {
      const Value* there = made.object.Find(map);
      if (there != nullptr && there->Has(pair.key))
        return Error(absl::StrCat("configmap ", name, " illegally repeats the key `", pair.key, "`"));
    }
    made.object[binary ? "binaryData" : "data"].Set(pair.key, secret || binary ? Base64(pair.value) : pair.value);
  }
  const auto option = [&](absl::string_view flag) {
    return (own != nullptr && own->GetBool(flag)) || (common != nullptr && common->GetBool(flag));
  };
  if (option("immutable")) made.object.Set("immutable", true);
  made.add_hash = !option("disableNameSuffixHash");
  const std::string behavior = entry.GetString("behavior");
  made.behavior = behavior == "merge"     ? Resource::Behavior::kMerge
                  : behavior == "replace" ? Resource::Behavior::kReplace
                                          : Resource::Behavior::kCreate;
  return made;
}

// `under` fills in what `over` does not say.
void FillIn(const Value* under, Value* over, absl::string_view map) {
  if (under == nullptr) return;
  for (const auto& [key, value] : under->GetObject(map)) {
    Value& target = (*over)[map];
    if (!target.Has(key)) target.Set(key, value);
  }
}

absl::Status Absorb(Resource made, Resources* resources) {
  const ResourceId id = made.Id();
  Resource* old = nullptr;
  for (Resource& resource : *resources) {
    if (resource.EverWas(id)) old = &resource;
  }
  const bool joins = made.behavior != Resource::Behavior::kCreate;
  if (old == nullptr && !joins) return Append(resources, std::move(made));
  if (old == nullptr || !joins) {
    return Error(absl::StrCat("merging from generator: id ", id.ToString(),
                              old == nullptr ? " does not exist; cannot merge or replace"
                                             : " exists; behavior must be merge or replace"));
  }
  Value& metadata = made.object["metadata"];
  metadata.Set("name", old->Name());
  if (!old->Ns().empty()) metadata.Set("namespace", old->Ns());
  FillIn(old->object.Find("metadata"), &metadata, "labels");
  FillIn(old->object.Find("metadata"), &metadata, "annotations");
  if (made.behavior == Resource::Behavior::kMerge) {
    FillIn(&old->object, &made.object, "data");
    FillIn(&old->object, &made.object, "binaryData");
  }
  made.previous = old->previous;
  made.prefixes = old->prefixes;
  made.suffixes = old->suffixes;
  *old = std::move(made);
  return absl::OkStatus();
}

}  // namespace

absl::Status RunGenerators(const Kustomization& kustomization, const Loader& loader, Resources* resources) {
  const Value* common = kustomization.fields.Find("generatorOptions");
  for (const bool secret : {false, true}) {
    for (const Value& entry : kustomization.fields.GetArray(secret ? "secretGenerator" : "configMapGenerator")) {
      ASSIGN_OR_RETURN(Resource made, Generate(entry, common, secret, loader));
      RETURN_IF_ERROR(Absorb(std::move(made), resources));
    }
  }
  return absl::OkStatus();
}

std::string ContentHash(const Value& object) {
  const std::string kind = object.GetString("kind");
  Value hashed;
  if (kind == "ConfigMap" || kind == "Secret") {
    const Value* data = object.Find("data");
    hashed.Set("kind", kind);
    hashed.Set("name", "");  // what it is called does not count
    hashed.Set("data", data == nullptr ? Value("") : *data);
    if (kind == "Secret") hashed.Set("type", object.GetString("type"));
    const absl::string_view more = kind == "Secret" ? "stringData" : "binaryData";
    if (const Value* extra = object.Find(more); extra != nullptr && extra->is_object()) hashed.Set(more, *extra);
  } else {
    hashed = object;
  }
  const std::string text = WriteJsonSorted(hashed);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  std::string hex = absl::BytesToHexString(absl::string_view(reinterpret_cast<char*>(digest), size)).substr(0, 10);
  for (char& c : hex) {  // no vowels, nothing that looks like another
    constexpr absl::string_view kFrom = "013ae", kTo = "ghkmt";
    if (const size_t at = kFrom.find(c); at != absl::string_view::npos) c = kTo[at];
  }
  return hex;
}

void AddHashes(Resources* resources) {
  for (Resource& resource : *resources) {
    if (!resource.add_hash) continue;
    resource.RememberId();
    const std::string hash = ContentHash(resource.object);
    resource.object.Ensure("metadata").Set("name", absl::StrCat(resource.Name(), "-", hash));
  }
}

}  // namespace kubectl::kustomize
