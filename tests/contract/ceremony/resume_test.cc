// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// Every step again, after a crash at its worst place: it finishes, or says what to do.

#include "bootstrap/ceremony/root_keys.h"
#include "bootstrap/ceremony/token_keys.h"
#include "protocol/base/file.h"
#include "tests/contract/ceremony/ceremony_world.h"

namespace keyferry::ceremony {
namespace {

using record::RootKey;
using record::Stage;

class Resume : public testing::TestWithParam<Kind> {
 protected:
  Bytes RecordOctets() { return *ReadFile(world.record_path(), 1 << 20); }
  void PutRecord(const Bytes& octets) { ASSERT_TRUE(WriteDurably(world.record_path(), octets, 0644)); }

  World world{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(All, Resume, testing::Values(Kind::kSoftHsm2, Kind::kNss), KindName);

TEST_P(Resume, ARequestIsHandedOverAgain) {
  const MadeFile first = world.Request();
  const MadeFile again = world.Request();
  EXPECT_FALSE(first.again);
  EXPECT_TRUE(again.again);
  EXPECT_EQ(again.text, first.text);
  EXPECT_EQ(world.target->CountLabelled(record::ReceiptLabel()), 1U);
}

TEST_P(Resume, ARequestThatDiedBeforeItsRecordIsMadeAnew) {
  const MadeFile first = world.Request();
  ASSERT_TRUE(RemoveDurably(world.record_path()));
  const MadeFile second = world.Request();
  EXPECT_NE(second.text, first.text);
  EXPECT_EQ(world.target->CountLabelled(record::ReceiptLabel()), 1U);
  EXPECT_EQ(world.target->CountLabelled("keyferry transport"), 1U);
  world.Confirm(world.Import(world.Answer(second)));
}

TEST_P(Resume, AnImportThatDiedBeforeItsRecordIsFinished) {
  const MadeFile response = world.Answer(world.Request());
  const Bytes before = RecordOctets();
  world.Import(response);
  PutRecord(before);
  ASSERT_EQ(world.Record().stage, Stage::kRequested);
  const MadeFile proof = world.Import(response);
  EXPECT_EQ(world.target->CountLabelled(record::RootLabel(RootKey::kPrivate, 1)), 1U);
  world.Confirm(proof);
}

TEST_P(Resume, AnImportWithoutTransportKeyAndRootKeySaysWhatToDo) {
  const MadeFile response = world.Answer(world.Request());
  ASSERT_TRUE(DestroyTransportKey(world.target->session(), world.Record().domain, 1));
  const auto imported = ImportResponse(world.Agent(), response.text, response.fingerprint);
  EXPECT_EQ(CodeOf(imported), Code::kCeremonyOrder);
  EXPECT_NE(imported.error().next_step().find("--renew"), std::string_view::npos);
  world.Confirm(world.Import(world.Answer(world.Request(/*renew=*/true))));
}

TEST_P(Resume, EveryStepMayBeRepeated) {
  const MadeFile response = world.Answer(world.Request());
  const MadeFile proof = world.Import(response);
  const MadeFile again = world.Import(response);
  EXPECT_TRUE(again.again);
  EXPECT_EQ(again.text, proof.text);
  const Bytes confirmation = world.Confirm(proof);
  EXPECT_TRUE(ConfirmBootstrap(world.Agent(), confirmation));
  HsmSealSigner seal_in(world.kms->session(), world.SealInTwin(*world.kms));
  const auto same = MakeConfirmation(world.Kms(), proof.text, seal_in);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->envelope, confirmation);
}

TEST_P(Resume, ABegunCeremonyCanBeGivenUpAndAnEndedOneCannot) {
  world.Import(world.Answer(world.Request()));
  EXPECT_EQ(CodeOf(MakeRequest(world.Agent(), {})), Code::kCeremonyOrder);
  const MadeFile request = world.Request(/*renew=*/true);
  EXPECT_EQ(world.target->CountLabelled(record::RootLabel(RootKey::kAes, 1)), 0U);
  EXPECT_EQ(world.target->CountLabelled(record::ReceiptLabel()), 1U);
  world.Confirm(world.Import(world.Answer(request)));
  RequestOptions renew;
  renew.renew = true;
  EXPECT_EQ(CodeOf(MakeRequest(world.Agent(), renew)), Code::kAlreadyBootstrapped);
  EXPECT_EQ(world.target->CountLabelled(record::RootLabel(RootKey::kAes, 1)), 1U);
}

TEST_P(Resume, RootKeysWithoutARecordAreNeverTouched) {
  world.RunAll();
  ASSERT_TRUE(RemoveDurably(world.record_path()));
  EXPECT_EQ(CodeOf(MakeRequest(world.Agent(), {})), Code::kCeremonyOrder);
  EXPECT_EQ(world.target->CountLabelled(record::RootLabel(RootKey::kAes, 1)), 1U);
  EXPECT_EQ(world.target->CountLabelled(record::ReceiptLabel()), 1U);
}

TEST_P(Resume, AnAnswerThatDiedBeforeItsEnrolmentIsMadeAnew) {
  const MadeFile request = world.Request();
  const MadeFile lost = world.Answer(request);
  const Id16 domain = world.Record().domain;
  ASSERT_TRUE(RemoveDurably(record::EnrolmentPath(world.home(), domain)));
  const MadeFile response = world.Answer(request);
  EXPECT_NE(response.text, lost.text);
  for (const RootKey key : {RootKey::kAes, RootKey::kSealIn}) {
    EXPECT_EQ(world.kms->CountLabelled(record::TwinLabel(key, domain, 1)), 1U);
  }
  world.Confirm(world.Import(response));
}

}  // namespace
}  // namespace keyferry::ceremony
