// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/probe.h"

#include "targets/cryptoki/check_value.h"
#include "targets/cryptoki/openssl_wrap.h"
#include "targets/cryptoki/probe_keys.h"

namespace keyferry::cryptoki {

bool IsFailure(const Error& error) {
  // DEVICE_ERROR, GENERAL_ERROR and FUNCTION_FAILED are how some tokens refuse, so they count as a refusal.
  const Rung rung = RungFor(error);
  return error.native() == CKR_OK || error.code() == Code::kTokenMissing || rung == Rung::kSession ||
         rung == Rung::kLogin || rung == Rung::kWorker || error.native() == CKR_CRYPTOKI_NOT_INITIALIZED;
}

Template SecretUsages(bool encrypt, bool sign, bool unwrap, bool wrap) {
  Template usages;
  usages.Bool(CKA_ENCRYPT, encrypt).Bool(CKA_DECRYPT, false).Bool(CKA_SIGN, sign).Bool(CKA_VERIFY, sign);
  usages.Bool(CKA_WRAP, wrap).Bool(CKA_UNWRAP, unwrap).Bool(CKA_DERIVE, false);
  return usages;
}

Result<ProbeBench> ProbeBench::Make(Session& session) {
  KF_TRY(Secret kek_value, ProbeKek());
  ProbeBench bench(session, std::move(kek_value));
  auto kek = bench.CreateKek({});
  if (!kek && !IsFailure(kek.error())) {
    return std::unexpected(Error::Caused(Code::kNotPossibleHere,
                                         "this token takes no key by value, so it cannot be probed with known keys",
                                         CkrName(RvOf(kek.error())))
                               .WithNative(kek.error().native()));
  }
  KF_TRY(bench.kek_, std::move(kek));
  return bench;
}

Result<ScopedObject> ProbeBench::Create(CK_KEY_TYPE type, const Secret& value, Template more) {
  Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, type).Bool(CKA_TOKEN, false).Bool(CKA_PRIVATE, true);
  attributes.Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false).BorrowSecret(CKA_VALUE, value);
  attributes.Merge(std::move(more));
  KF_TRY(const CK_OBJECT_HANDLE object, session_->CreateObject(attributes));
  return ScopedObject(*session_, object);
}

Result<ScopedObject> ProbeBench::CreateKek(Template more) {
  Template attributes = SecretUsages(false, false, true, true);
  attributes.Merge(std::move(more));
  return Create(CKK_AES, kek_value_, std::move(attributes));
}

Result<std::optional<ScopedObject>> ProbeBench::Unwrap(const Mechanism& mechanism, CK_OBJECT_HANDLE kek, ByteView blob,
                                                       const Template& attributes) {
  KF_TRY(const auto key, Tolerate(session_->UnwrapKey(mechanism, kek, blob, attributes)));
  return key ? std::optional<ScopedObject>(ScopedObject(*session_, *key)) : std::nullopt;
}

Result<bool> ProbeBench::ShowsValue(CK_OBJECT_HANDLE key, const Secret& value) {
  KF_TRY(const auto seen, Tolerate(session_->GetSecret(key, CKA_VALUE)));
  return seen && seen->Equals(value);
}

Result<bool> ProbeBench::UnwrapsTo(CK_MECHANISM_TYPE type, ByteView blob, const Secret& value) {
  Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET).Bool(CKA_TOKEN, false);
  attributes.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, false).Bool(CKA_EXTRACTABLE, true);
  attributes.Merge(SecretUsages(false, true, false, false));
  KF_TRY(const auto key, Unwrap(Mechanism::Plain(type), kek_->get(), blob, attributes));
  if (!key) {
    return false;
  }
  KF_TRY(const bool shown, ShowsValue(key->get(), value));
  if (shown) {
    return true;
  }
  // A token may show no value at all: then the key is known by its MAC.
  KF_TRY(const auto seen, Tolerate(ComputeCheckValue(*session_, key->get(), CheckMethod::kHmac)));
  KF_TRY(const Bytes expected, SoftwareCheckValue(value, CheckMethod::kHmac));
  return seen && *seen == expected;
}

Result<bool> ProbeBench::WrapsTo(CK_MECHANISM_TYPE type, const Secret& value, ByteView expected) {
  Template more = SecretUsages(false, true, false, false);
  more.Bool(CKA_EXTRACTABLE, true);
  KF_TRY(const auto key, Tolerate(Create(CKK_GENERIC_SECRET, value, std::move(more))));
  if (!key) {
    return false;
  }
  KF_TRY(const auto blob, Tolerate(session_->WrapKey(Mechanism::Plain(type), kek_->get(), key->get())));
  return blob && Equal(*blob, expected);
}

Status ProbeBench::ProbeWrapping() {
  KF_TRY(const Secret odd, ProbeOddSecret());
  KF_TRY(const Secret aes, ProbeAes());
  KF_TRY(const Bytes odd_blob, SoftwareWrap(WrapMethod::kAesKwp, kek_value_, odd));
  for (const CK_MECHANISM_TYPE candidate : {CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD}) {
    KF_TRY(const bool right, UnwrapsTo(candidate, odd_blob, odd));
    if (right) {
      profile_.kwp = candidate;
      KF_TRY(const Bytes even_blob, SoftwareWrap(WrapMethod::kAesKwp, kek_value_, aes));
      KF_TRY(profile_.kwp_wraps, WrapsTo(candidate, aes, even_blob));
      KF_TRY(profile_.kwp_wraps_any_length, WrapsTo(candidate, odd, odd_blob));
      break;
    }
  }
  KF_TRY(const Bytes kw_blob, SoftwareWrap(WrapMethod::kAesKw, kek_value_, aes));
  KF_TRY(const bool kw, UnwrapsTo(CKM_AES_KEY_WRAP, kw_blob, aes));
  if (kw) {
    profile_.kw = CKM_AES_KEY_WRAP;
    KF_TRY(profile_.kw_wraps, WrapsTo(CKM_AES_KEY_WRAP, aes, kw_blob));
  }
  // 20 octets padded by PKCS#7 to 24, then wrapped by RFC 3394.
  KF_TRY(Secret padded, Secret::Allocate(24));
  std::ranges::fill(padded.ExposeMutable(), std::uint8_t{4});
  std::ranges::copy(odd.Expose(), padded.ExposeMutable().begin());
  KF_TRY(const Bytes pkcs7_blob, SoftwareWrap(WrapMethod::kAesKw, kek_value_, padded));
  KF_TRY(profile_.pad_is_pkcs7, UnwrapsTo(CKM_AES_KEY_WRAP_PAD, pkcs7_blob, odd));
  if (HasWrapping()) {
    KF_TRY(aes_blob_, SoftwareWrap(method(), kek_value_, aes));
    return ProbeDamage();
  }
  return {};
}

Status ProbeBench::ProbeDamage() {
  Bytes damaged = aes_blob_;
  damaged.back() ^= 1;
  Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_AES).Bool(CKA_TOKEN, false);
  attributes.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false);
  attributes.Merge(SecretUsages(true, false, false, false));
  const auto key = session_->UnwrapKey(wrapping(), kek_->get(), damaged, attributes);
  if (key) {
    const ScopedObject owner(*session_, *key);
    return {};
  }
  if (IsFailure(key.error())) {
    return std::unexpected(key.error());
  }
  profile_.damaged_blob = RvOf(key.error());
  return {};
}

Status ProbeBench::ProbeCheckValues() {
  KF_TRY(const Secret aes, ProbeAes());
  KF_TRY(const Secret odd, ProbeOddSecret());
  const auto agrees = [&](CK_KEY_TYPE type, const Secret& value, CheckMethod method) -> Result<bool> {
    KF_TRY(const Bytes expected, SoftwareCheckValue(value, method));
    const bool encrypts = method == CheckMethod::kEcb0;
    KF_TRY(const auto key, Tolerate(Create(type, value, SecretUsages(encrypts, !encrypts, false, false))));
    if (!key) {
      return false;
    }
    KF_TRY(const auto seen, Tolerate(ComputeCheckValue(*session_, key->get(), method)));
    return seen && *seen == expected;
  };
  KF_TRY(profile_.check_ecb, agrees(CKK_AES, aes, CheckMethod::kEcb0));
  KF_TRY(profile_.check_cmac, agrees(CKK_AES, aes, CheckMethod::kCmac));
  KF_TRY(profile_.check_hmac, agrees(CKK_GENERIC_SECRET, aes, CheckMethod::kHmac));
  KF_TRY(profile_.check_hmac_short, agrees(CKK_GENERIC_SECRET, odd, CheckMethod::kHmac));
  return {};
}

Result<TokenProfile> ProbeToken(Session& session) {
  KF_TRY_WITH(ProbeBench bench, ProbeBench::Make(session), "probing the token");
  KF_CHECK_WITH(bench.ProbeWrapping(), "probing the token's key wrapping");
  KF_CHECK_WITH(bench.ProbeCheckValues(), "probing the token's check values");
  KF_CHECK_WITH(bench.ProbeTemplate(), "probing the token's unwrap template");
  KF_CHECK_WITH(bench.ProbeAllowedMechanisms(), "probing the token's allowed mechanisms");
  KF_CHECK_WITH(bench.ProbeObjects(), "probing the token's objects");
  KF_CHECK_WITH(bench.ProbePrivateKeys(), "probing the token's private keys");
  return bench.profile();
}

}  // namespace keyferry::cryptoki
