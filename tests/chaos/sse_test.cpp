#include "chaos/experiment/sse.h"

#include <gtest/gtest.h>

namespace levi::chaos {
namespace {

std::vector<SseEvent> parse(std::string_view text) {
  SseParser parser;
  std::vector<SseEvent> events;
  EXPECT_TRUE(parser.feed(text, events));
  return events;
}

TEST(Sse, AnEventHasIdTypeAndData) {
  const auto events = parse("id: 7\nevent: engine-down\ndata: {\"a\":1}\n\n");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].id, "7");
  EXPECT_EQ(events[0].type, "engine-down");
  EXPECT_EQ(events[0].data, "{\"a\":1}");
}

TEST(Sse, AnySplitOfTheBytesGivesTheSameEvents) {
  const std::string text =
      "id:1\r\ndata: x\r\ndata: y\r\n\r\n: comment\n\ndata\n\nevent: t\rdata: z\r\r";
  const auto whole = parse(text);
  ASSERT_EQ(whole.size(), 3u);
  EXPECT_EQ(whole[0].data, "x\ny");
  EXPECT_EQ(whole[1].data, "");
  EXPECT_EQ(whole[1].id, "1");
  EXPECT_EQ(whole[2].type, "t");
  for (std::size_t split = 0; split <= text.size(); ++split) {
    SseParser parser;
    std::vector<SseEvent> events;
    ASSERT_TRUE(parser.feed(std::string_view(text).substr(0, split), events));
    ASSERT_TRUE(parser.feed(std::string_view(text).substr(split), events));
    ASSERT_EQ(events.size(), 3u) << split;
    EXPECT_EQ(events[2].data, "z") << split;
  }
}

TEST(Sse, AnEndlessEventIsRefused) {
  SseParser parser;
  std::vector<SseEvent> events;
  EXPECT_FALSE(parser.feed("data: " + std::string(SseParser::kEventBytesMax + 1, 'x'), events));
}

}  // namespace
}  // namespace levi::chaos
