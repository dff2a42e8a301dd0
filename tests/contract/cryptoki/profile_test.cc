// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/profile.h"

#include <chrono>

#include "tests/contract/cryptoki/token_fixture.h"

namespace keyferry::cryptoki {
namespace {

using ProfileContract = EveryToken;
INSTANTIATE_TEST_SUITE_P(All, ProfileContract, testing::Values(Kind::kSoftHsm2, Kind::kNss), KindName);

// SoftHSM2 2.6.1.
constexpr std::string_view kSoftHsm2 = R"golden({
  "kwp": "CKM_AES_KEY_WRAP_PAD (0x210a)",
  "kw": "CKM_AES_KEY_WRAP (0x2109)",
  "kwp_wraps": true,
  "kwp_wraps_any_length": false,
  "kw_wraps": true,
  "pad_is_pkcs7": false,
  "damaged_blob": "CKR_GENERAL_ERROR (0x5)",
  "oaep_sha1": true,
  "oaep_sha256": false,
  "template_taken": true,
  "template_enforced": true,
  "template_readable": true,
  "allowed_mechanisms_taken": true,
  "allowed_mechanisms_enforced": true,
  "sensitive_honoured": true,
  "lengths_checked": false,
  "copy": true,
  "unmodifiable_at_unwrap": true,
  "unmodifiable_by_copy": true,
  "uncopyable_at_unwrap": true,
  "check_ecb": true,
  "check_cmac": true,
  "check_hmac": true,
  "check_hmac_short": false,
  "rsa_private": true,
  "ec_private": true,
  "ec_private_wants_point": false,
  "ed25519_private": false
})golden";

// NSS softokn 3.87.
constexpr std::string_view kNss = R"golden({
  "kwp": "CKM_AES_KEY_WRAP_KWP (0x210b)",
  "kw": "CKM_AES_KEY_WRAP (0x2109)",
  "kwp_wraps": true,
  "kwp_wraps_any_length": true,
  "kw_wraps": true,
  "pad_is_pkcs7": true,
  "damaged_blob": "CKR_WRAPPED_KEY_INVALID (0x110)",
  "oaep_sha1": true,
  "oaep_sha256": true,
  "template_taken": true,
  "template_enforced": false,
  "template_readable": false,
  "allowed_mechanisms_taken": true,
  "allowed_mechanisms_enforced": false,
  "sensitive_honoured": true,
  "lengths_checked": true,
  "copy": true,
  "unmodifiable_at_unwrap": true,
  "unmodifiable_by_copy": true,
  "uncopyable_at_unwrap": true,
  "check_ecb": true,
  "check_cmac": true,
  "check_hmac": true,
  "check_hmac_short": true,
  "rsa_private": true,
  "ec_private": true,
  "ec_private_wants_point": true,
  "ed25519_private": false
})golden";

TEST_P(ProfileContract, IsWhatWasMeasured) {
  const auto profile = ProbeToken(session());
  ASSERT_TRUE(profile) << profile.error().OneLine();
  EXPECT_EQ(profile->ToJson().Dump(true), IsNss() ? kNss : kSoftHsm2);
}

TEST_P(ProfileContract, LeavesNothingBehind) {
  const std::size_t before = session().FindObjects(Template())->size();
  ASSERT_TRUE(ProbeToken(session()));
  EXPECT_EQ(session().FindObjects(Template())->size(), before);
  // A second probe sees the same: the session came out of the first one whole.
  EXPECT_EQ(ProbeToken(session())->ToJson().Dump(), ProbeToken(session())->ToJson().Dump());
}

TEST_P(ProfileContract, ChoosesMechanisms) {
  const auto profile = ProbeToken(session());
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->WrapMechanism(WrapMethod::kAesKwp)->type(), IsNss() ? CKM_AES_KEY_WRAP_KWP : CKM_AES_KEY_WRAP_PAD);
  EXPECT_EQ(profile->WrapMechanism(WrapMethod::kAesKw)->type(), CKM_AES_KEY_WRAP);
  EXPECT_EQ(profile->WrapMechanism(WrapMethod::kNone).error().code(), Code::kMechanismMissing);
  EXPECT_EQ(TokenProfile().WrapMechanism(WrapMethod::kAesKwp).error().code(), Code::kMechanismMissing);
}

TEST_P(ProfileContract, NeedsALogin) {
  ASSERT_TRUE(token().Logout());
  const auto profile = ProbeToken(session());
  EXPECT_FALSE(profile);
}

}  // namespace
}  // namespace keyferry::cryptoki
