// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// A PKCS#11 module that holds no key: every call is forwarded to server.cc, which loads the real module in a process of
// its own. Reads the server's socket path from KEYFERRY_P11_REMOTE at C_Initialize. Only the calls that Keyferry uses;
// the others answer CKR_FUNCTION_NOT_SUPPORTED.
//
// While the file that KEYFERRY_P11_STOP names is there, the process stops itself (SIGSTOP) where a key would be at hand
// if it ever were: after each wrap and unwrap, and at C_Finalize. Who made the file continues it.
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <mutex>

#include "tests/fakes/p11_remote/remote.h"

namespace {

using namespace keyferry::p11_remote;

std::mutex g_mutex;
int g_socket = -1;

void StopWhereAsked() {
  const char* path = std::getenv("KEYFERRY_P11_STOP");
  if (path != nullptr && access(path, F_OK) == 0) kill(getpid(), SIGSTOP);
}

class Request {
 public:
  explicit Request(Call call) { packet_.PutNumber(static_cast<std::uint64_t>(call)); }
  Request& Number(std::uint64_t value) {
    packet_.PutNumber(value);
    return *this;
  }
  Request& Data(const void* data, CK_ULONG size) {
    packet_.PutBytes(data, data == nullptr ? 0 : size);
    return *this;
  }
  Request& Template(const CK_ATTRIBUTE* attributes, CK_ULONG count, bool with_values = true) {
    PutTemplate(packet_, attributes, count, with_values);
    return *this;
  }
  Request& Mechanism(const CK_MECHANISM* mechanism) {
    packet_.PutNumber(mechanism->mechanism);
    if (mechanism->mechanism == CKM_RSA_PKCS_OAEP && mechanism->pParameter != nullptr) {
      const auto* oaep = static_cast<const CK_RSA_PKCS_OAEP_PARAMS*>(mechanism->pParameter);
      packet_.PutNumber(oaep->hashAlg);
      packet_.PutNumber(oaep->mgf);
      packet_.PutNumber(oaep->source);
      packet_.PutBytes(oaep->pSourceData, oaep->pSourceData == nullptr ? 0 : oaep->ulSourceDataLen);
    } else {
      packet_.PutBytes(mechanism->pParameter, mechanism->pParameter == nullptr ? 0 : mechanism->ulParameterLen);
    }
    return *this;
  }
  // Sends; the answer's first number is the CK_RV.
  CK_RV Ask() {
    const std::lock_guard lock(g_mutex);
    if (g_socket < 0) return CKR_CRYPTOKI_NOT_INITIALIZED;
    if (!packet_.Send(g_socket) || !packet_.Receive(g_socket)) return CKR_DEVICE_REMOVED;
    return packet_.Number();
  }
  Packet& answer() { return packet_; }

 private:
  Packet packet_;
};

// An output buffer the PKCS#11 way: null asks for the size.
CK_RV AskForBytes(Request& request, CK_BYTE_PTR out, CK_ULONG_PTR size) {
  request.Number(out != nullptr ? 1 : 0).Number(*size);
  const CK_RV rv = request.Ask();
  *size = request.answer().Number();
  if (rv == CKR_OK && out != nullptr) {
    const auto bytes = request.answer().GetBytes();
    if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  }
  return rv;
}

template <typename T>
CK_RV AskForStruct(Request& request, T* out) {
  const CK_RV rv = request.Ask();
  if (rv != CKR_OK) return rv;
  const auto bytes = request.answer().GetBytes();
  if (bytes.size() != sizeof(T)) return CKR_DEVICE_ERROR;
  std::memcpy(out, bytes.data(), sizeof(T));
  return rv;
}

CK_RV AskForHandle(Request& request, CK_ULONG* out) {
  const CK_RV rv = request.Ask();
  if (rv == CKR_OK) *out = request.answer().Number();
  return rv;
}

CK_RV AskForList(Request& request, CK_ULONG* list, CK_ULONG* count) {
  request.Number(list != nullptr ? 1 : 0).Number(*count);
  const CK_RV rv = request.Ask();
  *count = request.answer().Number();
  if (rv == CKR_OK && list != nullptr) {
    for (CK_ULONG i = 0; i < *count; ++i) list[i] = request.answer().Number();
  }
  return rv;
}

CK_RV Initialize(void*) {
  const std::lock_guard lock(g_mutex);
  if (g_socket >= 0) return CKR_CRYPTOKI_ALREADY_INITIALIZED;
  const char* path = std::getenv("KEYFERRY_P11_REMOTE");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path == nullptr || std::strlen(path) >= sizeof address.sun_path) return CKR_ARGUMENTS_BAD;
  std::strcpy(address.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return CKR_DEVICE_ERROR;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return CKR_DEVICE_REMOVED;
  }
  g_socket = fd;
  return CKR_OK;
}

CK_RV Finalize(void*) {
  StopWhereAsked();
  const std::lock_guard lock(g_mutex);
  if (g_socket < 0) return CKR_CRYPTOKI_NOT_INITIALIZED;
  close(g_socket);
  g_socket = -1;
  return CKR_OK;
}

CK_RV GetInfo(CK_INFO* info) {
  Request request(Call::kGetInfo);
  return AskForStruct(request, info);
}
CK_RV GetSlotList(CK_BBOOL present, CK_SLOT_ID* list, CK_ULONG* count) {
  Request request(Call::kGetSlotList);
  request.Number(present);
  return AskForList(request, list, count);
}
CK_RV GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO* info) {
  Request request(Call::kGetSlotInfo);
  return AskForStruct(request.Number(slot), info);
}
CK_RV GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  Request request(Call::kGetTokenInfo);
  return AskForStruct(request.Number(slot), info);
}
CK_RV GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE* list, CK_ULONG* count) {
  Request request(Call::kGetMechanismList);
  return AskForList(request.Number(slot), list, count);
}
CK_RV GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO* info) {
  Request request(Call::kGetMechanismInfo);
  return AskForStruct(request.Number(slot).Number(type), info);
}
CK_RV OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void*, CK_NOTIFY, CK_SESSION_HANDLE* session) {
  Request request(Call::kOpenSession);
  return AskForHandle(request.Number(slot).Number(flags), session);
}
CK_RV CloseSession(CK_SESSION_HANDLE session) { return Request(Call::kCloseSession).Number(session).Ask(); }
CK_RV GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO* info) {
  Request request(Call::kGetSessionInfo);
  return AskForStruct(request.Number(session), info);
}
CK_RV Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR* pin, CK_ULONG size) {
  return Request(Call::kLogin).Number(session).Number(user).Data(pin, size).Ask();
}
CK_RV Logout(CK_SESSION_HANDLE session) { return Request(Call::kLogout).Number(session).Ask(); }
CK_RV CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE* attributes, CK_ULONG count, CK_OBJECT_HANDLE* object) {
  Request request(Call::kCreateObject);
  return AskForHandle(request.Number(session).Template(attributes, count), object);
}
CK_RV CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE from, CK_ATTRIBUTE* attributes, CK_ULONG count,
                 CK_OBJECT_HANDLE* object) {
  Request request(Call::kCopyObject);
  return AskForHandle(request.Number(session).Number(from).Template(attributes, count), object);
}
CK_RV DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object) {
  return Request(Call::kDestroyObject).Number(session).Number(object).Ask();
}
CK_RV GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* attributes, CK_ULONG count) {
  Request request(Call::kGetAttributeValue);
  const CK_RV rv = request.Number(session).Number(object).Template(attributes, count, false).Ask();
  if (rv == CKR_OK || rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_BUFFER_TOO_SMALL) {
    TakeInto(request.answer(), attributes, count);
  }
  return rv;
}
CK_RV SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* attributes, CK_ULONG count) {
  return Request(Call::kSetAttributeValue).Number(session).Number(object).Template(attributes, count).Ask();
}
CK_RV FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE* attributes, CK_ULONG count) {
  return Request(Call::kFindObjectsInit).Number(session).Template(attributes, count).Ask();
}
CK_RV FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE* objects, CK_ULONG most, CK_ULONG* count) {
  Request request(Call::kFindObjects);
  *count = most;
  return AskForList(request.Number(session), objects, count);
}
CK_RV FindObjectsFinal(CK_SESSION_HANDLE session) { return Request(Call::kFindObjectsFinal).Number(session).Ask(); }

CK_RV Start(Call call, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return Request(call).Number(session).Mechanism(mechanism).Number(key).Ask();
}
CK_RV Through(Call call, CK_SESSION_HANDLE session, CK_BYTE* in, CK_ULONG in_size, CK_BYTE* out, CK_ULONG* out_size) {
  Request request(call);
  return AskForBytes(request.Number(session).Data(in, in_size), out, out_size);
}
CK_RV EncryptInit(CK_SESSION_HANDLE s, CK_MECHANISM* m, CK_OBJECT_HANDLE k) {
  return Start(Call::kEncryptInit, s, m, k);
}
CK_RV DecryptInit(CK_SESSION_HANDLE s, CK_MECHANISM* m, CK_OBJECT_HANDLE k) {
  return Start(Call::kDecryptInit, s, m, k);
}
CK_RV SignInit(CK_SESSION_HANDLE s, CK_MECHANISM* m, CK_OBJECT_HANDLE k) { return Start(Call::kSignInit, s, m, k); }
CK_RV VerifyInit(CK_SESSION_HANDLE s, CK_MECHANISM* m, CK_OBJECT_HANDLE k) { return Start(Call::kVerifyInit, s, m, k); }
CK_RV Encrypt(CK_SESSION_HANDLE s, CK_BYTE* in, CK_ULONG n, CK_BYTE* out, CK_ULONG* size) {
  return Through(Call::kEncrypt, s, in, n, out, size);
}
CK_RV Decrypt(CK_SESSION_HANDLE s, CK_BYTE* in, CK_ULONG n, CK_BYTE* out, CK_ULONG* size) {
  return Through(Call::kDecrypt, s, in, n, out, size);
}
CK_RV Sign(CK_SESSION_HANDLE s, CK_BYTE* in, CK_ULONG n, CK_BYTE* out, CK_ULONG* size) {
  return Through(Call::kSign, s, in, n, out, size);
}
CK_RV Verify(CK_SESSION_HANDLE session, CK_BYTE* in, CK_ULONG n, CK_BYTE* signature, CK_ULONG size) {
  return Request(Call::kVerify).Number(session).Data(in, n).Data(signature, size).Ask();
}
CK_RV GenerateKey(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_ATTRIBUTE* attributes, CK_ULONG count,
                  CK_OBJECT_HANDLE* key) {
  Request request(Call::kGenerateKey);
  return AskForHandle(request.Number(session).Mechanism(mechanism).Template(attributes, count), key);
}
CK_RV GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_ATTRIBUTE* public_attributes,
                      CK_ULONG public_count, CK_ATTRIBUTE* private_attributes, CK_ULONG private_count,
                      CK_OBJECT_HANDLE* public_key, CK_OBJECT_HANDLE* private_key) {
  Request request(Call::kGenerateKeyPair);
  request.Number(session).Mechanism(mechanism).Template(public_attributes, public_count);
  const CK_RV rv = request.Template(private_attributes, private_count).Ask();
  if (rv != CKR_OK) return rv;
  *public_key = request.answer().Number();
  *private_key = request.answer().Number();
  return rv;
}
CK_RV WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE wrapper, CK_OBJECT_HANDLE key,
              CK_BYTE* out, CK_ULONG* size) {
  Request request(Call::kWrapKey);
  const CK_RV rv = AskForBytes(request.Number(session).Mechanism(mechanism).Number(wrapper).Number(key), out, size);
  StopWhereAsked();
  return rv;
}
CK_RV UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE unwrapper, CK_BYTE* wrapped,
                CK_ULONG size, CK_ATTRIBUTE* attributes, CK_ULONG count, CK_OBJECT_HANDLE* key) {
  Request request(Call::kUnwrapKey);
  request.Number(session).Mechanism(mechanism).Number(unwrapper).Data(wrapped, size).Template(attributes, count);
  const CK_RV rv = AskForHandle(request, key);
  StopWhereAsked();
  return rv;
}
CK_RV GenerateRandom(CK_SESSION_HANDLE session, CK_BYTE* out, CK_ULONG size) {
  Request request(Call::kGenerateRandom);
  request.Number(session);
  return AskForBytes(request, out, &size);
}
CK_RV DeriveKey(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE base, CK_ATTRIBUTE* attributes,
                CK_ULONG count, CK_OBJECT_HANDLE* key) {
  Request request(Call::kDeriveKey);
  return AskForHandle(request.Number(session).Mechanism(mechanism).Number(base).Template(attributes, count), key);
}

template <typename... Arguments>
CK_RV NotHere(Arguments...) {
  return CKR_FUNCTION_NOT_SUPPORTED;
}

CK_FUNCTION_LIST MakeList();
CK_RV GetFunctionList(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST functions = MakeList();
  *list = &functions;
  return CKR_OK;
}

CK_FUNCTION_LIST MakeList() {
  CK_FUNCTION_LIST f{};
  f.version = {2, 40};
  f.C_Initialize = Initialize;
  f.C_Finalize = Finalize;
  f.C_GetInfo = GetInfo;
  f.C_GetFunctionList = GetFunctionList;
  f.C_GetSlotList = GetSlotList;
  f.C_GetSlotInfo = GetSlotInfo;
  f.C_GetTokenInfo = GetTokenInfo;
  f.C_GetMechanismList = GetMechanismList;
  f.C_GetMechanismInfo = GetMechanismInfo;
  f.C_InitToken = NotHere;
  f.C_InitPIN = NotHere;
  f.C_SetPIN = NotHere;
  f.C_OpenSession = OpenSession;
  f.C_CloseSession = CloseSession;
  f.C_CloseAllSessions = NotHere;
  f.C_GetSessionInfo = GetSessionInfo;
  f.C_GetOperationState = NotHere;
  f.C_SetOperationState = NotHere;
  f.C_Login = Login;
  f.C_Logout = Logout;
  f.C_CreateObject = CreateObject;
  f.C_CopyObject = CopyObject;
  f.C_DestroyObject = DestroyObject;
  f.C_GetObjectSize = NotHere;
  f.C_GetAttributeValue = GetAttributeValue;
  f.C_SetAttributeValue = SetAttributeValue;
  f.C_FindObjectsInit = FindObjectsInit;
  f.C_FindObjects = FindObjects;
  f.C_FindObjectsFinal = FindObjectsFinal;
  f.C_EncryptInit = EncryptInit;
  f.C_Encrypt = Encrypt;
  f.C_EncryptUpdate = NotHere;
  f.C_EncryptFinal = NotHere;
  f.C_DecryptInit = DecryptInit;
  f.C_Decrypt = Decrypt;
  f.C_DecryptUpdate = NotHere;
  f.C_DecryptFinal = NotHere;
  f.C_DigestInit = NotHere;
  f.C_Digest = NotHere;
  f.C_DigestUpdate = NotHere;
  f.C_DigestKey = NotHere;
  f.C_DigestFinal = NotHere;
  f.C_SignInit = SignInit;
  f.C_Sign = Sign;
  f.C_SignUpdate = NotHere;
  f.C_SignFinal = NotHere;
  f.C_SignRecoverInit = NotHere;
  f.C_SignRecover = NotHere;
  f.C_VerifyInit = VerifyInit;
  f.C_Verify = Verify;
  f.C_VerifyUpdate = NotHere;
  f.C_VerifyFinal = NotHere;
  f.C_VerifyRecoverInit = NotHere;
  f.C_VerifyRecover = NotHere;
  f.C_DigestEncryptUpdate = NotHere;
  f.C_DecryptDigestUpdate = NotHere;
  f.C_SignEncryptUpdate = NotHere;
  f.C_DecryptVerifyUpdate = NotHere;
  f.C_GenerateKey = GenerateKey;
  f.C_GenerateKeyPair = GenerateKeyPair;
  f.C_WrapKey = WrapKey;
  f.C_UnwrapKey = UnwrapKey;
  f.C_DeriveKey = DeriveKey;
  f.C_SeedRandom = NotHere;
  f.C_GenerateRandom = GenerateRandom;
  f.C_GetFunctionStatus = NotHere;
  f.C_CancelFunction = NotHere;
  f.C_WaitForSlotEvent = NotHere;
  return f;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  return list == nullptr ? CKR_ARGUMENTS_BAD : GetFunctionList(list);
}
