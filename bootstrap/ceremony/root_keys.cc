// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/ceremony/root_keys.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "bootstrap/ceremony/attempt.h"
#include "targets/cryptoki/pinned_attributes.h"

namespace keyferry::ceremony {
namespace {

using cryptoki::AttributeValues;
using cryptoki::Mechanism;
using cryptoki::Template;
using record::RootKey;

constexpr std::array kRootKeys = {RootKey::kAes, RootKey::kMac, RootKey::kPrivate, RootKey::kSealIn};
constexpr CK_ULONG kRootKeyOctets = 32;
constexpr std::size_t kIdOctets = 16;

bool Unwraps(RootKey key) { return key != RootKey::kSealIn; }

Bytes RootId(RootKey key, const Id16& domain, std::uint32_t generation) {
  return ObjectId(record::Name(key), domain, generation);
}

Result<CK_MECHANISM_TYPE> OnlyMechanism(const Workbench& bench, RootKey key, WrapMethod method) {
  if (!Unwraps(key)) return CK_MECHANISM_TYPE{CKM_SHA256_HMAC};
  KF_TRY(const Mechanism mechanism, bench.profile->WrapMechanism(method));
  return mechanism.type();
}

// What may differ between tokens; the strongest first.
struct Variant {
  bool allowed_mechanisms;
  bool uncopyable;
};
constexpr std::array kVariants = {Variant{true, true}, Variant{true, false}, Variant{false, true},
                                  Variant{false, false}};

Template RootTemplate(const Workbench& bench, RootKey key, const Id16& domain, std::uint32_t generation) {
  Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, Unwraps(key) ? CKK_AES : CKK_GENERIC_SECRET);
  attributes.Text(CKA_LABEL, record::RootLabel(key, generation)).Octets(CKA_ID, RootId(key, domain, generation));
  attributes.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false);
  attributes.Bool(CKA_ENCRYPT, false).Bool(CKA_DECRYPT, false).Bool(CKA_SIGN, false);
  attributes.Bool(CKA_VERIFY, !Unwraps(key)).Bool(CKA_WRAP, false).Bool(CKA_UNWRAP, Unwraps(key));
  attributes.Bool(CKA_DERIVE, false);
  // A token that does not enforce the template may keep it as pointers into this process: it never gets one.
  if (Unwraps(key) && bench.profile->template_enforced) attributes.Nested(CKA_UNWRAP_TEMPLATE, GuardTemplate(key));
  return attributes;
}

// Attributes read back, each compared with what it must be.
class ReadBack {
 public:
  explicit ReadBack(const AttributeValues& seen) : seen_(&seen) {}

  void Expect(CK_ATTRIBUTE_TYPE type, bool value) { Note(seen_->Bool(type) == value, type); }
  void Expect(CK_ATTRIBUTE_TYPE type, CK_ULONG value) { Note(seen_->Ulong(type) == value, type); }
  void Note(bool right, CK_ATTRIBUTE_TYPE type) {
    if (!right) wrong_ += (wrong_.empty() ? "" : ", ") + cryptoki::CkaName(type);
  }
  Status Verdict(const std::string& what) const {
    if (wrong_.empty()) return {};
    return std::unexpected(
        Error::Make(Code::kReadBackWrong, what + " did not keep what was asked for: " + wrong_)
            .NextStep("this token cannot guard a root key; use another, or see its vendor's settings"));
  }

 private:
  const AttributeValues* seen_;
  std::string wrong_;
};

void ExpectPlain(ReadBack& read, RootKey key) {
  read.Expect(CKA_CLASS, CK_ULONG{CKO_SECRET_KEY});
  read.Expect(CKA_KEY_TYPE, CK_ULONG{Unwraps(key) ? CKK_AES : CKK_GENERIC_SECRET});
  for (const CK_ATTRIBUTE_TYPE type : {CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE}) read.Expect(type, true);
  for (const CK_ATTRIBUTE_TYPE type : {CKA_EXTRACTABLE, CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN, CKA_WRAP, CKA_DERIVE}) {
    read.Expect(type, false);
  }
  read.Expect(CKA_UNWRAP, Unwraps(key));
  read.Expect(CKA_VERIFY, !Unwraps(key));
}

bool SameGuard(const AttributeValues& seen, RootKey key) {
  const bool is_private = key == RootKey::kPrivate;
  const bool type_right = is_private
                              ? !seen.Has(CKA_KEY_TYPE)
                              : seen.Ulong(CKA_KEY_TYPE) == (key == RootKey::kAes ? CKK_AES : CKK_GENERIC_SECRET);
  return seen.size() == (is_private ? 4U : 5U) && type_right &&
         seen.Ulong(CKA_CLASS) == (is_private ? CKO_PRIVATE_KEY : CKO_SECRET_KEY) && seen.Bool(CKA_PRIVATE) == true &&
         seen.Bool(CKA_SENSITIVE) == true && seen.Bool(CKA_EXTRACTABLE) == false;
}

Status ImportVariant(const Workbench& bench, CK_OBJECT_HANDLE transport_key, const Mechanism& oaep, ByteView wrapped,
                     Template attributes, bool uncopyable) {
  const cryptoki::TokenProfile& profile = *bench.profile;
  if (!profile.copy || (!profile.unmodifiable_by_copy && profile.unmodifiable_at_unwrap)) {
    attributes.Bool(CKA_TOKEN, true);
    if (profile.unmodifiable_at_unwrap) attributes.Bool(CKA_MODIFIABLE, false);
    if (uncopyable) attributes.Bool(CKA_COPYABLE, false);
    const auto unwrapped = bench.session->UnwrapKey(oaep, transport_key, wrapped, attributes);
    return unwrapped ? Status() : std::unexpected(unwrapped.error());
  }
  attributes.Bool(CKA_TOKEN, false);
  KF_TRY(const CK_OBJECT_HANDLE unwrapped, bench.session->UnwrapKey(oaep, transport_key, wrapped, attributes));
  const cryptoki::ScopedObject owner(*bench.session, unwrapped);
  Template changes;
  changes.Bool(CKA_TOKEN, true);
  if (profile.unmodifiable_by_copy) changes.Bool(CKA_MODIFIABLE, false);
  if (uncopyable) changes.Bool(CKA_COPYABLE, false);
  const auto copied = bench.session->CopyObject(unwrapped, changes);
  return copied ? Status() : std::unexpected(copied.error());
}

}  // namespace

Bytes ObjectId(std::string_view purpose, const Id16& domain, std::uint32_t generation) {
  Bytes number;
  AppendU32(number, generation);
  const Digest digest = Sha256({AsBytes("keyferry/1 object "), AsBytes(purpose), domain, number});
  return {digest.begin(), digest.begin() + kIdOctets};
}

Template GuardTemplate(RootKey key) {
  Template guard;
  guard.Ulong(CKA_CLASS, key == RootKey::kPrivate ? CKO_PRIVATE_KEY : CKO_SECRET_KEY);
  if (key == RootKey::kAes) guard.Ulong(CKA_KEY_TYPE, CKK_AES);
  if (key == RootKey::kMac) guard.Ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET);
  guard.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false);
  return guard;
}

Status ImportRootKey(const Workbench& bench, CK_OBJECT_HANDLE transport_key, const Mechanism& oaep, const Blob& blob,
                     const Id16& domain, std::uint32_t generation, WrapMethod method) {
  KF_TRY(const CK_MECHANISM_TYPE only, OnlyMechanism(bench, blob.key, method));
  const std::array<CK_MECHANISM_TYPE, 1> allowed = {only};
  const Status imported = FirstThatWorks(kVariants, [&](const Variant& variant) -> Status {
    Template attributes = RootTemplate(bench, blob.key, domain, generation);
    if (variant.allowed_mechanisms) attributes.Mechanisms(CKA_ALLOWED_MECHANISMS, allowed);
    // A copy that was refused half way must not stay beside the next.
    KF_CHECK(DestroyById(*bench.session, RootId(blob.key, domain, generation)));
    return ImportVariant(bench, transport_key, oaep, blob.wrapped, std::move(attributes), variant.uncopyable);
  });
  KF_CHECK_WITH(imported, "importing root key '" + std::string(record::Name(blob.key)) + "'");
  return {};
}

Result<CK_OBJECT_HANDLE> FindRootKey(const cryptoki::Session& session, RootKey key, const Id16& domain,
                                     std::uint32_t generation) {
  const Template wanted = std::move(Template()
                                        .Ulong(CKA_CLASS, CKO_SECRET_KEY)
                                        .Bool(CKA_TOKEN, true)
                                        .Octets(CKA_ID, RootId(key, domain, generation)));
  return session.FindOne(wanted, "root key '" + record::RootLabel(key, generation) + "'");
}

Status CheckRootKey(const Workbench& bench, CK_OBJECT_HANDLE object, RootKey key, WrapMethod method,
                    bool accept_unenforced) {
  KF_TRY(const AttributeValues seen,
         bench.session->GetAttributes(
             object, {CKA_CLASS, CKA_KEY_TYPE, CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_ENCRYPT,
                      CKA_DECRYPT, CKA_SIGN, CKA_VERIFY, CKA_WRAP, CKA_UNWRAP, CKA_DERIVE, CKA_MODIFIABLE,
                      CKA_VALUE_LEN, CKA_ALLOWED_MECHANISMS}));
  ReadBack read(seen);
  ExpectPlain(read, key);
  // Some tokens show no length of a key that was unwrapped, or 0 for it (SoftHSM2).
  if (seen.Ulong(CKA_VALUE_LEN).value_or(0) != 0) read.Expect(CKA_VALUE_LEN, kRootKeyOctets);
  if (bench.profile->template_enforced || !accept_unenforced) read.Expect(CKA_MODIFIABLE, false);
  const auto allowed = seen.Mechanisms(CKA_ALLOWED_MECHANISMS);
  if (bench.profile->template_enforced && bench.profile->allowed_mechanisms_taken) {
    KF_TRY(const CK_MECHANISM_TYPE only, OnlyMechanism(bench, key, method));
    read.Note(allowed && *allowed == std::vector<CK_MECHANISM_TYPE>{only}, CKA_ALLOWED_MECHANISMS);
  }
  if (Unwraps(key) && bench.profile->template_readable) {
    KF_TRY(const AttributeValues nested, bench.session->GetNested(object, CKA_UNWRAP_TEMPLATE));
    read.Note(SameGuard(nested, key), CKA_UNWRAP_TEMPLATE);
  }
  return read.Verdict("root key '" + std::string(record::Name(key)) + "'");
}

Result<record::RootKeyRecord> PinRootKey(const Workbench& bench, CK_OBJECT_HANDLE object, RootKey key,
                                         const Id16& domain, std::uint32_t generation) {
  record::RootKeyRecord pinned{key, RootId(key, domain, generation), {}};
  KF_TRY(const auto attributes,
         cryptoki::ReadPinnedAttributes(*bench.session, object, bench.profile->template_readable));
  for (const auto& [type, value] : attributes) pinned.attributes.push_back({type, value});
  return pinned;
}

Status DestroyById(cryptoki::Session& session, ByteView id) {
  KF_TRY(const auto objects, session.FindObjects(Template().Octets(CKA_ID, id)));
  for (const CK_OBJECT_HANDLE object : objects) KF_CHECK(session.DestroyObject(object));
  return {};
}

Status RemoveRootKeys(cryptoki::Session& session, const Id16& domain, std::uint32_t generation) {
  for (const RootKey key : kRootKeys) KF_CHECK(DestroyById(session, RootId(key, domain, generation)));
  return {};
}

}  // namespace keyferry::ceremony
