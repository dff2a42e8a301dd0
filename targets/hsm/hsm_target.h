// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>

#include "targets/hsm/hsm_context.h"
#include "targets/hsm/root_keks.h"

namespace keyferry::hsm {

// A PKCS#11 token as a target. Keys are unwrapped inside it, under the domain's root keys, and never exist outside. One
// for each token: two would not see each other's objects.
//
// Objects are told apart by class, label and CKA_ID. The current version bears the item's label, a retired one
// "LABEL (retired 01234567)" after the first four octets of its id; a token without C_CopyObject also sees
// "LABEL (staging 01234567)" for a moment.
class HsmTarget : public target::Target {
 public:
  // `session` gives a logged-in read/write session of the token that `profile` was made of; whoever replaces that
  // session calls Invalidate. `keks` holds one generation at least. The token is not touched here.
  // Code::kTemplateUnenforced unless enforced or accepted; kReadBackWrong for a token that shows sensitive keys;
  // kNotBootstrapped without root keys.
  static Result<std::unique_ptr<HsmTarget>> Make(SessionSource session, cryptoki::TokenProfile profile, RootKeks keks,
                                                 HsmSettings settings);

  std::string_view name() const override { return context_.settings.name; }
  std::string_view kind() const override { return "hsm"; }
  std::chrono::milliseconds overlap() const override { return context_.settings.overlap; }

  // The staged item must not outlive this target.
  Result<std::unique_ptr<target::StagedItem>> Stage(const Item& item, const target::Holding& holding) override;
  Status Recover(std::span<const Item> items) override;
  void UseGeneration(std::uint32_t generation) override { generation_ = generation; }
  void Invalidate() override { context_.objects.Invalidate(); }

 private:
  HsmTarget(SessionSource session, cryptoki::TokenProfile profile, RootKeks keks, HsmSettings settings);

  Result<std::unique_ptr<target::StagedItem>> StageVersion(const Item& item, const target::Holding& holding);

  HsmContext context_;
  RootKeks keks_;
  std::uint32_t generation_;
};

}  // namespace keyferry::hsm
