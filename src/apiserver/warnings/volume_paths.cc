// Files of one volume that lie in each other's way.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"
#include "apiserver/warnings/notes.h"

namespace apiserver::warnings {
namespace {

using apimachinery::Array;
using apimachinery::GoQuote;
using validation::Items;
using validation::Sub;
using validation::Text;

struct File {
  std::string path, source;
  std::string Show() const { return source.empty() ? GoQuote(path) : absl::StrCat(GoQuote(path), " (", source, ")"); }
};

bool Below(absl::string_view path, absl::string_view folder) {
  return absl::StartsWith(absl::StrCat(path, "/"), absl::StrCat(folder, "/"));
}

// The files of a volume as they come; tells of those that meet earlier ones.
class Folder {
 public:
  Folder(Notes& notes, std::string title) : notes_(notes), title_(std::move(title)) {}

  void Add(absl::string_view path, absl::string_view source) {
    while (absl::EndsWith(path, "/")) path.remove_suffix(1);
    File file{std::string(path), std::string(source)};
    for (const File& other : files_) {
      if (file.path.empty() || other.path.empty()) continue;
      if (!Below(other.path, file.path) && !Below(file.path, other.path)) continue;
      notes_.Add(absl::StrCat("volume ", title_, ": overlapping paths: ", file.Show(), " with ", other.Show()));
    }
    files_.push_back(std::move(file));
  }
  void AddItems(const Value& holder, absl::string_view source) {
    for (const Value& item : Items(holder, "items")) Add(Text(item, "path"), source);
  }

 private:
  Notes& notes_;
  const std::string title_;
  std::vector<File> files_;
};

void Projected(Notes& notes, const std::string& name, const Value& projected) {
  Folder folder(notes, absl::StrCat(name, " (Projected)"));
  for (const Value& source : Items(projected, "sources")) {
    if (source.empty()) {
      notes.Add(absl::StrCat("volume ", name, " (Projected) has no sources provided"));
      continue;
    }
    const Value& map = Sub(source, "configMap");
    const Value& secret = Sub(source, "secret");
    if (!Items(map, "items").empty()) {
      folder.AddItems(map, absl::StrCat("ConfigMap ", GoQuote(Text(map, "name"))));
    } else if (!Items(secret, "items").empty()) {
      folder.AddItems(secret, absl::StrCat("Secret ", GoQuote(Text(secret, "name"))));
    } else if (!Items(Sub(source, "downwardAPI"), "items").empty()) {
      folder.AddItems(Sub(source, "downwardAPI"), "DownwardAPI");
    } else if (const Value* token = source.Find("serviceAccountToken")) {
      folder.Add(Text(*token, "path"), "ServiceAccountToken");
    } else if (const Value* bundle = source.Find("clusterTrustBundle")) {
      const absl::string_view title = bundle->Has("name") ? Text(*bundle, "name") : Text(*bundle, "signerName");
      folder.Add(Text(*bundle, "path"), absl::StrCat("ClusterTrustBundle ", GoQuote(title)));
    } else if (const Value* certificate = source.Find("podCertificate")) {
      static constexpr std::pair<const char*, const char*> kFiles[] = {
          {"certificateChainPath", "PodCertificate chain"},
          {"keyPath", "PodCertificate key"},
          {"credentialBundlePath", "PodCertificate credential bundle"}};
      for (const auto& [member, title] : kFiles) {
        if (!Text(*certificate, member).empty()) folder.Add(Text(*certificate, member), title);
      }
    }
  }
}

}  // namespace

void Notes::VolumePaths(const Value& spec) {
  for (const Value& volume : Items(spec, "volumes")) {
    const std::string name = GoQuote(Text(volume, "name"));
    const auto plain = [&](const Value& holder, absl::string_view title) {
      Folder(*this, absl::StrCat(name, " (", title, ")")).AddItems(holder, "");
    };
    plain(Sub(volume, "configMap"), absl::StrCat("ConfigMap ", GoQuote(Text(Sub(volume, "configMap"), "name"))));
    plain(Sub(volume, "secret"), absl::StrCat("Secret ", GoQuote(Text(Sub(volume, "secret"), "secretName"))));
    plain(Sub(volume, "downwardAPI"), "DownwardAPI");
    if (const Value* projected = volume.Find("projected")) Projected(*this, name, *projected);
  }
}

}  // namespace apiserver::warnings
