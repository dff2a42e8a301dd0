// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "protocol/base/item.h"
#include "protocol/base/result.h"

// Settings of daemon and worker, TOML. The annotated files deploy/keyferry.toml and deploy/worker.toml are the manual.
// Loading reports all errors at once, each with file, line, column and cause; unknown keys are errors, with the nearest
// known key. Relative paths are relative to the settings file. Code::kSettingsInvalid, kFileMissing, kFileUnreadable.
namespace keyferry::settings {

// [domain.NAME] of keyferry.toml: where the daemon finds a worker.
struct DomainSettings {
  std::string name;
  std::string worker_settings;  // path of the worker's own file: its state_dir and socket are read there
  std::size_t queue = 64;       // bundles accepted and not concluded; more are answered "busy"
};

struct AgentSettings {
  std::string path;       // the file
  std::string state_dir;  // identity.key, channel.key, journal.db, audit.log
  std::string run_dir;    // control.sock
  std::string listen;     // "tcp://ADDRESS:PORT"
  std::string log_level;  // "debug", "info", "warning", "error"
  std::vector<DomainSettings> domains;
};

// [policy.NAME] of a worker's file: what the signer of that name may do; "default" for signers without one of their
// own. A signer that no policy covers may do nothing.
struct SignerPolicy {
  std::vector<std::string> label_prefixes;  // empty string allows every label
  std::vector<KeyType> key_types;
  std::vector<Operation> operations;
};

struct TokenSettings {
  std::string module;  // path of the PKCS#11 library
  std::string
      module_config;     // what C_Initialize gets as library parameters (NSS: "configdir='sql:DIR' …"); empty: none
  std::string uri;       // RFC 7512: pkcs11:token=…;serial=…
  std::string pin_file;  // empty: $CREDENTIALS_DIRECTORY/pin
  bool accept_unenforced_template = false;
  bool exclusive = false;  // the token is ours alone: objects that cannot be read may be removed
  std::chrono::milliseconds call_deadline{30000};
};

struct TargetSettings {
  std::string name;
  std::string kind;  // "hsm"
  std::chrono::milliseconds overlap{1000};
  bool keep_previous = true;
};

struct WorkerSettings {
  std::string path;
  std::string domain_name;
  std::string state_dir;  // record.kfr, ledger.db, latch, token.object copy, lock
  std::string socket;
  std::string daemon_user;  // may connect to the socket; empty: this process's own user only
  std::string log_level;
  TokenSettings token;
  std::vector<TargetSettings> targets;
  std::map<std::string, SignerPolicy> policies;
};

// Which of the two a file is: a worker's has [worker] or [token]. Errors of reading and of TOML as with loading.
enum class FileKind : std::uint8_t { kAgent = 1, kWorker = 2 };
Result<FileKind> KindOf(const std::string& path);
Result<AgentSettings> LoadAgent(const std::string& path);
Result<WorkerSettings> LoadWorker(const std::string& path);

// Every key that the loader knows, as "agent.listen", "domain.*.queue": a test compares them with the manual.
std::vector<std::string> KnownAgentKeys();
std::vector<std::string> KnownWorkerKeys();

// Paths below the directories above; the only place that names them.
std::string IdentityKeyPath(const AgentSettings& agent);
std::string ChannelKeyPath(const AgentSettings& agent);
std::string JournalPath(const AgentSettings& agent);
std::string AuditPath(const AgentSettings& agent);
std::string ControlSocketPath(const AgentSettings& agent);
std::string LedgerPath(const WorkerSettings& worker);
std::string LatchPath(const WorkerSettings& worker);
std::string TokenLockPath(const WorkerSettings& worker);
std::string TokenCopyPath(const WorkerSettings& worker);  // of SoftHSM2's token.object

}  // namespace keyferry::settings
