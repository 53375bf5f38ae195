// The audit chain: what it holds, what it shows of tampering, how it goes on after crashes and full
// disks.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "core/api/audit_chain.h"
#include "core/api/audit_line.h"
#include "core/os/file.h"
#include "tests/api/rig.h"

namespace {
std::atomic<int> failing_syncs{0};  // the next so many
}

// In place of the C library's, in this program: a disk that takes bytes and loses them.
extern "C" int fdatasync(int fd) {
  int left = failing_syncs.load();
  while (left > 0 && !failing_syncs.compare_exchange_weak(left, left - 1)) {
  }
  if (left <= 0) return static_cast<int>(::syscall(SYS_fdatasync, fd));
  errno = EIO;
  return -1;
}

namespace levi::api {
namespace {

using test::ApiRig;
using test::json;
using test::TempFolder;

constexpr Instant kDay1{1'763'769'454'000'000'000};  // 2025-11-21T23:57:34Z
constexpr Nanos kHour = 3600s;

AuditLine line(Instant wall, std::string_view reason) {
  AuditLine out;
  out.wall = wall;
  out.actor = "ann";
  out.ip = "127.0.0.1";
  out.method = "POST";
  out.path = "/live/kill";
  out.query = "on=true";
  out.status = 200;
  out.duration = 1500us;
  out.reason = reason;
  return out;
}

// Six lines over two days.
void write_chain(const std::string& folder) {
  auto chain = AuditChain::open(folder, kDay1);
  ASSERT_TRUE(chain) << chain.error().text();
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(
        chain.value().append(line(kDay1 + (i < 3 ? 0s : kHour), "reason " + std::to_string(i))));
  }
  ASSERT_TRUE(chain.value().sync());
}

std::string read(const std::string& path) {
  auto content = os::read_file(path);
  return content ? content.value() : "";
}
void write(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::trunc) << content;
}

TEST(AuditChain, WritesOneHashedLineEachByDay) {
  TempFolder folder(test::kTmpfs);
  write_chain(folder.path());
  const std::string day1 = read(folder / "2025-11-21.jsonl");
  const std::string day2 = read(folder / "2025-11-22.jsonl");
  EXPECT_EQ(std::count(day1.begin(), day1.end(), '\n'), 3);
  EXPECT_EQ(std::count(day2.begin(), day2.end(), '\n'), 3);
  const std::string first = day1.substr(0, day1.find('\n'));
  const json parsed = json::parse(first);
  EXPECT_EQ(parsed["n"], 1);
  EXPECT_EQ(parsed["ts"], "2025-11-21T23:57:34.000000Z");
  EXPECT_EQ(parsed["actor"], "ann");
  EXPECT_EQ(parsed["role"], "local");
  EXPECT_EQ(parsed["duration_ms"], 1.5);
  EXPECT_EQ(parsed["previous"], std::string(64, '0'));
  // The rule as docs/api.md states it: cut `,"hash":"<64>"` out and hash the bytes.
  const std::string hash = parsed["hash"];
  std::string bytes = first;
  bytes.erase(bytes.find(",\"hash\":\""), 9 + 64 + 1);
  EXPECT_EQ(sha256_hex(bytes), hash);
  EXPECT_EQ(first.substr(first.size() - 2 - 64), hash + "\"}");
  const auto report = verify_audit(folder.path());
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report.value().files, 2u);
  EXPECT_EQ(report.value().lines, 6u);
  EXPECT_EQ(report.value().last_number, 6u);
}

TEST(AuditChain, GoesOnAcrossRestarts) {
  TempFolder folder(test::kTmpfs);
  write_chain(folder.path());
  auto chain = AuditChain::open(folder.path(), kDay1);
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain.value().last_number(), 6u);
  // A clock that runs back does not reorder the chain: the line stays in the newest file.
  ASSERT_TRUE(chain.value().append(line(kDay1, "later")));
  ASSERT_TRUE(chain.value().sync());
  EXPECT_EQ(verify_audit(folder.path()).value().last_number, 7u);
  EXPECT_NE(read(folder / "2025-11-22.jsonl").find("later"), std::string::npos);
}

TEST(AuditChain, AChangedByteIsFoundWhereverItIs) {
  TempFolder folder(test::kTmpfs);
  write_chain(folder.path());
  const std::string path = folder / "2025-11-21.jsonl";
  const std::string good = read(path);
  for (std::size_t i = 0; i < good.size(); i += i < 60 ? 1 : 5) {
    std::string bad = good;
    bad[i] = bad[i] == 'x' ? 'y' : 'x';
    write(path, bad);
    const auto report = verify_audit(folder.path());
    ASSERT_FALSE(report) << "byte " << i << " was changed and not found";
    ASSERT_EQ(report.error().code, ErrorCode::kCorrupt);
    ASSERT_NE(report.error().message.find(".jsonl:"), std::string::npos);
  }
}

TEST(AuditChain, MissingRepeatedAndSwappedLinesAreFound) {
  TempFolder folder(test::kTmpfs);
  write_chain(folder.path());
  const std::string path = folder / "2025-11-21.jsonl";
  const std::string good = read(path);
  std::vector<std::string> lines;
  std::istringstream in(good);
  for (std::string text; std::getline(in, text);) lines.push_back(text + "\n");
  for (const std::string& bad :
       {lines[1] + lines[2], lines[0] + lines[2], lines[0] + lines[1], std::string(),
        lines[0] + lines[0] + lines[1] + lines[2], lines[1] + lines[0] + lines[2]}) {
    write(path, bad);
    EXPECT_FALSE(verify_audit(folder.path())) << bad;
  }
  std::filesystem::remove(path);
  EXPECT_FALSE(verify_audit(folder.path()));
  write(path, good);
  EXPECT_TRUE(verify_audit(folder.path()));
}

TEST(AuditChain, ALineThatIsRewrittenWithAFreshHashBreaksTheNext) {
  TempFolder folder(test::kTmpfs);
  write_chain(folder.path());
  const std::string path = folder / "2025-11-21.jsonl";
  std::string content = read(path);
  const std::string second = content.substr(content.find('\n') + 1);
  std::string forged = content.substr(0, content.find('\n'));
  forged.replace(forged.find("reason 0"), 8, "innocent");
  forged.erase(forged.find(",\"hash\":\""), 9 + 64 + 1);
  const std::string hash = sha256_hex(forged);
  forged.pop_back();
  write(path, forged + ",\"hash\":\"" + hash + "\"}\n" + second);
  const auto report = verify_audit(folder.path());
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("2025-11-21.jsonl:2"), std::string::npos)
      << report.error().message;
}

TEST(AuditChain, ATornLastLineStaysAndIsNamed) {
  TempFolder folder(test::kTmpfs);
  write_chain(folder.path());
  const std::string path = folder / "2025-11-22.jsonl";
  const std::string good = read(path);
  const std::size_t last_line = good.rfind('\n', good.size() - 2) + 1;
  for (const std::size_t cut : {last_line + 1, last_line + 40, good.size() - 2}) {
    write(path, good.substr(0, cut));
    EXPECT_FALSE(verify_audit(folder.path()));  // until levid has started
    auto chain = AuditChain::open(folder.path(), kDay1);
    ASSERT_TRUE(chain) << chain.error().text();
    ASSERT_TRUE(chain.value().append(line(kDay1 + kHour, "after")));
    ASSERT_TRUE(chain.value().sync());
    const auto report = verify_audit(folder.path());
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(report.value().repairs, 1u);
    EXPECT_EQ(report.value().last_number, 7u);  // five good, the repair, the new one
    EXPECT_NE(read(path).find(good.substr(last_line, cut - last_line)), std::string::npos);
    // And the torn bytes can't be changed afterwards either.
    std::string bad = read(path);
    bad[last_line] = '#';
    write(path, bad);
    EXPECT_FALSE(verify_audit(folder.path()));
  }
}

TEST(AuditChain, ALineThatLacksOnlyItsEndIsALine) {
  TempFolder folder(test::kTmpfs);
  write_chain(folder.path());
  const std::string path = folder / "2025-11-22.jsonl";
  write(path, read(path).substr(0, read(path).size() - 1));
  auto chain = AuditChain::open(folder.path(), kDay1);
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain.value().last_number(), 6u);
  EXPECT_EQ(verify_audit(folder.path()).value().repairs, 0u);
}

TEST(AuditChain, IsNotContinuedBehindALineThatWasChanged) {
  TempFolder folder(test::kTmpfs);
  write_chain(folder.path());
  const std::string path = folder / "2025-11-22.jsonl";
  std::string content = read(path);
  content[content.size() - 100] ^= 1;
  write(path, content);
  const auto chain = AuditChain::open(folder.path(), kDay1);
  ASSERT_FALSE(chain);
  EXPECT_EQ(chain.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(chain.error().fix, "");
}

// The kernel calls pages clean that it could not write: another sync would prove nothing of them.
TEST(AuditChain, WhatASyncDidNotMakeDurableIsTakenBack) {
  TempFolder folder(test::kTmpfs);
  write_chain(folder.path());
  auto chain = AuditChain::open(folder.path(), kDay1);
  ASSERT_TRUE(chain);
  const std::string hash = chain.value().last_hash();
  ASSERT_TRUE(chain.value().append(line(kDay1, "lost")));
  failing_syncs = 1;
  EXPECT_EQ(chain.value().sync().error().code, ErrorCode::kIo);
  EXPECT_EQ(chain.value().last_number(), 6u);
  EXPECT_EQ(chain.value().last_hash(), hash);
  ASSERT_TRUE(chain.value().append(line(kDay1, "written again")));
  ASSERT_TRUE(chain.value().sync());
  EXPECT_EQ(read(folder / "2025-11-22.jsonl").find("lost"), std::string::npos);
  EXPECT_EQ(verify_audit(folder.path()).value().last_number, 7u);
}

TEST(AuditChain, AnEmptyFolderIsNoChain) {
  TempFolder folder(test::kTmpfs);
  EXPECT_EQ(verify_audit(folder.path()).error().code, ErrorCode::kNotFound);
}

TEST(Audit, EveryChangingRequestLeavesItsLineAndNoSecret) {
  ApiRig rig;
  rig.core.start();
  rig.post("/live/kill?reason=r&actor=ann&token=hunter2", R"({"password":"hunter3"})");
  rig.post("/live/restore?reason=r&actor=ann");
  rig.post("/engines/0/stop?reason=noise&actor=bob");
  rig.post("/engines/nobody/start", "", 404);
  rig.post("/chaos/lease", R"({"run":"r1","owner":"ci","scenario":"C-1","ttl_ms":5000})");
  rig.connect().call("DELETE /chaos/lease?run=r1 HTTP/1.1\r\n\r\n");
  rig.get("/engines");  // reading leaves nothing
  rig.wait_audited(7);
  rig.server->stop();
  const auto lines = rig.audit_lines();
  ASSERT_EQ(lines.size(), 7u);
  const auto is = [&](std::size_t i, const char* method, const char* path, int status) {
    EXPECT_EQ(lines[i]["method"], method) << i;
    EXPECT_EQ(lines[i]["path"], path) << i;
    EXPECT_EQ(lines[i]["status"], status) << i;
  };
  is(0, "POST", "/live/kill", 200);
  is(1, "POST", "/live/restore", 102);
  is(2, "POST", "/live/restore", 200);
  is(3, "POST", "/engines/0/stop", 200);
  is(4, "POST", "/engines/nobody/start", 404);
  is(5, "POST", "/chaos/lease", 200);
  is(6, "DELETE", "/chaos/lease", 200);
  EXPECT_EQ(lines[0]["actor"], "ann");
  EXPECT_EQ(lines[0]["query"], "reason=r&actor=ann&token=***");
  EXPECT_EQ(lines[0]["ip"], "127.0.0.1");
  EXPECT_EQ(lines[3]["actor"], "bob");
  EXPECT_EQ(lines[5]["actor"], "ci");
  for (const auto& entry : std::filesystem::directory_iterator(rig.audit_folder())) {
    EXPECT_EQ(read(entry.path()).find("hunter"), std::string::npos);
  }
  const auto report = verify_audit(rig.audit_folder());
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report.value().lines, 7u);
}

TEST(Audit, EntriesOfControlGoIntoTheSameChain) {
  ApiRig rig;
  control::AuditEntry entry;
  entry.wall = os::wall_now();
  entry.status = 200;
  entry.actor = "ann";
  entry.peer = "unix";
  entry.method = "POST";
  entry.path = "/live/kill";
  const std::uint64_t ticket = rig.control_audit.push(entry);
  rig.post("/live/kill");
  rig.wait_audited(2);
  EXPECT_TRUE(rig.control_audit.durable(ticket));
  EXPECT_TRUE(verify_audit(rig.audit_folder()));
  bool by_socket = false;
  for (const json& written : rig.audit_lines()) by_socket = by_socket || written["ip"] == "unix";
  EXPECT_TRUE(by_socket);
}

TEST(Audit, AChainThatCantBeWrittenRefusesOpeningsAndNothingElse) {
  // The folder's place is taken by a file: nobody, not even root, can write a chain there.
  ApiRig rig({}, [](ApiRig& self) { write(self.audit_folder(), "in the way"); });
  rig.core.start();
  EXPECT_FALSE(rig.status.audit_ok);
  EXPECT_EQ(rig.post("/live/kill")["killed"], true);
  const json refused = rig.post("/live/restore?reason=x", "", 503);
  EXPECT_NE(refused["detail"].get<std::string>().find("audit"), std::string::npos);
  EXPECT_TRUE(rig.latch().load().sealed());
  rig.post("/engines/0/start?reason=x", "", 503);
  EXPECT_EQ(rig.post("/engines/0/stop?reason=x")["ok"], true);
  EXPECT_NE(rig.get("/state")["audit"]["trouble"], "");
  // Once it can be written, what was kept is written, and openings work again.
  std::filesystem::remove(rig.audit_folder());
  rig.wait_audited(4);
  EXPECT_TRUE(rig.status.audit_ok);
  EXPECT_EQ(rig.post("/live/restore?reason=x")["ok"], true);
  EXPECT_TRUE(verify_audit(rig.audit_folder()));
}

TEST(Audit, ALineIsDurableOnlyOnceASyncHasCarriedItsBytes) {
  ApiRig rig;
  rig.post("/live/kill?reason=first");
  rig.wait_audited(1);
  failing_syncs = 1;
  rig.post("/live/kill?reason=second");
  while (failing_syncs > 0) ASSERT_EQ(rig.connect().get("/healthz").status, 200);
  rig.post("/live/kill?reason=third");
  rig.wait_audited(3);
  rig.server->stop();
  const auto lines = rig.audit_lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1]["reason"], "second");
  EXPECT_EQ(lines[2]["reason"], "third");
  EXPECT_TRUE(verify_audit(rig.audit_folder()));
}

TEST(Audit, KillsThatFindItFullAreCountedInTheChain) {
  ApiRig rig({}, [](ApiRig& self) { write(self.audit_folder(), "in the way"); });
  constexpr std::uint64_t kKept = 4096;  // entries that wait for a disk
  constexpr std::uint64_t kKills = kKept + 10;
  test::HttpPeer peer = rig.connect();
  for (std::uint64_t i = 0; i < kKills; ++i) ASSERT_EQ(peer.post("/live/kill").status, 200);
  while (rig.status.audit_lost < kKills - kKept) ASSERT_EQ(peer.get("/healthz").status, 200);
  std::filesystem::remove(rig.audit_folder());
  rig.wait_audited(kKept);
  const auto lines = rig.audit_lines();
  const auto lost = std::find_if(lines.begin(), lines.end(),
                                 [](const json& one) { return one["method"] == "LOST"; });
  ASSERT_NE(lost, lines.end());
  EXPECT_EQ((*lost)["reason"], "10 entries could not be taken");
  EXPECT_TRUE(verify_audit(rig.audit_folder()));
}

TEST(Audit, TheChainGoesOnAfterARestartOfTheServer) {
  ApiRig rig;
  rig.post("/live/kill");
  rig.wait_audited(1);
  rig.restart();
  rig.post("/live/kill");
  rig.wait_audited(2);
  const auto report = verify_audit(rig.audit_folder());
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report.value().last_number, 2u);
  EXPECT_EQ(rig.get("/state")["audit"]["hash"], report.value().last_hash);
}

TEST(Audit, WhatIsLeftIsWrittenAtTheStop) {
  ApiRig rig;
  for (int i = 0; i < 50; ++i) rig.post("/live/kill");
  rig.server->stop();
  EXPECT_EQ(verify_audit(rig.audit_folder()).value().lines, 50u);
}

}  // namespace
}  // namespace levi::api
