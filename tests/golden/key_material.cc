// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/golden/key_material.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

#include "tests/fakes/software_seal.h"
#include "tests/golden/vectors.h"

namespace keyferry::golden {
namespace {

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

constexpr std::string_view kEcPrivateKey =
    "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b02010104202992eae5dac60229ee569f7692f338789e405c"
    "a4a5b33f0d8fed72a49d965ae1a144034200044ea6871abb8fce42784eba121bfc43875c6ec80a9dab04aaa90769aadc99478622a0e74d"
    "422616546b3bcd6955aa66dd19c11d67a701d6df616a9e24aaff1f55";

constexpr std::string_view kCertificate =
    "3082017230820118a003020102020101300a06082a8648ce3d04030230183116301406035504030c0d4b65796665727279207465737430"
    "1e170d3236313132313130333233305a170d3336313131383130333233305a30183116301406035504030c0d4b65796665727279207465"
    "73743059301306072a8648ce3d020106082a8648ce3d030107034200044ea6871abb8fce42784eba121bfc43875c6ec80a9dab04aaa907"
    "69aadc99478622a0e74d422616546b3bcd6955aa66dd19c11d67a701d6df616a9e24aaff1f55a3533051301d0603551d0e041604142b71"
    "9f61f51bf7b8b6edea6b990e8633dedc8601301f0603551d230418301680142b719f61f51bf7b8b6edea6b990e8633dedc8601300f0603"
    "551d130101ff040530030101ff300a06082a8648ce3d0403020348003045022016aeeb82dd65bb523a47664bd2a8e723dac53b2b3b7a1d"
    "f0d97e6321aef294c60221009538f8ee8be7b028fff3e7bc157a21f8f785d87e9214dae0f7a11bab9a3c3dd0";

void Insist(bool good) {
  if (!good) std::abort();
}

Bytes Encrypt(const EVP_CIPHER* cipher, ByteView key, ByteView data) {
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  Insist(EVP_EncryptInit_ex(context.get(), cipher, nullptr, key.data(), nullptr) == 1);
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  Bytes out(data.size() + 32);
  int size = 0;
  Insist(EVP_EncryptUpdate(context.get(), out.data(), &size, data.data(), static_cast<int>(data.size())) == 1);
  out.resize(static_cast<std::size_t>(size));
  return out;
}

const EVP_CIPHER* Ecb(std::size_t octets) {
  return octets == 16 ? EVP_aes_128_ecb() : octets == 24 ? EVP_aes_192_ecb() : EVP_aes_256_ecb();
}

// NIST SP 800-38B for one full block: the block cipher of (zero block XOR K1), K1 being the doubled cipher of zero.
Bytes CmacOfZeroBlock(ByteView key) {
  Bytes subkey = Encrypt(Ecb(key.size()), key, Bytes(16));
  const bool carry = (subkey[0] & 0x80U) != 0;
  for (std::size_t at = 0; at < 16; ++at) {
    const unsigned next = at + 1 < 16 ? subkey[at + 1] : 0;
    const unsigned octet = subkey[at];
    subkey[at] = static_cast<std::uint8_t>((octet << 1U) | (next >> 7U));
  }
  if (carry) subkey[15] ^= 0x87;
  return Encrypt(Ecb(key.size()), key, subkey);
}

Bytes First(Bytes octets, std::size_t size) {
  octets.resize(size);
  return octets;
}

}  // namespace

Bytes Wrap(WrapMethod method, ByteView kek, ByteView key) {
  return Encrypt(method == WrapMethod::kAesKwp ? EVP_aes_256_wrap_pad() : EVP_aes_256_wrap(), kek, key);
}

Bytes CheckValue(CheckMethod method, ByteView key) {
  switch (method) {
    case CheckMethod::kEcb0:
      return First(Encrypt(Ecb(key.size()), key, Bytes(16)), 3);
    case CheckMethod::kCmac:
      return First(CmacOfZeroBlock(key), 5);
    case CheckMethod::kHmac:
      return First(fakes::HmacSha256(key, Bytes(16)), 8);
    case CheckMethod::kPublicKey: {
      const Digest digest = Sha256(key);
      return {digest.begin(), digest.end()};
    }
    case CheckMethod::kNone:
      break;
  }
  std::abort();
}

Bytes RootKey(KeyType wrapped, ObjectClass object_class) {
  if (object_class == ObjectClass::kPrivateKey) return Ascending(0x40, 32);
  return Ascending(wrapped == KeyType::kAes ? 0x00 : 0x20, 32);
}

Bytes EcPrivateKey() { return HexDecode(kEcPrivateKey).value(); }

Bytes EcPublicKey() { return fakes::SoftwareReceiptKey::PublicKey(); }

Bytes Ed25519PrivateKey() { return Concat({HexDecode("302e020100300506032b657004220420").value(), Bytes(32, 4)}); }

Bytes Ed25519PublicKeyInfo() {
  return Concat({HexDecode("302a300506032b6570032100").value(), fakes::KeyPairOf(4).public_key()});
}

Bytes Certificate() { return HexDecode(kCertificate).value(); }

}  // namespace keyferry::golden
