// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/json.h"
#include "tests/fakes/process.h"
#include "tests/fakes/soft_tokens.h"

namespace keyferry::world {

struct Options {
  // Both HSMs behind tests/fakes/p11_remote, so that no key is in the memory of the programs under test.
  bool remote_hsm = false;
  std::string worker_extra;  // more lines for worker.toml's [token] table
  std::string overlap = "50ms";
  std::size_t queue = 64;
};

// A whole installation in a fresh directory: a KMS with a SoftHSM2 token "KMS" and an agent with "payments-hsm", the
// real programs from KEYFERRY_BIN as separate processes, real CURVE sockets on loopback. Everything here aborts the
// test program with the output of what failed: there is no test without a world.
class World {
 public:
  explicit World(Options options = {});
  ~World();

  // The whole ceremony, both halves, by the command lines.
  void Bootstrap();
  // Its steps, for tests that go wrong on the way. Each has its file, read or written, in the world's directory.
  void InitKms() const;
  fakes::Finished Request() const;  // request.kfq
  // `request` may be another world's.
  fakes::Finished Answer(const std::string& request, const std::string& fingerprint, const std::string& response) const;
  fakes::Finished Import(const std::string& response, const std::string& fingerprint) const;  // proof.kfp
  void Confirm() const;
  // keyferry run; returns once the domain is serving.
  void StartAgent();
  // keyferry run, and no more.
  void LaunchAgent();
  // SIGTERM, and the exit code of `keyferry run`.
  int StopAgent();
  fakes::Background& agent() { return *agent_; }
  pid_t daemon_pid() const;
  pid_t worker_pid() const;
  // With remote_hsm: the server of each HSM. It has a child for each client, which holds the keys and goes with it, and
  // leads their process group: stop them all with kill(-pid, SIGSTOP).
  pid_t kms_hsm_pid() const { return kms_hsm_->pid(); }
  pid_t agent_hsm_pid() const { return agent_hsm_->pid(); }

  // keyferry-kms --home … ARGUMENTS, with the KMS's token and PIN where `pin`.
  fakes::Finished Kms(std::vector<std::string> arguments, bool pin = true) const;
  // The same, which must end well: returns what it printed.
  std::string MustKms(std::vector<std::string> arguments, bool pin = true) const;
  // keyferry ARGUMENTS with the agent's settings and token. `descriptors`: PINs and fingerprints.
  fakes::Finished Agent(std::vector<std::string> arguments, std::map<int, std::string> descriptors = {}) const;
  Json Status() const;  // of `keyferry status --json`

  // Makes a key in the KMS's HSM and returns its URI.
  std::string Generate(const std::string& type, unsigned bits, const std::string& label) const;

  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }
  const std::string& endpoint() const { return endpoint_; }
  std::string kms_home() const { return Path("kms-home"); }
  const std::string& pin() const { return pin_; }
  std::string module() const { return module_; }
  // SoftHSM2's configuration of each side, to open its token in the test's own process.
  std::string agent_conf() const { return Path("payments-hsm.conf"); }
  std::string kms_conf() const { return Path("kms.conf"); }
  std::string agent_log() const { return Path("agent.log"); }
  // What the programs of the agent's (or the KMS's) side get as environment.
  fakes::Surroundings AgentSurroundings() const;
  fakes::Surroundings KmsSurroundings() const;
  void WriteSettings() const;

  Options options;

 private:
  void MakeToken(const std::string& name, const std::string& label);

  fakes::TempDir dir_;
  std::string pin_;
  std::string module_;
  std::string endpoint_;
  std::unique_ptr<fakes::Background> kms_hsm_;
  std::unique_ptr<fakes::Background> agent_hsm_;
  std::unique_ptr<fakes::Background> agent_;
};

std::string Slurp(const std::string& path);
void Spit(const std::string& path, const std::string& content);
// The 8 groups of 4 hexadecimal digits after the word "ingerprint".
std::string FingerprintIn(const std::string& text);

}  // namespace keyferry::world
