// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// Objects of a session: the other half of session.h.

#include <algorithm>
#include <array>
#include <cstring>

#include "targets/cryptoki/operation.h"
#include "targets/cryptoki/session.h"

namespace keyferry::cryptoki {
namespace {

// Most attributes fit; what does not costs two calls more.
constexpr std::size_t kUsualValue = 128;
constexpr std::size_t kLargestValue = std::size_t{1} << 20;

CK_ATTRIBUTE* In(const Template& attributes) { return const_cast<CK_ATTRIBUTE*>(attributes.data()); }

// The answers of C_GetAttributeValue that still fill the attributes which the token shows (PKCS#11 2.40,
// C_GetAttributeValue).
bool IsPartial(CK_RV rv) {
  return rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_BUFFER_TOO_SMALL;
}

bool IsAttributeArray(CK_ATTRIBUTE_TYPE type) {
  return (type & CKF_ARRAY_ATTRIBUTE) != 0 && type != CKA_ALLOWED_MECHANISMS;
}

void Collect(const CK_ATTRIBUTE& attribute, std::size_t room, AttributeValues& into) {
  if (attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION || attribute.ulValueLen > room) {
    return;
  }
  const auto* at = static_cast<const std::uint8_t*>(attribute.pValue);
  into.Put(attribute.type, at == nullptr ? Bytes() : Bytes(at, at + attribute.ulValueLen));
}

// The sizes that the token names for `nested`'s entries, made into buffers for a second call.
std::vector<Bytes> MakeRoom(std::span<CK_ATTRIBUTE> nested) {
  std::vector<Bytes> room;
  for (CK_ATTRIBUTE& attribute : nested) {
    const bool has_value = attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION && attribute.ulValueLen <= kLargestValue;
    room.emplace_back(has_value ? attribute.ulValueLen : 0);
    attribute.pValue = room.back().empty() ? nullptr : room.back().data();
    attribute.ulValueLen = room.back().size();
  }
  return room;
}

// True where the token filled everything.
Result<bool> Ask(const CK_FUNCTION_LIST& f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                 std::span<CK_ATTRIBUTE> query) {
  const CK_RV rv = f.C_GetAttributeValue(session, object, query.data(), query.size());
  if (rv != CKR_OK && !IsPartial(rv)) {
    return std::unexpected(CkrError(rv, "C_GetAttributeValue", "reading an object's attributes"));
  }
  return rv == CKR_OK;
}

// The two calls that the standard describes: sizes, then values.
Status CollectLarge(const CK_FUNCTION_LIST& f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                    std::vector<CK_ATTRIBUTE> query, AttributeValues& into) {
  KF_CHECK(Ask(f, session, object, query));
  std::erase_if(query, [](const CK_ATTRIBUTE& attribute) { return attribute.ulValueLen > kLargestValue; });
  if (query.empty()) {
    return {};
  }
  const std::vector<Bytes> room = MakeRoom(query);
  KF_CHECK(Ask(f, session, object, query));
  for (std::size_t i = 0; i < query.size(); ++i) {
    Collect(query[i], room[i].size(), into);
  }
  return {};
}

}  // namespace

Result<CK_OBJECT_HANDLE> Session::CreateObject(const Template& attributes) {
  CK_OBJECT_HANDLE object = 0;
  KF_CHECK(CheckRv(f().C_CreateObject(handle_, In(attributes), attributes.size(), &object), "C_CreateObject",
                   "creating an object"));
  return object;
}

Result<CK_OBJECT_HANDLE> Session::CopyObject(CK_OBJECT_HANDLE object, const Template& changes) {
  CK_OBJECT_HANDLE copy = 0;
  KF_CHECK(CheckRv(f().C_CopyObject(handle_, object, In(changes), changes.size(), &copy), "C_CopyObject",
                   "copying an object"));
  return copy;
}

Status Session::DestroyObject(CK_OBJECT_HANDLE object) {
  return CheckRv(f().C_DestroyObject(handle_, object), "C_DestroyObject", "destroying an object");
}

Status Session::SetAttributes(CK_OBJECT_HANDLE object, const Template& changes) {
  return CheckRv(f().C_SetAttributeValue(handle_, object, In(changes), changes.size()), "C_SetAttributeValue",
                 "changing an object's attributes");
}

Result<AttributeValues> Session::GetAttributes(CK_OBJECT_HANDLE object,
                                               std::initializer_list<CK_ATTRIBUTE_TYPE> types) const {
  return GetAttributes(object, std::span<const CK_ATTRIBUTE_TYPE>(types.begin(), types.size()));
}

Result<AttributeValues> Session::GetAttributes(CK_OBJECT_HANDLE object,
                                               std::span<const CK_ATTRIBUTE_TYPE> types) const {
  // A module would take our empty buffers for the inner attributes' addresses.
  if (std::ranges::any_of(types, IsAttributeArray)) {
    return std::unexpected(Error::Make(Code::kInternal, "an array of attributes was asked for as a plain one"));
  }
  AttributeValues values;
  Bytes arena(types.size() * kUsualValue);
  std::vector<CK_ATTRIBUTE> query;
  for (std::size_t i = 0; i < types.size(); ++i) {
    query.push_back({types[i], arena.data() + i * kUsualValue, kUsualValue});
  }
  KF_TRY(const bool complete, Ask(f(), handle_, object, query));
  std::vector<CK_ATTRIBUTE> rest;
  for (const CK_ATTRIBUTE& attribute : query) {
    Collect(attribute, kUsualValue, values);
    if (!values.Has(attribute.type)) {
      rest.push_back({attribute.type, nullptr, 0});
    }
  }
  // What is missing so far was too large, or is not shown: only the sizes tell.
  if (!complete && !rest.empty()) {
    KF_CHECK(CollectLarge(f(), handle_, object, std::move(rest), values));
  }
  return values;
}

Result<AttributeValues> Session::GetNested(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
  constexpr std::string_view kWhat = "reading an object's template";
  AttributeValues values;
  CK_ATTRIBUTE outer{type, nullptr, 0};
  CK_RV rv = f().C_GetAttributeValue(handle_, object, &outer, 1);
  const bool absent = rv == CKR_ATTRIBUTE_TYPE_INVALID || outer.ulValueLen == CK_UNAVAILABLE_INFORMATION;
  if (absent && (rv == CKR_OK || IsPartial(rv))) {
    return values;
  }
  KF_CHECK(CheckRv(rv, "C_GetAttributeValue", kWhat));
  std::vector<CK_ATTRIBUTE> inner(std::min(outer.ulValueLen, kLargestValue) / sizeof(CK_ATTRIBUTE));
  if (inner.empty()) {
    return values;
  }
  // The second call names types and sizes, the third fills the values.
  outer.pValue = inner.data();
  outer.ulValueLen = inner.size() * sizeof(CK_ATTRIBUTE);
  KF_CHECK(CheckRv(f().C_GetAttributeValue(handle_, object, &outer, 1), "C_GetAttributeValue", kWhat));
  std::vector<Bytes> room = MakeRoom(inner);
  KF_CHECK(CheckRv(f().C_GetAttributeValue(handle_, object, &outer, 1), "C_GetAttributeValue", kWhat));
  for (std::size_t i = 0; i < inner.size(); ++i) {
    Collect(inner[i], room[i].size(), values);
  }
  return values;
}

Result<Secret> Session::GetSecret(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
  constexpr std::string_view kWhat = "reading a value";
  CK_ATTRIBUTE attribute{type, nullptr, 0};
  KF_CHECK(CheckRv(f().C_GetAttributeValue(handle_, object, &attribute, 1), "C_GetAttributeValue", kWhat));
  if (attribute.ulValueLen > kLargestValue) {
    return std::unexpected(CkrError(CKR_ATTRIBUTE_SENSITIVE, "C_GetAttributeValue", kWhat));
  }
  KF_TRY(Secret secret, Secret::Allocate(attribute.ulValueLen));
  attribute.pValue = secret.ExposeMutable().data();
  KF_CHECK(CheckRv(f().C_GetAttributeValue(handle_, object, &attribute, 1), "C_GetAttributeValue", kWhat));
  if (attribute.ulValueLen > secret.size()) {
    return std::unexpected(CkrError(CKR_ATTRIBUTE_SENSITIVE, "C_GetAttributeValue", kWhat));
  }
  secret.Shrink(attribute.ulValueLen);
  return secret;
}

Result<std::vector<CK_OBJECT_HANDLE>> Session::FindObjects(const Template& attributes) const {
  constexpr std::string_view kWhat = "searching the token";
  KF_CHECK(CheckRv(f().C_FindObjectsInit(handle_, In(attributes), attributes.size()), "C_FindObjectsInit", kWhat));
  Operation operation(*module_, handle_, Operation::Kind::kFind);
  std::vector<CK_OBJECT_HANDLE> found;
  std::array<CK_OBJECT_HANDLE, 512> batch{};
  for (;;) {
    CK_ULONG count = 0;
    KF_CHECK(CheckRv(f().C_FindObjects(handle_, batch.data(), batch.size(), &count), "C_FindObjects", kWhat));
    if (count == 0 || count > batch.size()) {
      return found;
    }
    found.insert(found.end(), batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

Result<CK_OBJECT_HANDLE> Session::FindOne(const Template& attributes, std::string_view what) const {
  KF_TRY(const auto found, FindObjects(attributes));
  if (found.empty()) {
    return std::unexpected(Error::Make(Code::kObjectMissing, "the token has no " + std::string(what)));
  }
  if (found.size() > 1) {
    return std::unexpected(Error::Make(
        Code::kObjectAmbiguous, "the token has " + std::to_string(found.size()) + " objects for " + std::string(what)));
  }
  return found.front();
}

ScopedObject& ScopedObject::operator=(ScopedObject&& other) noexcept {
  if (this != &other) {
    Reset();
    session_ = other.session_;
    object_ = other.Release();
  }
  return *this;
}

void ScopedObject::Reset() {
  if (object_ != 0) {
    // A session object goes with its session at the latest.
    static_cast<void>(session_->DestroyObject(object_));
    object_ = 0;
  }
}

}  // namespace keyferry::cryptoki
