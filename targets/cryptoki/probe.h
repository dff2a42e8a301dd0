// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "targets/cryptoki/profile.h"

namespace keyferry::cryptoki {

// The table on which a token is probed: the session, the known KEK in software and in the token, and what is known so
// far. Internal to ProbeToken.
class ProbeBench {
 public:
  static Result<ProbeBench> Make(Session& session);

  // Each fills its part of the profile, in this order. An error is a failure of the token, never a refusal.
  Status ProbeWrapping();
  Status ProbeCheckValues();
  Status ProbeTemplate();
  Status ProbeAllowedMechanisms();
  Status ProbeObjects();
  Status ProbePrivateKeys();

  const TokenProfile& profile() const { return profile_; }

 private:
  explicit ProbeBench(Session& session, Secret kek_value) : session_(&session), kek_value_(std::move(kek_value)) {}

  // A session object of a known value: CKO_SECRET_KEY of `type`, not a token object, private; `more` is added.
  Result<ScopedObject> Create(CK_KEY_TYPE type, const Secret& value, Template more);
  // A KEK of the known value that may unwrap and wrap; `more` is added.
  Result<ScopedObject> CreateKek(Template more);
  // nullopt where the token refuses.
  Result<std::optional<ScopedObject>> Unwrap(const Mechanism& mechanism, CK_OBJECT_HANDLE kek, ByteView blob,
                                             const Template& attributes);
  // Whether unwrapping `blob` under `type` gives a key of this very value.
  Result<bool> UnwrapsTo(CK_MECHANISM_TYPE type, ByteView blob, const Secret& value);
  Result<bool> WrapsTo(CK_MECHANISM_TYPE type, const Secret& value, ByteView expected);
  Result<bool> ShowsValue(CK_OBJECT_HANDLE key, const Secret& value);
  Result<std::optional<ScopedObject>> UnwrapAes(CK_OBJECT_HANDLE kek, Template more, bool extractable);
  Result<bool> IsExtractable(CK_OBJECT_HANDLE key);
  Result<bool> TemplateReads(CK_OBJECT_HANDLE kek);
  Status ProbeDamage();
  Status ProbeSensitive();
  Status ProbeLengths();
  Status ProbeUnmodifiable(CK_OBJECT_HANDLE key);
  Result<bool> Takes(Result<Secret> pkcs8, CK_KEY_TYPE type, bool with_point);
  Status ProbeOaep();
  Result<bool> UnwrapsOaep(CK_OBJECT_HANDLE private_key, ByteView spki, OaepHash hash);

  // The wrapping that works here; only where HasWrapping().
  bool HasWrapping() const { return profile_.kwp || profile_.kw; }
  WrapMethod method() const { return profile_.kwp ? WrapMethod::kAesKwp : WrapMethod::kAesKw; }
  Mechanism wrapping() const { return Mechanism::Plain(profile_.kwp ? *profile_.kwp : *profile_.kw); }

  Session* session_;
  Secret kek_value_;
  std::optional<ScopedObject> kek_;
  Bytes aes_blob_;  // ProbeAes() under the KEK by method()
  TokenProfile profile_;
};

// True for an error that says nothing about what the token can do: it is gone, or the session is.
bool IsFailure(const Error& error);

// `result` as a fact: what the token refused is nullopt; what failed stays an error.
template <typename T>
Result<std::optional<T>> Tolerate(Result<T> result) {
  if (result) {
    return std::optional<T>(std::move(*result));
  }
  if (IsFailure(result.error())) {
    return std::unexpected(std::move(result).error());
  }
  return std::optional<T>();
}

// The usages of a secret key, all named.
Template SecretUsages(bool encrypt, bool sign, bool unwrap, bool wrap);

}  // namespace keyferry::cryptoki
