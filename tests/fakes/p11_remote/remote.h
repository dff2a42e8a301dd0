// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <p11-kit/pkcs11.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

// How the module (module.cc, loaded by the process under test) and the server (server.cc, which loads the real module)
// speak: u32 length ‖ octets, host byte order, both on one machine. Only for tests: nothing here is hardened.
namespace keyferry::p11_remote {

inline bool WriteAll(int fd, const void* data, std::size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
    if (n <= 0) return false;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

inline bool ReadAll(int fd, void* data, std::size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t n = read(fd, at, size);
    if (n <= 0) return false;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

class Packet {
 public:
  void PutNumber(std::uint64_t value) { PutRaw(&value, sizeof value); }
  void PutBytes(const void* data, std::size_t size) {
    PutNumber(size);
    PutRaw(data, size);
  }
  std::uint64_t Number() {
    std::uint64_t value = 0;
    GetRaw(&value, sizeof value);
    return value;
  }
  std::vector<unsigned char> GetBytes() {
    std::vector<unsigned char> value(Number());
    GetRaw(value.data(), value.size());
    return value;
  }
  // Nothing is wiped here, on purpose: a key value that crossed would be found in the memory of the process under test.
  bool Send(int fd) {
    const auto size = static_cast<std::uint32_t>(data_.size());
    return WriteAll(fd, &size, sizeof size) && WriteAll(fd, data_.data(), data_.size());
  }
  bool Receive(int fd) {
    std::uint32_t size = 0;
    if (!ReadAll(fd, &size, sizeof size)) return false;
    data_.resize(size);
    at_ = 0;
    return ReadAll(fd, data_.data(), size);
  }

 private:
  void PutRaw(const void* data, std::size_t size) {
    if (size == 0) return;
    const auto* from = static_cast<const unsigned char*>(data);
    data_.insert(data_.end(), from, from + size);
  }
  void GetRaw(void* data, std::size_t size) {
    if (size == 0) return;
    if (at_ + size > data_.size()) {
      std::memset(data, 0, size);
      return;
    }
    std::memcpy(data, data_.data() + at_, size);
    at_ += size;
  }
  std::vector<unsigned char> data_;
  std::size_t at_ = 0;
};

inline bool IsTemplate(CK_ATTRIBUTE_TYPE type) { return type == CKA_UNWRAP_TEMPLATE || type == CKA_WRAP_TEMPLATE; }

// A template on its way: type, whether a buffer is there, its length, and (`with_values`) what is in it. Templates
// inside templates are carried as such, since their pointers mean nothing on the other side.
inline void PutTemplate(Packet& packet, const CK_ATTRIBUTE* attributes, CK_ULONG count, bool with_values) {
  packet.PutNumber(count);
  for (CK_ULONG i = 0; i < count; ++i) {
    const CK_ATTRIBUTE& attribute = attributes[i];
    packet.PutNumber(attribute.type);
    packet.PutNumber(attribute.ulValueLen);
    // What the token does not show has no length to carry (PKCS#11 2.40 section 5.7, C_GetAttributeValue).
    const bool there = attribute.pValue != nullptr && attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION;
    packet.PutNumber(there ? 1 : 0);
    if (!there) continue;
    if (IsTemplate(attribute.type)) {
      PutTemplate(packet, static_cast<const CK_ATTRIBUTE*>(attribute.pValue),
                  attribute.ulValueLen / sizeof(CK_ATTRIBUTE), with_values);
    } else if (with_values) {
      packet.PutBytes(attribute.pValue, attribute.ulValueLen);
    }
  }
}

// A template as received, with the storage that its pointers point into.
class OwnedTemplate {
 public:
  void Take(Packet& packet, bool with_values) { attributes_ = &TakeLevel(packet, with_values); }
  CK_ATTRIBUTE* data() { return attributes_->data(); }
  CK_ULONG size() const { return attributes_->size(); }

 private:
  std::vector<CK_ATTRIBUTE>& TakeLevel(Packet& packet, bool with_values) {
    const std::uint64_t count = packet.Number();
    std::vector<CK_ATTRIBUTE>& level = levels_.emplace_back();
    for (std::uint64_t i = 0; i < count; ++i) {
      CK_ATTRIBUTE attribute{};
      attribute.type = packet.Number();
      attribute.ulValueLen = packet.Number();
      if (packet.Number() != 0) {
        if (IsTemplate(attribute.type)) {
          attribute.pValue = TakeLevel(packet, with_values).data();
        } else if (with_values) {
          attribute.pValue = values_.emplace_back(packet.GetBytes()).data();
        } else {
          attribute.pValue = values_.emplace_back(attribute.ulValueLen).data();
        }
      }
      level.push_back(attribute);
    }
    return level;
  }

  std::deque<std::vector<CK_ATTRIBUTE>> levels_;
  std::deque<std::vector<unsigned char>> values_;
  std::vector<CK_ATTRIBUTE>* attributes_ = nullptr;
};

// Copies what the server's C_GetAttributeValue found back into the caller's template.
inline void TakeInto(Packet& packet, CK_ATTRIBUTE* attributes, CK_ULONG count) {
  packet.Number();  // the same count
  for (CK_ULONG i = 0; i < count; ++i) {
    CK_ATTRIBUTE& attribute = attributes[i];
    attribute.type = packet.Number();  // the token names the types in a template inside
    attribute.ulValueLen = packet.Number();
    if (packet.Number() == 0) continue;
    if (IsTemplate(attribute.type)) {
      TakeInto(packet, static_cast<CK_ATTRIBUTE*>(attribute.pValue), attribute.ulValueLen / sizeof(CK_ATTRIBUTE));
    } else {
      const auto value = packet.GetBytes();
      if (attribute.pValue != nullptr && !value.empty()) std::memcpy(attribute.pValue, value.data(), value.size());
    }
  }
}

enum class Call : std::uint64_t {
  kGetInfo = 1,
  kGetSlotList,
  kGetSlotInfo,
  kGetTokenInfo,
  kGetMechanismList,
  kGetMechanismInfo,
  kOpenSession,
  kCloseSession,
  kGetSessionInfo,
  kLogin,
  kLogout,
  kCreateObject,
  kCopyObject,
  kDestroyObject,
  kGetAttributeValue,
  kSetAttributeValue,
  kFindObjectsInit,
  kFindObjects,
  kFindObjectsFinal,
  kEncryptInit,
  kEncrypt,
  kDecryptInit,
  kDecrypt,
  kSignInit,
  kSign,
  kVerifyInit,
  kVerify,
  kGenerateKey,
  kGenerateKeyPair,
  kWrapKey,
  kUnwrapKey,
  kGenerateRandom,
  kDeriveKey,
};

}  // namespace keyferry::p11_remote
