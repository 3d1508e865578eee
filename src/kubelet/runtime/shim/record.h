// A list of named byte strings with a text form: what the kubelet and its container shims write to disk for each
// other. Depends on the standard library alone, so that the shim stays a small static program.
//
// Text form, one field a line: `name length:value`. Names hold no space; values hold anything. A value may itself be
// an encoded record. Unknown names are kept and ignored, so either side may be newer than the other.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kubelet {

class Record {
 public:
  void Add(std::string name, std::string value);
  void Add(std::string name, const char* value) { Add(std::move(name), std::string(value)); }
  void AddInt(std::string name, int64_t value) { Add(std::move(name), std::to_string(value)); }
  void AddBool(std::string name, bool value) { Add(std::move(name), std::string(value ? "1" : "0")); }

  // The first value of that name; empty, 0 or false when there is none.
  std::string Get(const std::string& name) const;
  int64_t GetInt(const std::string& name, int64_t fallback = 0) const;
  bool GetBool(const std::string& name) const { return Get(name) == "1"; }
  bool Has(const std::string& name) const;
  std::vector<std::string> All(const std::string& name) const;  // in order
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

  std::string Encode() const;
  static bool Decode(const std::string& text, Record* out);  // false: not a whole record

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Whole files, without fsync: container state does not outlive the machine's boot.
bool ReadWholeFile(const std::string& path, std::string* out);
bool ReplaceFile(const std::string& path, const std::string& content);  // temporary file and rename

// Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat), 0 when there is no such process.
// With the pid it names a process for good: pids are used again.
uint64_t ProcessStartTime(int pid);

}  // namespace kubelet
