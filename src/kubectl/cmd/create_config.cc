// kubectl create configmap and secret: data from literals, files, folders and env files.
#include <dirent.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apimachinery/names.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "kubectl/cmd/common.h"
#include "kubectl/cmd/create_generators.h"

namespace kubectl {
namespace {

struct Sources {
  std::vector<std::string> files, literals, env_files;
  std::string type;
  bool append_hash = false;
};

using Data = std::vector<std::pair<std::string, std::string>>;

bool IsText(const std::string& bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const unsigned char c = bytes[i];
    const size_t length = c < 0x80             ? 1
                          : (c & 0xE0) == 0xC0 ? 2
                          : (c & 0xF0) == 0xE0 ? 3
                          : (c & 0xF8) == 0xF0 ? 4
                                               : 0;
    if (length == 0 || i + length > bytes.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(bytes[i + k]) & 0xC0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

// `where` ends the complaint about a key that is there already.
absl::Status Add(Data* data, const std::string& where, const std::string& key, std::string value) {
  const apimachinery::Problems problems = apimachinery::IsConfigMapKey(key);
  if (!problems.empty())
    return Error(absl::StrCat(
        "\"", key, "\" is not a valid key name for a ConfigMap: ", absl::StrJoin(problems, ",")));
  for (const auto& [existing, unused] : *data) {
    if (existing == key)
      return Error(absl::StrCat("cannot add key \"", key,
                                "\", another key by that name already exists", where));
  }
  data->emplace_back(key, std::move(value));
  return absl::OkStatus();
}

absl::StatusOr<Data> Collect(const Sources& sources, const std::string& where) {
  Data data;
  if (!sources.env_files.empty() && !(sources.files.empty() && sources.literals.empty()))
    return Error("from-env-file cannot be combined with from-file or from-literal");
  for (const std::string& literal : sources.literals) {
    ASSIGN_OR_RETURN(auto pair, ParseLiteral(literal));
    std::string& value = pair.second;
    if (value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0])
      value = value.substr(1, value.size() - 2);
    RETURN_IF_ERROR(Add(&data, where, pair.first, std::move(value)));
  }
  for (const std::string& source : sources.files) {
    const size_t equals = source.find('=');
    std::string key = equals == std::string::npos ? "" : source.substr(0, equals);
    const std::string path = equals == std::string::npos ? source : source.substr(equals + 1);
    if (std::count(source.begin(), source.end(), '=') > 1) return Error("key names or file paths cannot contain '='");
    if (equals == 0) return Error(absl::StrCat("key name for file path ", path, " missing"));
    struct stat info;
    if (stat(path.c_str(), &info) != 0)
      return Error(absl::StrCat("error reading ", path, ": no such file or directory"));
    if (S_ISDIR(info.st_mode)) {
      if (!key.empty()) return Error("cannot give a key name for a directory path");
      std::vector<std::string> names;
      if (DIR* dir = opendir(path.c_str()); dir != nullptr) {
        while (const dirent* entry = readdir(dir)) names.push_back(entry->d_name);
        closedir(dir);
      }
      std::sort(names.begin(), names.end());
      for (const std::string& name : names) {
        const std::string file = absl::StrCat(path, "/", name);
        if (stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode) ||
            !apimachinery::IsConfigMapKey(name).empty())
          continue;
        ASSIGN_OR_RETURN(std::string content, base::ReadFile(file));
        RETURN_IF_ERROR(Add(&data, where, name, std::move(content)));
      }
      continue;
    }
    if (key.empty())
      key = path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1);
    ASSIGN_OR_RETURN(std::string content, base::ReadFile(path));
    RETURN_IF_ERROR(Add(&data, where, key, std::move(content)));
  }
  for (const std::string& file : sources.env_files) {
    const absl::StatusOr<std::string> read = base::ReadFile(file);
    if (!read.ok()) return Error(absl::StrCat("error reading ", file, ": no such file or directory"));
    const std::string& content = *read;
    for (absl::string_view line : absl::StrSplit(content, '\n')) {
      line = absl::StripLeadingAsciiWhitespace(line);
      if (absl::EndsWith(line, "\r")) line.remove_suffix(1);
      if (line.empty() || line[0] == '#') continue;
      const size_t equals = line.find('=');
      const std::string key(line.substr(0, equals));
      if (const apimachinery::Problems problems = apimachinery::IsEnvVarName(key); !problems.empty())
        return Error(absl::StrCat("\"", key, "\" is not a valid key name: ", absl::StrJoin(problems, ";")));
      if (equals == absl::string_view::npos) {
        const char* value = getenv(key.c_str());
        if (value != nullptr) RETURN_IF_ERROR(Add(&data, where, key, value));
      } else {
        RETURN_IF_ERROR(Add(&data, where, key, std::string(line.substr(equals + 1))));
      }
    }
  }
  std::sort(data.begin(), data.end());
  return data;
}

std::string Sha256Hex(const std::string& text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest), sizeof(digest)));
}

// The name with ten letters of a hash over what the object holds: another content has another name.
void AppendHash(Value* object) {
  Value hashed;
  hashed.Set("data", object->Has("data") ? *object->Find("data")
                     : object->GetString("kind") == "Secret" ? Value() : Value::MakeObject());
  for (const char* field : {"binaryData", "immutable"}) {
    if (const Value* value = object->Find(field)) hashed.Set(field, *value);
  }
  hashed.Set("kind", object->GetString("kind"));
  hashed.Set("name", object->GetString("metadata.name"));
  if (object->GetString("kind") == "Secret") hashed.Set("type", object->GetString("type"));
  std::string hash = Sha256Hex(WriteJsonSorted(hashed)).substr(0, 10);
  for (char& c : hash) {  // no vowels, no words
    constexpr absl::string_view kFrom = "013ae", kTo = "ghkmt";
    if (const size_t at = kFrom.find(c); at != absl::string_view::npos) c = kTo[at];
  }
  object->Ensure("metadata").Set("name", absl::StrCat(object->GetString("metadata.name"), "-", hash));
}

// Go's words for pairs that are none.
absl::Status CheckKeyPair(const std::string& cert, const std::string& key) {
  const auto has = [](const std::string& text, absl::string_view what) {
    return absl::StrContains(text, absl::StrCat(what, "-----"));
  };
  if (!has(cert, "BEGIN CERTIFICATE")) {
    return Error(has(cert, "PRIVATE KEY")
                     ? "tls: failed to find certificate PEM data in certificate input, but did find a "
                       "private key; PEM inputs may have been switched"
                     : "tls: failed to find any PEM data in certificate input");
  }
  if (!has(key, "PRIVATE KEY")) {
    return Error(has(key, "BEGIN CERTIFICATE")
                     ? "tls: found a certificate rather than a key in the PEM for the private key"
                     : "tls: failed to find any PEM data in key input");
  }
  return absl::OkStatus();
}

void AddSources(FlagSet* flags, Sources* sources) {
  flags->Array(&sources->literals, "from-literal", "", "KEY=VALUE; may be repeated.");
  flags->List(&sources->files, "from-file", "", "A file, [KEY=]FILE, or a folder of files.");
  flags->List(&sources->env_files, "from-env-file", "", "A file of KEY=VALUE lines.");
  flags->Bool(&sources->append_hash, "append-hash", "",
              "Append a hash of the content to the name.");
}

absl::StatusOr<Value> MakeConfigMap(const Sources& sources, const std::string& name) {
  ASSIGN_OR_RETURN(const Data data,
                   Collect(sources, absl::StrCat(" in Data for ConfigMap \"", name, "\"")));
  Value object = NewObject("v1", "ConfigMap", name);
  for (const auto& [key, value] : data) {
    if (IsText(value))
      object["data"].Set(key, value);
    else
      object["binaryData"].Set(key, absl::Base64Escape(value));
  }
  return object;
}

absl::StatusOr<Value> MakeSecret(const std::string& name, const std::string& type,
                                 const Data& data) {
  Value object = NewObject("v1", "Secret", name);
  for (const auto& [key, value] : data) object["data"].Set(key, absl::Base64Escape(value));
  if (!type.empty()) object.Set("type", type);
  return object;
}

}  // namespace

void AddConfigGenerators(Factory& factory, Command* create) {
  auto c = std::make_shared<Sources>();
  Command& config = AddGenerator(
      factory, create, "configmap", {"cm"},
      "Create a config map from a local file, directory or literal value",
      "NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]",
      "configmap",
      [c](const std::string& name, const FlagSet::Parsed&) -> absl::StatusOr<Value> {
        ASSIGN_OR_RETURN(Value object, MakeConfigMap(*c, name));
        if (c->append_hash) AppendHash(&object);
        return object;
      });
  AddSources(&config.flags, c.get());

  Command& secret = create->Add(NewCommand("secret", "Create a secret using a specified subcommand",
                                           "(docker-registry | generic | tls)"));
  auto g = std::make_shared<Sources>();
  Command& generic = AddGenerator(
      factory, &secret, "generic", {},
      "Create a secret from a local file, directory, or literal value",
      "NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] "
      "[--dry-run=server|client|none]",
      "secret", [g](const std::string& name, const FlagSet::Parsed&) -> absl::StatusOr<Value> {
        ASSIGN_OR_RETURN(const Data data, Collect(*g, ""));
        ASSIGN_OR_RETURN(Value object, MakeSecret(name, g->type, data));
        if (g->append_hash) AppendHash(&object);
        return object;
      });
  AddSources(&generic.flags, g.get());
  generic.flags.String(&g->type, "type", "", "What kind of secret it is.");

  struct TlsOptions {
    std::string cert, key;
  };
  auto t = std::make_shared<TlsOptions>();
  Command& tls = AddGenerator(
      factory, &secret, "tls", {}, "Create a TLS secret",
      "NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none]",
      "secret", [t](const std::string& name, const FlagSet::Parsed&) -> absl::StatusOr<Value> {
        if (t->cert.empty() || t->key.empty()) return Error("key and cert must be specified");
        std::string cert, key;
        for (const auto& [file, text] : {std::pair(&t->key, &key), std::pair(&t->cert, &cert)}) {
          absl::StatusOr<std::string> read = base::ReadFile(*file);
          if (!read.ok()) return Error(absl::StrCat("Cannot read file ", *file, ", open ", *file, ": no such file or directory"));
          *text = *std::move(read);
        }
        RETURN_IF_ERROR(CheckKeyPair(cert, key));
        return MakeSecret(name, "kubernetes.io/tls", {{"tls.crt", cert}, {"tls.key", key}});
      });
  tls.flags.String(&t->cert, "cert", "", "PEM file of the certificate.");
  tls.flags.String(&t->key, "key", "", "PEM file of the key.");

  struct RegistryOptions {
    std::string server = "https://index.docker.io/v1/", user, password, email;
  };
  auto r = std::make_shared<RegistryOptions>();
  Command& registry = AddGenerator(
      factory, &secret, "docker-registry", {}, "Create a secret for use with a Docker registry",
      "NAME --docker-username=user --docker-password=password --docker-email=email "
      "[--docker-server=string] [--from-file=[key=]source] "
      "[--dry-run=server|client|none]",
      "secret", [r](const std::string& name, const FlagSet::Parsed&) -> absl::StatusOr<Value> {
        if (r->user.empty() || r->password.empty() || r->server.empty()) {
          return Error("either --from-file or the combination of --docker-username, --docker-password and --docker-server is "
                       "required");
        }
        Value auth, config;
        auth.Set("username", r->user);
        auth.Set("password", r->password);
        if (!r->email.empty()) auth.Set("email", r->email);
        auth.Set("auth", absl::Base64Escape(absl::StrCat(r->user, ":", r->password)));
        config["auths"].Set(r->server, auth);
        return MakeSecret(name, "kubernetes.io/dockerconfigjson",
                          {{".dockerconfigjson", WriteJson(config)}});
      });
  registry.flags.String(&r->server, "docker-server", "", "Address of the registry.");
  registry.flags.String(&r->user, "docker-username", "", "User name at the registry.");
  registry.flags.String(&r->password, "docker-password", "", "Password at the registry.");
  registry.flags.String(&r->email, "docker-email", "", "E-mail address at the registry.");
}

}  // namespace kubectl
