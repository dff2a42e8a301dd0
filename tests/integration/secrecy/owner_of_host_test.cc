// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// The owner of the agent's host, who knows the PIN, against captured bundles and the root keys that a real ceremony
// left in the token: through the token's interface, nothing that he tries gives him a readable key or a seal.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>

#include "bootstrap/record/record.h"
#include "protocol/wire/codec.h"
#include "protocol/wire/envelope.h"
#include "targets/cryptoki/token.h"
#include "tests/integration/secrecy/attacker.h"
#include "tests/integration/secrecy/known_keys.h"
#include "tests/integration/secrecy/token_desk.h"
#include "tests/integration/secrecy/weakenings.h"
#include "tests/integration/world/world.h"

namespace keyferry::secrecy {
namespace {

using record::RootKey;
using world::World;

// A captured blob, and what the bundle says of it.
struct Blob {
  std::string name;
  RootKey kek = RootKey::kAes;
  CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
  CK_KEY_TYPE key_type = CKK_AES;
  Bytes octets;
};

CK_KEY_TYPE TypeOf(KeyType type) {
  switch (type) {
    case KeyType::kRsa:
      return CKK_RSA;
    case KeyType::kEc:
      return CKK_EC;
    case KeyType::kGenericSecret:
      return CKK_GENERIC_SECRET;
    default:
      return CKK_AES;
  }
}

RootKey KekOf(const Item& item) {
  if (item.object_class == ObjectClass::kPrivateKey) return RootKey::kPrivate;
  return item.key_type == KeyType::kAes ? RootKey::kAes : RootKey::kMac;
}

// As the worker unwraps it: what every twist starts from.
RawTemplate HonestTemplate(const Blob& blob) {
  RawTemplate key;
  key.Ulong(CKA_CLASS, blob.object_class).Ulong(CKA_KEY_TYPE, blob.key_type).Bool(CKA_TOKEN, false);
  key.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false);
  const bool cipher = blob.key_type == CKK_AES;
  key.Bool(CKA_ENCRYPT, cipher).Bool(CKA_DECRYPT, cipher).Bool(CKA_SIGN, !cipher).Bool(CKA_VERIFY, !cipher);
  if (blob.object_class == CKO_PRIVATE_KEY) key.Remove(CKA_ENCRYPT).Remove(CKA_VERIFY);
  return key.Bool(CKA_DERIVE, true);
}

// One ceremony, one delivery of four known keys, the agent stopped: the state in which the host's owner sets to work.
class OwnerOfHost : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    s_world = new World();
    s_known = new Scanner();
    std::vector<KnownKey> keys;
    {
      const TokenDesk kms(s_world->kms_conf(), "KMS", s_world->pin());
      keys = PutKnownKeys(kms.session());
    }
    AddAll(keys, *s_known);
    s_world->Bootstrap();
    s_world->StartAgent();
    std::vector<std::string> push = {"push", "payments", "--save-bundle", s_world->Path("captured.bundle")};
    for (const KnownKey& key : keys) push.push_back(key.uri);
    s_world->MustKms(push);
    s_world->StopAgent();
    const TokenDesk agent(s_world->agent_conf(), "payments-hsm", s_world->pin());
    s_found = {Count(agent, cryptoki::Template().Bool(CKA_UNWRAP, true)),
               Count(agent, cryptoki::Template().Bool(CKA_WRAP, true)),
               Count(agent, cryptoki::Template().Bool(CKA_EXTRACTABLE, true)),
               Count(agent, cryptoki::Template().Ulong(CKA_CLASS, CKO_PRIVATE_KEY).Ulong(CKA_KEY_TYPE, CKK_RSA))};
  }
  static std::size_t Count(const TokenDesk& desk, cryptoki::Template& wanted) {
    const auto found = desk.session().FindObjects(wanted.Bool(CKA_TOKEN, true));
    return found ? found->size() : 999;
  }
  static void TearDownTestSuite() {
    // Whatever was tried: every root key is as the record says, or the worker would not serve.
    s_world->StartAgent();
    s_world->Generate("aes", 256, "after-the-attack");
    s_world->MustKms({"push", "payments", "pkcs11:object=after-the-attack;type=secret-key"});
    EXPECT_EQ(s_world->StopAgent(), 0);
    delete s_world;
    delete s_known;
  }

  OwnerOfHost() : desk_(s_world->agent_conf(), "payments-hsm", s_world->pin()), attacker_(desk_.session(), *s_known) {
    const std::string captured = world::Slurp(s_world->Path("captured.bundle"));
    const auto envelope = wire::Split(AsBytes(captured), wire::Kind::kBundle);
    const auto body = wire::DecodeBundle(envelope->body);
    for (const Item& item : body->items) {
      blobs_.push_back({item.label, KekOf(item),
                        item.object_class == ObjectClass::kPrivateKey ? CKO_PRIVATE_KEY : CKO_SECRET_KEY,
                        TypeOf(item.key_type), item.wrapped_key});
    }
  }

  CK_OBJECT_HANDLE Root(RootKey key) { return desk_.Find(CKO_SECRET_KEY, record::RootLabel(key, 1)); }
  CK_MECHANISM Kwp() const { return {CKM_AES_KEY_WRAP_PAD, nullptr, 0}; }  // RFC 5649's number in SoftHSM2

  void ExpectNoLoot(std::size_t at_least) {
    for (const Attempt& loot : attacker_.Loots()) ADD_FAILURE() << loot.name << " gave: " << loot.loot;
    EXPECT_GE(attacker_.attempts().size(), at_least);
    std::printf("%zu attempts\n", attacker_.attempts().size());
  }

  struct Found {
    std::size_t unwrap = 0, wrap = 0, extractable = 0, rsa = 0;
  };
  static World* s_world;
  static Found s_found;
  static Scanner* s_known;
  TokenDesk desk_;
  Attacker attacker_;
  std::vector<Blob> blobs_;
};
World* OwnerOfHost::s_world = nullptr;
OwnerOfHost::Found OwnerOfHost::s_found;
Scanner* OwnerOfHost::s_known = nullptr;

TEST_F(OwnerOfHost, UnwrapsNothingReadableWithAnyTemplate) {
  ASSERT_EQ(blobs_.size(), 5U);
  for (const Blob& blob : blobs_) {
    const CK_OBJECT_HANDLE kek = Root(blob.kek);
    // The blob and the KEK are the right ones: without a twist it unwraps, and stays inside.
    EXPECT_TRUE(attacker_.Unwrap(blob.name + ": as the worker does", Kwp(), kek, blob.octets, HonestTemplate(blob)));
    for (const Twist& twist : Twists()) {
      RawTemplate twisted = HonestTemplate(blob);
      twist.apply(twisted);
      attacker_.Unwrap(blob.name + ": " + twist.name, Kwp(), kek, blob.octets, twisted);
    }
  }
  ExpectNoLoot(500);
}

TEST_F(OwnerOfHost, UnwrapsNothingReadableByAnotherMechanism) {
  RawTemplate weak;
  weak.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_GENERIC_SECRET).Bool(CKA_TOKEN, false);
  weak.Bool(CKA_SENSITIVE, false).Bool(CKA_EXTRACTABLE, true);
  for (const Blob& blob : blobs_) {
    for (const RawMechanism& mechanism : WrapMechanisms()) {
      const CK_OBJECT_HANDLE kek = Root(blob.kek);
      attacker_.Unwrap(blob.name + ": " + mechanism.name, mechanism.native, kek, blob.octets, HonestTemplate(blob));
      attacker_.Unwrap(blob.name + ": " + mechanism.name + ", weak", mechanism.native, kek, blob.octets, weak);
    }
  }
  ExpectNoLoot(100);
}

TEST_F(OwnerOfHost, UnwrapsNothingUnderAnotherRootKey) {
  for (const Blob& blob : blobs_) {
    for (const RootKey key : {RootKey::kAes, RootKey::kMac, RootKey::kPrivate, RootKey::kSealIn}) {
      if (key == blob.kek) continue;
      Blob as_of_key = blob;
      as_of_key.object_class = key == RootKey::kPrivate ? CKO_PRIVATE_KEY : CKO_SECRET_KEY;
      as_of_key.key_type = key == RootKey::kAes ? CKK_AES : CKK_GENERIC_SECRET;
      const std::string name = blob.name + " under '" + std::string(record::Name(key)) + "'";
      EXPECT_FALSE(attacker_.Unwrap(name, Kwp(), Root(key), blob.octets, HonestTemplate(as_of_key)));
      EXPECT_FALSE(attacker_.Unwrap(name + ", as it was meant", Kwp(), Root(key), blob.octets, HonestTemplate(blob)));
    }
  }
  ExpectNoLoot(24);
}

TEST_F(OwnerOfHost, MisusesNoRootKey) {
  for (const RootKey key : {RootKey::kAes, RootKey::kMac, RootKey::kPrivate, RootKey::kSealIn}) {
    attacker_.Misuse("root '" + std::string(record::Name(key)) + "'", Root(key), key == RootKey::kSealIn);
  }
  ExpectNoLoot(400);
}

TEST_F(OwnerOfHost, TakesOutNoInstalledKeyAndNoReceiptKey) {
  for (const Blob& blob : blobs_) {
    attacker_.TakeOut("installed " + blob.name, desk_.Find(blob.object_class, blob.name));
  }
  attacker_.TakeOut("receipt key", desk_.Find(CKO_PRIVATE_KEY, record::ReceiptLabel()));
  ExpectNoLoot(6);
}

// A blob that he made himself would unwrap to a key that he knows: the way to a forged delivery.
TEST_F(OwnerOfHost, BringsInNoBlobOfHisOwn) {
  RawTemplate extractable;
  extractable.Bool(CKA_EXTRACTABLE, true);
  const CK_OBJECT_HANDLE own = attacker_.OwnKey(CKK_AES, Bytes(32, 0x21), extractable);
  const Bytes blob = attacker_.WrappedUnderOwn(attacker_.own_kek(), own);
  ASSERT_EQ(blob.size(), 40U);
  for (const RootKey key : {RootKey::kAes, RootKey::kMac, RootKey::kPrivate}) {
    const std::string name = "his own blob under '" + std::string(record::Name(key)) + "'";
    attacker_.WrapUnder(name, Root(key));
    for (const RawMechanism& mechanism : WrapMechanisms()) {
      Blob as_of_key{name, key, key == RootKey::kPrivate ? CKO_PRIVATE_KEY : CKO_SECRET_KEY,
                     key == RootKey::kAes ? CKK_AES : CKK_GENERIC_SECRET, blob};
      EXPECT_FALSE(
          attacker_.Unwrap(name + ", " + mechanism.name, mechanism.native, Root(key), blob, HonestTemplate(as_of_key)));
    }
  }
  ExpectNoLoot(60);
}

// As the delivery left the token: later attacks switch usages on.
TEST_F(OwnerOfHost, FindsNoTransportKeyAndNoOtherKeyThatUnwraps) {
  EXPECT_EQ(s_found.unwrap, 3U) << "the three KEKs and nothing else";
  EXPECT_EQ(s_found.wrap, 0U);
  EXPECT_EQ(s_found.extractable, 0U);
  EXPECT_EQ(s_found.rsa, 1U) << "the delivered one and no transport key";
}

// The attack program is not blind: against a KEK without a guard, as nobody should make one, nearly all of it works.
TEST_F(OwnerOfHost, WouldTakeAKeyThatIsNotGuarded) {
  RawTemplate usage;
  for (const CK_ATTRIBUTE_TYPE type : {CKA_WRAP, CKA_UNWRAP, CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN, CKA_DERIVE}) {
    usage.Bool(type, true);
  }
  usage.Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, true);
  const CK_OBJECT_HANDLE kek = attacker_.OwnKey(CKK_AES, Bytes(32, 0x33), usage);
  const CK_OBJECT_HANDLE victim = attacker_.OwnKey(CKK_AES, Bytes(32, 0x44), usage);
  Blob blob{"unguarded", RootKey::kAes, CKO_SECRET_KEY, CKK_AES, attacker_.WrappedUnderOwn(kek, victim)};
  std::size_t taken = 0;
  for (const Twist& twist : Twists()) {
    RawTemplate twisted = HonestTemplate(blob);
    twist.apply(twisted);
    attacker_.Unwrap("unguarded: " + twist.name, Kwp(), kek, blob.octets, twisted);
  }
  taken = attacker_.Loots().size();
  EXPECT_GE(taken, 5U);
  attacker_.Misuse("unguarded KEK", kek, false);
  EXPECT_GE(attacker_.Loots().size(), taken + 15);
  const std::size_t before = attacker_.Loots().size();
  attacker_.TakeOut("unguarded key", victim);
  EXPECT_EQ(attacker_.Loots().size(), before + 1);
}

}  // namespace
}  // namespace keyferry::secrecy
