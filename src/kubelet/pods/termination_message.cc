#include "kubelet/pods/termination_message.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_split.h"
#include "kubelet/runtime/shim/record.h"

namespace kubelet {

std::string ReadTerminationMessage(const k8s::core::v1::Container& container, const ContainerStatus& run) {
  std::string text;
  auto file = run.labels.find(kTerminationFileLabel);
  if (file != run.labels.end()) ReadWholeFile(file->second, &text);
  if (text.size() > 4096) text.resize(4096);
  if (!text.empty() || container.terminationmessagepolicy() != "FallbackToLogsOnError" || run.exit_code == 0) return text;
  std::string log;
  ReadWholeFile(run.log_path, &log);
  const std::vector<absl::string_view> lines = absl::StrSplit(log, '\n', absl::SkipEmpty());
  for (size_t i = lines.size() > 80 ? lines.size() - 80 : 0; i < lines.size(); ++i) {
    // TIME STREAM TAG CONTENT
    std::vector<absl::string_view> parts = absl::StrSplit(lines[i], absl::MaxSplits(' ', 3));
    if (parts.size() < 4) continue;
    text.append(parts[3].data(), parts[3].size());
    if (parts[2] == "F") text += '\n';
  }
  return text.size() > 2048 ? text.substr(text.size() - 2048) : text;
}

}  // namespace kubelet
