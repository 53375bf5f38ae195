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

std::vector<std::string> chain(int lines) {
  std::vector<std::string> all;
  std::string previous(64, '0');
  for (int n = 1; n <= lines; ++n) {
    const std::string body =
        "{\"n\":" + std::to_string(n) + ",\"path\":\"/x\",\"previous\":\"" + previous + "\"";
    previous = sha256(body + "}");
    all.push_back(body + ",\"hash\":\"" + previous + "\"}");
  }
  return all;
}

Status take_all(const std::vector<std::string>& lines) {
  AuditChain chain;
  for (const auto& line : lines) {
    if (const Status taken = chain.take(line); !taken) return taken;
  }
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
  const Status bad = reader.read_on();
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find("2026-11-22.jsonl:2:"), std::string::npos)
      << bad.error().message;
  (void)os::remove_tree(data);
}

}  // namespace
}  // namespace levi::chaos
