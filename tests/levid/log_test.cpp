// Whoever reads the log may stand still or be gone: nobody who logs notices.
#include "core/levid/log.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "core/os/fd.h"
#include "core/os/process.h"

namespace levi::levid {
namespace {

constexpr int kPatienceMs = 20'000;

// Until `text` has come. Everything that was read.
std::string read_until(int fd, const std::string& text) {
  std::string all;
  while (all.find(text) == std::string::npos) {
    pollfd watched{fd, POLLIN, 0};
    char bytes[4096];
    if (::poll(&watched, 1, kPatienceMs) != 1) break;
    const ssize_t got = ::read(fd, bytes, sizeof bytes);
    if (got <= 0) break;
    all.append(bytes, static_cast<std::size_t>(got));
  }
  return all;
}

TEST(Log, WritesEachLineWithTimeAndLevel) {
  auto [out, in] = os::make_pipe().value();
  const Log log(in.get(), "info");
  spdlog::debug("not this");
  spdlog::warn("an engine is down");
  const std::string text = read_until(out.get(), "\n");
  EXPECT_NE(text.find("Z warning an engine is down\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("not this"), std::string::npos);
}

TEST(Log, AReaderThatStandsStillCostsLinesAndNobodysTime) {
  auto [out, in] = os::make_pipe().value();
  const Log log(in.get(), "info");
  // Far more than the pipe, the queue, and what the writing thread has taken out of it can hold.
  for (int i = 1; i <= 20'000; ++i) spdlog::info("line {} of many", i);
  const std::string text = read_until(out.get(), "line 20000 of many\n");
  EXPECT_NE(text.find("line 20000 of many\n"), std::string::npos) << "the newest are kept";
  EXPECT_NE(text.find(" lines of this log are lost: nobody read it\n"), std::string::npos);
}

TEST(Log, EndsThoughNobodyReads) {
  auto [out, in] = os::make_pipe().value();
  {
    const Log log(in.get(), "info");
    for (int i = 0; i < 20'000; ++i) spdlog::info("line {} of many", i);
  }
  spdlog::info("after its end nobody writes it, and nobody minds");
}

TEST(Log, AReaderThatIsGoneEndsNothing) {
  ::signal(SIGPIPE, SIG_IGN);  // as levid does
  auto [out, in] = os::make_pipe().value();
  out = os::Fd();
  const Log log(in.get(), "info");
  for (int i = 0; i < 20'000; ++i) spdlog::info("line {} of many", i);
}

}  // namespace
}  // namespace levi::levid
