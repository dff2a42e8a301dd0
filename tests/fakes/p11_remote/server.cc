// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// Loads a real PKCS#11 module and answers module.cc: p11_remote_server MODULE SOCKET. Each connection has a process of
// its own, which initialises the library for itself and ends with the connection: so a login, a session or an object
// belongs to one client, as it does where the client loads the library itself. Prints "ready" when it listens; serves
// until it is killed.
#include <dlfcn.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdio>

#include "tests/fakes/p11_remote/remote.h"

namespace {

using namespace keyferry::p11_remote;

CK_FUNCTION_LIST* g_p11 = nullptr;

class OwnedMechanism {
 public:
  explicit OwnedMechanism(Packet& in) {
    mechanism_.mechanism = in.Number();
    if (mechanism_.mechanism == CKM_RSA_PKCS_OAEP) {
      oaep_.hashAlg = in.Number();
      oaep_.mgf = in.Number();
      oaep_.source = in.Number();
      parameter_ = in.GetBytes();
      oaep_.pSourceData = parameter_.empty() ? nullptr : parameter_.data();
      oaep_.ulSourceDataLen = parameter_.size();
      mechanism_.pParameter = &oaep_;
      mechanism_.ulParameterLen = sizeof oaep_;
      return;
    }
    parameter_ = in.GetBytes();
    mechanism_.pParameter = parameter_.empty() ? nullptr : parameter_.data();
    mechanism_.ulParameterLen = parameter_.size();
  }
  CK_MECHANISM* get() { return &mechanism_; }

 private:
  CK_MECHANISM mechanism_{};
  CK_RSA_PKCS_OAEP_PARAMS oaep_{};
  std::vector<unsigned char> parameter_;
};

template <typename T>
Packet StructAnswer(CK_RV rv, const T& value) {
  Packet out;
  out.PutNumber(rv);
  out.PutBytes(&value, sizeof value);
  return out;
}

Packet HandleAnswer(CK_RV rv, CK_ULONG handle) {
  Packet out;
  out.PutNumber(rv);
  out.PutNumber(handle);
  return out;
}

Packet RvAnswer(CK_RV rv) {
  Packet out;
  out.PutNumber(rv);
  return out;
}

// Runs `call(buffer, size)` with a buffer where the caller had one.
template <typename F>
Packet BytesAnswer(Packet& in, F call) {
  const bool wants = in.Number() != 0;
  CK_ULONG size = in.Number();
  std::vector<unsigned char> buffer(wants ? size : 0);
  unsigned char none = 0;
  const CK_RV rv = call(wants ? (buffer.empty() ? &none : buffer.data()) : nullptr, &size);
  Packet out;
  out.PutNumber(rv);
  out.PutNumber(size);
  if (rv == CKR_OK && wants) out.PutBytes(buffer.data(), size);
  return out;
}

template <typename F>
Packet ListAnswer(Packet& in, F call) {
  const bool wants = in.Number() != 0;
  CK_ULONG count = in.Number();
  std::vector<CK_ULONG> list(wants ? count + 1 : 0);
  const CK_RV rv = call(wants ? list.data() : nullptr, &count);
  Packet out;
  out.PutNumber(rv);
  out.PutNumber(count);
  if (rv == CKR_OK && wants) {
    for (CK_ULONG i = 0; i < count; ++i) out.PutNumber(list[i]);
  }
  return out;
}

using InitFunction = CK_RV (*)(CK_SESSION_HANDLE, CK_MECHANISM*, CK_OBJECT_HANDLE);
using ThroughFunction = CK_RV (*)(CK_SESSION_HANDLE, CK_BYTE*, CK_ULONG, CK_BYTE*, CK_ULONG*);

Packet Start(Packet& in, InitFunction function) {
  const CK_SESSION_HANDLE session = in.Number();
  OwnedMechanism mechanism(in);
  return RvAnswer(function(session, mechanism.get(), in.Number()));
}

Packet Through(Packet& in, ThroughFunction function) {
  const CK_SESSION_HANDLE session = in.Number();
  auto data = in.GetBytes();
  return BytesAnswer(
      in, [&](CK_BYTE* out, CK_ULONG* size) { return function(session, data.data(), data.size(), out, size); });
}

Packet AboutSlots(Call call, Packet& in) {
  switch (call) {
    case Call::kGetInfo: {
      CK_INFO info{};
      const CK_RV rv = g_p11->C_GetInfo(&info);
      return StructAnswer(rv, info);
    }
    case Call::kGetSlotList: {
      const auto present = static_cast<CK_BBOOL>(in.Number());
      return ListAnswer(in, [&](CK_ULONG* list, CK_ULONG* n) { return g_p11->C_GetSlotList(present, list, n); });
    }
    case Call::kGetSlotInfo: {
      CK_SLOT_INFO info{};
      const CK_RV rv = g_p11->C_GetSlotInfo(in.Number(), &info);
      return StructAnswer(rv, info);
    }
    case Call::kGetTokenInfo: {
      CK_TOKEN_INFO info{};
      const CK_RV rv = g_p11->C_GetTokenInfo(in.Number(), &info);
      return StructAnswer(rv, info);
    }
    case Call::kGetMechanismList: {
      const CK_SLOT_ID slot = in.Number();
      return ListAnswer(in, [&](CK_ULONG* list, CK_ULONG* n) { return g_p11->C_GetMechanismList(slot, list, n); });
    }
    case Call::kGetMechanismInfo: {
      CK_MECHANISM_INFO info{};
      const CK_SLOT_ID slot = in.Number();
      const CK_RV rv = g_p11->C_GetMechanismInfo(slot, in.Number(), &info);
      return StructAnswer(rv, info);
    }
    case Call::kOpenSession: {
      CK_SESSION_HANDLE session = 0;
      const CK_SLOT_ID slot = in.Number();
      const CK_RV rv = g_p11->C_OpenSession(slot, in.Number(), nullptr, nullptr, &session);
      return HandleAnswer(rv, session);
    }
    default:
      return RvAnswer(CKR_FUNCTION_NOT_SUPPORTED);
  }
}

Packet GetAttributes(CK_SESSION_HANDLE session, Packet& in) {
  const CK_OBJECT_HANDLE object = in.Number();
  OwnedTemplate attributes;
  attributes.Take(in, false);
  const CK_RV rv = g_p11->C_GetAttributeValue(session, object, attributes.data(), attributes.size());
  for (CK_ULONG i = 0; i < attributes.size(); ++i) {
    if (attributes.data()[i].ulValueLen == CK_UNAVAILABLE_INFORMATION) attributes.data()[i].pValue = nullptr;
  }
  Packet out;
  out.PutNumber(rv);
  PutTemplate(out, attributes.data(), attributes.size(), true);
  return out;
}

Packet AboutObjects(Call call, CK_SESSION_HANDLE session, Packet& in) {
  CK_OBJECT_HANDLE object = 0;
  OwnedTemplate attributes;
  switch (call) {
    case Call::kCreateObject: {
      attributes.Take(in, true);
      const CK_RV rv = g_p11->C_CreateObject(session, attributes.data(), attributes.size(), &object);
      return HandleAnswer(rv, object);
    }
    case Call::kCopyObject: {
      const CK_OBJECT_HANDLE from = in.Number();
      attributes.Take(in, true);
      const CK_RV rv = g_p11->C_CopyObject(session, from, attributes.data(), attributes.size(), &object);
      return HandleAnswer(rv, object);
    }
    case Call::kDestroyObject:
      return RvAnswer(g_p11->C_DestroyObject(session, in.Number()));
    case Call::kGetAttributeValue:
      return GetAttributes(session, in);
    case Call::kSetAttributeValue:
      object = in.Number();
      attributes.Take(in, true);
      return RvAnswer(g_p11->C_SetAttributeValue(session, object, attributes.data(), attributes.size()));
    case Call::kFindObjectsInit:
      attributes.Take(in, true);
      return RvAnswer(g_p11->C_FindObjectsInit(session, attributes.data(), attributes.size()));
    case Call::kFindObjects:
      return ListAnswer(in, [&](CK_ULONG* list, CK_ULONG* n) { return g_p11->C_FindObjects(session, list, *n, n); });
    case Call::kFindObjectsFinal:
      return RvAnswer(g_p11->C_FindObjectsFinal(session));
    default:
      return RvAnswer(CKR_FUNCTION_NOT_SUPPORTED);
  }
}

Packet AboutKeys(Call call, CK_SESSION_HANDLE session, Packet& in) {
  OwnedMechanism mechanism(in);
  OwnedTemplate attributes;
  OwnedTemplate private_attributes;
  CK_OBJECT_HANDLE key = 0;
  switch (call) {
    case Call::kGenerateKey: {
      attributes.Take(in, true);
      const CK_RV rv = g_p11->C_GenerateKey(session, mechanism.get(), attributes.data(), attributes.size(), &key);
      return HandleAnswer(rv, key);
    }
    case Call::kGenerateKeyPair: {
      attributes.Take(in, true);
      private_attributes.Take(in, true);
      CK_OBJECT_HANDLE private_key = 0;
      const CK_RV rv =
          g_p11->C_GenerateKeyPair(session, mechanism.get(), attributes.data(), attributes.size(),
                                   private_attributes.data(), private_attributes.size(), &key, &private_key);
      Packet out = HandleAnswer(rv, key);
      out.PutNumber(private_key);
      return out;
    }
    case Call::kWrapKey: {
      const CK_OBJECT_HANDLE wrapper = in.Number();
      key = in.Number();
      return BytesAnswer(in, [&](CK_BYTE* out, CK_ULONG* size) {
        return g_p11->C_WrapKey(session, mechanism.get(), wrapper, key, out, size);
      });
    }
    case Call::kUnwrapKey: {
      const CK_OBJECT_HANDLE unwrapper = in.Number();
      auto wrapped = in.GetBytes();
      attributes.Take(in, true);
      const CK_RV rv = g_p11->C_UnwrapKey(session, mechanism.get(), unwrapper, wrapped.data(), wrapped.size(),
                                          attributes.data(), attributes.size(), &key);
      return HandleAnswer(rv, key);
    }
    case Call::kDeriveKey: {
      const CK_OBJECT_HANDLE base = in.Number();
      attributes.Take(in, true);
      const CK_RV rv = g_p11->C_DeriveKey(session, mechanism.get(), base, attributes.data(), attributes.size(), &key);
      return HandleAnswer(rv, key);
    }
    default:
      return RvAnswer(CKR_FUNCTION_NOT_SUPPORTED);
  }
}

Packet AboutSession(Call call, Packet& in) {
  switch (call) {
    case Call::kEncryptInit:
      return Start(in, g_p11->C_EncryptInit);
    case Call::kDecryptInit:
      return Start(in, g_p11->C_DecryptInit);
    case Call::kSignInit:
      return Start(in, g_p11->C_SignInit);
    case Call::kVerifyInit:
      return Start(in, g_p11->C_VerifyInit);
    case Call::kEncrypt:
      return Through(in, g_p11->C_Encrypt);
    case Call::kDecrypt:
      return Through(in, g_p11->C_Decrypt);
    case Call::kSign:
      return Through(in, g_p11->C_Sign);
    default:
      break;
  }
  const CK_SESSION_HANDLE session = in.Number();
  switch (call) {
    case Call::kCloseSession:
      return RvAnswer(g_p11->C_CloseSession(session));
    case Call::kGetSessionInfo: {
      CK_SESSION_INFO info{};
      const CK_RV rv = g_p11->C_GetSessionInfo(session, &info);
      return StructAnswer(rv, info);
    }
    case Call::kLogin: {
      const CK_USER_TYPE user = in.Number();
      auto pin = in.GetBytes();
      return RvAnswer(g_p11->C_Login(session, user, pin.data(), pin.size()));
    }
    case Call::kLogout:
      return RvAnswer(g_p11->C_Logout(session));
    case Call::kVerify: {
      auto data = in.GetBytes();
      auto signature = in.GetBytes();
      return RvAnswer(g_p11->C_Verify(session, data.data(), data.size(), signature.data(), signature.size()));
    }
    case Call::kGenerateRandom:
      return BytesAnswer(in,
                         [&](CK_BYTE* out, CK_ULONG* size) { return g_p11->C_GenerateRandom(session, out, *size); });
    case Call::kGenerateKey:
    case Call::kGenerateKeyPair:
    case Call::kWrapKey:
    case Call::kUnwrapKey:
    case Call::kDeriveKey:
      return AboutKeys(call, session, in);
    default:
      return AboutObjects(call, session, in);
  }
}

void Serve(int fd) {
  Packet in;
  while (in.Receive(fd)) {
    const auto call = static_cast<Call>(in.Number());
    Packet out = call <= Call::kOpenSession ? AboutSlots(call, in) : AboutSession(call, in);
    if (!out.Send(fd)) break;
    in = Packet();
  }
}

// What a client's connection gets: the library, from C_Initialize to C_Finalize.
[[noreturn]] void ServeAndEnd(int fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  if (g_p11->C_Initialize(&arguments) != CKR_OK) _exit(1);
  Serve(fd);
  g_p11->C_Finalize(nullptr);
  _exit(0);
}

bool LoadLibrary(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return false;
  }
  CK_C_GetFunctionList get = nullptr;
  void* symbol = dlsym(library, "C_GetFunctionList");
  std::memcpy(&get, &symbol, sizeof get);
  return get != nullptr && get(&g_p11) == CKR_OK;
}

int Listen(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof address.sun_path) return -1;
  std::strcpy(address.sun_path, path);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return -1;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(listener, 16) == 0) {
    return listener;
  }
  std::perror(path);
  close(listener);
  return -1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  if (!LoadLibrary(argv[1])) return 1;
  const int listener = Listen(argv[2]);
  if (listener < 0) return 1;
  signal(SIGCHLD, SIG_IGN);
  std::puts("ready");
  std::fflush(stdout);
  for (;;) {
    const int fd = accept(listener, nullptr, nullptr);
    if (fd < 0) return 1;
    const pid_t child = fork();
    if (child == 0) {
      close(listener);
      ServeAndEnd(fd);
    }
    close(fd);
    if (child < 0) return 1;
  }
}
