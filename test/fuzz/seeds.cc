#include "fuzz/seeds.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace fuzz {
namespace {

namespace fs = std::filesystem;

void AddFiles(const fs::path& folder, std::vector<fs::path>& files) {
  if (!fs::is_directory(folder)) return;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
}

}  // namespace

std::vector<std::string> SeedsOf(const std::string& target, size_t max_size) {
  const fs::path test = fs::path(SKIFF_SOURCE_DIR) / "test";
  std::vector<fs::path> files;
  for (const fs::directory_entry& room : fs::directory_iterator(test / "fuzz")) AddFiles(room.path() / "corpus" / target, files);
  std::ifstream list(test / "fuzz" / "seeds.txt");
  for (std::string name, folder; list >> name >> folder;) {
    if (name == target) AddFiles(test / folder, files);
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> seeds;
  for (const fs::path& file : files) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    seeds.push_back(text.str().substr(0, max_size));
  }
  if (seeds.empty()) seeds.emplace_back();
  return seeds;
}

}  // namespace fuzz
