// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/channel/messages.h"

#include <gtest/gtest.h>

namespace keyferry::channel {
namespace {

TEST(Messages, CarryAnAnswerToExecute) {
  const ExecuteAnswer sent{.disposition = Disposition::kRetry,
                           .statement = {1, 2},
                           .signature = {3},
                           .retry_after_ms = 250,
                           .code = "hsm.failed",
                           .message = "away"};
  const auto got = DecodeExecuteAnswer(Encode(sent));
  ASSERT_TRUE(got) << got.error().OneLine();
  EXPECT_EQ(got->disposition, Disposition::kRetry);
  EXPECT_EQ(got->statement, sent.statement);
  EXPECT_EQ(got->signature, sent.signature);
  EXPECT_EQ(got->retry_after_ms, 250U);
  EXPECT_EQ(got->code, "hsm.failed");
  EXPECT_EQ(got->message, "away");
}

TEST(Messages, CarryEveryFieldOfTheState) {
  WorkerState sent;
  sent.condition = WorkerCondition::kLatched;
  sent.code = "credential.latched";
  sent.message = "three\nlines\nof it";
  sent.domain_name = "payments";
  sent.domain = Id16{9};
  sent.generation = 2;
  sent.token_label = "label";
  sent.token_serial = "serial";
  sent.token_model = "model";
  sent.template_enforced = true;
  sent.executed = 3;
  sent.last_sequence = 4;
  sent.ledger = {{.signer = Id16{1}, .last = 4}, {.signer = Id16{2}, .last = 3}};
  sent.objects = 5;
  sent.recovered_sessions = 6;
  sent.recovered_logins = 7;
  sent.recovered_modules = 8;
  const auto got = DecodeState(Encode(sent));
  ASSERT_TRUE(got) << got.error().OneLine();
  EXPECT_EQ(Encode(*got), Encode(sent));
  EXPECT_EQ(got->message, sent.message);
  EXPECT_EQ(got->domain, sent.domain);
  EXPECT_EQ(got->ledger, sent.ledger);
  EXPECT_EQ(got->recovered_modules, 8U);
}

TEST(Messages, TellAnEmptyLedgerFromOneThatWasNotRead) {
  WorkerState sent;
  EXPECT_EQ(DecodeState(Encode(sent))->ledger, std::nullopt);
  sent.ledger.emplace();
  EXPECT_EQ(DecodeState(Encode(sent))->ledger, std::vector<LastOfSigner>());
}

TEST(Messages, CarryAnError) {
  EXPECT_TRUE(DecodeDone(Encode(Status())));
  const Status sent = std::unexpected(Error::Caused(Code::kFileUnwritable, "the latch", "ENOSPC"));
  const Status got = DecodeDone(Encode(sent));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), Code::kFileUnwritable);
  EXPECT_EQ(got.error().what(), "the latch: ENOSPC");
}

TEST(Messages, RefuseWhatIsNotARequest) {
  EXPECT_FALSE(DecodeRequest(Bytes{}));                              // no kind
  EXPECT_FALSE(DecodeRequest(Bytes{0x08, 0x09}));                    // unknown kind
  EXPECT_FALSE(DecodeRequest(Bytes{0x08, 0x01}));                    // to execute nothing
  EXPECT_FALSE(DecodeRequest(Bytes{0x08, 0x02, 0x12, 0x01, 0x00}));  // state with an envelope
  EXPECT_FALSE(DecodeRequest(Bytes{0x08, 0x02, 0x08, 0x02}));        // a field twice
  EXPECT_FALSE(DecodeRequest(Bytes{0x08, 0x02, 0x18, 0x01}));        // an unknown field
  EXPECT_TRUE(DecodeRequest(Bytes{0x08, 0x02}));
}

TEST(Messages, RefuseAnswersOfAnotherKind) {
  EXPECT_FALSE(DecodeState(EncodeStatus("{}")));
  EXPECT_FALSE(DecodeExecuteAnswer(Encode(Status())));
  EXPECT_FALSE(DecodeDone(EncodeStatus("{}")));
  EXPECT_EQ(*DecodeStatus(EncodeStatus("{}")), "{}");
}

}  // namespace
}  // namespace keyferry::channel
