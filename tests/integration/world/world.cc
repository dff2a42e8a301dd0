// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/world/world.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

namespace keyferry::world {
namespace {

using fakes::Background;
using fakes::Eventually;
using fakes::Finished;
using fakes::Surroundings;

[[noreturn]] void Die(const std::string& what, const std::string& detail) {
  std::fprintf(stderr, "%s\n%s\n", what.c_str(), detail.c_str());
  std::abort();
}

std::string Bin(const std::string& name) {
  const char* bin = std::getenv("KEYFERRY_BIN");
  if (bin == nullptr) Die("KEYFERRY_BIN is not set", "run the tests with ctest");
  return std::string(bin) + "/" + name;
}

void Must(const Finished& finished, const std::string& what) {
  if (finished.exit_code == 0) return;
  Die(what + " ended with " + std::to_string(finished.exit_code), finished.out + finished.err);
}

// A port that was free a moment ago.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    Die("no free port", "");
  }
  close(fd);
  return ntohs(address.sin_port);
}

std::unique_ptr<Background> ServeToken(const std::string& conf, const std::string& socket_path,
                                       const std::string& log) {
  Surroundings surroundings;
  surroundings.environment["SOFTHSM2_CONF"] = conf;
  auto server = std::make_unique<Background>(
      std::vector<std::string>{Bin("p11_remote_server"), fakes::SoftHsm2Module(), socket_path}, surroundings, log);
  if (!Eventually([&] { return Slurp(log).find("ready") != std::string::npos; })) Die("the HSM's process", Slurp(log));
  return server;
}

}  // namespace

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void Spit(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  chmod(path.c_str(), 0600);
}

std::string FingerprintIn(const std::string& text) {
  static const std::regex kPattern("fingerprint +((?:[0-9a-f]{4}-){7}[0-9a-f]{4})");
  std::smatch match;
  if (!std::regex_search(text, match, kPattern)) Die("no fingerprint in", text);
  return match[1];
}

World::World(Options wanted)
    : options(std::move(wanted)),
      pin_("73915048"),
      module_(options.remote_hsm ? Bin("p11_remote.so") : fakes::SoftHsm2Module()),
      endpoint_("tcp://127.0.0.1:" + std::to_string(FreePort())) {
  Spit(Path("pin"), pin_ + "\n");
  MakeToken("kms", "KMS");
  MakeToken("payments-hsm", "payments-hsm");
  if (options.remote_hsm) {
    kms_hsm_ = ServeToken(kms_conf(), Path("kms.p11"), Path("kms-hsm.log"));
    agent_hsm_ = ServeToken(agent_conf(), Path("agent.p11"), Path("agent-hsm.log"));
  }
  WriteSettings();
}

World::~World() = default;

void World::MakeToken(const std::string& name, const std::string& label) {
  mkdir(Path(name).c_str(), 0700);
  Spit(Path(name + ".conf"),
       "directories.tokendir = " + Path(name) + "\nobjectstore.backend = file\nlog.level = ERROR\n");
  Surroundings surroundings;
  surroundings.environment["SOFTHSM2_CONF"] = Path(name + ".conf");
  Must(fakes::Run({"softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", pin_, "--pin", pin_},
                  surroundings),
       "softhsm2-util");
}

void World::WriteSettings() const {
  Spit(Path("keyferry.toml"),
       "[agent]\nlisten = \"" + endpoint_ + "\"\nstate_dir = \"agent\"\nrun_dir = \"run\"\n" +
           "[domain.payments]\nworker_settings = \"worker.toml\"\nqueue = " + std::to_string(options.queue) + "\n");
  Spit(Path("worker.toml"),
       "[worker]\ndomain = \"payments\"\nstate_dir = \"payments\"\nsocket = \"run/payments.sock\"\n"
       "[token]\nmodule = \"" +
           module_ + "\"\nuri = \"pkcs11:token=payments-hsm\"\npin_file = \"pin\"\n" + options.worker_extra +
           "\n[target.hsm]\nkind = \"hsm\"\noverlap = \"" + options.overlap +
           "\"\n[policy.default]\nlabel_prefixes = [\"\"]\nkey_types = [\"aes\", \"generic-secret\", \"rsa\", \"ec\", "
           "\"x509\"]\noperations = [\"install\", \"update\", \"delete\", \"rollback\"]\n");
}

Surroundings World::AgentSurroundings() const {
  Surroundings surroundings;
  surroundings.environment["SOFTHSM2_CONF"] = agent_conf();
  surroundings.environment["KEYFERRY_P11_REMOTE"] = Path("agent.p11");
  surroundings.environment["KEYFERRY_SETTINGS"] = Path("keyferry.toml");
  return surroundings;
}

Surroundings World::KmsSurroundings() const {
  Surroundings surroundings;
  surroundings.environment["SOFTHSM2_CONF"] = kms_conf();
  surroundings.environment["KEYFERRY_P11_REMOTE"] = Path("kms.p11");
  surroundings.environment["KEYFERRY_KMS_HOME"] = kms_home();
  return surroundings;
}

Finished World::Kms(std::vector<std::string> arguments, bool pin) const {
  arguments.insert(arguments.begin(), Bin("keyferry-kms"));
  Surroundings surroundings = KmsSurroundings();
  if (pin) {
    arguments.insert(arguments.end(), {"--pin-fd", "3"});
    surroundings.descriptors[3] = pin_ + "\n";
  }
  return fakes::Run(arguments, surroundings);
}

std::string World::MustKms(std::vector<std::string> arguments, bool pin) const {
  const Finished finished = Kms(arguments, pin);
  Must(finished, "keyferry-kms " + arguments.front());
  return finished.out;
}

Finished World::Agent(std::vector<std::string> arguments, std::map<int, std::string> descriptors) const {
  arguments.insert(arguments.begin(), Bin("keyferry"));
  Surroundings surroundings = AgentSurroundings();
  surroundings.descriptors = std::move(descriptors);
  return fakes::Run(arguments, surroundings);
}

void World::Bootstrap() {
  InitKms();
  const Finished request = Request();
  Must(request, "bootstrap request");
  const Finished response = Answer(Path("request.kfq"), FingerprintIn(request.out), Path("response.kfr"));
  Must(response, "enrol answer");
  Must(Import(Path("response.kfr"), FingerprintIn(response.out)), "bootstrap import");
  Confirm();
}

void World::InitKms() const { MustKms({"init", "--hsm", "pkcs11:token=KMS?module-path=" + module_}, false); }

Finished World::Request() const {
  return Agent({"bootstrap", "request", "--domain", "payments", "--out", Path("request.kfq"), "--pin-fd", "3"},
               {{3, pin_ + "\n"}});
}

Finished World::Answer(const std::string& request, const std::string& fingerprint, const std::string& response) const {
  Surroundings kms = KmsSurroundings();
  kms.descriptors = {{3, pin_ + "\n"}, {4, fingerprint + "\n"}};
  return fakes::Run({Bin("keyferry-kms"), "enrol", "answer", "--request", request, "--out", response, "--pin-fd", "3",
                     "--fingerprint-fd", "4"},
                    kms);
}

Finished World::Import(const std::string& response, const std::string& fingerprint) const {
  return Agent({"bootstrap", "import", "--domain", "payments", "--response", response, "--out", Path("proof.kfp"),
                "--pin-fd", "3", "--fingerprint-fd", "4"},
               {{3, pin_ + "\n"}, {4, fingerprint + "\n"}});
}

void World::Confirm() const {
  MustKms(
      {"enrol", "confirm", "--proof", Path("proof.kfp"), "--out", Path("confirmation.kfc"), "--address", endpoint_});
  Must(Agent({"bootstrap", "confirm", "--domain", "payments", "--confirmation", Path("confirmation.kfc"), "--pin-fd",
              "3"},
             {{3, pin_ + "\n"}}),
       "bootstrap confirm");
}

void World::LaunchAgent() {
  agent_ =
      std::make_unique<Background>(std::vector<std::string>{Bin("keyferry"), "run"}, AgentSurroundings(), agent_log());
}

void World::StartAgent() {
  LaunchAgent();
  const bool serving = Eventually([&] { return Agent({"status"}).exit_code == 0; });
  if (!serving) Die("the agent does not serve", Agent({"status"}).out + Slurp(agent_log()));
}

int World::StopAgent() {
  agent_->Signal(SIGTERM);
  const auto code = agent_->Wait(std::chrono::seconds(60));
  if (!code) Die("the agent does not stop", Slurp(agent_log()));
  agent_.reset();
  return *code;
}

pid_t World::daemon_pid() const {
  const auto found = fakes::ChildrenNamed(agent_->pid(), "keyferryd");
  return found.size() == 1 ? found.front() : -1;
}

pid_t World::worker_pid() const {
  const auto found = fakes::ChildrenNamed(agent_->pid(), "keyferry-worker");
  return found.size() == 1 ? found.front() : -1;
}

Json World::Status() const {
  const Finished finished = Agent({"status", "--json"});
  auto json = Json::Parse(finished.out);
  if (!json) Die("status --json", finished.out + finished.err);
  return std::move(*json);
}

std::string World::Generate(const std::string& type, unsigned bits, const std::string& label) const {
  MustKms({"key", "generate", "--type", type, "--bits", std::to_string(bits), "--label", label});
  const bool secret = type == "aes" || type == "generic-secret";
  return "pkcs11:object=" + label + ";type=" + (secret ? "secret-key" : "private");
}

}  // namespace keyferry::world
