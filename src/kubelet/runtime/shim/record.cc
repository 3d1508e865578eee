#include "kubelet/runtime/shim/record.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

namespace kubelet {

void Record::Add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

std::string Record::Get(const std::string& name) const {
  for (const auto& [key, value] : fields_) {
    if (key == name) return value;
  }
  return "";
}

int64_t Record::GetInt(const std::string& name, int64_t fallback) const {
  const std::string value = Get(name);
  return value.empty() ? fallback : strtoll(value.c_str(), nullptr, 10);
}

bool Record::Has(const std::string& name) const {
  for (const auto& field : fields_) {
    if (field.first == name) return true;
  }
  return false;
}

std::vector<std::string> Record::All(const std::string& name) const {
  std::vector<std::string> all;
  for (const auto& [key, value] : fields_) {
    if (key == name) all.push_back(value);
  }
  return all;
}

std::string Record::Encode() const {
  std::string text;
  for (const auto& [name, value] : fields_) {
    text += name + " " + std::to_string(value.size()) + ":" + value + "\n";
  }
  return text;
}

bool Record::Decode(const std::string& text, Record* out) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t space = text.find(' ', at);
    if (space == std::string::npos) return false;
    char* end = nullptr;
    const unsigned long length = strtoul(text.c_str() + space + 1, &end, 10);
    const size_t colon = static_cast<size_t>(end - text.c_str());
    if (colon >= text.size() || text[colon] != ':') return false;
    if (length > text.size() || colon + 1 + length >= text.size()) return false;
    if (text[colon + 1 + length] != '\n') return false;
    out->Add(text.substr(at, space - at), text.substr(colon + 1, length));
    at = colon + length + 2;
  }
  return true;
}

bool ReadWholeFile(const std::string& path, std::string* out) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  out->clear();
  char buffer[16384];
  ssize_t n;
  while ((n = read(fd, buffer, sizeof buffer)) > 0) out->append(buffer, static_cast<size_t>(n));
  close(fd);
  return n == 0;
}

bool ReplaceFile(const std::string& path, const std::string& content) {
  const std::string temporary = path + ".tmp";
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = write(fd, content.data() + done, content.size() - done);
    if (n < 0) break;
    done += static_cast<size_t>(n);
  }
  close(fd);
  return done == content.size() && rename(temporary.c_str(), path.c_str()) == 0;
}

uint64_t ProcessStartTime(int pid) {
  std::string stat;
  if (pid <= 0 || !ReadWholeFile("/proc/" + std::to_string(pid) + "/stat", &stat)) return 0;
  size_t at = stat.rfind(')');  // the command name may hold spaces
  if (at == std::string::npos) return 0;
  for (int field = 2; field < 22; ++field) {
    at = stat.find(' ', at + 1);
    if (at == std::string::npos) return 0;
  }
  return strtoull(stat.c_str() + at + 1, nullptr, 10);
}

}  // namespace kubelet
