#include "kubelet/runtime/shim/rootfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "kubelet/runtime/shim/process.h"

namespace kubelet {
namespace {

std::string FdPath(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// Opens a path as the container would see it: links, also absolute ones, stay below `root`.
int OpenInRoot(int root, const std::string& path) {
  open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  return static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

// As OpenInRoot, making missing directories and, for the last part, a directory or an empty file.
int OpenOrCreate(int root, const std::string& path, bool is_file) {
  int fd = OpenInRoot(root, path.empty() ? "/" : path);
  if (fd >= 0 || errno != ENOENT) return fd;
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.pop_back();
  const size_t slash = trimmed.rfind('/');
  const std::string parent = slash == std::string::npos ? "/" : trimmed.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? trimmed : trimmed.substr(slash + 1);
  if (parent == trimmed || name.empty()) return -1;
  const int dir = OpenOrCreate(root, parent.size() > 1 ? parent.substr(0, parent.size() - 1) : "/", false);
  if (dir < 0) return -1;
  if (is_file) {
    const int made = openat(dir, name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (made >= 0) close(made);
  } else {
    mkdirat(dir, name.c_str(), 0755);
  }
  close(dir);
  return OpenInRoot(root, path);
}

void MountOn(int root, const char* type, const char* source, const std::string& target, unsigned long flags,
             const char* data) {
  const int fd = OpenOrCreate(root, target, false);
  if (fd < 0) FailChild("create mount point " + target, errno);
  if (mount(source, FdPath(fd).c_str(), type, flags, data) < 0) FailChild("mount " + target, errno);
  close(fd);
}

bool SourceIsFile(const std::string& source) {
  struct stat st;
  return stat(source.c_str(), &st) == 0 && !S_ISDIR(st.st_mode);
}

void Bind(int root, const MountSpec& m) {
  const bool is_file = SourceIsFile(m.source);
  const int fd = OpenOrCreate(root, m.target, is_file);
  if (fd < 0) FailChild("create mount point " + m.target, errno);
  if (mount(m.source.c_str(), FdPath(fd).c_str(), nullptr, MS_BIND | MS_REC, nullptr) < 0) {
    FailChild("failed to mount \"" + m.source + "\" to rootfs at \"" + m.target + "\"", errno);
  }
  close(fd);
  const unsigned long flags = (m.read_only ? MS_RDONLY : 0) | (m.nodev ? MS_NODEV : 0);
  if (flags == 0) return;
  const int mounted = OpenInRoot(root, m.target);
  if (mounted < 0 || mount(nullptr, FdPath(mounted).c_str(), nullptr, MS_REMOUNT | MS_BIND | flags, nullptr) < 0) {
    FailChild("remount " + m.target, errno);
  }
  close(mounted);
}

// Attaches a detached mount.
void Place(int root, int tree, const MountSpec& m) {
  const int fd = OpenOrCreate(root, m.target, m.is_file);
  if (fd < 0) FailChild("create mount point " + m.target, errno);
  if (syscall(SYS_move_mount, tree, "", fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0) {
    FailChild("mount " + m.target, errno);
  }
  close(fd);
  close(tree);
  if (!m.read_only) return;
  const int mounted = OpenInRoot(root, m.target);
  mount(nullptr, FdPath(mounted).c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOSUID, nullptr);
  close(mounted);
}

// Device nodes are bind-mounted from the host onto a nodev file system, and every other file system is nodev, so
// that CAP_MKNOD gives a container no way to a device: no device cgroup needed, on cgroup v1 and v2 alike.
void MakeDev(int root, const ContainerSpecFile& spec) {
  const unsigned long nodev = spec.privileged ? 0 : MS_NODEV;
  MountOn(root, "tmpfs", "tmpfs", "/dev", MS_NOSUID | nodev, "mode=755,size=65536k");
  MountOn(root, "devpts", "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5");
  const int dev = OpenInRoot(root, "/dev");
  if (dev < 0) FailChild("open /dev", errno);
  for (const std::string& device : spec.devices) {
    const std::string source = "/dev/" + device;
    struct stat st;
    if (stat(source.c_str(), &st) < 0) continue;
    if (spec.privileged) {
      const mode_t old = umask(0);
      mknodat(dev, device.c_str(), st.st_mode, st.st_rdev);
      umask(old);
      continue;
    }
    const int fd = OpenOrCreate(root, "/dev/" + device, true);
    if (fd >= 0) mount(source.c_str(), FdPath(fd).c_str(), nullptr, MS_BIND, nullptr);
    if (fd >= 0) close(fd);
  }
  symlinkat("/proc/self/fd", dev, "fd");
  symlinkat("/proc/self/fd/0", dev, "stdin");
  symlinkat("/proc/self/fd/1", dev, "stdout");
  symlinkat("/proc/self/fd/2", dev, "stderr");
  symlinkat("pts/ptmx", dev, "ptmx");
  close(dev);
  MountOn(root, "mqueue", "mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
}

void MakeCgroupView(int root, const ContainerSpecFile& spec) {
  const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (spec.cgroup_mode == "v2") {
    MountOn(root, "cgroup2", "cgroup", "/sys/fs/cgroup", flags | (spec.privileged ? 0 : MS_RDONLY), nullptr);
  } else if (spec.cgroup_mode == "v1") {
    MountOn(root, "tmpfs", "tmpfs", "/sys/fs/cgroup", flags, "mode=755");
    for (const std::string& entry : spec.cgroup_mounts) {
      const size_t equals = entry.find('=');
      Bind(root, {.source = entry.substr(equals + 1), .target = "/sys/fs/cgroup/" + entry.substr(0, equals),
                  .read_only = !spec.privileged});
    }
  }
}

void Hide(const ContainerSpecFile& spec) {
  for (const std::string& path : spec.read_only_paths) {
    if (mount(path.c_str(), path.c_str(), nullptr, MS_BIND | MS_REC, nullptr) < 0) continue;  // not there
    mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  }
  for (const std::string& path : spec.masked_paths) {
    struct stat st;
    if (stat(path.c_str(), &st) < 0) continue;
    if (S_ISDIR(st.st_mode)) {
      mount("tmpfs", path.c_str(), "tmpfs", MS_RDONLY, "size=0k");
    } else {
      mount("/dev/null", path.c_str(), nullptr, MS_BIND, nullptr);
    }
  }
}

}  // namespace

std::vector<int> TakeSandboxMounts(const ContainerSpecFile& spec) {
  std::vector<int> taken(spec.mounts.size(), -1);
  const int home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  const std::string path = "/proc/" + std::to_string(spec.sandbox_pid) + "/ns/mnt";
  const int sandbox = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (sandbox < 0) FailChild("open " + path, errno);
  if (setns(sandbox, CLONE_NEWNS) < 0) FailChild("enter the sandbox's mounts", errno);
  for (size_t i = 0; i < spec.mounts.size(); ++i) {
    const MountSpec& m = spec.mounts[i];
    if (!m.from_sandbox) continue;
    taken[i] = static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, m.source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    if (taken[i] < 0) FailChild("open " + m.source + " of the sandbox", errno);
  }
  if (setns(home, CLONE_NEWNS) < 0) FailChild("return from the sandbox's mounts", errno);
  close(home);
  close(sandbox);
  return taken;
}

void EnterRootfs(const ContainerSpecFile& spec, const std::vector<int>& taken) {
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) FailChild("make mounts private", errno);
  const std::string rootfs = spec.state_dir + "/rootfs";
  if (chdir(spec.layers_dir.c_str()) < 0) FailChild("open " + spec.layers_dir, errno);
  const std::string options = "lowerdir=" + spec.lower + ",upperdir=" + spec.state_dir + "/upper,workdir=" +
                              spec.state_dir + "/work";
  const unsigned long nodev = spec.privileged ? 0 : MS_NODEV;
  // "volatile": a container's layer does not outlive the machine's boot, so its end must not wait for the disk.
  if (mount("overlay", rootfs.c_str(), "overlay", nodev, (options + ",volatile").c_str()) < 0 &&
      mount("overlay", rootfs.c_str(), "overlay", nodev, options.c_str()) < 0) {
    FailChild("mount overlay root file system", errno);
  }
  const int root = open(rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) FailChild("open root file system", errno);

  const unsigned long strict = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  MountOn(root, "proc", "proc", "/proc", strict, nullptr);
  MakeDev(root, spec);
  MountOn(root, "sysfs", "sysfs", "/sys", strict | (spec.privileged ? 0 : MS_RDONLY), nullptr);
  MakeCgroupView(root, spec);
  for (size_t i = 0; i < spec.mounts.size(); ++i) {
    const MountSpec& m = spec.mounts[i];
    if (taken[i] >= 0) {
      Place(root, taken[i], m);
    } else if (m.tmpfs_options.empty()) {
      Bind(root, m);
    } else {
      MountOn(root, "tmpfs", "tmpfs", m.target, strict | (m.read_only ? MS_RDONLY : 0), m.tmpfs_options.c_str());
    }
  }
  if (fchdir(root) < 0) FailChild("enter root file system", errno);
  if (syscall(SYS_pivot_root, ".", ".") < 0) FailChild("pivot_root", errno);
  if (umount2(".", MNT_DETACH) < 0) FailChild("leave the old root", errno);
  if (chdir("/") < 0) FailChild("chdir /", errno);
  close(root);
  if (!spec.privileged) Hide(spec);
  if (spec.read_only_root &&
      mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | nodev, nullptr) < 0) {
    FailChild("make the root file system read-only", errno);
  }
}

}  // namespace kubelet
