#include "apimachinery/cel/values.h"

#include <cmath>
#include <unordered_map>

#include "absl/strings/str_cat.h"

namespace apimachinery::cel {

using Kind = Val::Kind;

std::string KeyOf(const Val& key) {
  switch (key.kind()) {
    case Kind::kNull: return "z";
    case Kind::kBool: return key.as_bool() ? "b1" : "b0";
    case Kind::kInt: return absl::StrCat("n", key.as_int());
    case Kind::kUint: return absl::StrCat("n", key.as_uint());
    case Kind::kDouble: {
      const double d = key.as_double();
      if (std::floor(d) == d && d >= -9223372036854775808.0 && d < 18446744073709551616.0) {
        return d < 0 ? absl::StrCat("n", static_cast<int64_t>(d)) : absl::StrCat("n", static_cast<uint64_t>(d));
      }
      return absl::StrCat("d", d);
    }
    case Kind::kString: return absl::StrCat("s", key.text());
    case Kind::kDuration: return absl::StrCat("t", key.nanoseconds());
    default: return "";
  }
}

// In the order of insertion. Not changed any more once Build() has handed it out.
class MapBuilder::OwnedMap final : public Map {
 public:
  size_t size() const override { return index_.size() + odd_; }
  bool Find(const Val& key, Val* value) const override {
    const auto found = index_.find(KeyOf(key));
    if (found == index_.end()) return false;
    *value = entries_[found->second].second;
    return true;
  }
  void ForEach(absl::FunctionRef<bool(const Val&)> visit) const override {
    for (const auto& [key, value] : entries_) {
      if (!key.is(Kind::kError) && !visit(key)) return;
    }
  }

  size_t odd_ = 0;  // entries that no key finds: lists, maps and the like
  std::unordered_map<std::string, size_t> index_;
  std::vector<std::pair<Val, Val>> entries_;  // an erased one has an error as its key
};

MapBuilder::MapBuilder() : map_(std::make_shared<OwnedMap>()) {}
MapBuilder::~MapBuilder() = default;
MapBuilder::MapBuilder(const Map& start) : MapBuilder() {
  start.ForEach([&](const Val& key) {
    Val value;
    if (start.Find(key, &value)) Insert(key, std::move(value));
    return true;
  });
}

bool MapBuilder::Insert(const Val& key, Val value) {
  std::string id = KeyOf(key);
  if (id.empty() || !map_->index_.emplace(std::move(id), map_->entries_.size()).second) return false;
  map_->entries_.emplace_back(key, std::move(value));
  return true;
}

void MapBuilder::Set(const Val& key, Val value) {
  const std::string id = KeyOf(key);
  const auto found = map_->index_.find(id);
  if (id.empty()) {
    ++map_->odd_;
    map_->entries_.emplace_back(key, std::move(value));
  } else if (found == map_->index_.end()) {
    Insert(key, std::move(value));
  } else {
    map_->entries_[found->second].second = std::move(value);
  }
}

void MapBuilder::Erase(const Val& key) {
  const auto found = map_->index_.find(KeyOf(key));
  if (found == map_->index_.end()) return;
  map_->entries_[found->second].first = Val::Error("");
  map_->index_.erase(found);
}

Val MapBuilder::Build() && { return Val::FromMap(std::move(map_)); }

}  // namespace apimachinery::cel
