// Names that the system's resolver answers without a network: "127.2" is how inet_aton writes
// 127.0.0.2.
#include "core/os/resolver.h"

#include "tests/os/support.h"

namespace levi::os {
namespace {

TEST(Resolver, AnswersAtOnceWhatNeedsNoLookUp) {
  Loop loop;
  Resolver resolver(loop);
  std::string text;
  resolver.resolve("localhost:80",
                   [&](Result<Endpoint> endpoint) { text = endpoint.value().text(); });
  EXPECT_EQ(text, "127.0.0.1:80");
}

TEST(Resolver, AnswersEveryQuestionHoweverManyAskForOneName) {
  Loop loop;
  Resolver resolver(loop);
  constexpr int kQuestions = 500;
  int answered[2] = {0, 0};
  for (int i = 0; i < kQuestions; ++i) {
    const int name = i % 2;
    resolver.resolve(name == 0 ? "127.2:80" : "127.3:80", [&, name](Result<Endpoint> endpoint) {
      ASSERT_TRUE(endpoint) << endpoint.error().text();
      EXPECT_EQ(endpoint.value().text(), name == 0 ? "127.0.0.2:80" : "127.0.0.3:80");
      ++answered[name];
    });
  }
  EXPECT_EQ(answered[0] + answered[1], 0);  // never from within the call
  EXPECT_TRUE(pump(loop, [&] { return answered[0] + answered[1] == kQuestions; }));
  EXPECT_EQ(answered[0], kQuestions / 2);
}

TEST(Resolver, IsDestroyedWithQuestionsUnanswered) {
  Loop loop;
  int answered = 0;
  {
    Resolver resolver(loop);
    for (int i = 0; i < 50; ++i) {
      resolver.resolve("127.2:80", [&](Result<Endpoint>) { ++answered; });
    }
  }
  settle(loop);
  EXPECT_EQ(answered, 0);
}

}  // namespace
}  // namespace levi::os
