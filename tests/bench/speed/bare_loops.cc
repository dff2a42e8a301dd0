// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/speed/bare_loops.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "protocol/base/crypto.h"
#include "targets/cryptoki/check_value.h"
#include "targets/cryptoki/ckr.h"
#include "targets/cryptoki/openssl_wrap.h"
#include "targets/cryptoki/uri.h"
#include "tests/fakes/soft_tokens.h"

namespace keyferry::bench {
namespace {

using cryptoki::CheckRv;
using cryptoki::Template;

constexpr CK_MECHANISM_TYPE kKwp = CKM_AES_KEY_WRAP_PAD;  // RFC 5649 in SoftHSM2
constexpr std::size_t kBlobs = 100;
constexpr std::size_t kRoom = 64;
constexpr std::size_t kMostAttributes = 24;

CK_ATTRIBUTE* In(const Template& attributes) { return const_cast<CK_ATTRIBUTE*>(attributes.data()); }

Template AesKey(const std::string& label, const Bytes& id) {
  Template key;
  key.Bool(CKA_TOKEN, false).Ulong(CKA_CLASS, CKO_SECRET_KEY).Text(CKA_LABEL, label).Octets(CKA_ID, id);
  key.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false).Ulong(CKA_KEY_TYPE, CKK_AES);
  key.Bool(CKA_ENCRYPT, true).Bool(CKA_DECRYPT, true);
  for (const CK_ATTRIBUTE_TYPE off : {CKA_SIGN, CKA_VERIFY, CKA_DERIVE, CKA_WRAP, CKA_UNWRAP}) key.Bool(off, false);
  return key;
}

}  // namespace

Result<std::unique_ptr<BareLoop>> BareLoop::Open(const cryptoki::Module& module, const std::string& label,
                                                 const Secret& pin, Loop kind) {
  KF_TRY(const cryptoki::TokenUri uri, cryptoki::TokenUri::Parse(fakes::SoftHsm2Store::UriOf(label)));
  KF_TRY(cryptoki::Token token, cryptoki::Token::Find(module, uri));
  KF_CHECK(token.Login(pin));
  KF_TRY(cryptoki::Session session, token.OpenSession());
  std::unique_ptr<BareLoop> loop(new BareLoop(std::move(token), std::move(session), kind));
  KF_CHECK(loop->MakeKek());
  return loop;
}

Status BareLoop::MakeKek() {
  KF_TRY(Secret kek, RandomSecret(32));
  for (std::size_t i = 0; i < kBlobs; ++i) {
    KF_TRY(const Secret key, RandomSecret(32));
    Key made;
    KF_TRY(made.blob, cryptoki::SoftwareWrap(WrapMethod::kAesKwp, kek, key));
    KF_TRY(made.check_value, cryptoki::SoftwareCheckValue(key, CheckMethod::kEcb0));
    keys_.push_back(std::move(made));
  }
  Template guard;
  guard.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_AES);
  guard.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false);
  const std::array<CK_MECHANISM_TYPE, 1> only = {kKwp};
  Template attributes;
  attributes.Bool(CKA_TOKEN, true).Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_AES);
  attributes.Text(CKA_LABEL, "kek").Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false);
  for (const CK_ATTRIBUTE_TYPE off : {CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN, CKA_VERIFY, CKA_DERIVE, CKA_WRAP}) {
    attributes.Bool(off, false);
  }
  attributes.Bool(CKA_UNWRAP, true).Nested(CKA_UNWRAP_TEMPLATE, std::move(guard));
  attributes.Mechanisms(CKA_ALLOWED_MECHANISMS, only).SecretValue(CKA_VALUE, std::move(kek));
  KF_TRY(kek_, session_.CreateObject(attributes));
  return {};
}

Status BareLoop::Prepare(std::size_t keys) {
  ready_.clear();
  ready_.reserve(keys);
  installed_.clear();
  installed_.reserve(keys);
  left_in_session_.reserve(keys);
  for (std::size_t i = 0; i < keys; ++i) {
    Ready ready;
    ready.key = &keys_[i % keys_.size()];
    ready.attributes = AesKey("bench-" + std::to_string(++serial_), RandomBytes(16));
    ready.attributes.Bool(CKA_TOKEN, kind_ == Loop::kNaive);
    ready.expected.assign(ready.attributes.data(), ready.attributes.data() + ready.attributes.size());
    std::erase_if(ready.expected, [](const CK_ATTRIBUTE& one) { return one.type == CKA_TOKEN; });
    ready_.push_back(std::move(ready));
  }
  return {};
}

Status BareLoop::Run() {
  for (const Ready& ready : ready_) KF_CHECK(One(ready));
  return {};
}

Status BareLoop::One(const Ready& ready) {
  CK_MECHANISM mechanism{kKwp, nullptr, 0};
  CK_OBJECT_HANDLE made = 0;
  auto* blob = const_cast<CK_BYTE*>(ready.key->blob.data());
  KF_CHECK(CheckRv(f().C_UnwrapKey(session_.handle(), &mechanism, kek_, blob, ready.key->blob.size(),
                                   In(ready.attributes), ready.attributes.size(), &made),
                   "C_UnwrapKey", "bare loop"));
  if (kind_ == Loop::kNaive) {
    installed_.push_back(made);
    return {};
  }
  if (kind_ == Loop::kChecked) {
    KF_CHECK(Compare(made, ready, false));
    KF_CHECK(CompareCheckValue(made, ready));
  }
  CK_BBOOL yes = CK_TRUE;
  CK_ATTRIBUTE in_token{CKA_TOKEN, &yes, sizeof yes};
  CK_OBJECT_HANDLE copy = 0;
  KF_CHECK(CheckRv(f().C_CopyObject(session_.handle(), made, &in_token, 1, &copy), "C_CopyObject", "bare loop"));
  installed_.push_back(copy);
  if (kind_ == Loop::kBest) {
    left_in_session_.push_back(made);
    return {};
  }
  KF_CHECK(Compare(copy, ready, true));
  return CheckRv(f().C_DestroyObject(session_.handle(), made), "C_DestroyObject", "bare loop");
}

Status BareLoop::Compare(CK_OBJECT_HANDLE object, const Ready& ready, bool token) const {
  std::array<std::array<CK_BYTE, kRoom>, kMostAttributes> room{};
  std::array<CK_ATTRIBUTE, kMostAttributes> query{};
  std::size_t count = 0;
  const auto ask = [&](CK_ATTRIBUTE_TYPE type, std::size_t size) {
    query[count] = {type, room[count].data(), size};
    ++count;
  };
  for (const CK_ATTRIBUTE& one : ready.expected) ask(one.type, one.ulValueLen);
  ask(CKA_TOKEN, 1);
  ask(CKA_VALUE_LEN, sizeof(CK_ULONG));
  ask(CKA_START_DATE, 8);
  ask(CKA_END_DATE, 8);
  query[count++] = {CKA_VALUE, nullptr, 0};
  const CK_RV rv = f().C_GetAttributeValue(session_.handle(), object, query.data(), count);
  const auto differs = [&](std::size_t i) {
    const CK_ATTRIBUTE& wanted = ready.expected[i];
    return query[i].ulValueLen != wanted.ulValueLen ||
           std::memcmp(query[i].pValue, wanted.pValue, wanted.ulValueLen) != 0;
  };
  bool wrong = rv != CKR_ATTRIBUTE_SENSITIVE || query[count - 1].ulValueLen != CK_UNAVAILABLE_INFORMATION;
  for (std::size_t i = 0; i < ready.expected.size(); ++i) wrong = wrong || differs(i);
  wrong = wrong || room[ready.expected.size()][0] != (token ? CK_TRUE : CK_FALSE);
  if (!wrong) return {};
  return std::unexpected(Error::Make(Code::kReadBackWrong, "bare loop: a key reads back otherwise than asked for"));
}

Status BareLoop::CompareCheckValue(CK_OBJECT_HANDLE object, const Ready& ready) const {
  CK_MECHANISM mechanism{CKM_AES_ECB, nullptr, 0};
  std::array<CK_BYTE, 16> zeros{};
  std::array<CK_BYTE, 32> out{};
  CK_ULONG size = out.size();
  KF_CHECK(CheckRv(f().C_EncryptInit(session_.handle(), &mechanism, object), "C_EncryptInit", "bare loop"));
  KF_CHECK(CheckRv(f().C_Encrypt(session_.handle(), zeros.data(), zeros.size(), out.data(), &size), "C_Encrypt",
                   "bare loop"));
  if (std::ranges::equal(ready.key->check_value, std::span(out).first(ready.key->check_value.size()))) return {};
  return std::unexpected(Error::Make(Code::kCheckValueWrong, "bare loop: the check value differs"));
}

Status BareLoop::Clear() {
  for (const CK_OBJECT_HANDLE object : installed_) KF_CHECK(session_.DestroyObject(object));
  return Keep();
}

Status BareLoop::Keep() {
  for (const CK_OBJECT_HANDLE object : left_in_session_) KF_CHECK(session_.DestroyObject(object));
  installed_.clear();
  left_in_session_.clear();
  return {};
}

}  // namespace keyferry::bench
