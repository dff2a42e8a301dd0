// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/pinned_attributes.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace keyferry::cryptoki {
namespace {

// The label and CKA_ID are what the object is found by. CKA_LOCAL, ALWAYS_SENSITIVE and NEVER_EXTRACTABLE follow from
// how the key came.
constexpr std::array<CK_ATTRIBUTE_TYPE, 20> kPinned = {CKA_CLASS,
                                                       CKA_KEY_TYPE,
                                                       CKA_VALUE_LEN,
                                                       CKA_TOKEN,
                                                       CKA_PRIVATE,
                                                       CKA_SENSITIVE,
                                                       CKA_EXTRACTABLE,
                                                       CKA_MODIFIABLE,
                                                       CKA_COPYABLE,
                                                       CKA_ENCRYPT,
                                                       CKA_DECRYPT,
                                                       CKA_SIGN,
                                                       CKA_VERIFY,
                                                       CKA_SIGN_RECOVER,
                                                       CKA_WRAP,
                                                       CKA_UNWRAP,
                                                       CKA_DERIVE,
                                                       CKA_ALWAYS_SENSITIVE,
                                                       CKA_NEVER_EXTRACTABLE,
                                                       CKA_ALLOWED_MECHANISMS};

// In ascending order, so that a token that lists a set in another order reads the same.
Bytes SortedMechanisms(Bytes octets) {
  std::vector<CK_MECHANISM_TYPE> list(octets.size() / sizeof(CK_MECHANISM_TYPE));
  const std::size_t size = list.size() * sizeof(CK_MECHANISM_TYPE);
  std::memcpy(list.data(), octets.data(), size);
  std::ranges::sort(list);
  std::memcpy(octets.data(), list.data(), size);
  return octets;
}

Bytes Flatten(const AttributeValues& nested) {
  Bytes flat;
  for (const auto& [type, octets] : nested.all()) {
    AppendU64(flat, type);
    AppendU32(flat, static_cast<std::uint32_t>(octets.size()));
    flat.insert(flat.end(), octets.begin(), octets.end());
  }
  return flat;
}

}  // namespace

Result<std::map<CK_ATTRIBUTE_TYPE, Bytes>> ReadPinnedAttributes(const Session& session, CK_OBJECT_HANDLE object,
                                                                bool template_readable) {
  KF_TRY(const AttributeValues read, session.GetAttributes(object, kPinned));
  std::map<CK_ATTRIBUTE_TYPE, Bytes> pinned = read.all();
  if (const auto list = pinned.find(CKA_ALLOWED_MECHANISMS); list != pinned.end() && !list->second.empty()) {
    list->second = SortedMechanisms(std::move(list->second));
  }
  if (!template_readable || !read.Bool(CKA_UNWRAP).value_or(false)) return pinned;
  KF_TRY(const AttributeValues nested, session.GetNested(object, CKA_UNWRAP_TEMPLATE));
  if (nested.size() > 0) pinned[CKA_UNWRAP_TEMPLATE] = Flatten(nested);
  return pinned;
}

}  // namespace keyferry::cryptoki
