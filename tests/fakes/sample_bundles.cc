// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/sample_bundles.h"

namespace keyferry::fakes {
namespace {

constexpr UnixSeconds kNow = 1'800'000'000;

Item Installed(const std::string& label, ObjectClass object_class, KeyType type, std::uint32_t bits, std::uint8_t id) {
  Item item;
  item.operation = Operation::kInstall;
  item.target = "hsm";
  item.object_class = object_class;
  item.key_type = type;
  item.key_bits = bits;
  item.label = label;
  item.id = Bytes(16, id);
  return item;
}

void Wrapped(Item& item, std::size_t octets, CheckMethod method, std::size_t check_octets) {
  item.wrap = WrapMethod::kAesKwp;
  item.wrapped_key = Bytes(octets, 0xA5);
  item.check_method = method;
  item.check_value = Bytes(check_octets, 0xC5);
}

}  // namespace

Id16 SampleId(std::uint8_t octet) {
  Id16 id{};
  id.fill(octet);
  return id;
}

Digest SampleDigest(std::uint8_t octet) {
  Digest digest{};
  digest.fill(octet);
  return digest;
}

Item SampleAes(const std::string& label, std::uint8_t id) {
  Item item = Installed(label, ObjectClass::kSecretKey, KeyType::kAes, 256, id);
  item.usage = usage::kEncrypt | usage::kDecrypt;
  Wrapped(item, 40, CheckMethod::kEcb0, 3);
  return item;
}

Item SampleGenericSecret(const std::string& label, std::uint8_t id) {
  Item item = Installed(label, ObjectClass::kSecretKey, KeyType::kGenericSecret, 256, id);
  item.usage = usage::kSign | usage::kVerify;
  Wrapped(item, 40, CheckMethod::kHmac, 8);
  return item;
}

Item SamplePrivateKey(const std::string& label, KeyType type, std::uint32_t bits, std::uint8_t id) {
  Item item = Installed(label, ObjectClass::kPrivateKey, type, bits, id);
  item.usage = usage::kSign;
  Wrapped(item, 160, CheckMethod::kPublicKey, 32);
  item.public_key = Bytes(91, 0x30);
  return item;
}

Item SamplePublicKey(const std::string& label, KeyType type, std::uint32_t bits, std::uint8_t id) {
  Item item = Installed(label, ObjectClass::kPublicKey, type, bits, id);
  item.usage = usage::kVerify;
  item.public_key = Bytes(91, 0x30);
  return item;
}

Item SampleCertificate(const std::string& label, std::uint8_t id) {
  Item item = Installed(label, ObjectClass::kCertificate, KeyType::kX509, 0, id);
  item.certificate = Bytes(300, 0x30);
  return item;
}

Item SampleChange(Operation operation, const std::string& label, std::uint8_t id) {
  Item item;
  item.operation = operation;
  item.target = "hsm";
  item.label = label;
  item.expected_id = Bytes(32, id);
  return item;
}

wire::BundleBody SampleBundle(std::vector<Item> items) {
  wire::BundleBody body;
  body.agent = SampleId(0x11);
  body.domain = SampleId(0x22);
  body.generation = 1;
  body.sequence = 7;
  body.accept_before = kNow;
  body.items = std::move(items);
  return body;
}

wire::Statement SampleStatement(const std::vector<Item>& items) {
  wire::Statement statement;
  statement.agent = SampleId(0x11);
  statement.domain = SampleId(0x22);
  statement.generation = 1;
  statement.signer = SampleId(0x33);
  statement.sequence = 7;
  statement.envelope_sha256 = SampleDigest(0x44);
  statement.outcome = wire::Outcome::kOk;
  for (const Item& item : items) {
    wire::ItemOutcome outcome;
    outcome.operation = item.operation;
    outcome.target = item.target;
    outcome.object_class = item.object_class;
    outcome.label = item.label;
    outcome.id = item.id;
    outcome.result = wire::ItemResult::kOk;
    if (item.operation != Operation::kDelete) {
      outcome.evidence = {item.check_method, item.check_value, item.key_bits, item.usage, true, false};
    }
    statement.items.push_back(std::move(outcome));
  }
  statement.token_label = "payments-hsm";
  statement.token_serial = "0123456789abcdef";
  statement.token_model = "model";
  statement.template_enforced = true;
  statement.executed_at = kNow + 2;
  return statement;
}

wire::ReceiptBody SampleReceipt() {
  wire::ReceiptBody body;
  body.agent = SampleId(0x11);
  body.domain = SampleId(0x22);
  body.signer = SampleId(0x33);
  body.sequence = 7;
  body.envelope_sha256 = SampleDigest(0x44);
  body.attested_by = wire::AttestedBy::kAgent;
  body.outcome = wire::Outcome::kOk;
  body.separation = wire::Separation::kUsers;
  body.received_at = kNow + 1;
  body.concluded_at = kNow + 3;
  body.audit_count = 12;
  body.audit_head = SampleDigest(0x55);
  return body;
}

wire::ConfirmationBody SampleConfirmation() {
  return {.agent = SampleId(0x11),
          .domain = SampleId(0x22),
          .generation = 1,
          .request_sha256 = SampleDigest(0x66),
          .response_sha256 = SampleDigest(0x77),
          .proof_sha256 = SampleDigest(0x88)};
}

}  // namespace keyferry::fakes
