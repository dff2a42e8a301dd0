// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/secret.h"
#include "targets/cryptoki/attributes.h"
#include "targets/cryptoki/ckr.h"
#include "targets/cryptoki/mechanism.h"
#include "targets/cryptoki/module.h"

namespace keyferry::cryptoki {

struct KeyPair {
  CK_OBJECT_HANDLE public_key = 0;
  CK_OBJECT_HANDLE private_key = 0;
};

// A read/write session, made by Token::OpenSession, closed when it goes (its session objects go with it). One thread at
// a time. Moves, never copies. Every function is one complete PKCS#11 operation: none is ever left half done. Errors
// are those of CkrError, with the PKCS#11 function's name.
class Session {
 public:
  // For Token. Takes over an open session.
  Session(const Module& module, CK_SESSION_HANDLE handle) : module_(&module), handle_(handle) {}
  ~Session();
  Session(Session&& other) noexcept
      : module_(other.module_), handle_(std::exchange(other.handle_, CK_SESSION_HANDLE{0})) {}
  Session& operator=(Session&& other) noexcept;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Module& module() const { return *module_; }
  CK_SESSION_HANDLE handle() const { return handle_; }

  // Objects
  Result<CK_OBJECT_HANDLE> CreateObject(const Template& attributes);
  Result<CK_OBJECT_HANDLE> CopyObject(CK_OBJECT_HANDLE object, const Template& changes);
  Status DestroyObject(CK_OBJECT_HANDLE object);
  Status SetAttributes(CK_OBJECT_HANDLE object, const Template& changes);
  // What is missing or not shown is absent in the result. Never ask for an array of attributes here.
  Result<AttributeValues> GetAttributes(CK_OBJECT_HANDLE object, std::span<const CK_ATTRIBUTE_TYPE> types) const;
  Result<AttributeValues> GetAttributes(CK_OBJECT_HANDLE object, std::initializer_list<CK_ATTRIBUTE_TYPE> types) const;
  // An attribute that is an array of attributes (CKA_UNWRAP_TEMPLATE); empty where the object has none. Not on a token
  // that stores such arrays as pointers (NSS): TokenProfile::template_readable.
  Result<AttributeValues> GetNested(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const;
  // Into locked memory: a value that the token shows. Code::kTokenRefused with CKR_ATTRIBUTE_SENSITIVE where it does
  // not.
  Result<Secret> GetSecret(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const;
  // All that fit, in the token's order. An empty template lists every object.
  Result<std::vector<CK_OBJECT_HANDLE>> FindObjects(const Template& attributes) const;
  // Exactly one: Code::kObjectMissing, kObjectAmbiguous with `what` ("secret key 'kek'").
  Result<CK_OBJECT_HANDLE> FindOne(const Template& attributes, std::string_view what) const;

  // Keys
  Result<CK_OBJECT_HANDLE> GenerateKey(const Mechanism& mechanism, const Template& attributes);
  Result<KeyPair> GenerateKeyPair(const Mechanism& mechanism, const Template& public_key, const Template& private_key);
  Result<Bytes> WrapKey(const Mechanism& mechanism, CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key);
  Result<CK_OBJECT_HANDLE> UnwrapKey(const Mechanism& mechanism, CK_OBJECT_HANDLE unwrapping_key, ByteView wrapped,
                                     const Template& attributes);

  // One-shot operations
  Result<Bytes> Sign(const Mechanism& mechanism, CK_OBJECT_HANDLE key, ByteView data);
  // Code::kSignatureWrong (CKR_SIGNATURE_INVALID, CKR_SIGNATURE_LEN_RANGE) for a wrong one. NSS answers
  // CKR_DEVICE_ERROR for a wrong HMAC.
  Status Verify(const Mechanism& mechanism, CK_OBJECT_HANDLE key, ByteView data, ByteView signature);
  Result<Bytes> Encrypt(const Mechanism& mechanism, CK_OBJECT_HANDLE key, ByteView data);
  // For probes and tests; no root key may decrypt.
  Result<Bytes> Decrypt(const Mechanism& mechanism, CK_OBJECT_HANDLE key, ByteView data);
  Result<Bytes> GenerateRandom(std::size_t size);

 private:
  const CK_FUNCTION_LIST& f() const { return module_->functions(); }

  const Module* module_;
  CK_SESSION_HANDLE handle_;
};

// Destroys an object when it goes: for throw-away session objects. The session must outlive it.
class ScopedObject {
 public:
  ScopedObject(Session& session, CK_OBJECT_HANDLE object) : session_(&session), object_(object) {}
  ~ScopedObject() { Reset(); }
  ScopedObject(ScopedObject&& other) noexcept
      : session_(other.session_), object_(std::exchange(other.object_, CK_OBJECT_HANDLE{0})) {}
  ScopedObject& operator=(ScopedObject&& other) noexcept;
  ScopedObject(const ScopedObject&) = delete;
  ScopedObject& operator=(const ScopedObject&) = delete;

  CK_OBJECT_HANDLE get() const { return object_; }
  CK_OBJECT_HANDLE Release() { return std::exchange(object_, CK_OBJECT_HANDLE{0}); }

 private:
  void Reset();

  Session* session_;
  CK_OBJECT_HANDLE object_;
};

}  // namespace keyferry::cryptoki
