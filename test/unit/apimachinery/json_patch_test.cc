#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apimachinery/patch/patch.h"
#include "gtest/gtest.h"

namespace apimachinery {
namespace {

Value Parse(const std::string& text) { return *ParseJson(text); }

// 100,000 bytes and two quotes, so often: upstream takes 31 of them, and no 32nd.
absl::Status CopyOften(int times) {
  const Value object = Parse(absl::StrCat(R"({"data":{"a":")", std::string(100000, 'y'), R"("}})"));
  std::string operations = "[";
  for (int i = 0; i < times; ++i) absl::StrAppend(&operations, i == 0 ? "" : ",", R"({"op":"copy","from":"/data/a","path":"/data/b"})");
  return patch::ApplyJsonPatch(object, Parse(operations + "]")).status();
}

TEST(JsonPatchTest, CopiesAreCountedAndEndAtUpstreamsLimit) {
  EXPECT_TRUE(CopyOften(31).ok());
  EXPECT_FALSE(CopyOften(32).ok());
}

TEST(JsonPatchTest, CopiesOfCopiesFillNoMemory) {
  std::string operations = R"([{"op":"add","path":"/z","value":["0123456789"]})";
  for (int i = 0; i < 64; ++i) operations += R"(,{"op":"copy","from":"/z","path":"/z/-"})";  // each doubles it
  EXPECT_FALSE(patch::ApplyJsonPatch(Parse("{}"), Parse(operations + "]")).ok());
}

}  // namespace
}  // namespace apimachinery
