#include "chaos/experiment/audit_chain.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "core/os/clock.h"
#include "core/os/file.h"

namespace levi::chaos {
namespace {

std::string sha256(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  std::string hex;
  char pair[3];
  for (unsigned i = 0; i < size; ++i) {
    std::snprintf(pair, sizeof pair, "%02x", digest[i]);
    hex += pair;
  }
  return hex;
}

// Lines as levid writes them.
class Chain {
 public:
  std::string next(const std::string& fields = "\"path\":\"/x\"") {
    const std::string body = "{\"n\":" + std::to_string(++number_) + "," + fields +
                             ",\"previous\":\"" + previous_ + "\"";
    previous_ = sha256(body + "}");
    return body + ",\"hash\":\"" + previous_ + "\"}";
  }
  std::string repair(const std::string& torn) {
    return next(R"("method":"REPAIR","reason":"a torn line of )" + std::to_string(torn.size()) +
                " bytes stands before this one, sha256 " + sha256(torn) + "\"");
  }

 private:
  int number_ = 0;
  std::string previous_ = std::string(64, '0');
};

std::vector<std::string> chain(int lines) {
  Chain chain;
  std::vector<std::string> all;
  for (int n = 1; n <= lines; ++n) all.push_back(chain.next());
  return all;
}

Status take_all(const std::vector<std::string>& lines) {
  AuditChain chain;
  for (const auto& line : lines) {
    if (const Status taken = chain.take(line); !taken) return taken;
  }
  if (chain.torn()) return error(ErrorCode::kCorrupt, "the last line is torn");
  return ok();
}

TEST(AuditChain, AnUnbrokenChainHolds) { EXPECT_TRUE(take_all(chain(5))); }

TEST(AuditChain, AnyChangeIsFound) {
  auto changed = chain(5);
  changed[2].replace(changed[2].find("/x"), 2, "/y");
  EXPECT_FALSE(take_all(changed));
  auto removed = chain(5);
  removed.erase(removed.begin() + 2);
  EXPECT_FALSE(take_all(removed));
  auto swapped = chain(5);
  std::swap(swapped[1], swapped[2]);
  EXPECT_FALSE(take_all(swapped));
  auto cut = chain(2);
  cut[1].pop_back();
  EXPECT_FALSE(take_all(cut));
  EXPECT_FALSE(take_all({"not json"}));
  EXPECT_FALSE(take_all({""}));
}

// A core that was killed while it wrote: its next start ends the torn line and names it.
TEST(AuditChain, ATornLineHoldsWhereTheLineBehindItNamesItAndNowhereElse) {
  const std::string torn = "{\"n\":2,\"pa";
  Chain named;
  EXPECT_TRUE(take_all({named.next(), torn, named.repair(torn), named.next()}));
  Chain other;
  EXPECT_FALSE(take_all({other.next(), torn, other.repair("something else")}));
  Chain silent;
  EXPECT_FALSE(take_all({silent.next(), torn, silent.next()}));
  Chain twice;
  EXPECT_FALSE(take_all({twice.next(), torn, torn, twice.repair(torn)}));
  Chain nothing;
  EXPECT_FALSE(take_all({nothing.next(), nothing.repair(torn)}));
  Chain open;
  AuditChain waiting;
  ASSERT_TRUE(waiting.take(open.next()));
  ASSERT_TRUE(waiting.take(torn));
  EXPECT_TRUE(waiting.torn());
  ASSERT_TRUE(waiting.take(open.repair(torn)));
  EXPECT_FALSE(waiting.torn());
}

// Other people's lines, and the renewals of the lease, come all the time.
TEST(AuditChain, CountsTheAnswersOfOneActorAlone) {
  Chain lines;
  AuditChain chain("chaos:r1");
  const std::string kill = R"("method":"POST","path":"/live/kill",)";
  for (const char* fields :
       {R"("actor":"chaos:r1","status":102)", R"("actor":"chaos:r1","status":200)",
        R"("actor":"chaos:r2","status":200)", R"("actor":"ci","status":200)"}) {
    ASSERT_TRUE(chain.take(lines.next(kill + fields)));
  }
  EXPECT_EQ(chain.lines(), 4u);
  EXPECT_EQ(chain.granted(), (std::map<std::string, std::uint64_t>{{"POST /live/kill", 1}}));
}

// A refusal stands in for no request that was granted, and neither does another request.
TEST(AuditChain, CountsWhatWasGrantedByItsMethodAndPath) {
  Chain lines;
  AuditChain chain("chaos:r1");
  for (const char* fields : {R"("method":"POST","path":"/live/kill","status":200)",
                             R"("method":"POST","path":"/live/restore","status":409)",
                             R"("method":"POST","path":"/live/restore","status":503)",
                             R"("method":"POST","path":"/engines/a/start","status":202)"}) {
    ASSERT_TRUE(chain.take(lines.next(std::string(R"("actor":"chaos:r1",)") + fields)));
  }
  EXPECT_EQ(chain.granted(), (std::map<std::string, std::uint64_t>{{"POST /live/kill", 1},
                                                                   {"POST /engines/a/start", 1}}));
}

// By the line that a core calls its last, a folder is known to be its own.
TEST(AuditReader, TellsWhetherALineIsTheOneThatWasMeant) {
  const std::string data = testing::TempDir() + "levi-audit-" + os::random_text(8);
  ASSERT_TRUE(os::make_folders(data + "/audit"));
  Chain lines;
  const std::string first = lines.next();
  const std::string second = lines.next();
  const std::string hash = second.substr(second.size() - 66, 64);
  ASSERT_TRUE(os::write_file_atomic(data + "/audit/2026-11-21.jsonl", first + "\n"));
  AuditReader ours(data);
  ours.expect(2, hash);
  ASSERT_TRUE(ours.read_on());
  EXPECT_FALSE(ours.as_expected()) << "not written yet";
  ASSERT_TRUE(
      os::write_file_atomic(data + "/audit/2026-11-21.jsonl", first + "\n" + second + "\n"));
  ASSERT_TRUE(ours.read_on());
  EXPECT_EQ(ours.as_expected(), true);
  AuditReader others(data);
  others.expect(2, std::string(64, 'a'));
  ASSERT_TRUE(others.read_on());
  EXPECT_EQ(others.as_expected(), false);
  (void)os::remove_tree(data);
}

TEST(AuditReader, ReadsOnFromWhereItStoodAndNamesFileAndLine) {
  const std::string data = testing::TempDir() + "levi-audit-" + os::random_text(8);
  ASSERT_TRUE(os::make_folders(data + "/audit"));
  AuditReader reader(data);
  const auto lines = chain(4);
  ASSERT_TRUE(os::write_file_atomic(data + "/audit/2026-11-21.jsonl",
                                    lines[0] + "\n" + lines[1] + "\n" + lines[2].substr(0, 9)));
  ASSERT_TRUE(reader.read_on());
  EXPECT_EQ(reader.lines(), 2u) << "a line being written is not yet one";
  ASSERT_TRUE(os::write_file_atomic(data + "/audit/2026-11-21.jsonl",
                                    lines[0] + "\n" + lines[1] + "\n" + lines[2] + "\n"));
  ASSERT_TRUE(os::write_file_atomic(data + "/audit/2026-11-22.jsonl", lines[3] + "\n"));
  ASSERT_TRUE(reader.read_on());
  EXPECT_EQ(reader.lines(), 4u);
  ASSERT_TRUE(os::write_file_atomic(data + "/audit/2026-11-22.jsonl", lines[3] + "\n{}\n"));
  ASSERT_TRUE(reader.read_on());
  EXPECT_TRUE(reader.torn()) << "the next start of levid may name it";
  ASSERT_TRUE(os::write_file_atomic(data + "/audit/2026-11-22.jsonl", lines[3] + "\n{}\n{}\n"));
  for (int look = 0; look < 2; ++look) {
    const Status bad = reader.read_on();
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message.find("2026-11-22.jsonl:3:"), std::string::npos)
        << bad.error().message;
  }
  (void)os::remove_tree(data);
}

}  // namespace
}  // namespace levi::chaos
