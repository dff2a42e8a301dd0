// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/daemon/world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "protocol/base/file.h"
#include "protocol/channel/channel.h"

namespace keyferry::daemon {
namespace {

using std::chrono::milliseconds;

template <typename T>
T Must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().ThreeLines());
  return std::move(*result);
}

std::string MakeDirectory() {
  InitCrypto();
  std::string path = (std::filesystem::temp_directory_path() / "kfd-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) std::abort();
  return path;
}

// A port that nobody listens on at the moment.
int FreePort() {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) std::abort();
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

std::string ReadAll(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path).rdbuf();
  return all.str();
}

std::string Program() {
  const char* bin = std::getenv("KEYFERRY_BIN");
  if (bin == nullptr) throw std::runtime_error("KEYFERRY_BIN names no directory: run this by ctest");
  return std::string(bin) + "/keyferryd";
}

}  // namespace

bool Eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return true;
}

DaemonProcess::DaemonProcess(const std::string& settings) {
  static int number = 0;
  log_path_ = settings + "." + std::to_string(++number) + ".log";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 2, log_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::string program = Program();
  std::string option = "--settings";
  std::string file = settings;
  char* arguments[] = {program.data(), option.data(), file.data(), nullptr};
  if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ) != 0) {
    throw std::runtime_error("cannot start " + program);
  }
  posix_spawn_file_actions_destroy(&actions);
}

DaemonProcess::~DaemonProcess() {
  if (!Running()) return;
  Signal(SIGKILL);
  Wait();
}

void DaemonProcess::Signal(int number) const { kill(pid_, number); }

int DaemonProcess::Wait() {
  if (!Eventually([&] { return !Running(); })) ADD_FAILURE() << "keyferryd does not end:\n" << Log();
  return status_.value_or(-1);
}

bool DaemonProcess::Running() {
  int status = 0;
  if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return !status_;
}

std::string DaemonProcess::Log() const { return ReadAll(log_path_); }

World::World()
    : directory(MakeDirectory()),
      settings(directory + "/keyferry.toml"),
      endpoint("tcp://127.0.0.1:" + std::to_string(FreePort())),
      agent([&] {
        std::filesystem::create_directories(directory + "/agent");
        return Must(record::LoadOrMakeAgentKeys(directory + "/agent/identity.key", directory + "/agent/channel.key"));
      }()),
      signer(Must(Ed25519KeyPair::Generate())),
      stranger_signer(Must(Ed25519KeyPair::Generate())),
      kms(fakes::CurveKeys::Make()) {
  std::filesystem::create_directories(directory + "/payments");
  record.domain.fill(7);
  record.domain_name = "payments";
  record.agent = agent.identity.public_key();
  record.agent_channel = agent.channel_public;
  record.signers = {{.name = "kms", .key = signer.public_key()}};
  record.peers = {kms.public_key};
  record.template_enforced = true;
  WriteSettings();
  worker = std::make_unique<fakes::FakeWorker>(
      agent.agent, std::vector<seal::PinnedSigner>{{IdOfKey(signer.public_key()), "kms", signer.public_key()}},
      receipt_key);
}

World::~World() {
  if (HasFailure() && daemon) std::fprintf(stderr, "keyferryd said:\n%s\n", daemon->Log().c_str());
  daemon.reset();
  worker->Stop();
  std::filesystem::remove_all(directory);
}

void World::WriteSettings(std::size_t queue) const {
  std::ofstream(settings) << "[agent]\nlisten = \"" << endpoint << "\"\nstate_dir = \"agent\"\nrun_dir = \"run\"\n"
                          << "[domain.payments]\nworker_settings = \"worker.toml\"\nqueue = " << queue << "\n";
  std::ofstream(directory + "/worker.toml")
      << "[worker]\ndomain = \"payments\"\nstate_dir = \"payments\"\nsocket = \"worker.sock\"\n"
      << "[token]\nmodule = \"/nowhere.so\"\nuri = \"pkcs11:token=none\"\n"
      << "[target.hsm]\nkind = \"hsm\"\n"
      << "[policy.default]\nlabel_prefixes = [\"\"]\nkey_types = [\"aes\"]\noperations = [\"install\"]\n";
}

void World::WriteRecord() { fakes::WriteRecord(directory + "/payments/record.kfr", record, receipt_key); }

void World::StartDaemon() {
  daemon = std::make_unique<DaemonProcess>(settings);
  const bool up = Eventually([&] {
    return !daemon->Running() || channel::AskStatus(directory + "/run/control.sock", milliseconds(1000)).has_value();
  });
  ASSERT_TRUE(up && daemon->Running()) << daemon->Log();
}

void World::StartWorker() { worker->Serve(directory + "/worker.sock"); }

Json World::Status() const {
  return Must(Json::Parse(Must(channel::AskStatus(directory + "/run/control.sock", milliseconds(10'000)))));
}

Json World::DomainStatus() const { return Status().Find("domains")->Elements().at(0); }

std::unique_ptr<fakes::Dealer> World::Connect() const {
  return std::make_unique<fakes::Dealer>(endpoint, agent.channel_public, kms);
}

Bytes World::Bundle(const Wish& wish) const {
  wire::BundleBody body;
  body.agent = agent.agent;
  if (wish.wrong_agent) body.agent[0] ^= 1;
  body.domain = record.domain;
  if (wish.wrong_domain) body.domain[0] ^= 1;
  body.generation = 1;
  body.sequence = wish.sequence;
  // Whole hours, so that the same wish gives the same octets however long a test takes.
  const UnixSeconds now = SystemClock().Now();
  body.accept_before = wish.accept_in > 0 ? (now / 3600 + 2) * 3600 + wish.accept_in : now + wish.accept_in;
  body.install_before = wish.install_in == 0 ? 0 : now + wish.install_in;
  for (std::size_t i = 0; i < wish.items; ++i) {
    Item item;
    item.operation = Operation::kDelete;
    item.target = "hsm";
    item.label = wish.label + std::to_string(i);
    item.expected_id = {1, 2, 3};
    body.items.push_back(std::move(item));
  }
  fakes::SoftSeal seal_in;
  return Must(seal::SealBundle(body, wish.unknown_signer ? stranger_signer : signer, seal_in));
}

wire::Reply World::Next(fakes::Dealer& dealer) {
  auto reply = dealer.Receive(kPatience);
  if (!reply) throw std::runtime_error("no reply");
  return std::move(*reply);
}

wire::Reply World::NextReceipt(fakes::Dealer& dealer) {
  while (true) {
    wire::Reply reply = Next(dealer);
    if (reply.kind == wire::ReplyKind::kReceipt) return reply;
  }
}

wire::Reply World::PushAndGetReply(fakes::Dealer& dealer, const Wish& wish) const {
  dealer.Push(Bundle(wish));
  return Next(dealer);
}

wire::Ask World::AskFor(std::uint64_t sequence) const {
  return {.signer = IdOfKey(signer.public_key()), .domain = record.domain, .sequence = sequence};
}

Bytes World::AskForReceipt(std::uint64_t sequence) const {
  const auto dealer = Connect();
  Bytes receipt;
  const bool there = Eventually([&] {
    dealer->Ask(AskFor(sequence));
    const auto reply = dealer->Receive(kPatience);
    if (reply && reply->kind == wire::ReplyKind::kReceipt) receipt = reply->receipt;
    return !receipt.empty();
  });
  EXPECT_TRUE(there) << "no receipt of " << sequence;
  return receipt;
}

seal::VerifiedReceipt World::Verified(const Bytes& receipt) const {
  return Must(seal::VerifyReceipt(receipt, agent.identity.public_key(), receipt_key.Spki()));
}

std::uint64_t World::ExpectedNumber(fakes::Dealer& dealer) const {
  dealer.Ask(AskFor(1'000'000));
  return Next(dealer).expected;
}

std::string World::AuditLog() const { return ReadAll(directory + "/agent/audit.log"); }

}  // namespace keyferry::daemon
