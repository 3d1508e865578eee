#include "kubelet/node/machine_info.h"

#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "kubelet/runtime/shim/record.h"

namespace kubelet {
namespace {

std::string FirstLine(const std::string& path) {
  std::string text;
  ReadWholeFile(path, &text);
  return std::string(absl::StripAsciiWhitespace(text.substr(0, text.find('\n'))));
}

int64_t MemInfo(absl::string_view key) {
  std::string text;
  ReadWholeFile("/proc/meminfo", &text);
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    int64_t kib = 0;
    if (words.size() >= 2 && words[0] == key && absl::SimpleAtoi(words[1], &kib)) return kib * 1024;
  }
  return 0;
}

std::string GoArch(const std::string& machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return machine;
}

}  // namespace

MachineInfo ReadMachineInfo(const std::string& root_dir) {
  MachineInfo info;
  info.cpus = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  info.memory = MemInfo("MemTotal:");
  struct statvfs disk;
  if (statvfs(root_dir.c_str(), &disk) == 0) info.ephemeral_storage = static_cast<int64_t>(disk.f_blocks * disk.f_frsize);
  info.machine_id = FirstLine("/etc/machine-id");
  info.system_uuid = absl::AsciiStrToLower(FirstLine("/sys/class/dmi/id/product_uuid"));
  if (info.system_uuid.empty()) info.system_uuid = info.machine_id;
  info.boot_id = FirstLine("/proc/sys/kernel/random/boot_id");
  utsname name;
  if (uname(&name) == 0) {
    info.kernel = name.release;
    info.architecture = GoArch(name.machine);
  }
  std::string release;
  ReadWholeFile("/etc/os-release", &release);
  info.os_image = "Linux";
  for (absl::string_view line : absl::StrSplit(release, '\n')) {
    if (absl::ConsumePrefix(&line, "PRETTY_NAME=")) info.os_image = absl::StrReplaceAll(line, {{"\"", ""}});
  }
  return info;
}

MachinePressure ReadMachinePressure(const std::string& root_dir) {
  MachinePressure p;
  p.memory_available = MemInfo("MemAvailable:");
  struct statvfs disk;
  if (statvfs(root_dir.c_str(), &disk) == 0) {
    p.disk_available = static_cast<int64_t>(disk.f_bavail * disk.f_frsize);
    p.inodes_free = static_cast<int64_t>(disk.f_favail);
  }
  struct sysinfo system;
  if (sysinfo(&system) == 0) p.pids = system.procs;
  (void)absl::SimpleAtoi(FirstLine("/proc/sys/kernel/pid_max"), &p.pids_max);
  return p;
}

}  // namespace kubelet
