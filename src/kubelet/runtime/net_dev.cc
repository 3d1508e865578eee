#include "kubelet/runtime/net_dev.h"

#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace kubelet {

std::vector<InterfaceUsage> ParseInterfaces(absl::string_view text) {
  std::vector<InterfaceUsage> interfaces;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) continue;  // the heading
    const absl::string_view name = absl::StripAsciiWhitespace(line.substr(0, colon));
    const std::vector<absl::string_view> figures = absl::StrSplit(line.substr(colon + 1), ' ', absl::SkipEmpty());
    if (name == "lo" || figures.size() < 12) continue;
    InterfaceUsage usage;
    usage.name = std::string(name);
    // Eight figures of what came: bytes, packets, errors, dropped, ...; then the same of what went.
    uint64_t* const members[] = {&usage.received_bytes, &usage.received_packets, &usage.received_errors, &usage.received_dropped,
                                 &usage.sent_bytes,     &usage.sent_packets,     &usage.sent_errors,     &usage.sent_dropped};
    for (size_t i = 0; i < 8; ++i) {
      if (!absl::SimpleAtoi(figures[i < 4 ? i : i + 4], members[i])) *members[i] = 0;
    }
    interfaces.push_back(std::move(usage));
  }
  return interfaces;
}

std::vector<InterfaceUsage> ReadInterfaces(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return ParseInterfaces(text.str());
}

}  // namespace kubelet
