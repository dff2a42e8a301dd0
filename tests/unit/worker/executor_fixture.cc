// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/unit/worker/executor_fixture.h"

#include "protocol/wire/codec.h"

namespace keyferry::worker {
namespace {

const Id16 kAgent = {0xA1};
const Id16 kDomain = {0xD1};

}  // namespace

ExecutorTest::ExecutorTest() : signer_(*Ed25519KeyPair::Generate()), stranger_(*Ed25519KeyPair::Generate()) {
  settings_.policies["default"] = {
      .label_prefixes = {""},
      .key_types = {KeyType::kAes},
      .operations = {Operation::kInstall, Operation::kUpdate, Operation::kDelete, Operation::kRollback}};
  domain_ = {.agent = kAgent,
             .id = kDomain,
             .signers = {{.id = IdOfKey(signer_.public_key()), .name = "kms", .key = signer_.public_key()}},
             .token_label = "payments",
             .token_serial = "0123",
             .token_model = "fake",
             .template_enforced = true};
  hands_.seal_in[1] = &seal_in_;
  hands_.receipt = &receipt_key_;
  hands_.targets = {&target_};
  Restart();
}

void ExecutorTest::Restart() {
  executor_.reset();
  ledger_.reset();
  auto ledger = Ledger::Open(directory_.Path("ledger.db"));
  ASSERT_TRUE(ledger) << ledger.error().OneLine();
  ledger_.emplace(std::move(*ledger));
  executor_.emplace(domain_, settings_, *ledger_, *ledger_->Summarise(), clock_);
}

wire::BundleBody ExecutorTest::Body(std::uint64_t sequence, std::vector<Item> items) const {
  wire::BundleBody body;
  body.agent = kAgent;
  body.domain = kDomain;
  body.generation = 1;
  body.sequence = sequence;
  body.accept_before = clock_.now + 1000;
  body.items = std::move(items);
  return body;
}

Item ExecutorTest::Install(const std::string& label, std::uint8_t id) const {
  Item item;
  item.operation = Operation::kInstall;
  item.target = "hsm";
  item.key_bits = 256;
  item.label = label;
  item.id = {id};
  item.usage = usage::kEncrypt;
  item.wrap = WrapMethod::kAesKwp;
  item.wrapped_key = Bytes(40, 0x5A);
  item.check_method = CheckMethod::kEcb0;
  item.check_value = {1, 2, 3};
  return item;
}

Item ExecutorTest::Update(const std::string& label, std::uint8_t id, std::uint8_t expected) const {
  Item item = Install(label, id);
  item.operation = Operation::kUpdate;
  item.expected_id = {expected};
  return item;
}

Item ExecutorTest::Delete(const std::string& label, std::uint8_t expected) const {
  Item item;
  item.operation = Operation::kDelete;
  item.target = "hsm";
  item.label = label;
  item.expected_id = {expected};
  return item;
}

Bytes ExecutorTest::Seal(const wire::BundleBody& body) { return Seal(body, signer_, seal_in_); }

Bytes ExecutorTest::Seal(const wire::BundleBody& body, const Ed25519KeyPair& signer, fakes::FakeSeal& seal_in) {
  const auto envelope = seal::SealBundle(body, signer, seal_in);
  EXPECT_TRUE(envelope) << envelope.error().OneLine();
  return envelope.value_or(Bytes{});
}

wire::Statement ExecutorTest::Concluded(const Bytes& envelope) {
  const auto answer = Execute(envelope);
  EXPECT_TRUE(answer) << answer.error().OneLine();
  if (!answer) return {};
  EXPECT_EQ(answer->disposition, channel::Disposition::kConcluded) << answer->code << ": " << answer->message;
  const auto statement = wire::DecodeStatement(answer->statement);
  EXPECT_TRUE(statement) << statement.error().OneLine();
  return statement.value_or(wire::Statement{});
}

std::string ExecutorTest::RefusalOf(const Bytes& envelope) {
  const auto answer = Execute(envelope);
  if (!answer) return "retry";
  if (answer->disposition != channel::Disposition::kRefused) return "concluded";
  EXPECT_TRUE(answer->statement.empty());
  EXPECT_TRUE(answer->signature.empty());
  return answer->code;
}

std::vector<std::string> ExecutorTest::Codes(const wire::Statement& statement) const {
  std::vector<std::string> codes;
  for (const auto& item : statement.items) codes.push_back(item.code);
  return codes;
}

}  // namespace keyferry::worker
