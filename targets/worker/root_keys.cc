// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/root_keys.h"

#include "targets/cryptoki/pinned_attributes.h"

namespace keyferry::worker {
namespace {

using cryptoki::AttributeValues;
using cryptoki::Session;
using cryptoki::Template;

Error Changed(const std::string& label, std::string what) {
  return Error::Make(Code::kRootKeyChanged, "key '" + label + "' in the token: " + std::move(what));
}

Result<CK_OBJECT_HANDLE> FindKey(const Session& session, CK_OBJECT_CLASS object_class, const std::string& label,
                                 const Bytes& id) {
  Template wanted;
  wanted.Ulong(CKA_CLASS, object_class).Bool(CKA_TOKEN, true).Text(CKA_LABEL, label).Octets(CKA_ID, id);
  KF_TRY(const auto found, session.FindObjects(wanted));
  if (found.size() == 1) return found.front();
  return std::unexpected(Changed(label, found.empty() ? "it is gone" : "it is there more than once"));
}

// The record may pin attributes that are no part of the usual list.
Status ReadMissing(const Session& session, CK_OBJECT_HANDLE key, const record::RootKeyRecord& pinned,
                   std::map<CK_ATTRIBUTE_TYPE, Bytes>& read) {
  std::vector<CK_ATTRIBUTE_TYPE> types;
  for (const auto& attribute : pinned.attributes) {
    if (!read.contains(attribute.type) && attribute.type != CKA_UNWRAP_TEMPLATE) types.push_back(attribute.type);
  }
  if (types.empty()) return {};
  KF_TRY(const AttributeValues values, session.GetAttributes(key, types));
  for (const auto& [type, octets] : values.all()) read.emplace(type, octets);
  return {};
}

Status CompareAttributes(const Session& session, CK_OBJECT_HANDLE key, const std::string& label,
                         const record::RootKeyRecord& pinned, bool template_readable) {
  if (pinned.attributes.empty()) {
    return std::unexpected(Error::Make(Code::kRecordWrong, "the record pins no attribute of key '" + label + "'"));
  }
  KF_TRY(auto read, cryptoki::ReadPinnedAttributes(session, key, template_readable));
  KF_CHECK(ReadMissing(session, key, pinned, read));
  for (const auto& attribute : pinned.attributes) {
    const auto found = read.find(attribute.type);
    if (found != read.end() && found->second == attribute.value) continue;
    const std::string now = found == read.end() ? "is not shown any more" : "reads " + HexEncode(found->second);
    return std::unexpected(Changed(
        label, cryptoki::CkaName(attribute.type) + " " + now + "; the record says " + HexEncode(attribute.value)));
  }
  return {};
}

}  // namespace

Result<RootKeys> FindRootKeys(const Session& session, const record::Generation& generation, bool template_readable) {
  RootKeys keys;
  for (const record::RootKeyRecord& pinned : generation.keys) {
    const std::string label = record::RootLabel(pinned.key, generation.number);
    KF_TRY(const auto key, FindKey(session, CKO_SECRET_KEY, label, pinned.id));
    KF_CHECK(CompareAttributes(session, key, label, pinned, template_readable));
    keys[pinned.key] = key;
  }
  if (!keys.contains(record::RootKey::kSealIn)) {
    return std::unexpected(Error::Make(Code::kRecordWrong, "the record lists no key 'seal-in'"));
  }
  return keys;
}

Result<CK_OBJECT_HANDLE> FindReceiptKey(Session& session, const record::Record& record) {
  const std::string label = record::ReceiptLabel();
  KF_TRY(const auto key, FindKey(session, CKO_PRIVATE_KEY, label, record.receipt_key_id));
  const Digest digest = Sha256(RandomBytes(32));
  KF_TRY(const Bytes signature, session.Sign(cryptoki::Mechanism::Ecdsa(), key, digest));
  if (EcdsaP256Verify(record.receipt_key, digest, signature)) return key;
  return std::unexpected(Changed(label, "it is not the key whose public half is in the record"));
}

}  // namespace keyferry::worker
