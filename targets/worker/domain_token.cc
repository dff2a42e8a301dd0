// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/domain_token.h"

#include <cstdlib>
#include <utility>

#include "protocol/base/file.h"
#include "protocol/base/log.h"
#include "protocol/base/prompt.h"
#include "targets/cryptoki/token_copy.h"
#include "targets/worker/root_keys.h"
#include "targets/worker/target_kinds.h"
#include "targets/worker/watched_target.h"

namespace keyferry::worker {
namespace {

using cryptoki::Rung;
using Watch = Watchdog::Watch;

// Steps of the start that call the library often are given the time of this many calls.
constexpr int kManyCalls = 10;
constexpr std::size_t kConfirmationMost = 64 * 1024;

Result<Secret> ReadPin(const settings::TokenSettings& token) {
  std::string path = token.pin_file;
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  if (path.empty() && credentials != nullptr) path = std::string(credentials) + "/pin";
  if (path.empty()) {
    return std::unexpected(
        Error::Make(Code::kPinMissing, "neither token.pin_file nor $CREDENTIALS_DIRECTORY names the PIN's file"));
  }
  auto pin = ReadSecretFile(path, kMostPinOctets, true);
  if (!pin && pin.error().code() == Code::kFileMissing) {
    return std::unexpected(Error::Caused(Code::kPinMissing, "the PIN's file '" + path + "'", "no such file"));
  }
  return pin;
}

}  // namespace

Status DomainToken::Open() {
  if (open_) return {};
  // Before the library is loaded: a shut latch needs an operator, not a token.
  if (!token_) KF_CHECK(latch_->Check());
  if (!module_) KF_CHECK(LoadModule());
  if (!token_) {
    KF_CHECK(FindToken());
    KF_CHECK(LogIn());
  }
  if (!session_) {
    const Watch watch(*dog_);
    KF_TRY(session_, token_->OpenSession());
  }
  if (!profile_) KF_CHECK(CheckProfile());
  KF_CHECK(OpenKeys());
  LearnKnownMacs();
  KF_CHECK(OpenTargets());
  open_ = true;
  return {};
}

Status DomainToken::LoadModule() {
  const auto& token = record_->token;
  KF_TRY(const bool put_back,
         cryptoki::PutBackTokenCopy(token.model, token.serial, settings::TokenCopyPath(*settings_)));
  if (put_back) Log(LogLevel::kWarning, "SoftHSM2's token.object was empty: its copy was put back");
  const Watch watch(*dog_);
  KF_TRY(module_, cryptoki::Module::Load(settings_->token.module, settings_->token.module_config));
  return {};
}

Status DomainToken::FindToken() {
  KF_TRY(const auto uri, cryptoki::TokenUri::Parse(settings_->token.uri));
  const Watch watch(*dog_);
  KF_TRY(auto token, cryptoki::Token::Find(*module_, uri));
  if (token.info().serial != record_->token.serial || token.info().label != record_->token.label) {
    return std::unexpected(Error::Make(Code::kRecordWrong, cryptoki::Describe(token.info()) +
                                                               " is not the token of the record, '" +
                                                               Printable(record_->token.label) + "' (serial " +
                                                               Printable(record_->token.serial) + ")"));
  }
  token_.emplace(std::move(token));
  return {};
}

Status DomainToken::LogIn() {
  KF_TRY(const Secret pin, ReadPin(settings_->token));
  const Watch watch(*dog_);
  KF_TRY(const auto state, token_->ReadPinState());
  KF_CHECK(latch_->Login(state.flags, [&] { return token_->Login(pin); }));
  const auto& token = record_->token;
  const auto renewed = cryptoki::RenewTokenCopy(token.model, token.serial, settings::TokenCopyPath(*settings_));
  // The older copy still mends most of what it is there for.
  if (!renewed) LogError("SoftHSM2's token.object was not copied again", renewed.error());
  return {};
}

Status DomainToken::CheckProfile() {
  const Watch watch(*dog_, kManyCalls);
  KF_TRY_WITH(auto profile, cryptoki::ProbeToken(*session_), "probing the token");
  const bool enforced = profile.template_taken && profile.template_enforced;
  if (!enforced && !settings_->token.accept_unenforced_template) {
    return std::unexpected(Error::Make(Code::kTemplateUnenforced,
                                       cryptoki::Describe(token_->info()) + " does not enforce CKA_UNWRAP_TEMPLATE"));
  }
  profile_ = std::move(profile);
  return {};
}

Status DomainToken::OpenKeys() {
  const Watch watch(*dog_, kManyCalls);
  KF_TRY(const auto receipt, FindReceiptKey(*session_, *record_));
  receipt_.emplace(*session_, receipt, *dog_);
  hands_.receipt = &*receipt_;
  for (const record::Generation& generation : record_->generations) {
    if (!generation.serving) continue;
    KF_TRY(const RootKeys keys, FindRootKeys(*session_, generation, profile_->template_readable));
    seals_.emplace_back(*session_, keys.at(record::RootKey::kSealIn), *dog_);
    hands_.seal_in[generation.number] = &seals_.back();
  }
  return {};
}

void DomainToken::LearnKnownMacs() {
  // The confirmation that ended the bootstrap is sealed: the first MAC that is known to be good. Where it is missing, a
  // wrong seal before the first right one looks like a failing token on some libraries, and is only tried again.
  const auto envelope = ReadFile(settings_->state_dir + "/confirmation.kfc", kConfirmationMost);
  if (!envelope) return;
  for (TokenSeal& seal : seals_) {
    for (const auto& signer : record_->signers) {
      const seal::PinnedSigner pinned{.id = IdOfKey(signer.key), .name = signer.name, .key = signer.key};
      if (seal::OpenConfirmation(*envelope, pinned, seal)) break;
    }
  }
}

Status DomainToken::OpenTargets() {
  const TokenParts parts{.session = *session_, .profile = *profile_, .record = *record_};
  for (const settings::TargetSettings& target : settings_->targets) {
    KF_TRY(auto made, MakeTarget(target, settings_->token, parts));
    targets_.push_back(MakeWatchedTarget(std::move(made), *dog_));
    hands_.targets.push_back(targets_.back().get());
  }
  return {};
}

void DomainToken::Close(Rung rung) {
  if (rung == Rung::kNone) return;
  open_ = false;
  const Watch watch(*dog_);
  hands_ = {};
  targets_.clear();
  seals_.clear();
  receipt_.reset();
  session_.reset();
  if (rung == Rung::kSession) return;
  profile_.reset();
  token_.reset();
  if (rung == Rung::kLogin || !module_) return;
  if (rung == Rung::kModule && module_->Reinitialize()) return;
  module_.reset();
}

}  // namespace keyferry::worker
