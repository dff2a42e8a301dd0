// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// Never in clear: keys of known values go from the KMS's HSM into the target HSM, and no 16 octets of them are seen
// anywhere on the way: in the memory of the three programs during and after pushes, in any file, on any socket. Both
// HSMs are behind tests/fakes/p11_remote, since SoftHSM2 keeps clear keys in whatever process loads it; that the keys
// are found in *those* processes shows that the search sees what is there; so does the RSA key's modulus, which travels
// beside it in clear and is found in each program, in files and on the worker's socket.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "targets/cryptoki/token.h"
#include "tests/integration/secrecy/known_keys.h"
#include "tests/integration/secrecy/process_memory.h"
#include "tests/integration/secrecy/relay.h"
#include "tests/integration/secrecy/root_only.h"
#include "tests/integration/world/world.h"

namespace keyferry::secrecy {
namespace {

using fakes::Background;
using fakes::Eventually;
using world::World;

world::Options Remote() {
  world::Options options;
  options.remote_hsm = true;
  return options;
}

constexpr const char* kPublic = "the modulus, which is public";

// A World whose every socket is recorded, with known keys in the KMS's HSM.
class WatchedWorld {
 public:
  WatchedWorld() : world_(Remote()), stop_file_(world_.Path("stop-here")) {
    // For the programs that are started from here; nothing stops before the file is there.
    setenv("KEYFERRY_P11_STOP", stop_file_.c_str(), 1);
    PutKeys();
    AddAll(keys_, scanner_);
    for (const KnownKey& key : keys_) {
      if (!key.modulus.empty()) scanner_.Add(kPublic, key.modulus);
    }
    relays_.push_back(Relay::BeforeUnix(world_.Path("kms.p11")));
    relays_.push_back(Relay::BeforeUnix(world_.Path("agent.p11")));
    world_.Bootstrap();
    RelayTcp();
    world_.StartAgent();
    RelayWorker();
  }
  ~WatchedWorld() { unsetenv("KEYFERRY_P11_STOP"); }

  // keyferry-kms ARGUMENTS to its end, looking into every program at each place where a key would be at hand.
  int KmsWatched(std::vector<std::string> arguments);
  // Daemon and worker as they stand.
  void LookAtAgent() {
    LookFrozen(world_.daemon_pid(), "keyferryd", daemon_looks_);
    LookFrozen(world_.worker_pid(), "keyferry-worker", worker_looks_);
  }
  void LookAtFiles() {
    std::size_t files = 0;
    Report("files", ScanFiles(world_.Path(""), scanner_, files));
    EXPECT_GT(files, 10U);
  }
  void LookAtSockets() {
    for (std::size_t i = 0; i < relays_.size(); ++i) {
      const Bytes recorded = relays_[i]->Recorded();
      EXPECT_GT(recorded.size(), 1000U) << "nothing went through relay " << i;
      const std::string name = "socket " + std::to_string(i);
      Report(name, scanner_.Scan(name, recorded));
    }
  }

  // Every secret that was found is a failure; the public control is noted.
  void Report(const std::string& place, const std::vector<Finding>& findings) {
    for (const Finding& finding : findings) {
      if (finding.key == kPublic) {
        public_seen_.insert(place);
      } else {
        ADD_FAILURE() << "a key in clear: " << Describe(finding);
      }
    }
  }
  // Where the modulus was seen: there the search is shown to see.
  const std::set<std::string>& public_seen() const { return public_seen_; }

  World& world() { return world_; }
  const std::vector<KnownKey>& keys() const { return keys_; }
  const Scanner& scanner() const { return scanner_; }
  const Relay& tcp() const { return *relays_[2]; }
  const Relay& worker_socket() const { return *relays_[3]; }
  int kms_looks() const { return kms_looks_; }
  int daemon_looks() const { return daemon_looks_; }
  int worker_looks() const { return worker_looks_; }
  bool seen_in_both_hsms() const { return seen_in_kms_hsm_ && seen_in_target_hsm_; }

 private:
  void PutKeys();
  void RelayTcp();
  void RelayWorker();
  void Look(pid_t pid, const std::string& name, int& looks);
  void LookFrozen(pid_t pid, const std::string& name, int& looks) {
    ASSERT_GT(pid, 0) << name << " does not run";
    const Frozen frozen(pid);
    Look(pid, name, looks);
  }
  // A client of the HSM stands still behind a wrap or an unwrap: the HSM has just had the key in its hands.
  void LookForKeysInHsm(pid_t server, bool& seen) const {
    for (const pid_t hsm : fakes::ChildrenNamed(server, "p11_remote_server")) {
      for (const Finding& finding : ScanMemory(hsm, "an HSM", scanner_).findings) {
        seen = seen || finding.key != kPublic;
      }
    }
  }
  void LookAtStopped(pid_t pid, const std::string& name, int& looks) {
    if (pid <= 0 || StateOf(pid) != 'T') return;
    Look(pid, name, looks);
    kill(pid, SIGCONT);
  }

  World world_;
  std::string stop_file_;
  Scanner scanner_;
  std::vector<KnownKey> keys_;
  std::vector<std::unique_ptr<Relay>> relays_;  // KMS's HSM, agent's HSM, network, worker's socket
  std::set<std::string> public_seen_;
  int kms_looks_ = 0, daemon_looks_ = 0, worker_looks_ = 0, runs_ = 0;
  bool seen_in_kms_hsm_ = false, seen_in_target_hsm_ = false;
};

// From this process, which forwards to the HSM's own, as a KMS would have made them.
void WatchedWorld::PutKeys() {
  setenv("KEYFERRY_P11_REMOTE", world_.Path("kms.p11").c_str(), 1);
  auto module = cryptoki::Module::Load(world_.module());
  ASSERT_TRUE(module) << module.error().OneLine();
  auto uri = cryptoki::TokenUri::Parse("pkcs11:token=KMS");
  auto token = cryptoki::Token::Find(**module, *uri);
  ASSERT_TRUE(token) << token.error().OneLine();
  ASSERT_TRUE(token->Login(fakes::TestSecret(world_.pin())));
  auto session = token->OpenSession();
  ASSERT_TRUE(session) << session.error().OneLine();
  keys_ = PutKnownKeys(*session);
}

// The agent listens at another port than the one that the KMS learnt in the ceremony.
void WatchedWorld::RelayTcp() {
  const std::string& endpoint = world_.endpoint();
  const std::string port = endpoint.substr(endpoint.rfind(':') + 1);
  const int moved = FreePort();
  std::string settings = world::Slurp(world_.Path("keyferry.toml"));
  settings.replace(settings.find(":" + port), port.size() + 1, ":" + std::to_string(moved));
  world::Spit(world_.Path("keyferry.toml"), settings);
  relays_.push_back(Relay::BeforeTcp(std::stoi(port), moved));
}

// The daemon has connected already: it is killed, and the next one finds the relay.
void WatchedWorld::RelayWorker() {
  relays_.push_back(Relay::BeforeUnix(world_.Path("run/payments.sock")));
  const pid_t before = world_.daemon_pid();
  kill(before, SIGKILL);
  const bool again = Eventually([&] {
    const pid_t now = world_.daemon_pid();
    return now > 0 && now != before && world_.Agent({"status"}).exit_code == 0;
  });
  ASSERT_TRUE(again) << "the daemon did not come back: " << world::Slurp(world_.agent_log());
}

void WatchedWorld::Look(pid_t pid, const std::string& name, int& looks) {
  const MemoryScan scan = ScanMemory(pid, name, scanner_);
  Report(name, scan.findings);
  EXPECT_EQ(scan.unreadable, "") << name;
  EXPECT_GT(scan.octets, 1000000U) << name << ": so little cannot be all of its memory";
  ++looks;
}

int WatchedWorld::KmsWatched(std::vector<std::string> arguments) {
  const std::string bin = std::string(std::getenv("KEYFERRY_BIN")) + "/keyferry-kms";
  arguments.insert(arguments.begin(), bin);
  arguments.insert(arguments.end(), {"--pin-fd", "3"});
  fakes::Surroundings surroundings = world_.KmsSurroundings();
  surroundings.descriptors[3] = world_.pin() + "\n";
  world::Spit(stop_file_, "");
  Background kms(arguments, surroundings, world_.Path("kms-" + std::to_string(++runs_) + ".log"));
  std::optional<int> code;
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(4);
  while (!(code = kms.Wait(std::chrono::milliseconds(1))) && std::chrono::steady_clock::now() < end) {
    if (StateOf(kms.pid()) == 'T') LookForKeysInHsm(world_.kms_hsm_pid(), seen_in_kms_hsm_);
    LookAtStopped(kms.pid(), "keyferry-kms", kms_looks_);
    if (StateOf(world_.worker_pid()) == 'T') {
      LookForKeysInHsm(world_.agent_hsm_pid(), seen_in_target_hsm_);
      LookFrozen(world_.daemon_pid(), "keyferryd", daemon_looks_);
    }
    LookAtStopped(world_.worker_pid(), "keyferry-worker", worker_looks_);
  }
  std::filesystem::remove(stop_file_);
  // It may have stopped once more after the last look.
  kill(world_.worker_pid(), SIGCONT);
  EXPECT_EQ(code.value_or(-1), 0) << world::Slurp(world_.Path("kms-" + std::to_string(runs_) + ".log"));
  return code.value_or(-1);
}

TEST(NeverInClear, InNoMemoryNoFileAndOnNoSocket) {
  KEYFERRY_ROOT_ONLY();
  WatchedWorld watched;
  if (HasFatalFailure()) return;
  std::vector<std::string> push = {"push", "payments"};
  for (const KnownKey& key : watched.keys()) {
    if (key.label != "known-aes-2") push.push_back(key.uri);
  }
  push.push_back("--each-alone");
  ASSERT_EQ(watched.KmsWatched(push), 0);
  watched.LookAtFiles();
  // New versions under the same label, one value after the other, then a rollback and a deletion.
  for (const char* from : {"known-aes-2", "known-aes", "known-aes-2"}) {
    const std::string uri = std::string("pkcs11:object=") + from + ";type=secret-key";
    ASSERT_EQ(watched.KmsWatched({"update", "payments", uri, "--label", "known-aes"}), 0);
    watched.LookAtAgent();
  }
  ASSERT_EQ(watched.KmsWatched({"rollback", "payments", "--label", "known-aes"}), 0);
  ASSERT_EQ(watched.KmsWatched({"delete", "payments", "--label", "known-mac"}), 0);
  watched.LookAtAgent();
  watched.LookAtFiles();
  EXPECT_GE(watched.kms_looks(), 20);
  EXPECT_GE(watched.worker_looks(), 8) << "no look while a key was being unwrapped";
  EXPECT_GE(watched.daemon_looks(), 8);

  std::printf("looked into memory: keyferry-kms %d times, keyferryd %d, keyferry-worker %d; %zu windows\n",
              watched.kms_looks(), watched.daemon_looks(), watched.worker_looks(), watched.scanner().windows());
  EXPECT_TRUE(watched.seen_in_both_hsms()) << "the search does not see what is there";

  EXPECT_EQ(watched.world().StopAgent(), 0);
  watched.LookAtSockets();
  watched.LookAtFiles();
  // All sockets but the network's, where everything is encrypted, carry the modulus.
  const std::set<std::string> everywhere = {"keyferry-kms", "keyferry-worker", "keyferryd", "files",
                                            "socket 0",     "socket 1",        "socket 3"};
  EXPECT_EQ(watched.public_seen(), everywhere) << "the search does not see what is there";
}

// The same search on the same places, with a key put there: it would have been found.
TEST(NeverInClear, WouldHaveBeenSeen) {
  KEYFERRY_ROOT_ONLY();
  WatchedWorld watched;
  if (HasFatalFailure()) return;
  const Bytes& value = watched.keys().front().parts.front().value;
  const std::string name = watched.keys().front().parts.front().name;
  const auto has_key = [&](const std::vector<Finding>& findings) {
    return std::ranges::any_of(findings, [&](const Finding& finding) { return finding.key == name; });
  };
  std::size_t files = 0;
  EXPECT_FALSE(has_key(ScanFiles(watched.world().Path(""), watched.scanner(), files)));
  // In a file of the agent's state, and in a message that crosses to the worker and one that crosses the network.
  world::Spit(watched.world().Path("agent/left-behind"), "{\"key\": \"" + Base64Encode(value) + "\"}");
  EXPECT_TRUE(has_key(ScanFiles(watched.world().Path(""), watched.scanner(), files)));
  const auto send = [&](const Relay& relay, const std::string& place, auto connect) {
    EXPECT_FALSE(has_key(watched.scanner().Scan(place, relay.Recorded()))) << place;
    ASSERT_TRUE(connect(value)) << place;
    EXPECT_TRUE(Eventually([&] { return has_key(watched.scanner().Scan(place, relay.Recorded())); })) << place;
  };
  send(watched.worker_socket(), "worker's socket",
       [&](const Bytes& octets) { return SendToUnix(watched.world().Path("run/payments.sock"), octets); });
  const std::string& endpoint = watched.world().endpoint();
  send(watched.tcp(), "network",
       [&](const Bytes& octets) { return SendToTcp(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)), octets); });
}

}  // namespace
}  // namespace keyferry::secrecy
