// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// What goes wrong around the agent: each has a stable code and a next step where an operator looks, costs nothing that
// was accepted, and is over once it is mended.
#include <arpa/inet.h>
#include <glob.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstdlib>
#include <filesystem>

#include "protocol/base/file.h"
#include "tests/integration/trust/kms.h"

namespace keyferry::world {
namespace {

bool Has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::size_t Count(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
  return count;
}

void Edit(const World& world, const std::string& file, const std::string& from, const std::string& to) {
  std::string text = Slurp(world.Path(file));
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  Spit(world.Path(file), text.replace(at, from.size(), to));
}

std::string Member(const Json& json, std::string_view name) { return json.Text(name).value_or(""); }

// Until the daemon says so of its worker.
void ExpectWorker(const World& world, std::string_view condition, Code code) {
  std::string last;
  const bool reached = fakes::Eventually(
      [&] {
        const auto domain = TryDomainStatus(world);
        const Json* worker = domain ? domain->Find("worker") : nullptr;
        if (worker == nullptr) return false;
        last = Member(*worker, "condition") + " " + Member(*worker, "code");
        return last == std::string(condition) + " " + std::string(Name(code));
      },
      kAmple);
  EXPECT_TRUE(reached) << last << "\n" << Slurp(world.agent_log());
}

// What `keyferry status` shows to an operator: the code, what to do next, and an exit code for scripts.
void ExpectStatus(const World& world, ExitCode exit_code, Code code) {
  const auto status = world.Agent({"status"});
  EXPECT_EQ(status.exit_code, static_cast<int>(exit_code)) << status.out << status.err;
  EXPECT_TRUE(Has(status.out + status.err, "[" + std::string(Name(code)) + "]")) << status.out << status.err;
  EXPECT_TRUE(Has(status.out + status.err, NextStepOf(code))) << status.out << status.err;
}

void ExpectServing(const World& world) {
  EXPECT_TRUE(fakes::Eventually([&] { return world.Agent({"status"}).exit_code == 0; }, kAmple))
      << world.Agent({"status"}).out << Slurp(world.agent_log());
}

// Accepted now, installed later: what is wrong at the token is a queue, not an error.
Bytes PushAndExpectAccepted(Kms& kms, std::uint64_t number) {
  auto connection = kms.Connect();
  const Bytes envelope = kms.Seal(kms.Body(number, {kms.NewKey("card-" + std::to_string(number))}));
  const auto reply = Push(connection, envelope);
  EXPECT_EQ(reply.kind, wire::ReplyKind::kAccepted) << reply.code << " " << reply.message;
  return envelope;
}

void ExpectInstalled(const Kms& kms, const Bytes& envelope) {
  auto connection = kms.Connect();
  const auto receipt = kms.Verified(PushForReceipt(connection, envelope));
  EXPECT_EQ(receipt.body.outcome, wire::Outcome::kOk) << receipt.body.code << " " << receipt.body.message;
}

void KillWorker(const World& world) {
  const pid_t before = world.worker_pid();
  ASSERT_EQ(kill(before, SIGKILL), 0);
  ASSERT_TRUE(fakes::Eventually([&] { return world.worker_pid() > 0 && world.worker_pid() != before; }));
}

// OpenSC's module that writes down every call and hands it on.
std::string SpyModule() {
  glob_t found{};
  std::string path;
  if (glob("/usr/lib/*/pkcs11-spy.so", 0, nullptr, &found) == 0) path = *found.gl_pathv;
  globfree(&found);
  return path;
}

TEST(Outside, AWrongPinIsTriedOnceUntilAnOperatorOpensTheLatch) {
  const std::string spy = SpyModule();
  if (spy.empty() && std::getenv("CI") != nullptr) FAIL() << "OpenSC's pkcs11-spy.so is not installed";
  if (spy.empty()) GTEST_SKIP() << "OpenSC's pkcs11-spy.so is not installed";
  World world;
  world.Bootstrap();
  Kms kms(world);
  setenv("PKCS11SPY", world.module().c_str(), 1);
  setenv("PKCS11SPY_OUTPUT", world.Path("calls").c_str(), 1);
  const auto logins = [&] { return Count(Slurp(world.Path("calls")), "C_Login\n"); };
  Edit(world, "worker.toml", world.module(), spy);
  Spit(world.Path("pin"), "00000000\n");
  const auto refusals = [&] { return Count(Slurp(world.agent_log()), "code=credential.pin-wrong"); };
  world.LaunchAgent();
  ExpectWorker(world, "latched", Code::kPinLatched);
  ExpectStatus(world, ExitCode::kCredentialRefused, Code::kPinLatched);
  EXPECT_EQ(refusals(), 1U);
  EXPECT_EQ(logins(), 1U);

  KillWorker(world);
  ExpectWorker(world, "latched", Code::kPinLatched);
  KillWorker(world);
  ExpectWorker(world, "latched", Code::kPinLatched);
  EXPECT_EQ(world.StopAgent(), 0);
  world.LaunchAgent();
  ExpectWorker(world, "latched", Code::kPinLatched);
  ExpectStatus(world, ExitCode::kCredentialRefused, Code::kPinLatched);
  EXPECT_EQ(logins(), 1U) << "a try after the latch was shut";

  // One more, and no more, for each time that the latch is opened.
  EXPECT_EQ(world.Agent({"pin", "retry"}).exit_code, 0);
  EXPECT_TRUE(fakes::Eventually([&] { return refusals() == 2; })) << Slurp(world.agent_log());
  ExpectWorker(world, "latched", Code::kPinLatched);
  EXPECT_EQ(logins(), 2U);
  const Bytes waiting = PushAndExpectAccepted(kms, 1);
  Spit(world.Path("pin"), world.pin() + "\n");
  KillWorker(world);
  ExpectWorker(world, "latched", Code::kPinLatched);
  EXPECT_EQ(logins(), 2U) << "a mended file alone opens nothing";
  EXPECT_EQ(world.Agent({"pin", "retry"}).exit_code, 0);
  ExpectServing(world);
  EXPECT_EQ(logins(), 3U);
  ExpectInstalled(kms, waiting);
  EXPECT_EQ(world.StopAgent(), 0);
}

TEST(Outside, AModuleThatIsNotThere) {
  World world;
  world.Bootstrap();
  Edit(world, "worker.toml", world.module(), "/nowhere/libpkcs11.so");
  world.LaunchAgent();
  ExpectWorker(world, "stopped", Code::kModuleUnloadable);
  ExpectStatus(world, ExitCode::kFailure, Code::kModuleUnloadable);
  EXPECT_TRUE(Has(world.Agent({"status"}).out, "/nowhere/libpkcs11.so"));
  EXPECT_EQ(world.StopAgent(), 0);
  world.WriteSettings();
  world.StartAgent();
  EXPECT_EQ(world.StopAgent(), 0);
}

TEST(Outside, ATokenThatIsMissingIsAQueueUntilItIsBack) {
  World world;
  world.Bootstrap();
  Kms kms(world);
  std::filesystem::rename(world.Path("payments-hsm"), world.Path("unplugged"));
  std::filesystem::create_directory(world.Path("payments-hsm"));
  world.LaunchAgent();
  ExpectWorker(world, "hsm-away", Code::kTokenMissing);
  ExpectStatus(world, ExitCode::kHsmUnreachable, Code::kTokenMissing);
  const Bytes waiting = PushAndExpectAccepted(kms, 1);
  std::filesystem::remove(world.Path("payments-hsm"));
  std::filesystem::rename(world.Path("unplugged"), world.Path("payments-hsm"));
  ExpectServing(world);
  ExpectInstalled(kms, waiting);
  EXPECT_EQ(Labels(world), std::vector<std::string>{"card-1"});
  EXPECT_EQ(world.StopAgent(), 0);
}

// The processes of the HSM may write no octet more to any file: what a full file system does, without having to mount
// one.
void LimitFiles(const World& world, rlim_t octets) {
  auto processes = fakes::ChildrenNamed(world.agent_hsm_pid(), "p11_remote_server");
  processes.push_back(world.agent_hsm_pid());
  for (const pid_t pid : processes) {
    const rlimit limit{.rlim_cur = octets, .rlim_max = RLIM_INFINITY};
    ASSERT_EQ(prlimit(pid, RLIMIT_FSIZE, &limit, nullptr), 0);
  }
}

TEST(Outside, ATokenThatIsFullIsAQueueUntilThereIsRoom) {
  signal(SIGXFSZ, SIG_IGN);  // inherited by the HSM's process, which is to see an error and not to die
  Options options;
  options.remote_hsm = true;
  World world(options);
  world.Bootstrap();
  world.StartAgent();
  Kms kms(world);
  LimitFiles(world, 0);
  const Bytes waiting = PushAndExpectAccepted(kms, 1);
  std::string shown;
  const bool told = fakes::Eventually(
      [&] {
        shown = world.Agent({"status"}).out;
        return Has(shown, "WARNING") && Has(shown, "[hsm.");
      },
      kAmple);
  EXPECT_TRUE(told) << shown << Slurp(world.agent_log());
  EXPECT_EQ(DomainStatus(world).Integer("queue").value_or(-1), 1);
  LimitFiles(world, RLIM_INFINITY);
  ExpectInstalled(kms, waiting);
  ExpectServing(world);
  EXPECT_EQ(world.StopAgent(), 0);
  EXPECT_EQ(Labels(world), std::vector<std::string>{"card-1"}) << "as another process finds it, after a restart";
}

TEST(Outside, NotBootstrapped) {
  World world;
  world.LaunchAgent();
  ExpectWorker(world, "not-bootstrapped", Code::kNotBootstrapped);
  const auto status = world.Agent({"status"});
  EXPECT_EQ(status.exit_code, static_cast<int>(ExitCode::kNotBootstrapped));
  EXPECT_TRUE(Has(status.out, "not bootstrapped: nothing is accepted [bootstrap.missing]")) << status.out;
  EXPECT_TRUE(Has(status.out, NextStepOf(Code::kNotBootstrapped))) << status.out;
  EXPECT_EQ(world.StopAgent(), 0);
}

TEST(Outside, APortThatIsTaken) {
  World world;
  UniqueFd taken(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string port = world.endpoint().substr(world.endpoint().rfind(':') + 1);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  ASSERT_EQ(bind(taken.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(taken.get(), 1), 0);
  world.LaunchAgent();
  EXPECT_TRUE(fakes::Eventually([&] { return Has(Slurp(world.agent_log()), "[daemon.port-taken]"); }));
  EXPECT_TRUE(Has(Slurp(world.agent_log()), NextStepOf(Code::kPortTaken))) << Slurp(world.agent_log());
  ExpectStatus(world, ExitCode::kDaemonNotRunning, Code::kDaemonNotRunning);
  taken.Reset();
  ExpectWorker(world, "not-bootstrapped", Code::kNotBootstrapped);
  EXPECT_EQ(world.StopAgent(), 0);
}

// The worker's files are found by the agent's, so that its errors come first; of each file all come at once.
void ExpectSettingsRefused(const World& world, const std::vector<std::string>& places) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"config", "check"}, {"run"}, {"status"}}) {
    const bool reads_workers = command[0] != "status";
    if (!reads_workers && !places[0].starts_with("keyferry.toml")) continue;
    const auto checked = world.Agent(command);
    EXPECT_EQ(checked.exit_code, static_cast<int>(ExitCode::kSettings));
    EXPECT_TRUE(Has(checked.err, "[settings.invalid]")) << checked.err;
    EXPECT_TRUE(Has(checked.err, NextStepOf(Code::kSettingsInvalid))) << checked.err;
    for (const auto& place : places) EXPECT_TRUE(Has(checked.err, place)) << command[0] << ": " << checked.err;
  }
}

TEST(Outside, SettingsWithTyposAreAllNamedAtOnce) {
  const World world;
  Edit(world, "worker.toml", "pin_file =", "pin_fiel =");
  Edit(world, "worker.toml", "key_types =", "key_typs =");
  ExpectSettingsRefused(world, {"worker.toml:8:1: unknown key 'pin_fiel' in [token]; did you mean 'pin_file'?",
                                "unknown key 'key_typs' in [policy.default]; did you mean 'key_types'?"});
  Edit(world, "keyferry.toml", "listen =", "lisen =");
  Edit(world, "keyferry.toml", "queue =", "queu =");
  ExpectSettingsRefused(world, {"keyferry.toml:2:1: unknown key 'lisen' in [agent]; did you mean 'listen'?",
                                "keyferry.toml:7:1: unknown key 'queu' in [domain.payments]; did you mean 'queue'?"});
}

// The state of an agent that has delivered one bundle and was stopped.
Bytes DeliverOneAndStop(World& world, Kms& kms, Bytes& receipt) {
  world.StartAgent();
  auto connection = kms.Connect();
  const Bytes envelope = kms.Seal(kms.Body(1, {kms.NewKey("card-1")}));
  receipt = PushForReceipt(connection, envelope);
  EXPECT_EQ(world.StopAgent(), 0);
  return envelope;
}

// Neither what is damaged nor what is lost is made anew: that would forget every replay.
TEST(Outside, AJournalThatCannotBeReadStopsTheDaemonAndStaysAsItIs) {
  World world;
  world.Bootstrap();
  Kms kms(world);
  Bytes receipt;
  const Bytes envelope = DeliverOneAndStop(world, kms, receipt);
  const std::string journal = world.Path("agent/journal.db");
  std::filesystem::copy(journal, world.Path("backup.db"));
  const std::string garbage(9000, 'x');
  for (const bool lost : {false, true}) {
    Spit(journal, garbage);
    if (lost) std::filesystem::remove(journal);
    Spit(world.agent_log(), "");
    world.LaunchAgent();
    EXPECT_TRUE(fakes::Eventually([&] { return Count(Slurp(world.agent_log()), "[store.unreadable]") >= 2; }))
        << Slurp(world.agent_log());
    EXPECT_TRUE(Has(Slurp(world.agent_log()), NextStepOf(Code::kStoreUnreadable)));
    ExpectStatus(world, ExitCode::kDaemonNotRunning, Code::kDaemonNotRunning);
    EXPECT_EQ(world.StopAgent(), 0);
    EXPECT_EQ(Exists(journal), !lost);
    EXPECT_EQ(Slurp(journal), lost ? "" : garbage);
  }
  std::filesystem::copy(world.Path("backup.db"), journal);
  world.StartAgent();
  auto connection = kms.Connect();
  EXPECT_EQ(PushForReceipt(connection, envelope), receipt);
  EXPECT_EQ(world.StopAgent(), 0);
}

TEST(Outside, ALedgerThatCannotBeReadStopsTheWorkerAndStaysAsItIs) {
  World world;
  world.Bootstrap();
  Kms kms(world);
  Bytes receipt;
  DeliverOneAndStop(world, kms, receipt);
  const std::string ledger = world.Path("payments/ledger.db");
  ASSERT_TRUE(Exists(ledger));
  const std::string garbage(9000, 'x');
  Spit(ledger, garbage);
  const std::string before = TokenObjects(world);
  world.LaunchAgent();
  ExpectWorker(world, "stopped", Code::kStoreUnreadable);
  ExpectStatus(world, ExitCode::kFailure, Code::kStoreUnreadable);
  PushAndExpectAccepted(kms, 2);
  EXPECT_EQ(TokenObjects(world), before);
  EXPECT_EQ(Slurp(ledger), garbage);
  EXPECT_EQ(world.StopAgent(), 0);
}

TEST(Outside, SigtermDuringPushesEndsWellAndARestartConcludesWhatWasAccepted) {
  constexpr std::uint64_t kBundles = 20;
  World world;
  world.Bootstrap();
  world.StartAgent();
  Kms kms(world);
  std::vector<Bytes> envelopes;
  for (std::uint64_t number = 1; number <= kBundles; ++number) {
    envelopes.push_back(kms.Seal(kms.Body(number, {kms.NewKey("card-" + std::to_string(100 + number))})));
  }
  auto connection = kms.Connect();
  std::size_t accepted = 0;
  for (const auto& envelope : envelopes) Send(connection, envelope);
  while (accepted < 3) {
    const auto reply = Must(connection.Receive(kAmple));
    ASSERT_TRUE(reply);
    if (reply->kind == wire::ReplyKind::kAccepted) ++accepted;
  }
  EXPECT_EQ(world.StopAgent(), 0);
  // What was answered on the way down counts too.
  while (const auto reply = Must(connection.Receive(std::chrono::milliseconds(500)))) {
    if (reply->kind == wire::ReplyKind::kAccepted) ++accepted;
  }
  world.StartAgent();
  auto again = kms.Connect();
  EXPECT_GE(NextNumber(again, kms), accepted + 1) << "something accepted was forgotten";
  EXPECT_TRUE(fakes::Eventually([&] { return Concluded(world).size() >= accepted; }, kAmple));
  std::vector<std::string> labels;
  for (std::uint64_t number = 1; number <= kBundles; ++number) {
    EXPECT_EQ(kms.Verified(PushForReceipt(again, envelopes[number - 1])).body.outcome, wire::Outcome::kOk);
    labels.push_back("card-" + std::to_string(100 + number));
  }
  EXPECT_EQ(Labels(world), labels);
  EXPECT_EQ(Concluded(world).size(), kBundles);
  EXPECT_EQ(world.StopAgent(), 0);
}

}  // namespace
}  // namespace keyferry::world
