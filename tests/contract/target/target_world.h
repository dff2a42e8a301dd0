// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "targets/hsm/hsm_target.h"
#include "tests/fakes/kek_token.h"
#include "tests/fakes/test_items.h"

namespace keyferry::contract {

// What one token cannot do of what the contract asks. The suite expects exactly what stands here: a token that learns
// it fails its test until the line is taken away.
enum class Exception {
  kTemplateNotEnforced,     // C_UnwrapKey against the KEK's CKA_UNWRAP_TEMPLATE succeeds
  kEd25519PrivateRefused,   // no Ed25519 private key by C_UnwrapKey
  kEd25519PublicRefused,    // no Ed25519 public key objects
  kLengthNotShown,          // CKA_VALUE_LEN is 0 after C_UnwrapKey: secrets of 8n - 7 to 8n octets look alike
  kNoHmacWithShortKeys,     // HMAC-SHA-256 refuses keys of less than 32 octets: they cannot be checked
  kPrivateDatesUnreadable,  // CKA_START_DATE and CKA_END_DATE of a private object answer CKR_GENERAL_ERROR
  kExtractableIgnored,      // C_WrapKey takes keys with EXTRACTABLE false, and C_CopyObject sets it
  kOneSubjectOneLabel,      // certificates of one subject share one label, those of two cannot
};
bool Has(fakes::TokenKind kind, Exception exception);

// One target over a fresh token, and a look at the token from beside it.
class TargetContract : public testing::TestWithParam<fakes::TokenKind> {
 protected:
  TargetContract();

  // The same token with other settings, or a target that starts anew after a crash.
  void NewTarget(hsm::HsmSettings settings);
  target::Target& target() { return *target_; }
  fakes::KekToken& token() { return token_; }
  bool Has(Exception exception) const { return contract::Has(GetParam(), exception); }

  // Stage, Commit, Finish. What the ledger holds afterwards.
  Result<target::Holding> Run(const Item& item, const target::Holding& holding = {});
  // The same where it must succeed.
  target::Holding Do(const Item& item, const target::Holding& holding = {});
  // The code that Stage refuses with; a test failure where it does not.
  Code RefusalOf(const Item& item, const target::Holding& holding = {});

  // Objects of the token with this class and label, by a search of our own.
  std::vector<CK_OBJECT_HANDLE> Find(CK_OBJECT_CLASS object_class, const std::string& label);
  std::vector<CK_OBJECT_HANDLE> FindId(CK_OBJECT_CLASS object_class, const Bytes& id);
  CK_OBJECT_HANDLE Only(const Item& item);  // the one object under the item's label
  // Every object of the token.
  std::size_t CountAll();
  // Session objects that are left.
  std::size_t CountSessionObjects();
  // C_UnwrapKey straight to a token object, as a crash or another application may leave it.
  CK_OBJECT_HANDLE Plant(const Item& item, const cryptoki::Template& attributes);
  // The attributes that the target gives an item.
  cryptoki::Template AttributesOf(const Item& item);

 private:
  fakes::KekToken token_;
  std::unique_ptr<hsm::HsmTarget> target_;
};

hsm::RootKeks TestRootKeks();
CK_OBJECT_CLASS ClassOf(const Item& item);

#define KF_CONTRACT(suite)                                                                                      \
  INSTANTIATE_TEST_SUITE_P(Tokens, suite, testing::Values(fakes::TokenKind::kSoftHsm2, fakes::TokenKind::kNss), \
                           [](const auto& kind) { return fakes::Name(kind.param); })

}  // namespace keyferry::contract

namespace keyferry::fakes {

inline void PrintTo(TokenKind kind, std::ostream* out) { *out << Name(kind); }

}  // namespace keyferry::fakes

namespace keyferry {

// For messages of failed tests.
inline std::ostream& operator<<(std::ostream& out, Code code) { return out << Name(code); }

}  // namespace keyferry
