#include "core/control/origin.h"

#include <gtest/gtest.h>

namespace levi::control {
namespace {

TEST(Origin, AProgramIsNotFromElsewhere) {
  for (const char* host : {"", "127.0.0.1", "127.0.0.1:8001", "127.8.9.10:1", "localhost",
                           "LocalHost:8000", "[::1]", "[::1]:8000", " localhost "}) {
    EXPECT_FALSE(is_from_elsewhere(host, "")) << host;
  }
}

TEST(Origin, ANameThatIsNotThisHostsIsFromElsewhere) {
  for (const char* host :
       {"evil.example", "evil.example:8000", "127.evil.example", "127.0.0.1.evil.example",
        "localhost.evil.example", "evil.example:127.0.0.1", "10.0.0.1", "0.0.0.0", "[::2]:8000",
        "[::1", "::1", ":8000", "user@localhost"}) {
    EXPECT_TRUE(is_from_elsewhere(host, "")) << host;
  }
}

TEST(Origin, AnOriginMustBeThisServersOwn) {
  EXPECT_FALSE(is_from_elsewhere("localhost:8000", "http://localhost:8000"));
  EXPECT_FALSE(is_from_elsewhere("localhost:8000", "HTTP://LOCALHOST:8000"));
  for (const char* origin :
       {"https://localhost:8000", "http://localhost", "http://localhost:80001",
        "http://127.0.0.1:8000", "http://evil.example", "null", "http://", "file://", "x"}) {
    EXPECT_TRUE(is_from_elsewhere("localhost:8000", origin)) << origin;
  }
  EXPECT_TRUE(is_from_elsewhere("", "http://evil.example"));
  EXPECT_TRUE(is_from_elsewhere("evil.example", "http://evil.example"));
}

}  // namespace
}  // namespace levi::control
