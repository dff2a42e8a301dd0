// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// What nobody may get past the agent, nor past a worker that is asked directly: each is refused with its own code, and
// neither token nor ledger nor journal is touched. accept_before and the contiguity of numbers are the daemon's alone
// by design: a worker must still take what was accepted in time, and takes any number above its last.
#include "bootstrap/ceremony/agent_half.h"
#include "protocol/wire/codec.h"
#include "tests/integration/trust/kms.h"

namespace keyferry::world {
namespace {

using wire::ReplyKind;

constexpr std::chrono::milliseconds kSilence{1500};  // a reply, if there were one, takes a few milliseconds

// One installation for all of it: the refused leave nothing, which is just what is tested.
class Trust : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    world_ = std::make_unique<World>();
    world_->Bootstrap();
    world_->StartAgent();
    kms_ = std::make_unique<Kms>(*world_);
    // Objects that could be touched, and a number that is used up.
    auto connection = kms_->Connect();
    first_ = kms_->Seal(kms_->Body(1, {kms_->NewKey("card-1")}));
    ASSERT_EQ(kms_->Verified(PushForReceipt(connection, first_)).body.outcome, wire::Outcome::kOk);
  }
  static void TearDownTestSuite() {
    kms_.reset();
    EXPECT_EQ(world_->StopAgent(), 0);
    world_.reset();
  }

  std::uint64_t Next() { return NextNumber(connection_, *kms_); }
  wire::BundleBody NextBody(const std::string& label) { return kms_->Body(Next(), {kms_->NewKey(label)}); }
  std::string Whole() { return WholeState(*world_, *kms_, connection_); }

  // A plain error and no state, from the daemon and from the worker.
  void ExpectTurnedAway(const Bytes& envelope, const std::string& code) {
    const std::string before = Whole();
    const auto reply = Push(connection_, envelope);
    EXPECT_EQ(reply.kind, ReplyKind::kError);
    EXPECT_EQ(reply.code, code) << reply.message;
    EXPECT_TRUE(reply.receipt.empty());
    EXPECT_EQ(WorkerVerdict(*world_, *kms_, envelope), "refused " + code);
    EXPECT_EQ(Whole(), before);
    EXPECT_NE(AuditLog(*world_).find("\"code\":\"" + code + "\""), std::string::npos);
  }

  // Authentic as far as the daemon can see: the number is used up and there is a receipt, in which the worker refuses.
  // Token and ledger are untouched. The worker alone says the same.
  void ExpectRefusedByTheWorker(const Bytes& envelope, const std::string& code) {
    const std::string token = TokenObjects(*world_);
    const auto worker = Must(Worker(*world_).State(kAmple));
    EXPECT_EQ(WorkerVerdict(*world_, *kms_, envelope), "refused " + code);
    const auto receipt = kms_->Verified(PushForReceipt(connection_, envelope));
    EXPECT_EQ(receipt.body.outcome, wire::Outcome::kRefused);
    EXPECT_EQ(receipt.body.code, code);
    EXPECT_EQ(receipt.body.attested_by, wire::AttestedBy::kWorker);
    EXPECT_EQ(TokenObjects(*world_), token);
    const auto after = Must(Worker(*world_).State(kAmple));
    EXPECT_EQ(after.last_sequence, worker.last_sequence) << "who cannot seal must not use up the ledger's numbers";
    EXPECT_EQ(after.objects, worker.objects);
  }

  // The way stays open for what is right.
  void ExpectInstalls(const Bytes& envelope) {
    const auto receipt = kms_->Verified(PushForReceipt(connection_, envelope));
    EXPECT_EQ(receipt.body.outcome, wire::Outcome::kOk) << receipt.body.code << " " << receipt.body.message;
  }

  static std::unique_ptr<World> world_;
  static std::unique_ptr<Kms> kms_;
  static Bytes first_;
  sender::Connection connection_ = kms_->Connect();
};

std::unique_ptr<World> Trust::world_;
std::unique_ptr<Kms> Trust::kms_;
Bytes Trust::first_;

TEST_F(Trust, OneBitChangedAnywhere) {
  const Bytes good = kms_->Seal(NextBody("bit"));
  const std::string before = Whole();
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes changed = good;
    changed[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    const auto reply = Push(connection_, changed);
    ASSERT_EQ(reply.kind, ReplyKind::kError) << "octet " << at;
    ASSERT_TRUE(reply.code.starts_with("trust.") || reply.code.starts_with("wire.")) << at << " " << reply.code;
    ASSERT_EQ(WorkerVerdict(*world_, *kms_, changed), "refused " + reply.code) << "octet " << at;
  }
  EXPECT_EQ(Whole(), before);
  ExpectInstalls(good);
}

TEST_F(Trust, ForAnotherAgent) {
  auto body = NextBody("agent");
  body.agent[0] ^= 1;
  ExpectTurnedAway(kms_->Seal(body), "trust.wrong-agent");
}

TEST_F(Trust, ForAnotherDomain) {
  auto body = NextBody("domain");
  body.domain[0] ^= 1;
  ExpectTurnedAway(kms_->Seal(body), "trust.wrong-domain");
}

TEST_F(Trust, FromAnUnknownSigner) {
  const auto stranger = Must(Ed25519KeyPair::Generate());
  ExpectTurnedAway(kms_->SealAs(stranger, NextBody("signer")), "trust.signer-unknown");
}

TEST_F(Trust, InAKnownSignersNameWithAStrangersSignature) {
  const Bytes good = kms_->Seal(NextBody("name"));
  const auto parts = Must(wire::Split(good, wire::Kind::kBundle));
  const auto stranger = Must(Ed25519KeyPair::Generate());
  const auto header =
      wire::MakeHeader(wire::Kind::kBundle, parts.signer, static_cast<std::uint32_t>(parts.body.size()));
  ExpectTurnedAway(SignAgain(stranger, header, parts.seal, parts.body), "trust.signature-wrong");
}

TEST_F(Trust, PastAcceptBefore) {
  auto body = NextBody("late");
  body.accept_before = SystemClock().Now() - 1;
  const std::string token = TokenAndLedger(*world_);
  const auto receipt = kms_->Verified(PushForReceipt(connection_, kms_->Seal(body)));
  EXPECT_EQ(receipt.body.outcome, wire::Outcome::kRefused);
  EXPECT_EQ(receipt.body.code, "time.expired");
  EXPECT_EQ(receipt.body.attested_by, wire::AttestedBy::kAgent);
  EXPECT_EQ(TokenAndLedger(*world_), token) << "the worker never saw it";
  EXPECT_EQ(Next(), body.sequence + 1) << "its number is used up";
}

TEST_F(Trust, PastInstallBefore) {
  auto body = NextBody("too late");
  body.install_before = SystemClock().Now() - 1;
  const Bytes envelope = kms_->Seal(body);
  const std::string token = TokenObjects(*world_);
  const auto receipt = kms_->Verified(PushForReceipt(connection_, envelope));
  EXPECT_EQ(WorkerVerdict(*world_, *kms_, envelope), "expired time.expired");
  EXPECT_EQ(receipt.body.outcome, wire::Outcome::kExpired);
  EXPECT_EQ(receipt.body.code, "time.expired");
  EXPECT_EQ(receipt.body.attested_by, wire::AttestedBy::kWorker);
  EXPECT_EQ(TokenObjects(*world_), token);
}

TEST_F(Trust, AnOldNumberWithOtherContent) {
  ExpectTurnedAway(kms_->Seal(kms_->Body(1, {kms_->NewKey("old")})), "sequence.used");
}

TEST_F(Trust, AnEarlyNumberIsToldTheExpectedOne) {
  const std::string before = Whole();
  const std::uint64_t next = Next();
  const auto reply = Push(connection_, kms_->Seal(kms_->Body(next + 3, {kms_->NewKey("early")})));
  EXPECT_EQ(reply.kind, ReplyKind::kExpected);
  EXPECT_EQ(reply.code, "sequence.expected");
  EXPECT_EQ(reply.expected, next);
  EXPECT_EQ(Whole(), before);
}

TEST_F(Trust, AValidSignatureAndAWrongSeal) {
  ExpectRefusedByTheWorker(kms_->SealWithoutTwin(NextBody("seal")), "trust.seal-wrong");
}

TEST_F(Trust, ItemsSwappedBetweenTwoBundles) {
  const std::uint64_t next = Next();
  const auto one = kms_->Body(next, {kms_->NewKey("one")});
  const auto two = kms_->Body(next + 1, {kms_->NewKey("two")});
  const Bytes first = kms_->Seal(one);
  const Bytes second = kms_->Seal(two);
  const auto a = Must(wire::Split(first, wire::Kind::kBundle));
  const auto b = Must(wire::Split(second, wire::Kind::kBundle));
  auto mixed = one;
  mixed.items = two.items;
  const Bytes mixed_body = wire::Encode(mixed);
  ASSERT_EQ(mixed_body.size(), a.body.size());

  // Cut and pasted: neither signature fits.
  wire::Header header{};
  std::ranges::copy(a.header, header.begin());
  ExpectTurnedAway(wire::Join(header, a.seal, a.signature, mixed_body), "trust.signature-wrong");
  ExpectTurnedAway(wire::Join(header, b.seal, b.signature, mixed_body), "trust.signature-wrong");
  // Signed anew, as one who has the signer's key and not the HSM could: the seal of neither fits.
  ExpectRefusedByTheWorker(SignAgain(kms_->signer(), a.header, a.seal, mixed_body), "trust.seal-wrong");
  // The second bundle itself is right, and its turn has come.
  ExpectInstalls(second);
}

TEST_F(Trust, OtherAttributesForAWrappedKey) {
  const std::uint64_t next = Next();
  auto one = kms_->Body(next, {kms_->NewKey("attributes")});
  const Bytes good = kms_->Seal(one);
  const auto parts = Must(wire::Split(good, wire::Kind::kBundle));
  one.items[0].usage = usage::kSign | usage::kVerify;
  const Bytes body = wire::Encode(one);
  const auto header = wire::MakeHeader(wire::Kind::kBundle, parts.signer, static_cast<std::uint32_t>(body.size()));
  // The wrapped key is the KMS's; what it may be used for is not: only the seal binds one to the other.
  ExpectRefusedByTheWorker(SignAgain(kms_->signer(), header, parts.seal, body), "trust.seal-wrong");
}

TEST_F(Trust, APeerWithAnUnknownKeyGetsNothing) {
  const Bytes envelope = kms_->Seal(NextBody("stranger"));
  const std::string before = Whole();
  auto stranger = kms_->ConnectAsStranger();
  // It may never find a peer to send to: what matters is what comes back.
  const auto end = std::chrono::steady_clock::now() + kSilence;
  while (std::chrono::steady_clock::now() < end) {
    static_cast<void>(Must(stranger.Send(wire::MessageType::kPush, envelope)));
    ASSERT_FALSE(Must(stranger.Receive(std::chrono::milliseconds(100))).has_value());
  }
  EXPECT_TRUE(fakes::Eventually(
      [&] { return AuditLog(*world_).find("\"code\":\"trust.peer-unknown\"") != std::string::npos; }));
  EXPECT_EQ(Whole(), before);
  ExpectInstalls(envelope);
}

TEST_F(Trust, TheFirstBundleIsStillAnsweredWithItsReceipt) {
  const std::string before = TokenAndLedger(*world_);
  EXPECT_EQ(kms_->Verified(PushForReceipt(connection_, first_)).body.sequence, 1U);
  EXPECT_EQ(WorkerVerdict(*world_, *kms_, first_), "ok") << "the same statement again, not a second execution";
  EXPECT_EQ(TokenObjects(*world_), before.substr(0, before.find("worker: ")));
}

// Pins a second signer, as `keyferry signer add` will: the record is signed anew in the token.
void PinSecondSigner(const World& world, const Ed25519KeyPair& second) {
  setenv("SOFTHSM2_CONF", world.agent_conf().c_str(), 1);
  const auto module = Must(cryptoki::Module::Load(world.module()));
  auto token = Must(cryptoki::Token::Find(*module, Must(cryptoki::TokenUri::Parse("pkcs11:token=payments-hsm"))));
  ASSERT_TRUE(token.Login(fakes::TestSecret(world.pin())));
  auto session = Must(token.OpenSession());
  auto record = Must(record::LoadConfirmed(record::RecordPath(world.Path("payments"))));
  record.signers.push_back({.name = "second", .key = second.public_key()});
  ASSERT_TRUE(ceremony::SaveRecord(session, world.Path("payments"), record));
}

TEST(TwoSigners, WhatIsSealedForOneAndSignedByTheOtherIsRefused) {
  World world;
  world.Bootstrap();
  const auto second = Must(Ed25519KeyPair::Generate());
  PinSecondSigner(world, second);
  world.StartAgent();
  Kms kms(world);
  auto connection = kms.Connect();
  // Each signer's numbers are its own.
  const auto honest = kms.Verified(PushForReceipt(connection, kms.SealAs(second, kms.Body(1, {kms.NewKey("second")}))));
  ASSERT_EQ(honest.body.outcome, wire::Outcome::kOk) << honest.body.code;

  const Bytes sealed = kms.Seal(kms.Body(2, {kms.NewKey("first")}));
  const auto parts = Must(wire::Split(sealed, wire::Kind::kBundle));
  // Still in the first signer's name: its key is not the second's.
  EXPECT_EQ(Push(connection, SignAgain(second, parts.header, parts.seal, parts.body)).code, "trust.signature-wrong");
  // In the second signer's name: the seal covers the header, and with it the signer's name.
  const auto header = wire::MakeHeader(wire::Kind::kBundle, IdOfKey(second.public_key()),
                                       static_cast<std::uint32_t>(parts.body.size()));
  const Bytes crossed = SignAgain(second, header, parts.seal, parts.body);
  const std::string before = TokenObjects(world);
  EXPECT_EQ(WorkerVerdict(world, kms, crossed), "refused trust.seal-wrong");
  const auto receipt = kms.Verified(PushForReceipt(connection, crossed));
  EXPECT_EQ(receipt.body.outcome, wire::Outcome::kRefused);
  EXPECT_EQ(receipt.body.code, "trust.seal-wrong");
  EXPECT_EQ(receipt.body.signer, IdOfKey(second.public_key()));
  EXPECT_EQ(TokenObjects(world), before);
  EXPECT_EQ(NextNumber(connection, kms), 1U) << "the first signer's numbers are untouched";
  EXPECT_EQ(Labels(world), std::vector<std::string>{"second"});
  EXPECT_EQ(world.StopAgent(), 0);
}

}  // namespace
}  // namespace keyferry::world
