// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/kek_token.h"

#include <cstdio>
#include <cstdlib>

#include "protocol/base/crypto.h"
#include "targets/cryptoki/openssl_wrap.h"

namespace keyferry::fakes {
namespace {

constexpr const char* kSoftHsmLabel = "payments-hsm";

[[noreturn]] void Die(const Error& error) {
  std::fprintf(stderr, "kek token: %s\n", error.OneLine().c_str());
  std::abort();
}

template <typename T>
T Must(Result<T> result) {
  if (!result) {
    Die(result.error());
  }
  if constexpr (!std::is_void_v<T>) {
    return std::move(*result);
  }
}

cryptoki::Template UnwrapTemplate(TestKek kek) {
  cryptoki::Template nested;
  nested.Ulong(CKA_CLASS, kek == TestKek::kPrivate ? CKO_PRIVATE_KEY : CKO_SECRET_KEY);
  if (kek != TestKek::kPrivate) {
    nested.Ulong(CKA_KEY_TYPE, kek == TestKek::kAes ? CKK_AES : CKK_GENERIC_SECRET);
  }
  nested.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false);
  return nested;
}

std::string KekName(TestKek kek) {
  constexpr const char* kNames[] = {"aes", "mac", "private", "seal-in"};
  return kNames[static_cast<int>(kek)];
}

}  // namespace

std::string Name(TokenKind kind) { return kind == TokenKind::kSoftHsm2 ? "SoftHSM2" : "NSS"; }

Secret TestKekValue(TestKek kek) {
  InitCrypto();
  Digest digest = Sha256(AsBytes("keyferry test kek " + KekName(kek)));
  return Must(Secret::TakeFrom(digest));
}

Bytes TestKekId(TestKek kek) {
  const Digest digest = Sha256(AsBytes("keyferry test kek id " + KekName(kek)));
  return {digest.begin(), digest.begin() + 16};
}

KekToken::KekToken(TokenKind kind) : kind_(kind) {
  InitCrypto();
  if (kind == TokenKind::kSoftHsm2) {
    softhsm_.emplace().AddToken(kSoftHsmLabel, pin());
  } else {
    nss_.emplace(pin());
  }
  module_ = Must(cryptoki::Module::Load(module_path(), init_string()));
  LoginAndOpen();
  profile_ = Must(cryptoki::ProbeToken(*session_));
  for (const TestKek kek : {TestKek::kAes, TestKek::kMac, TestKek::kPrivate, TestKek::kSealIn}) {
    ImportKek(kek);
  }
}

std::string KekToken::module_path() const { return softhsm_ ? softhsm_->module() : nss_->module(); }

std::string KekToken::init_string() const { return softhsm_ ? "" : nss_->init_string(); }

std::string KekToken::uri() const { return softhsm_ ? SoftHsm2Store::UriOf(kSoftHsmLabel) : NssDatabase::Uri(); }

const std::string& KekToken::directory() const { return softhsm_ ? softhsm_->directory() : nss_->directory(); }

void KekToken::LoginAndOpen() {
  token_.emplace(Must(cryptoki::Token::Find(*module_, Must(cryptoki::TokenUri::Parse(uri())))));
  Must(token_->Login(TestSecret(pin())));
  session_.emplace(Must(token_->OpenSession()));
}

void KekToken::ReplaceSession() {
  session_.reset();
  session_.emplace(Must(token_->OpenSession()));
}

void KekToken::Restart() {
  session_.reset();
  token_.reset();
  Must(module_->Reinitialize());
  LoginAndOpen();
}

void KekToken::ImportKek(TestKek kek) {
  const bool seals = kek == TestKek::kSealIn;
  cryptoki::Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_SECRET_KEY)
      .Ulong(CKA_KEY_TYPE, seals ? CKK_GENERIC_SECRET : CKK_AES)
      .Bool(CKA_TOKEN, false)
      .Bool(CKA_PRIVATE, true)
      .Bool(CKA_SENSITIVE, true)
      .Bool(CKA_EXTRACTABLE, false)
      .Bool(CKA_UNWRAP, !seals)
      .Bool(CKA_VERIFY, seals)
      .Text(CKA_LABEL, "keyferry root " + KekName(kek) + " g1")
      .Octets(CKA_ID, TestKekId(kek))
      .SecretValue(CKA_VALUE, TestKekValue(kek));
  for (const CK_ATTRIBUTE_TYPE never : {CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN, CKA_WRAP, CKA_DERIVE}) {
    attributes.Bool(never, false);
  }
  if (!seals && profile_.template_enforced) {
    attributes.Nested(CKA_UNWRAP_TEMPLATE, UnwrapTemplate(kek));
  }
  if (profile_.allowed_mechanisms_enforced) {
    const CK_MECHANISM_TYPE only = seals ? CKM_SHA256_HMAC : profile_.kwp.value_or(CKM_AES_KEY_WRAP);
    attributes.Mechanisms(CKA_ALLOWED_MECHANISMS, {&only, 1});
  }
  const cryptoki::ScopedObject object(*session_, Must(session_->CreateObject(attributes)));
  cryptoki::Template changes;
  changes.Bool(CKA_TOKEN, true);
  if (profile_.unmodifiable_by_copy) {
    changes.Bool(CKA_MODIFIABLE, false);
  }
  Must(session_->CopyObject(object.get(), changes));
}

Bytes WrapForTest(TestKek kek, const Secret& key, WrapMethod method) {
  return Must(cryptoki::SoftwareWrap(method, TestKekValue(kek), key));
}

}  // namespace keyferry::fakes
