// What the runtime writes down of a sandbox, and ids. Pure but for randomness.
#pragma once
#include <string>

#include "kubelet/runtime/container_runtime.h"
#include "kubelet/runtime/shim/record.h"

namespace kubelet {

Record EncodeSandbox(const SandboxConfig& config, const SandboxStatus& status);
void DecodeSandbox(const Record& record, SandboxConfig* config, SandboxStatus* status);

std::string NewRuntimeId();  // 64 hex digits, of a sandbox or container

}  // namespace kubelet
