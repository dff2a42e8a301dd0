// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "protocol/seal/signed_octets.h"
#include "protocol/wire/codec.h"
#include "protocol/wire/limits.h"
#include "protocol/wire/message.h"
#include "tests/fakes/sample_bundles.h"
#include "tests/golden/vectors.h"

namespace keyferry::golden {
namespace {

class Refusals {
 public:
  // The code is what this implementation says; the test holds it against what the name promises.
  void Add(const char* name, const char* reader, const std::vector<Bytes>& octets, Code code) {
    Json parts = Json::EmptyArray();
    for (const Bytes& part : octets) parts.Add(HexEncode(part));
    Json json = Json::EmptyObject();
    json.Set("name", name).Set("reader", reader).Set("octets", std::move(parts)).Set("code", Name(code));
    cases_.Add(std::move(json));
  }
  void Add(const char* name, const char* reader, const Bytes& octets, Code code) {
    Add(name, reader, std::vector<Bytes>{octets}, code);
  }
  Json Take() { return std::move(cases_); }

 private:
  Json cases_ = Json::EmptyArray();
};

wire::BundleBody Small() { return BundleOf(1, {fakes::SampleAes("key")}); }

Bytes Sealed(const wire::BundleBody& body, const Ed25519KeyPair& signer) {
  fakes::SoftwareSeal seal_in(SealInKey());
  return seal::SealBundle(body, signer, seal_in).value();
}

Bytes With(Bytes octets, std::size_t at, std::uint8_t flipped) {
  octets[at] = static_cast<std::uint8_t>(octets[at] ^ flipped);
  return octets;
}

// `body` under the seal of another envelope, signed as it should be.
Bytes SignedAnew(ByteView body, ByteView seal, const Ed25519KeyPair& signer) {
  const wire::Header header =
      wire::MakeHeader(wire::Kind::kBundle, IdOfKey(signer.public_key()), static_cast<std::uint32_t>(body.size()));
  return wire::Join(header, seal, signer.Sign({seal::SignatureLabel(wire::Kind::kBundle), header, seal, body}), body);
}

void AddEnvelopes(Refusals& refusals) {
  const Bytes good = Sealed(Small(), Signer());
  const auto view = wire::Split(good, wire::Kind::kBundle).value();
  refusals.Add("another magic", "bundle", With(good, 0, 1), Code::kWireMalformed);
  refusals.Add("another version", "bundle", With(good, 4, 3), Code::kWireVersion);
  refusals.Add("another kind", "bundle", With(good, 5, 2), Code::kWireMalformed);
  refusals.Add("an octet that must be zero", "bundle", With(good, 6, 1), Code::kWireMalformed);
  refusals.Add("an unknown signer", "bundle", With(good, 8, 1), Code::kSignerUnknown);
  refusals.Add("another length", "bundle", With(good, 27, 1), Code::kWireMalformed);
  refusals.Add("a bit of the seal", "bundle", With(good, 28, 1), Code::kSignatureWrong);
  refusals.Add("a bit of the signature", "bundle", With(good, 60, 1), Code::kSignatureWrong);
  refusals.Add("a bit of the body", "bundle", With(good, 124, 1), Code::kSignatureWrong);
  refusals.Add("the last octet missing", "bundle", Bytes(good.begin(), good.end() - 1), Code::kWireMalformed);
  refusals.Add("one octet too many", "bundle", Concat({good, Bytes(1)}), Code::kWireMalformed);
  refusals.Add("nothing", "bundle", Bytes(), Code::kWireMalformed);
  refusals.Add("a good signature over a wrong seal", "bundle", SignedAnew(view.body, Bytes(32), Signer()),
               Code::kSealWrong);
  refusals.Add("sealed for one signer and signed by another", "bundle",
               SignedAnew(view.body, view.seal, SecondSigner()), Code::kSealWrong);
  refusals.Add("the items of another valid bundle", "bundle",
               SignedAnew(wire::Encode(BundleOf(1, {fakes::SampleAes("other", 2)})), view.seal, Signer()),
               Code::kSealWrong);
  refusals.Add("a signed body that is no Protobuf", "bundle", SignedAnew(Bytes{0xff}, view.seal, Signer()),
               Code::kWireMalformed);
}

struct BodyCase {
  const char* name;
  std::function<void(wire::BundleBody&)> change;
  Code code;
};

void AddBodies(Refusals& refusals) {
  const auto bad = Code::kWireMalformed;
  const BodyCase cases[] = {
      {"generation 0", [](auto& b) { b.generation = 0; }, bad},
      {"sequence 0", [](auto& b) { b.sequence = 0; }, bad},
      {"sequence 2^63", [](auto& b) { b.sequence = std::uint64_t{1} << 63U; }, bad},
      {"no accept_before", [](auto& b) { b.accept_before = 0; }, bad},
      {"no items", [](auto& b) { b.items.clear(); }, bad},
      {"one object twice", [](auto& b) { b.items.push_back(fakes::SampleAes("key", 2)); }, bad},
      {"one id twice", [](auto& b) { b.items.push_back(fakes::SampleAes("other", 1)); }, bad},
      {"an empty label", [](auto& b) { b.items[0].label.clear(); }, bad},
      {"a label of 129 octets", [](auto& b) { b.items[0].label = std::string(129, 'k'); }, Code::kWireLimit},
      {"a label with a newline", [](auto& b) { b.items[0].label = "a\nb"; }, bad},
      {"an install without id", [](auto& b) { b.items[0].id.clear(); }, bad},
      {"an id of 33 octets", [](auto& b) { b.items[0].id = Bytes(33); }, Code::kWireLimit},
      {"an update without expected_id", [](auto& b) { b.items[0].operation = Operation::kUpdate; }, bad},
      {"a deletion with a key", [](auto& b) { b.items[0].operation = Operation::kDelete; }, bad},
      {"an AES key of 200 bits", [](auto& b) { b.items[0].key_bits = 200; }, bad},
      {"an RSA key among secret keys", [](auto& b) { b.items[0].key_type = KeyType::kRsa; }, bad},
      {"an unknown usage", [](auto& b) { b.items[0].usage = 128; }, bad},
      {"a secret key without check value",
       [](auto& b) {
         b.items[0].check_method = CheckMethod::kNone;
         b.items[0].check_value.clear();
       },
       bad},
      {"a check value too short", [](auto& b) { b.items[0].check_value.pop_back(); }, bad},
      {"a secret key without wrap", [](auto& b) { b.items[0].wrap = WrapMethod::kNone; }, bad},
      {"not_after before not_before",
       [](auto& b) {
         b.items[0].not_before = 2;
         b.items[0].not_after = 1;
       },
       bad},
  };
  for (const BodyCase& one : cases) {
    wire::BundleBody body = Small();
    one.change(body);
    refusals.Add(one.name, "body", wire::Encode(body), one.code);
  }
}

void AddOctets(Refusals& refusals) {
  const Bytes good = wire::Encode(Small());
  const auto followed = [&](std::string_view hex) { return Concat({good, HexDecode(hex).value()}); };
  refusals.Add("an unknown field", "body", followed("5801"), Code::kWireUnknownField);
  refusals.Add("a singular field twice", "body", followed("2801"), Code::kWireRepeatedField);
  refusals.Add("an explicit zero, not minimal", "body", followed("388000"), Code::kWireMalformed);
  refusals.Add("a boolean of 2", "body", followed("4002"), Code::kWireMalformed);
  refusals.Add("a group", "body", followed("3b3c"), Code::kWireMalformed);
  refusals.Add("a field that is cut off", "body", followed("38"), Code::kWireMalformed);
  Bytes bomb;
  for (int at = 0; at < 257; ++at) bomb.insert(bomb.end(), {0x52, 0x00});
  refusals.Add("257 empty items", "body", bomb, Code::kWireLimit);
  refusals.Add("version 2", "body", With(good, 1, 3), Code::kWireVersion);
}

void AddMessages(Refusals& refusals) {
  const auto frames = wire::SplitFrames(wire::MessageType::kPush, Ascending(0, 5));
  refusals.Add("no payload frame", "frames", {frames[0]}, Code::kWireMalformed);
  refusals.Add("a frame that is too short", "frames", {frames[0], Bytes(4)}, Code::kWireMalformed);
  refusals.Add("a frame that is too long", "frames", {frames[0], Bytes(6)}, Code::kWireTooLarge);
  refusals.Add("a frame too many", "frames", {frames[0], frames[1], Bytes(1)}, Code::kWireTooLarge);
  refusals.Add("an unknown type", "frames", {With(frames[0], 4, 6), frames[1]}, Code::kWireMalformed);
  refusals.Add("more than 1 MiB announced", "frames", HexDecode("4b464d310100000000100001").value(),
               Code::kWireTooLarge);
  refusals.Add("an ask without sequence", "ask",
               wire::Encode(wire::Ask{.signer = fakes::SampleId(1), .domain = fakes::SampleId(2), .sequence = 0}),
               Code::kWireMalformed);
  refusals.Add("a reply without kind", "reply", Bytes(), Code::kWireMalformed);
  refusals.Add("a reply of a kind that is not known", "reply", HexDecode("0807").value(), Code::kWireMalformed);
}

void AddReceipts(Refusals& refusals) {
  const Json vectors = ReceiptVectors();
  const Bytes good = vectors.Find("cases")->Elements()[0].Hex("receipt").value();
  refusals.Add("a receipt with one bit changed", "receipt", With(good, good.size() - 1, 1), Code::kReceiptWrong);
  refusals.Add("a receipt of another agent", "receipt", With(good, 8, 1), Code::kReceiptWrong);
  const auto view = wire::Split(good, wire::Kind::kReceipt).value();
  wire::ReceiptBody body = wire::DecodeReceipt(view.body).value();
  body.statement_signature[0] ^= 1;
  refusals.Add("a statement that its key did not sign", "receipt", seal::SignReceipt(body, Agent()),
               Code::kStatementWrong);
  body.statement_signature[0] ^= 1;
  body.sequence += 1;
  refusals.Add("a statement about another bundle", "receipt", seal::SignReceipt(body, Agent()), Code::kStatementWrong);
}

Status Discard(const auto& result) { return result ? Status() : std::unexpected(result.error()); }

Status ReadBundle(const Bytes& octets) {
  KF_TRY(auto opened, seal::OpenedBundle::Open(octets, PinnedSigners()));
  fakes::SoftwareSeal seal_in(SealInKey());
  return Discard(seal::SealedBundle::Verify(std::move(opened), seal_in));
}

Status ReadFrames(const std::vector<Bytes>& frames) {
  wire::MessageAssembler assembler;
  for (const Bytes& frame : frames) KF_CHECK(assembler.Add(frame));
  return Discard(assembler.Finish());
}

}  // namespace

Status ReadAs(std::string_view reader, const std::vector<Bytes>& octets) {
  if (reader == "bundle") return ReadBundle(octets.at(0));
  if (reader == "body") return Discard(wire::DecodeBundle(octets.at(0)));
  if (reader == "frames") return ReadFrames(octets);
  if (reader == "ask") return Discard(wire::DecodeAsk(octets.at(0)));
  if (reader == "receipt") {
    const Bytes receipt_key = fakes::SoftwareReceiptKey::PublicKey();
    return Discard(seal::VerifyReceipt(octets.at(0), Agent().public_key(), receipt_key));
  }
  if (reader == "reply") return Discard(wire::DecodeReply(octets.at(0)));
  std::abort();
}

Json RefusalVectors() {
  Refusals refusals;
  AddEnvelopes(refusals);
  AddBodies(refusals);
  AddOctets(refusals);
  AddMessages(refusals);
  AddReceipts(refusals);
  Json json = Json::EmptyObject();
  json.Set(
      "about",
      "What is refused, and with which code. reader says what the octets are given to: bundle (envelope, signature, "
      "body, seal), body (of a bundle), frames (one message), ask, reply, receipt.");
  json.Set("signers", Json(Json::Array{HexEncode(Signer().public_key()), HexEncode(SecondSigner().public_key())}));
  json.Set("seal_in_key", HexEncode(SealInKey()));
  json.Set("agent_public_key", HexEncode(Agent().public_key()));
  json.Set("receipt_key", HexEncode(fakes::SoftwareReceiptKey::PublicKey()));
  return json.Set("cases", refusals.Take());
}

}  // namespace keyferry::golden
