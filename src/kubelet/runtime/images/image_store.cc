#include "kubelet/runtime/images/image_store.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apimachinery/json.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "kubelet/runtime/images/image_name.h"
#include "kubelet/runtime/images/unpack.h"
#include "kubelet/runtime/shim/record.h"

namespace kubelet {
namespace {

using apimachinery::Value;

absl::StatusOr<std::string> Sha256File(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return base::ErrnoStatus(absl::StrCat("open ", path));
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
  std::string buffer(1 << 18, '\0');
  ssize_t n;
  while ((n = read(fd, buffer.data(), buffer.size())) > 0) EVP_DigestUpdate(context, buffer.data(), static_cast<size_t>(n));
  close(fd);
  unsigned char digest[32];
  EVP_DigestFinal_ex(context, digest, nullptr);
  EVP_MD_CTX_free(context);
  return absl::StrCat("sha256:", absl::BytesToHexString(absl::string_view(reinterpret_cast<char*>(digest), 32)));
}

int64_t FileSize(const std::string& path) {
  struct stat st;
  return stat(path.c_str(), &st) == 0 ? st.st_size : 0;
}

std::vector<std::string> Strings(const Value& value, absl::string_view path) {
  std::vector<std::string> out;
  for (const Value& item : value.GetArray(path)) {
    if (item.is_string()) out.push_back(item.as_string());
  }
  return out;
}

absl::StatusOr<Value> ReadJson(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  return apimachinery::ParseJson(text);
}

std::string LayerName(absl::string_view diff_id) {
  absl::ConsumePrefix(&diff_id, "sha256:");
  return std::string(diff_id.substr(0, 16));
}

// Blobs are addressed by digest; what an archive calls a blob must not lead elsewhere.
absl::StatusOr<std::string> BlobPath(const std::string& layout, const std::string& digest) {
  absl::string_view hex = digest;
  if (!absl::ConsumePrefix(&hex, "sha256:") || hex.size() != 64 || absl::StrContains(hex, '/')) {
    return absl::InvalidArgumentError(absl::StrCat("unsupported digest \"", digest, "\""));
  }
  return absl::StrCat(layout, "/blobs/sha256/", hex);
}

absl::StatusOr<std::string> CheckedBlob(const std::string& layout, const std::string& digest) {
  ASSIGN_OR_RETURN(const std::string path, BlobPath(layout, digest));
  ASSIGN_OR_RETURN(const std::string actual, Sha256File(path));
  if (actual != digest) return absl::DataLossError(absl::StrCat("blob ", digest, " has digest ", actual));
  return path;
}

struct LayoutImage {
  std::string config_path, config_digest;
  std::vector<std::string> layer_paths;
  std::vector<std::string> names;
  std::string manifest_digest;
};

void AddName(absl::string_view text, LayoutImage* image) {
  if (absl::StatusOr<ImageName> name = ParseImageName(text); name.ok()) image->names.push_back(name->ToString());
}

absl::Status ReadOciManifest(const std::string& layout, const Value& descriptor, std::vector<LayoutImage>* out, int depth) {
  if (depth > 4) return absl::InvalidArgumentError("image index nested too deeply");
  const std::string digest = descriptor.GetString("digest");
  ASSIGN_OR_RETURN(const std::string path, CheckedBlob(layout, digest));
  ASSIGN_OR_RETURN(const Value manifest, ReadJson(path));
  LayoutImage image;
  if (const Value* annotations = descriptor.Find("annotations"); annotations != nullptr && annotations->is_object()) {
    for (const char* key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"}) {
      const Value* name = annotations->Find(key);
      // A bare tag is no name.
      if (name != nullptr && name->is_string() && image.names.empty() && absl::StrContains(name->as_string(), ':')) {
        AddName(name->as_string(), &image);
      }
    }
  }
  if (manifest.Has("manifests")) {  // an index: the entry of this machine's kind
    for (const Value& child : manifest.GetArray("manifests")) {
      const std::string arch = child.GetString("platform.architecture", "amd64");
      if (child.GetString("platform.os", "linux") != "linux" || arch != "amd64") continue;
      const size_t before = out->size();
      RETURN_IF_ERROR(ReadOciManifest(layout, child, out, depth + 1));
      for (size_t i = before; i < out->size(); ++i) {
        if ((*out)[i].names.empty()) (*out)[i].names = image.names;
      }
      return absl::OkStatus();
    }
    return absl::NotFoundError("no match for platform in manifest: not found");
  }
  image.manifest_digest = digest;
  image.config_digest = manifest.GetString("config.digest");
  ASSIGN_OR_RETURN(image.config_path, CheckedBlob(layout, image.config_digest));
  for (const Value& layer : manifest.GetArray("layers")) {
    ASSIGN_OR_RETURN(std::string blob, CheckedBlob(layout, layer.GetString("digest")));
    image.layer_paths.push_back(std::move(blob));
  }
  out->push_back(std::move(image));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<LayoutImage>> ReadManifests(const std::string& dir) {
  std::vector<LayoutImage> images;
  if (access((dir + "/manifest.json").c_str(), F_OK) == 0) {  // docker-save
    ASSIGN_OR_RETURN(const Value manifest, ReadJson(dir + "/manifest.json"));
    if (!manifest.is_array()) return absl::InvalidArgumentError("manifest.json: not a list");
    for (const Value& entry : manifest.array()) {
      LayoutImage image;
      const std::string config = entry.GetString("Config");
      if (absl::StrContains(config, "..")) return absl::InvalidArgumentError("manifest.json: bad path");
      image.config_path = absl::StrCat(dir, "/", config);
      ASSIGN_OR_RETURN(image.config_digest, Sha256File(image.config_path));
      for (const std::string& layer : Strings(entry, "Layers")) {
        if (absl::StrContains(layer, "..")) return absl::InvalidArgumentError("manifest.json: bad path");
        image.layer_paths.push_back(absl::StrCat(dir, "/", layer));
      }
      for (const std::string& tag : Strings(entry, "RepoTags")) AddName(tag, &image);
      images.push_back(std::move(image));
    }
    return images;
  }
  ASSIGN_OR_RETURN(const Value index, ReadJson(dir + "/index.json"));
  for (const Value& descriptor : index.GetArray("manifests")) {
    RETURN_IF_ERROR(ReadOciManifest(dir, descriptor, &images, 0));
  }
  return images;
}

}  // namespace

void RemoveAll(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

absl::StatusOr<std::unique_ptr<ImageStore>> ImageStore::Open(std::string dir) {
  RETURN_IF_ERROR(base::MakeDirs(dir + "/layers", 0711));
  RETURN_IF_ERROR(base::MakeDirs(dir + "/layers/.empty", 0755));  // stands in for an image without layers
  RETURN_IF_ERROR(base::MakeDirs(dir + "/tmp", 0700));
  std::unique_ptr<ImageStore> store(new ImageStore(std::move(dir)));
  absl::MutexLock lock(&store->mu_);
  RETURN_IF_ERROR(store->Load());
  return store;
}

std::string ImageStore::NewTempDir() {
  absl::MutexLock lock(&mu_);
  std::string path = absl::StrCat(dir_, "/tmp/", getpid(), "-", ++temp_count_);
  RemoveAll(path);
  (void)base::MakeDirs(path, 0700);
  return path;
}

absl::Status ImageStore::Load() {
  images_.clear();
  struct stat st;
  const std::string path = dir_ + "/index";
  if (stat(path.c_str(), &st) != 0) return absl::OkStatus();
  loaded_stamp_ = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  Record all;
  if (!Record::Decode(text, &all)) return absl::DataLossError(absl::StrCat(path, ": damaged"));
  for (const std::string& encoded : all.All("image")) {
    Record r;
    if (!Record::Decode(encoded, &r)) return absl::DataLossError(absl::StrCat(path, ": damaged"));
    StoredImage image;
    image.image.id = r.Get("id");
    image.image.names = r.All("name");
    image.image.digests = r.All("digest");
    image.image.size = r.GetInt("size");
    image.image.user = image.config.user = r.Get("user");
    image.config.env = r.All("env");
    image.config.entrypoint = r.All("entrypoint");
    image.config.command = r.All("command");
    image.config.working_dir = r.Get("working_dir");
    image.layers = r.All("layer");
    images_[image.image.id] = std::move(image);
  }
  return absl::OkStatus();
}

absl::Status ImageStore::Save() {
  Record all;
  for (const auto& [id, image] : images_) {
    Record r;
    r.Add("id", id);
    for (const std::string& name : image.image.names) r.Add("name", name);
    for (const std::string& digest : image.image.digests) r.Add("digest", digest);
    r.AddInt("size", image.image.size);
    r.Add("user", image.config.user);
    for (const std::string& entry : image.config.env) r.Add("env", entry);
    for (const std::string& entry : image.config.entrypoint) r.Add("entrypoint", entry);
    for (const std::string& entry : image.config.command) r.Add("command", entry);
    r.Add("working_dir", image.config.working_dir);
    for (const std::string& layer : image.layers) r.Add("layer", layer);
    all.Add("image", r.Encode());
  }
  RETURN_IF_ERROR(base::WriteFileAtomic(dir_ + "/index", all.Encode()));
  struct stat st;
  if (stat((dir_ + "/index").c_str(), &st) == 0) loaded_stamp_ = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
  return absl::OkStatus();
}

void ImageStore::Refresh() const {
  struct stat st;
  if (stat((dir_ + "/index").c_str(), &st) != 0) return;
  const int64_t stamp = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
  absl::MutexLock lock(&mu_);
  if (stamp == loaded_stamp_) return;
  if (absl::Status loaded = const_cast<ImageStore*>(this)->Load(); !loaded.ok()) {
    base::LogError("image index unreadable: ", loaded.message());
  }
}

absl::Status ImageStore::UnpackLayer(const std::string& blob, const std::string& diff_id) {
  const std::string dest = absl::StrCat(LayersDir(), "/", LayerName(diff_id));
  if (access(dest.c_str(), F_OK) == 0) return absl::OkStatus();
  const std::string work = NewTempDir();
  chmod(work.c_str(), 0755);
  RETURN_IF_ERROR(ExtractLayer(blob, work));
  if (rename(work.c_str(), dest.c_str()) != 0 && access(dest.c_str(), F_OK) != 0) {
    return base::ErrnoStatus(absl::StrCat("move layer to ", dest));
  }
  return base::SyncDir(LayersDir());
}

absl::StatusOr<std::vector<StoredImage>> ImageStore::ReadLayout(const std::string& unpacked) {
  ASSIGN_OR_RETURN(const std::vector<LayoutImage> layouts, ReadManifests(unpacked));
  std::vector<StoredImage> images;
  for (const LayoutImage& layout : layouts) {
    ASSIGN_OR_RETURN(const Value config, ReadJson(layout.config_path));
    const std::vector<std::string> diff_ids = Strings(config, "rootfs.diff_ids");
    if (diff_ids.size() != layout.layer_paths.size()) {
      return absl::InvalidArgumentError(absl::StrCat("image has ", layout.layer_paths.size(), " layers but ",
                                                     diff_ids.size(), " diff ids"));
    }
    StoredImage image;
    image.image.id = layout.config_digest;
    image.image.names = layout.names;
    image.image.size = FileSize(layout.config_path);
    for (size_t i = 0; i < diff_ids.size(); ++i) {
      RETURN_IF_ERROR(UnpackLayer(layout.layer_paths[i], diff_ids[i]));
      image.layers.push_back(LayerName(diff_ids[i]));
      image.image.size += FileSize(layout.layer_paths[i]);
    }
    image.config.env = Strings(config, "config.Env");
    image.config.entrypoint = Strings(config, "config.Entrypoint");
    image.config.command = Strings(config, "config.Cmd");
    image.config.working_dir = config.GetString("config.WorkingDir");
    image.image.user = image.config.user = config.GetString("config.User");
    if (!layout.manifest_digest.empty()) {
      for (const std::string& name : layout.names) {
        if (absl::StatusOr<ImageName> parsed = ParseImageName(name); parsed.ok()) {
          image.image.digests.push_back(absl::StrCat(parsed->Repository(), "@", layout.manifest_digest));
        }
      }
    }
    images.push_back(std::move(image));
  }
  return images;
}

absl::StatusOr<std::vector<StoredImage>> ImageStore::Import(const std::string& archive, const std::string& name,
                                                            const std::string& repo_digest) {
  struct stat st;
  if (stat(archive.c_str(), &st) != 0) return base::ErrnoStatus(absl::StrCat("open ", archive));
  std::string unpacked = archive;
  absl::Cleanup remove = [&] {
    if (unpacked != archive) RemoveAll(unpacked);
  };
  if (!S_ISDIR(st.st_mode)) {
    unpacked = NewTempDir();
    RETURN_IF_ERROR(ExtractArchive(archive, unpacked));
  }
  ASSIGN_OR_RETURN(std::vector<StoredImage> images, ReadLayout(unpacked));
  if (images.empty()) return absl::InvalidArgumentError(absl::StrCat(archive, ": holds no image"));

  const int lock_fd = open((dir_ + "/lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  absl::Cleanup unlock = [&] { close(lock_fd); };
  if (lock_fd < 0 || flock(lock_fd, LOCK_EX) != 0) return base::ErrnoStatus("lock image store");
  absl::MutexLock lock(&mu_);
  RETURN_IF_ERROR(Load());
  for (StoredImage& image : images) {
    if (!name.empty()) image.image.names = {name};
    if (!repo_digest.empty()) image.image.digests = {repo_digest};
    for (auto& [id, other] : images_) {  // a name moves to the image that got it last
      for (const std::string& moved : image.image.names) std::erase(other.image.names, moved);
    }
    if (auto known = images_.find(image.image.id); known != images_.end()) {
      for (const std::string& more : known->second.image.names) image.image.names.push_back(more);
      for (const std::string& more : known->second.image.digests) {
        if (std::find(image.image.digests.begin(), image.image.digests.end(), more) == image.image.digests.end()) {
          image.image.digests.push_back(more);
        }
      }
    }
    images_[image.image.id] = image;
  }
  RETURN_IF_ERROR(Save());
  return images;
}

std::optional<StoredImage> ImageStore::FindByName(const std::string& normalised) const {
  Refresh();
  absl::MutexLock lock(&mu_);
  for (const auto& [id, image] : images_) {
    if (id == normalised) return image;
    for (const std::string& name : image.image.names) {
      if (name == normalised) return image;
    }
    const size_t at = normalised.find('@');
    if (at == std::string::npos) continue;
    const size_t colon = normalised.find(':', normalised.find('/'));
    const std::string pure = colon < at ? normalised.substr(0, colon) + normalised.substr(at) : normalised;
    for (const std::string& digest : image.image.digests) {
      if (digest == pure) return image;
    }
  }
  return std::nullopt;
}

std::optional<StoredImage> ImageStore::FindById(const std::string& id) const {
  Refresh();
  absl::MutexLock lock(&mu_);
  auto found = images_.find(id);
  return found == images_.end() ? std::nullopt : std::make_optional(found->second);
}

std::vector<StoredImage> ImageStore::List() const {
  Refresh();
  absl::MutexLock lock(&mu_);
  std::vector<StoredImage> all;
  for (const auto& [id, image] : images_) all.push_back(image);
  return all;
}

absl::Status ImageStore::Remove(const std::string& id) {
  const int lock_fd = open((dir_ + "/lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  absl::Cleanup unlock = [&] { close(lock_fd); };
  if (lock_fd < 0 || flock(lock_fd, LOCK_EX) != 0) return base::ErrnoStatus("lock image store");
  absl::MutexLock lock(&mu_);
  RETURN_IF_ERROR(Load());
  auto found = images_.find(id);
  if (found == images_.end()) return absl::OkStatus();
  const std::vector<std::string> layers = found->second.layers;
  images_.erase(found);
  RETURN_IF_ERROR(Save());
  for (const std::string& layer : layers) {
    bool used = false;
    for (const auto& [other, image] : images_) {
      used = used || std::find(image.layers.begin(), image.layers.end(), layer) != image.layers.end();
    }
    if (!used) RemoveAll(absl::StrCat(LayersDir(), "/", layer));
  }
  return absl::OkStatus();
}

}  // namespace kubelet
