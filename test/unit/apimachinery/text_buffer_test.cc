#include "apimachinery/text_buffer.h"

#include <gtest/gtest.h>

#include "apimachinery/codec_internal.h"

namespace apimachinery {
namespace {

TEST(TextBufferTest, StringsAreTheWritersWhereverAnOddCharacterStands) {
  TextBuffer buffer;
  for (const char* odd : {"", "\"", "\\", "<", ">", "&", "\n", "\x01", "\xc3\xa4", "\xff", "\xe2\x80\xa8", "="}) {
    for (size_t length = 0; length < 40; ++length) {
      for (size_t at = 0; at <= length; ++at) {
        std::string text(length, 'a');
        text.insert(at, odd);
        std::string want;
        AppendJsonString(text, &want);
        buffer.Clear();
        buffer.JsonString(text);
        ASSERT_EQ(std::string(buffer.view()), want) << text;
      }
    }
  }
}

TEST(TextBufferTest, GrowsAndShrinksAndKeepsWhatItHas) {
  TextBuffer buffer;
  std::string want;
  for (int i = 0; i < 5000; ++i) {
    buffer.Int(i);
    buffer.Put(',');
    buffer.Append("text");
    want += std::to_string(i) + ",text";
  }
  EXPECT_EQ(std::string(buffer.view()), want);
  buffer.Shrink(3);
  buffer.Int(INT64_MIN);
  EXPECT_EQ(std::string(buffer.view()), want.substr(0, 3) + "-9223372036854775808");
}

TEST(CleanJsonTest, AnythingThatGoWouldPrintOtherwiseIsNotClean) {
  for (const char* odd : {" ", "\n", "<", ">", "&", "\xe2\x80\xa8", "\x1f"}) {
    for (size_t length = 0; length < 40; ++length) {
      for (size_t at = 0; at <= length; ++at) {
        std::string text(length, '{');
        text.insert(at, odd);
        EXPECT_FALSE(codec::IsCleanJson(text)) << text;
      }
    }
  }
  EXPECT_TRUE(codec::IsCleanJson(R"({"f:metadata":{"f:labels":{".":{},"f:app":{}}},"k:{\"name\":\"=!\xff~\"}":{}})"));
  EXPECT_FALSE(codec::IsCleanJson(""));
}

}  // namespace
}  // namespace apimachinery
