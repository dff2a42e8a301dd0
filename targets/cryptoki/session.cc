// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/session.h"

#include "targets/cryptoki/operation.h"

namespace keyferry::cryptoki {
namespace {

// Large enough for a signature of RSA-16384 and for the PKCS#8 of RSA-8192, so that one call is enough.
constexpr std::size_t kUsualOutput = 8192;

// PKCS#11 takes inputs as pointers to what it could change, and never does.
unsigned char* In(ByteView data) { return const_cast<unsigned char*>(data.data()); }
CK_ATTRIBUTE* In(const Template& attributes) { return const_cast<CK_ATTRIBUTE*>(attributes.data()); }

// Calls `step(out, size)` with a buffer of the usual size, and once more where the token wants a larger one.
template <typename Step>
Result<Bytes> IntoBuffer(std::string_view function, std::string_view what, Step step) {
  Bytes out(kUsualOutput);
  CK_ULONG size = out.size();
  CK_RV rv = step(out.data(), &size);
  if (rv == CKR_BUFFER_TOO_SMALL && size > out.size() && size < (std::size_t{1} << 24)) {
    out.resize(size);
    rv = step(out.data(), &size);
  }
  KF_CHECK(CheckRv(rv, function, what));
  if (size > out.size()) {
    return std::unexpected(CkrError(CKR_DATA_LEN_RANGE, function, what));
  }
  out.resize(size);
  return out;
}

using Init = CK_RV (*)(CK_SESSION_HANDLE, CK_MECHANISM*, CK_OBJECT_HANDLE);
using OneShot = CK_RV (*)(CK_SESSION_HANDLE, unsigned char*, CK_ULONG, unsigned char*, CK_ULONG*);

struct OneShotNames {
  std::string_view init;
  std::string_view run;
  std::string_view what;
};

// C_…Init and its one-shot end.
Result<Bytes> RunOneShot(const Session& session, Operation::Kind kind, const OneShotNames& names, Init init,
                         OneShot run, const Mechanism& mechanism, CK_OBJECT_HANDLE key, ByteView data) {
  NativeMechanism native(mechanism);
  const std::string what = std::string(names.what) + " with " + CkmName(mechanism.type());
  KF_CHECK(CheckRv(init(session.handle(), native.get(), key), names.init, what));
  Operation operation(session.module(), session.handle(), kind);
  return IntoBuffer(names.run, what, [&](unsigned char* out, CK_ULONG* size) {
    const CK_RV rv = run(session.handle(), In(data), data.size(), out, size);
    if (rv != CKR_BUFFER_TOO_SMALL) {
      operation.Ended();
    }
    return rv;
  });
}

}  // namespace

Session::~Session() {
  if (handle_ != 0) {
    f().C_CloseSession(handle_);
  }
}

Session& Session::operator=(Session&& other) noexcept {
  if (this != &other) {
    if (handle_ != 0) {
      f().C_CloseSession(handle_);
    }
    module_ = other.module_;
    handle_ = std::exchange(other.handle_, CK_SESSION_HANDLE{0});
  }
  return *this;
}

Result<CK_OBJECT_HANDLE> Session::GenerateKey(const Mechanism& mechanism, const Template& attributes) {
  NativeMechanism native(mechanism);
  CK_OBJECT_HANDLE key = 0;
  KF_CHECK(CheckRv(f().C_GenerateKey(handle_, native.get(), In(attributes), attributes.size(), &key), "C_GenerateKey",
                   "generating a key with " + CkmName(mechanism.type())));
  return key;
}

Result<KeyPair> Session::GenerateKeyPair(const Mechanism& mechanism, const Template& public_key,
                                         const Template& private_key) {
  NativeMechanism native(mechanism);
  KeyPair pair;
  KF_CHECK(CheckRv(f().C_GenerateKeyPair(handle_, native.get(), In(public_key), public_key.size(), In(private_key),
                                         private_key.size(), &pair.public_key, &pair.private_key),
                   "C_GenerateKeyPair", "generating a key pair with " + CkmName(mechanism.type())));
  return pair;
}

Result<Bytes> Session::WrapKey(const Mechanism& mechanism, CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key) {
  NativeMechanism native(mechanism);
  return IntoBuffer("C_WrapKey", "wrapping a key with " + CkmName(mechanism.type()),
                    [&](unsigned char* out, CK_ULONG* size) {
                      return f().C_WrapKey(handle_, native.get(), wrapping_key, key, out, size);
                    });
}

Result<CK_OBJECT_HANDLE> Session::UnwrapKey(const Mechanism& mechanism, CK_OBJECT_HANDLE unwrapping_key,
                                            ByteView wrapped, const Template& attributes) {
  NativeMechanism native(mechanism);
  CK_OBJECT_HANDLE key = 0;
  KF_CHECK(CheckRv(f().C_UnwrapKey(handle_, native.get(), unwrapping_key, In(wrapped), wrapped.size(), In(attributes),
                                   attributes.size(), &key),
                   "C_UnwrapKey", "unwrapping a key with " + CkmName(mechanism.type())));
  return key;
}

Result<Bytes> Session::Sign(const Mechanism& mechanism, CK_OBJECT_HANDLE key, ByteView data) {
  return RunOneShot(*this, Operation::Kind::kSign, {"C_SignInit", "C_Sign", "signing"}, f().C_SignInit, f().C_Sign,
                    mechanism, key, data);
}

Status Session::Verify(const Mechanism& mechanism, CK_OBJECT_HANDLE key, ByteView data, ByteView signature) {
  NativeMechanism native(mechanism);
  const std::string what = "verifying with " + CkmName(mechanism.type());
  KF_CHECK(CheckRv(f().C_VerifyInit(handle_, native.get(), key), "C_VerifyInit", what));
  // C_Verify always ends the operation.
  return CheckRv(f().C_Verify(handle_, In(data), data.size(), In(signature), signature.size()), "C_Verify", what);
}

Result<Bytes> Session::Encrypt(const Mechanism& mechanism, CK_OBJECT_HANDLE key, ByteView data) {
  return RunOneShot(*this, Operation::Kind::kEncrypt, {"C_EncryptInit", "C_Encrypt", "encrypting"}, f().C_EncryptInit,
                    f().C_Encrypt, mechanism, key, data);
}

Result<Bytes> Session::Decrypt(const Mechanism& mechanism, CK_OBJECT_HANDLE key, ByteView data) {
  return RunOneShot(*this, Operation::Kind::kDecrypt, {"C_DecryptInit", "C_Decrypt", "decrypting"}, f().C_DecryptInit,
                    f().C_Decrypt, mechanism, key, data);
}

Result<Bytes> Session::GenerateRandom(std::size_t size) {
  Bytes out(size);
  KF_CHECK(CheckRv(f().C_GenerateRandom(handle_, out.data(), out.size()), "C_GenerateRandom", "drawing random octets"));
  return out;
}

}  // namespace keyferry::cryptoki
