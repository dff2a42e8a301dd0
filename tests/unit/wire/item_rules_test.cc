// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/item_rules.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "protocol/wire/codec.h"
#include "protocol/wire/limits.h"
#include "tests/fakes/sample_bundles.h"

namespace keyferry::wire {
namespace {

using Change = std::function<void(Item&)>;

struct Case {
  const char* name;
  Item item;
  Change change;
  std::optional<Code> code;
};

// Through the door by which items arrive.
std::optional<Code> CodeOf(Item item) {
  std::vector<Item> items;
  items.push_back(std::move(item));
  const auto decoded = DecodeBundle(Encode(fakes::SampleBundle(std::move(items))));
  return decoded ? std::nullopt : std::optional(decoded.error().code());
}

void Judge(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    Item item = one.item;
    one.change(item);
    EXPECT_EQ(CodeOf(item), one.code) << one.name;
  }
}

Item Aes() { return fakes::SampleAes("key"); }
Item Mac() { return fakes::SampleGenericSecret("key"); }
Item Ec() { return fakes::SamplePrivateKey("key", KeyType::kEc, 256); }
Item EcPublic() { return fakes::SamplePublicKey("key", KeyType::kEc, 256); }
Item Certificate() { return fakes::SampleCertificate("key"); }
Item Delete() { return fakes::SampleChange(Operation::kDelete, "key"); }
Item Rollback() { return fakes::SampleChange(Operation::kRollback, "key"); }
Item Update() {
  Item item = Aes();
  item.operation = Operation::kUpdate;
  item.expected_id = Bytes(1, 1);
  return item;
}

constexpr auto kBad = Code::kWireMalformed;
constexpr auto kLimit = Code::kWireLimit;

TEST(ItemRules, Names) {
  Judge({
      {"label of 1 octet", Aes(), [](Item& i) { i.label = "k"; }, std::nullopt},
      {"label of 127 octets", Aes(), [](Item& i) { i.label = std::string(limits::kLabelBytes - 1, 'k'); },
       std::nullopt},
      {"label of 128 octets", Aes(), [](Item& i) { i.label = std::string(limits::kLabelBytes, 'k'); }, std::nullopt},
      {"label of 129 octets", Aes(), [](Item& i) { i.label = std::string(limits::kLabelBytes + 1, 'k'); }, kLimit},
      {"no label", Aes(), [](Item& i) { i.label.clear(); }, kBad},
      {"label in UTF-8", Aes(), [](Item& i) { i.label = "clé 🔑"; }, std::nullopt},
      {"label with a newline", Aes(), [](Item& i) { i.label = "a\nb"; }, kBad},
      {"label with a zero", Aes(), [](Item& i) { i.label = std::string("a\0b", 3); }, kBad},
      {"label with DEL", Aes(), [](Item& i) { i.label = "a\x7f"; }, kBad},
      {"label with a C1 control", Aes(), [](Item& i) { i.label = "a\xc2\x85"; }, kBad},
      {"label with a no-break space", Aes(), [](Item& i) { i.label = "a\xc2\xa0"; }, std::nullopt},
      {"no target", Aes(), [](Item& i) { i.target.clear(); }, kBad},
      {"target of 64 octets", Aes(), [](Item& i) { i.target = std::string(limits::kNameBytes, 't'); }, std::nullopt},
      {"target of 65 octets", Aes(), [](Item& i) { i.target = std::string(limits::kNameBytes + 1, 't'); }, kLimit},
      {"target with a tab", Aes(), [](Item& i) { i.target = "a\tb"; }, kBad},
  });
}

TEST(ItemRules, Versions) {
  Judge({
      {"update", Update(), [](Item&) {}, std::nullopt},
      {"install without id", Aes(), [](Item& i) { i.id.clear(); }, kBad},
      {"id of 1 octet", Aes(), [](Item& i) { i.id = Bytes(1, 1); }, std::nullopt},
      {"id of 32 octets", Aes(), [](Item& i) { i.id = Bytes(32, 1); }, std::nullopt},
      {"id of 33 octets", Aes(), [](Item& i) { i.id = Bytes(33, 1); }, kLimit},
      {"install with expected_id", Aes(), [](Item& i) { i.expected_id = Bytes(1, 2); }, kBad},
      {"update without id", Update(), [](Item& i) { i.id.clear(); }, kBad},
      {"update without expected_id", Update(), [](Item& i) { i.expected_id.clear(); }, kBad},
      {"update of a version by itself", Update(), [](Item& i) { i.expected_id = i.id; }, kBad},
      {"delete", Delete(), [](Item&) {}, std::nullopt},
      {"delete with id", Delete(), [](Item& i) { i.id = Bytes(1, 1); }, kBad},
      {"delete without expected_id", Delete(), [](Item& i) { i.expected_id.clear(); }, kBad},
      {"delete, expected_id of 33 octets", Delete(), [](Item& i) { i.expected_id = Bytes(33, 1); }, kLimit},
      {"rollback", Rollback(), [](Item&) {}, std::nullopt},
      {"rollback without expected_id", Rollback(), [](Item& i) { i.expected_id.clear(); }, kBad},
      {"rollback with id", Rollback(), [](Item& i) { i.id = Bytes(1, 1); }, kBad},
  });
}

TEST(ItemRules, DeletionAndRollbackCarryNothingElse) {
  const std::pair<const char*, Change> changes[] = {
      {"key_bits", [](Item& i) { i.key_bits = 256; }},
      {"usage", [](Item& i) { i.usage = 1; }},
      {"not_before", [](Item& i) { i.not_before = 1; }},
      {"not_after", [](Item& i) { i.not_after = 1; }},
      {"wrap", [](Item& i) { i.wrap = WrapMethod::kAesKwp; }},
      {"wrapped_key", [](Item& i) { i.wrapped_key = Bytes(24, 1); }},
      {"check_method", [](Item& i) { i.check_method = CheckMethod::kEcb0; }},
      {"check_value", [](Item& i) { i.check_value = Bytes(3, 1); }},
      {"public_key", [](Item& i) { i.public_key = Bytes(91, 1); }},
      {"certificate", [](Item& i) { i.certificate = Bytes(91, 1); }},
      {"key_type of another class", [](Item& i) { i.key_type = KeyType::kRsa; }},
  };
  for (const auto& [name, change] : changes) Judge({{name, Delete(), change, kBad}, {name, Rollback(), change, kBad}});
}

TEST(ItemRules, ClassesAndKeyTypes) {
  for (int object_class = 1; object_class <= 4; ++object_class) {
    for (int type = 1; type <= 6; ++type) {
      Item item = Delete();
      item.object_class = static_cast<ObjectClass>(object_class);
      item.key_type = static_cast<KeyType>(type);
      const bool fits = (object_class == 1 && type <= 2) ||
                        ((object_class == 2 || object_class == 3) && type >= 3 && type <= 5) ||
                        (object_class == 4 && type == 6);
      EXPECT_EQ(CodeOf(item), fits ? std::nullopt : std::optional(kBad)) << object_class << " " << type;
    }
  }
}

struct Bits {
  KeyType type;
  std::vector<std::uint32_t> good, bad;
};

TEST(ItemRules, KeyBits) {
  const Bits all[] = {
      {KeyType::kAes, {128, 192, 256}, {0, 8, 127, 129, 160, 512}},
      {KeyType::kGenericSecret, {8, 16, 160, 256, 4096}, {0, 7, 12, 4095, 4104}},
      {KeyType::kRsa, {2048, 3072, 4096}, {0, 1024, 2040, 2049, 4104, 8192}},
      {KeyType::kEc, {256, 384, 521}, {0, 224, 255, 512, 520}},
      {KeyType::kEd25519, {256}, {0, 255, 448}},
      {KeyType::kX509, {0}, {1, 2048}},
  };
  for (const Bits& one : all) {
    Item item = one.type == KeyType::kAes             ? Aes()
                : one.type == KeyType::kGenericSecret ? Mac()
                : one.type == KeyType::kX509          ? Certificate()
                                                      : Ec();
    item.key_type = one.type;
    for (const std::uint32_t bits : one.good) {
      item.key_bits = bits;
      EXPECT_EQ(CodeOf(item), std::nullopt) << Name(one.type) << bits;
    }
    for (const std::uint32_t bits : one.bad) {
      item.key_bits = bits;
      EXPECT_EQ(CodeOf(item), kBad) << Name(one.type) << bits;
    }
  }
}

TEST(ItemRules, UsageAndDates) {
  Judge({
      {"every known usage", Aes(), [](Item& i) { i.usage = 127; }, std::nullopt},
      {"no usage", Aes(), [](Item& i) { i.usage = 0; }, std::nullopt},
      {"an unknown usage", Aes(), [](Item& i) { i.usage = 128; }, kBad},
      {"a certificate with a usage", Certificate(), [](Item& i) { i.usage = 8; }, kBad},
      {"one day", Aes(), [](Item& i) { i.not_before = i.not_after = 86'400; }, std::nullopt},
      {"only not_before", Aes(), [](Item& i) { i.not_before = 2; }, std::nullopt},
      {"only not_after", Aes(), [](Item& i) { i.not_after = 2; }, std::nullopt},
      {"ends before it begins", Aes(),
       [](Item& i) {
         i.not_before = 3;
         i.not_after = 2;
       },
       kBad},
      {"negative not_before", Aes(), [](Item& i) { i.not_before = -1; }, kBad},
      {"not_after in the year 10000", Aes(), [](Item& i) { i.not_after = 253402300800; }, kBad},
  });
}

TEST(ItemRules, KeyMaterial) {
  Judge({
      {"secret key without wrap", Aes(), [](Item& i) { i.wrap = WrapMethod::kNone; }, kBad},
      {"secret key under KW", Aes(), [](Item& i) { i.wrap = WrapMethod::kAesKw; }, std::nullopt},
      {"secret key without wrapped_key", Aes(), [](Item& i) { i.wrapped_key.clear(); }, kBad},
      {"wrapped_key of 8192 octets", Aes(), [](Item& i) { i.wrapped_key = Bytes(limits::kWrappedKeyBytes); },
       std::nullopt},
      {"wrapped_key of 8193 octets", Aes(), [](Item& i) { i.wrapped_key = Bytes(limits::kWrappedKeyBytes + 1); },
       kLimit},
      {"secret key with public_key", Aes(), [](Item& i) { i.public_key = Bytes(1); }, kBad},
      {"secret key with certificate", Aes(), [](Item& i) { i.certificate = Bytes(1); }, kBad},
      {"private key", Ec(), [](Item&) {}, std::nullopt},
      {"private key without public_key", Ec(), [](Item& i) { i.public_key.clear(); }, kBad},
      {"private key without wrapped_key", Ec(), [](Item& i) { i.wrapped_key.clear(); }, kBad},
      {"public_key of 2048 octets", Ec(), [](Item& i) { i.public_key = Bytes(limits::kPublicKeyBytes); }, std::nullopt},
      {"public_key of 2049 octets", Ec(), [](Item& i) { i.public_key = Bytes(limits::kPublicKeyBytes + 1); }, kLimit},
      {"public key", EcPublic(), [](Item&) {}, std::nullopt},
      {"public key without public_key", EcPublic(), [](Item& i) { i.public_key.clear(); }, kBad},
      {"public key, wrapped", EcPublic(), [](Item& i) { i.wrap = WrapMethod::kAesKwp; }, kBad},
      {"public key with wrapped_key", EcPublic(), [](Item& i) { i.wrapped_key = Bytes(24); }, kBad},
      {"certificate", Certificate(), [](Item&) {}, std::nullopt},
      {"certificate without certificate", Certificate(), [](Item& i) { i.certificate.clear(); }, kBad},
      {"certificate with public_key", Certificate(), [](Item& i) { i.public_key = Bytes(91); }, kBad},
      {"certificate with wrapped_key", Certificate(), [](Item& i) { i.wrapped_key = Bytes(24); }, kBad},
      {"certificate of 16 KiB", Certificate(), [](Item& i) { i.certificate = Bytes(limits::kCertificateBytes); },
       std::nullopt},
      {"certificate above 16 KiB", Certificate(), [](Item& i) { i.certificate = Bytes(limits::kCertificateBytes + 1); },
       kLimit},
  });
}

Change Check(CheckMethod method, std::size_t octets) {
  return [=](Item& item) {
    item.check_method = method;
    item.check_value = Bytes(octets, 0xcc);
  };
}

TEST(ItemRules, CheckValues) {
  Judge({
      {"AES without", Aes(), Check(CheckMethod::kNone, 0), kBad},
      {"AES, ecb0-3", Aes(), Check(CheckMethod::kEcb0, 3), std::nullopt},
      {"AES, ecb0-3 of 2", Aes(), Check(CheckMethod::kEcb0, 2), kBad},
      {"AES, ecb0-3 of 4", Aes(), Check(CheckMethod::kEcb0, 4), kBad},
      {"AES, ecb0-3 of 0", Aes(), Check(CheckMethod::kEcb0, 0), kBad},
      {"AES, cmac-5", Aes(), Check(CheckMethod::kCmac, 5), std::nullopt},
      {"AES, cmac-5 of 3", Aes(), Check(CheckMethod::kCmac, 3), kBad},
      {"AES, hmac-8", Aes(), Check(CheckMethod::kHmac, 8), kBad},
      {"AES, public-key", Aes(), Check(CheckMethod::kPublicKey, 32), kBad},
      {"generic secret, hmac-8", Mac(), Check(CheckMethod::kHmac, 8), std::nullopt},
      {"generic secret, hmac-8 of 9", Mac(), Check(CheckMethod::kHmac, 9), kBad},
      {"generic secret, ecb0-3", Mac(), Check(CheckMethod::kEcb0, 3), kBad},
      {"generic secret without", Mac(), Check(CheckMethod::kNone, 0), kBad},
      {"private key without", Ec(), Check(CheckMethod::kNone, 0), kBad},
      {"private key, public-key of 31", Ec(), Check(CheckMethod::kPublicKey, 31), kBad},
      {"private key, public-key of 33", Ec(), Check(CheckMethod::kPublicKey, 33), kLimit},
      {"private key, cmac-5", Ec(), Check(CheckMethod::kCmac, 5), kBad},
      {"public key, public-key", EcPublic(), Check(CheckMethod::kPublicKey, 32), std::nullopt},
      {"public key, a value without a method", EcPublic(), Check(CheckMethod::kNone, 32), kBad},
      {"certificate, public-key", Certificate(), Check(CheckMethod::kPublicKey, 32), kBad},
  });
}

}  // namespace
}  // namespace keyferry::wire
