#include "apiserver/pipeline/go_numbers.h"

#include <gtest/gtest.h>

namespace apiserver::pipeline {
namespace {

TEST(GoNumbersTest, IntegersAreReadAsGoReadsThem) {
  EXPECT_EQ(*ParseInt("+5"), 5);
  EXPECT_EQ(*ParseInt("-05"), -5);
  EXPECT_EQ(ParseInt("").status().message(), "strconv.ParseInt: parsing \"\": invalid syntax");
  EXPECT_EQ(ParseInt(" 1").status().message(), "strconv.ParseInt: parsing \" 1\": invalid syntax");
  EXPECT_EQ(ParseInt("9223372036854775808").status().message(),
            "strconv.ParseInt: parsing \"9223372036854775808\": value out of range");
  EXPECT_EQ(ParseUint("-1").status().message(), "strconv.ParseUint: parsing \"-1\": invalid syntax");
  EXPECT_EQ(ParseUint("99999999999999999999").status().message(),
            "strconv.ParseUint: parsing \"99999999999999999999\": value out of range");
}

TEST(GoNumbersTest, DurationsAreReadAsGoReadsThem) {
  EXPECT_EQ(*ParseDuration("1h2m3.5s"), absl::Hours(1) + absl::Minutes(2) + absl::Milliseconds(3500));
  EXPECT_EQ(*ParseDuration("-2ms"), absl::Milliseconds(-2));
  EXPECT_EQ(*ParseDuration("0"), absl::ZeroDuration());
  EXPECT_EQ(ParseDuration("x").status().message(), "time: invalid duration \"x\"");
  EXPECT_EQ(ParseDuration("5").status().message(), "time: missing unit in duration \"5\"");
  EXPECT_EQ(ParseDuration("5y").status().message(), "time: unknown unit \"y\" in duration \"5y\"");
}

}  // namespace
}  // namespace apiserver::pipeline
