#include "base/http/websocket.h"

#include <gtest/gtest.h>

namespace base::http {
namespace {

std::vector<std::pair<WsOpcode, std::string>> DecodeInSteps(absl::string_view bytes, size_t step) {
  WsDecoder decoder;
  std::vector<std::pair<WsOpcode, std::string>> out;
  for (size_t at = 0; at < bytes.size(); at += step) {
    EXPECT_TRUE(decoder.Feed(bytes.substr(at, step), [&](WsOpcode op, std::string p) { out.emplace_back(op, std::move(p)); }).ok());
  }
  return out;
}

TEST(WebSocketTest, AcceptKeyOfRfc6455Section1_3) {
  EXPECT_EQ(WebSocketAcceptKey("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketTest, FramesRoundTripInAnyPieces) {
  for (const size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u, 100000u}) {
    const std::string payload(size, 'x');
    for (const uint32_t mask : {0u, 0x12345678u}) {
      const std::string wire = EncodeWsFrame(WsOpcode::kBinary, payload, mask);
      for (const size_t step : {size_t{3}, wire.size()}) {
        const auto got = DecodeInSteps(wire, step);
        ASSERT_EQ(got.size(), 1u);
        EXPECT_EQ(got[0].second, payload);
      }
    }
  }
}

TEST(WebSocketTest, FragmentsJoinAroundControlFrames) {
  std::string wire = EncodeWsFrame(WsOpcode::kText, "Hel");
  wire[0] = 0x01;  // not final
  wire += EncodeWsFrame(WsOpcode::kPing, "p");
  wire += EncodeWsFrame(WsOpcode::kContinuation, "lo");
  const auto got = DecodeInSteps(wire, 1);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].second, "p");
  EXPECT_EQ(got[1].second, "Hello");
}

TEST(WebSocketTest, ProtocolErrorsAreRefused) {
  const auto refused = [](std::string wire) {
    return !WsDecoder(1000).Feed(wire, [](WsOpcode, std::string) {}).ok();
  };
  EXPECT_TRUE(refused(EncodeWsFrame(WsOpcode::kContinuation, "x")));       // nothing to continue
  EXPECT_TRUE(refused(EncodeWsFrame(WsOpcode::kBinary, std::string(1001, 'x'))));  // too large
  EXPECT_TRUE(refused(EncodeWsFrame(WsOpcode::kPing, std::string(126, 'x'))));
  std::string reserved = EncodeWsFrame(WsOpcode::kText, "x");
  reserved[0] = static_cast<char>(0xC1);
  EXPECT_TRUE(refused(reserved));
}

}  // namespace
}  // namespace base::http
