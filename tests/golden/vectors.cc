// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/golden/vectors.h"

#include <numeric>

#include "tests/fakes/sample_bundles.h"
#include "tests/golden/key_material.h"

namespace keyferry::golden {
namespace {

Item Placed(const std::string& label, ObjectClass object_class, KeyType type, std::uint32_t bits, std::uint8_t id) {
  Item item;
  item.target = "hsm";
  item.object_class = object_class;
  item.key_type = type;
  item.key_bits = bits;
  item.label = label;
  item.id = Bytes(16, id);
  return item;
}

Item Secret(const std::string& label, KeyType type, const Bytes& key, std::uint8_t id) {
  Item item = Placed(label, ObjectClass::kSecretKey, type, static_cast<std::uint32_t>(key.size() * 8), id);
  const bool aes = type == KeyType::kAes;
  item.usage = aes ? usage::kEncrypt | usage::kDecrypt : usage::kSign | usage::kVerify;
  item.wrap = WrapMethod::kAesKwp;
  item.wrapped_key = Wrap(item.wrap, RootKey(type, item.object_class), key);
  item.check_method = aes ? CheckMethod::kEcb0 : CheckMethod::kHmac;
  item.check_value = CheckValue(item.check_method, key);
  return item;
}

Item Private(const std::string& label, std::uint8_t id) {
  Item item = Placed(label, ObjectClass::kPrivateKey, KeyType::kEc, 256, id);
  item.usage = usage::kSign;
  item.wrap = WrapMethod::kAesKwp;
  item.wrapped_key = Wrap(item.wrap, RootKey(KeyType::kEc, item.object_class), EcPrivateKey());
  item.check_method = CheckMethod::kPublicKey;
  item.check_value = CheckValue(item.check_method, EcPublicKey());
  item.public_key = EcPublicKey();
  return item;
}

}  // namespace

std::vector<VectorFile> MakeVectors() {
  return {{"envelope.json", EnvelopeVectors()},      {"bundle.json", BundleVectors()},
          {"receipt.json", ReceiptVectors()},        {"message.json", MessageVectors()},
          {"check_value.json", CheckValueVectors()}, {"wrap.json", WrapVectors()},
          {"refusal.json", RefusalVectors()}};
}

std::string FileText(const VectorFile& file) { return file.content.Dump(true) + "\n"; }

Ed25519KeyPair Signer() { return fakes::KeyPairOf(1); }
Ed25519KeyPair SecondSigner() { return fakes::KeyPairOf(2); }
Ed25519KeyPair Agent() { return fakes::KeyPairOf(9); }

Bytes Ascending(std::uint8_t first, std::size_t size) {
  Bytes octets(size);
  std::iota(octets.begin(), octets.end(), first);
  return octets;
}

Bytes SealInKey() { return Ascending(0x60, 32); }

std::vector<seal::PinnedSigner> PinnedSigners() {
  return {fakes::Pinned(Signer(), "first"), fakes::Pinned(SecondSigner(), "second")};
}

std::vector<Item> InstalledItems() {
  Item public_key = Placed("signing key", ObjectClass::kPublicKey, KeyType::kEc, 256, 3);
  public_key.usage = usage::kVerify;
  public_key.public_key = EcPublicKey();
  Item certificate = Placed("signing key", ObjectClass::kCertificate, KeyType::kX509, 0, 3);
  certificate.certificate = Certificate();
  std::vector<Item> items = {Secret("card data", KeyType::kAes, Ascending(0xA0, 32), 1),
                             Secret("prüfsumme", KeyType::kGenericSecret, Ascending(0xC0, 20), 2),
                             Private("signing key", 3), public_key, certificate};
  items[0].not_before = 1'800'000'000;
  items[0].not_after = 1'900'000'000;
  return items;
}

wire::BundleBody BundleOf(std::uint64_t sequence, std::vector<Item> items) {
  wire::BundleBody body = fakes::SampleBundle(std::move(items));
  body.agent = IdOfKey(Agent().public_key());
  body.sequence = sequence;
  body.atomic = true;
  return body;
}

}  // namespace keyferry::golden
