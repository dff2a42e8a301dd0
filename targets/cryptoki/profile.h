// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>

#include "protocol/base/item.h"
#include "protocol/base/json.h"
#include "targets/cryptoki/session.h"

namespace keyferry::cryptoki {

// What a token can do, found by doing it with throw-away session objects and known keys. No vendor name and no
// mechanism list decides anything here. Plain data.
struct TokenProfile {
  // Key wrapping. The mechanism number under which RFC 5649 unwraps here, compared with another implementation.
  std::optional<CK_MECHANISM_TYPE> kwp;
  std::optional<CK_MECHANISM_TYPE> kw;  // RFC 3394
  bool kwp_wraps = false;  // C_WrapKey gives the octets that RFC 5649 says, for keys of a multiple of 8 octets
  // … and for other lengths. SoftHSM2 2.6.1 fills such keys up with zeros first, and so wraps a longer key.
  bool kwp_wraps_any_length = false;
  bool kw_wraps = false;
  bool pad_is_pkcs7 = false;  // 0x210A is here, and is not RFC 5649
  CK_RV damaged_blob = 0;     // what C_UnwrapKey answers for a blob with a flipped bit; CKR_OK: it is accepted!
  bool oaep_sha1 = false;     // RSA-OAEP unwrap, hash and MGF1 alike
  bool oaep_sha256 = false;

  // Guards.
  bool template_taken = false;     // CKA_UNWRAP_TEMPLATE may be given
  bool template_enforced = false;  // … and an unwrap against it is refused
  bool template_readable = false;  // … and reads back equal; false where it was not enforced (then it was not asked)
  bool allowed_mechanisms_taken = false;
  bool allowed_mechanisms_enforced = false;
  bool sensitive_honoured = false;  // an unwrapped key with SENSITIVE true, EXTRACTABLE false does not show its value
  bool lengths_checked = false;     // an AES key of 20 octets is refused at unwrap

  // Objects.
  bool copy = false;                    // C_CopyObject of an unwrapped key works (else: profile "direct")
  bool unmodifiable_at_unwrap = false;  // CKA_MODIFIABLE false in the template of C_UnwrapKey
  bool unmodifiable_by_copy = false;    // … in that of C_CopyObject, and then honoured
  bool uncopyable_at_unwrap = false;    // CKA_COPYABLE false

  // Check values that the token computes.
  bool check_ecb = false;
  bool check_cmac = false;
  bool check_hmac = false;        // of a key of 32 octets
  bool check_hmac_short = false;  // of shorter keys too

  // Private keys by C_UnwrapKey of a PKCS#8 PrivateKeyInfo, with SENSITIVE true and EXTRACTABLE false.
  bool rsa_private = false;
  bool ec_private = false;
  bool ec_private_wants_point = false;  // only with the public point as CKA_NSS_DB in the template
  bool ed25519_private = false;

  // RFC 5649 where there is one, else RFC 3394: the mechanism; kMechanismMissing where the token has not got `method`.
  Result<Mechanism> WrapMechanism(WrapMethod method) const;
  // Of a key of so many bits (they count for kHmac).
  bool CanCheck(CheckMethod method, std::uint32_t key_bits = 256) const;
  Json ToJson() const;
};

// Probes on a logged-in session; takes milliseconds, leaves no object behind, writes nothing to the token.
// Code::kNotPossibleHere where the token takes no key values at all, so that nothing can be compared; hsm.* where it
// fails. A thing that the token refuses is a fact of the profile, not an error.
Result<TokenProfile> ProbeToken(Session& session);

}  // namespace keyferry::cryptoki
