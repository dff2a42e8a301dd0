// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/bootstrap_desk.h"

#include <cstdlib>
#include <utility>

#include "bootstrap/record/agent_keys.h"
#include "protocol/base/prompt.h"
#include "targets/cryptoki/pin_latch.h"
#include "targets/cryptoki/token_copy.h"

namespace keyferry::cli {
namespace {

// Where the PIN lies if nobody hands it over: the settings' file, else the service manager's credential.
std::string PinFile(const settings::TokenSettings& token) {
  if (!token.pin_file.empty()) return token.pin_file;
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  const std::string path = directory == nullptr ? "" : std::string(directory) + "/pin";
  return !path.empty() && Exists(path) ? path : "";
}

}  // namespace

Result<BootstrapSettings> LoadBootstrapSettings(const BootstrapOptions& options) {
  KF_TRY(settings::AgentSettings agent, settings::LoadAgent(options.settings));
  std::string names;
  for (const settings::DomainSettings& domain : agent.domains) {
    const bool meant = domain.name == options.domain || (options.domain.empty() && agent.domains.size() == 1);
    if (meant) {
      KF_TRY(settings::WorkerSettings worker, settings::LoadWorker(domain.worker_settings));
      return BootstrapSettings{std::move(agent), std::move(worker)};
    }
    names += (names.empty() ? "" : ", ") + domain.name;
  }
  return std::unexpected(Error::Make(Code::kUsage, options.domain.empty()
                                                       ? "there are several domains"
                                                       : "there is no domain '" + options.domain + "'")
                             .NextStep("name one with --domain: " + names));
}

Result<std::unique_ptr<BootstrapDesk>> BootstrapDesk::Open(const BootstrapOptions& options) {
  KF_TRY(BootstrapSettings settings, LoadBootstrapSettings(options));
  KF_CHECK(MakeDirectories(settings.worker.state_dir, record::kStateDirectoryMode));
  auto lock = LockFile::Acquire(settings::TokenLockPath(settings.worker));
  if (!lock) {
    return std::unexpected(std::move(lock).error().NextStep("stop the domain's worker for the length of the ceremony"));
  }
  std::unique_ptr<BootstrapDesk> desk(new BootstrapDesk(std::move(settings), std::move(*lock)));
  KF_CHECK(desk->OpenToken(options.pin_fd));
  KF_CHECK(desk->Prepare());
  return desk;
}

Status BootstrapDesk::OpenToken(int pin_fd) {
  const settings::WorkerSettings& worker = settings_.worker;
  cryptoki::PinLatch latch(settings::LatchPath(worker));
  KF_CHECK(latch.Check());
  KF_TRY(const auto record, record::LoadAny(record::RecordPath(worker.state_dir)));
  if (record) {
    KF_CHECK(cryptoki::PutBackTokenCopy(record->token.model, record->token.serial, settings::TokenCopyPath(worker)));
  }
  KF_TRY(module_, cryptoki::Module::Load(worker.token.module, worker.token.module_config));
  KF_TRY(const cryptoki::TokenUri uri, cryptoki::TokenUri::Parse(worker.token.uri));
  KF_TRY(cryptoki::Token token, cryptoki::Token::Find(*module_, uri));
  token_.emplace(std::move(token));
  const PinSource source(pin_fd, PinFile(worker.token), "PIN of " + cryptoki::Describe(token_->info()));
  KF_TRY(const Secret pin, source.Read());
  KF_TRY(const cryptoki::PinState state, token_->ReadPinState());
  return latch.Login(state.flags, [&] { return token_->Login(pin); });
}

Status BootstrapDesk::Prepare() {
  KF_TRY(record::AgentKeys keys, record::LoadOrMakeAgentKeys(settings::IdentityKeyPath(settings_.agent),
                                                             settings::ChannelKeyPath(settings_.agent)));
  side_.token = &*token_;
  side_.state_dir = settings_.worker.state_dir;
  side_.token_copy = settings::TokenCopyPath(settings_.worker);
  side_.domain_name = settings_.worker.domain_name;
  side_.accept_unenforced_template = settings_.worker.token.accept_unenforced_template;
  side_.agent_key = keys.identity.public_key();
  side_.agent_channel = std::move(keys.channel_public);
  side_.clock = &clock_;
  return {};
}

}  // namespace keyferry::cli
