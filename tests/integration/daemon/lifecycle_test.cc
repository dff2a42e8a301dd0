// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "protocol/base/file.h"
#include "tests/integration/daemon/world.h"

namespace keyferry::daemon {
namespace {

using std::chrono::milliseconds;
using wire::ReplyKind;

class Lifecycle : public World {
 protected:
  // Starts one that cannot, and gives what it said.
  std::string FailToStart(int exit_code) {
    DaemonProcess failing(settings);
    EXPECT_EQ(failing.Wait(), exit_code);
    return failing.Log();
  }
  static bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
};

TEST_F(Lifecycle, BeforeTheBootstrapNobodyIsLetInAndAfterItWithoutARestart) {
  StartWorker();
  StartDaemon();
  auto dealer = Connect();
  dealer->Push(Bundle({.sequence = 1}));
  EXPECT_FALSE(dealer->Receive(milliseconds(1500)));
  EXPECT_FALSE(*DomainStatus().Boolean("bootstrapped"));
  EXPECT_TRUE(Has(Status().Dump(), "not bootstrapped"));
  WriteRecord();
  // A connection that was turned away is not tried again by libzmq.
  ASSERT_TRUE(Eventually([&] {
    dealer = Connect();
    dealer->Push(Bundle({.sequence = 1}));
    return dealer->Receive(milliseconds(500)).has_value();
  }));
  EXPECT_EQ(Verified(AskForReceipt(1)).body.outcome, wire::Outcome::kOk);
}

TEST_F(Lifecycle, ARecordOfAnotherAgentOrADamagedOneAdmitsNobody) {
  record.agent[0] ^= 1;
  WriteRecord();
  StartDaemon();
  EXPECT_FALSE(*DomainStatus().Boolean("bootstrapped"));
  EXPECT_TRUE(Has(Status().Dump(), "trust.record-wrong"));
  std::ofstream(directory + "/payments/record.kfr") << "keyferry-record/1\n{}\n00\n";
  auto dealer = Connect();
  dealer->Ask(AskFor(1));
  EXPECT_FALSE(dealer->Receive(milliseconds(1500)));
  EXPECT_TRUE(Has(Status().Dump(), "trust.record-wrong"));
}

TEST_F(Lifecycle, SigtermIsACleanStop) {
  WriteRecord();
  StartWorker();
  worker->SetDelay(milliseconds(500));
  StartDaemon();
  const auto dealer = Connect();
  EXPECT_EQ(PushAndGetReply(*dealer, {.sequence = 1}).kind, ReplyKind::kAccepted);
  ASSERT_TRUE(Eventually([&] { return worker->Calls() > 0; }));
  daemon->Signal(SIGTERM);
  EXPECT_EQ(NextReceipt(*dealer).sequence, 1U) << "what is in hand is finished";
  EXPECT_EQ(daemon->Wait(), 0);
  const std::string log = AuditLog();
  for (const char* event : {"started", "settings loaded", "accepted", "concluded", "stopped"}) {
    EXPECT_TRUE(Has(log, "\"event\":\"" + std::string(event) + "\"")) << event;
  }
  EXPECT_TRUE(Has(log, HexEncode(Sha256(*ReadFile(settings, 10'000)))));
  EXPECT_TRUE(Has(log.substr(log.rfind('\n', log.size() - 2)), "stopped")) << "it is the last line";
}

TEST_F(Lifecycle, SigtermParksWhatNoWorkerTakes) {
  WriteRecord();
  StartDaemon();
  const auto dealer = Connect();
  EXPECT_EQ(PushAndGetReply(*dealer, {.sequence = 1}).kind, ReplyKind::kAccepted);
  daemon->Signal(SIGTERM);
  EXPECT_EQ(daemon->Wait(), 0);
  StartWorker();
  StartDaemon();
  EXPECT_EQ(Verified(AskForReceipt(1)).body.outcome, wire::Outcome::kOk);
}

TEST_F(Lifecycle, APortThatIsTakenIsAClearError) {
  StartDaemon();
  std::filesystem::create_directories(directory + "/second");
  std::filesystem::copy_file(directory + "/worker.toml", directory + "/second/worker.toml");
  std::filesystem::copy_file(settings, directory + "/second/keyferry.toml");
  settings = directory + "/second/keyferry.toml";
  const std::string said = FailToStart(1);
  EXPECT_TRUE(Has(said, endpoint)) << said;
  EXPECT_TRUE(Has(said, std::string(NextStepOf(Code::kPortTaken)))) << said;
}

TEST_F(Lifecycle, TwoDaemonsDoNotShareOneState) {
  StartDaemon();
  const std::string said = FailToStart(1);
  EXPECT_TRUE(Has(said, std::to_string(daemon->pid()))) << said;
}

TEST_F(Lifecycle, AJournalThatCannotBeReadIsAClearErrorAndStays) {
  std::ofstream(directory + "/agent/journal.db") << "no database at all, but some octets that look like nothing";
  const std::string said = FailToStart(1);
  EXPECT_TRUE(Has(said, "journal.db")) << said;
  EXPECT_TRUE(Has(said, std::string(NextStepOf(Code::kStoreUnreadable)))) << said;
  EXPECT_EQ(std::filesystem::file_size(directory + "/agent/journal.db"), 58U) << "left as it was";
}

TEST_F(Lifecycle, SettingsWithATypoAreAClearError) {
  std::ofstream(settings, std::ios::app) << "queu = 3\n";
  const std::string said = FailToStart(78);
  EXPECT_TRUE(Has(said, "queu")) << said;
  EXPECT_TRUE(Has(said, "did you mean")) << said;
}

TEST_F(Lifecycle, TheServiceManagerIsTold) {
  const std::string path = directory + "/notify";
  const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, std::begin(address.sun_path));
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  StartDaemon();
  unsetenv("NOTIFY_SOCKET");
  char text[64] = {};
  ASSERT_GT(recv(fd.get(), text, sizeof text - 1, 0), 0);
  EXPECT_STREQ(text, "READY=1");
  EXPECT_TRUE(Eventually([&] { return Has(daemon->Log(), "ready"); }));
}

TEST_F(Lifecycle, ItsOwnMemoryIsClosedToOthers) {
  StartDaemon();
  std::ifstream status("/proc/" + std::to_string(daemon->pid()) + "/limits");
  std::string line;
  while (std::getline(status, line) && !line.starts_with("Max core file size")) continue;
  EXPECT_NE(line.find(" 0 "), std::string::npos) << line;
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Kibibytes of /proc/PID/smaps_rollup; nothing where this user may not read it.
std::optional<long> MemoryOf(pid_t pid, const std::string& kind) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kind + ":")) return std::stol(line.substr(kind.size() + 1));
  }
  return std::nullopt;
}

TEST_F(Lifecycle, StaysSmallUnderLoad) {
  WriteRecord();
  StartWorker();
  StartDaemon();
  if (!MemoryOf(daemon->pid(), "Rss")) GTEST_SKIP() << "only root may read the memory map of an undumpable process";
  const auto dealer = Connect();
  for (std::uint64_t sequence = 1; sequence <= 200; ++sequence) {
    dealer->Push(Bundle({.sequence = sequence, .label = std::string(100, 'x'), .items = 256}));
    if (sequence % 10 != 0) continue;
    while (NextReceipt(*dealer).sequence != sequence) continue;
  }
  EXPECT_LE(*MemoryOf(daemon->pid(), "Anonymous"), 6 * 1024);
  EXPECT_LE(*MemoryOf(daemon->pid(), "Rss"), 20 * 1024);
  RecordProperty("anonymous_kib", std::to_string(*MemoryOf(daemon->pid(), "Anonymous")));
  RecordProperty("resident_kib", std::to_string(*MemoryOf(daemon->pid(), "Rss")));
}
#endif

}  // namespace
}  // namespace keyferry::daemon
