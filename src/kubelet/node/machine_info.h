// What the machine is: read once at start.
#pragma once
#include <cstdint>
#include <string>

namespace kubelet {

struct MachineInfo {
  int cpus = 0;
  int64_t memory = 0;             // bytes
  int64_t ephemeral_storage = 0;  // bytes, of the file system of root_dir
  std::string machine_id, system_uuid, boot_id;
  std::string kernel, os_image, architecture;  // architecture as Go spells it
};

MachineInfo ReadMachineInfo(const std::string& root_dir);

// What changes while it runs.
struct MachinePressure {
  int64_t memory_available = 0, disk_available = 0, inodes_free = 0;
  int64_t pids = 0, pids_max = 0;
};
MachinePressure ReadMachinePressure(const std::string& root_dir);

}  // namespace kubelet
