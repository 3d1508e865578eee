// Images of a node: unpacked layers, configurations, names. Fed from archives (OCI layout or docker-save, as tar or
// unpacked OCI layout directory). Content-addressed and crash safe: a layer directory appears by rename when complete,
// and an image exists once the index names it.
//
//   DIR/index            records of all images, replaced in one step
//   DIR/lock             flock: one writer at a time, also between processes (`kubelet image load`)
//   DIR/layers/ID/       unpacked layer; ID is 16 hex digits of its uncompressed digest
//   DIR/tmp/             work in progress, emptied at start
//
// Thread-safe. Other processes' imports are noticed by the index's time stamp.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "kubelet/runtime/container_runtime.h"

namespace kubelet {

// What a container needs of an image.
struct ImageConfig {
  std::vector<std::string> env, entrypoint, command;
  std::string working_dir, user;
};

struct StoredImage {
  Image image;
  ImageConfig config;
  std::vector<std::string> layers;  // names below layers/, bottom first
};

class ImageStore {
 public:
  static absl::StatusOr<std::unique_ptr<ImageStore>> Open(std::string dir);

  // Imports every image of an archive (or of an unpacked OCI layout directory) and answers them. `name` and `digest`
  // override what the archive says (for pulls, where the archive holds one image).
  absl::StatusOr<std::vector<StoredImage>> Import(const std::string& archive, const std::string& name = "",
                                                  const std::string& repo_digest = "");

  std::optional<StoredImage> FindByName(const std::string& normalised) const;  // name, name@digest or sha256:id
  std::optional<StoredImage> FindById(const std::string& id) const;
  std::vector<StoredImage> List() const;
  absl::Status Remove(const std::string& id);

  std::string LayersDir() const { return dir_ + "/layers"; }
  std::string NewTempDir();  // below tmp/; the caller removes it

 private:
  explicit ImageStore(std::string dir) : dir_(std::move(dir)) {}
  absl::Status Load() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Save() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Refresh() const;
  absl::StatusOr<std::vector<StoredImage>> ReadLayout(const std::string& unpacked);
  absl::Status UnpackLayer(const std::string& blob, const std::string& diff_id);

  const std::string dir_;
  mutable absl::Mutex mu_;
  std::map<std::string, StoredImage> images_ ABSL_GUARDED_BY(mu_);  // by id
  int64_t loaded_stamp_ ABSL_GUARDED_BY(mu_) = 0;
  int temp_count_ ABSL_GUARDED_BY(mu_) = 0;
};

// Removes a tree without following links; missing is fine.
void RemoveAll(const std::string& path);

}  // namespace kubelet
