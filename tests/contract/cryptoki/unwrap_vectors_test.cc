// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0
//
// The published key wrap vectors through C_UnwrapKey of a real token.

#include "targets/cryptoki/profile.h"
#include "tests/contract/cryptoki/token_fixture.h"
#include "tests/fakes/wrap_vectors.h"

namespace keyferry::cryptoki {
namespace {

using UnwrapVectors = EveryToken;
INSTANTIATE_TEST_SUITE_P(All, UnwrapVectors, testing::Values(Kind::kSoftHsm2, Kind::kNss), KindName);

Template ReadableSecret() {
  Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET).Bool(CKA_TOKEN, false);
  attributes.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, false).Bool(CKA_EXTRACTABLE, true);
  attributes.Bool(CKA_ENCRYPT, false).Bool(CKA_DECRYPT, false).Bool(CKA_SIGN, true).Bool(CKA_VERIFY, true);
  attributes.Bool(CKA_WRAP, false).Bool(CKA_UNWRAP, false).Bool(CKA_DERIVE, false);
  return attributes;
}

TEST_P(UnwrapVectors, NistAndWycheproof) {
  KF_NEED_DATA();
  const auto profile = ProbeToken(session());
  ASSERT_TRUE(profile) << profile.error().OneLine();
  int unwrapped = 0;
  int refused = 0;
  int exceptions = 0;
  for (const fakes::WrapVector& vector : fakes::WrapVectors()) {
    const ScopedObject kek(session(), CreateKey(CKK_AES, vector.kek));
    const auto mechanism = profile->WrapMechanism(vector.method);
    ASSERT_TRUE(mechanism);
    const auto key = session().UnwrapKey(*mechanism, kek.get(), vector.wrapped, ReadableSecret());
    if (!key) {
      // Named exception: NSS holds no generic secret of more than 256 octets.
      if (vector.valid && IsNss() && vector.key.size() > 256) {
        EXPECT_EQ(RvOf(key.error()), CKR_TEMPLATE_INCONSISTENT) << vector.name;
        ++exceptions;
        continue;
      }
      ++refused;
      EXPECT_TRUE(!vector.valid || vector.may_refuse) << vector.name << ": " << key.error().OneLine();
      continue;
    }
    const ScopedObject owner(session(), *key);
    ++unwrapped;
    EXPECT_TRUE(vector.valid) << vector.name << " was taken";
    const auto value = session().GetSecret(*key, CKA_VALUE);
    ASSERT_TRUE(value) << vector.name << ": " << value.error().OneLine();
    EXPECT_TRUE(Equal(value->Expose(), vector.key)) << vector.name;
  }
  EXPECT_EQ(exceptions, IsNss() ? 326 : 0);
  EXPECT_GE(unwrapped + exceptions, 1600);
  EXPECT_GE(refused, 1400);
}

}  // namespace
}  // namespace keyferry::cryptoki
