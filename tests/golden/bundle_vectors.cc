// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/seal/signed_octets.h"
#include "protocol/wire/codec.h"
#include "protocol/wire/envelope.h"
#include "tests/fakes/sample_bundles.h"
#include "tests/golden/vectors.h"

namespace keyferry::golden {
namespace {

void SetHex(Json& json, const char* name, ByteView octets) {
  if (!octets.empty()) json.Set(name, HexEncode(octets));
}

void SetNumber(Json& json, const char* name, std::int64_t number) {
  if (number != 0) json.Set(name, number);
}

// Fields by their names in bundle.proto; what is absent is absent on the wire.
Json ItemJson(const Item& item) {
  Json json = Json::EmptyObject();
  json.Set("operation", static_cast<int>(item.operation)).Set("target", item.target);
  json.Set("object_class", static_cast<int>(item.object_class)).Set("key_type", static_cast<int>(item.key_type));
  SetNumber(json, "key_bits", item.key_bits);
  json.Set("label", item.label);
  SetHex(json, "id", item.id);
  SetHex(json, "expected_id", item.expected_id);
  SetNumber(json, "usage", item.usage);
  SetNumber(json, "not_before", item.not_before);
  SetNumber(json, "not_after", item.not_after);
  SetNumber(json, "wrap", static_cast<int>(item.wrap));
  SetHex(json, "wrapped_key", item.wrapped_key);
  SetNumber(json, "check_method", static_cast<int>(item.check_method));
  SetHex(json, "check_value", item.check_value);
  SetHex(json, "public_key", item.public_key);
  SetHex(json, "certificate", item.certificate);
  return json;
}

Json BodyJson(const wire::BundleBody& body) {
  Json items = Json::EmptyArray();
  for (const Item& item : body.items) items.Add(ItemJson(item));
  Json json = Json::EmptyObject();
  json.Set("version", 1).Set("agent", HexEncode(body.agent)).Set("domain", HexEncode(body.domain));
  json.Set("generation", body.generation).Set("sequence", body.sequence).Set("accept_before", body.accept_before);
  SetNumber(json, "install_before", body.install_before);
  if (body.simulate) json.Set("simulate", true);
  if (body.atomic) json.Set("atomic", true);
  json.Set("items", std::move(items));
  return json;
}

Json ConfirmationJson(const wire::ConfirmationBody& body) {
  Json json = Json::EmptyObject();
  json.Set("version", 1).Set("agent", HexEncode(body.agent)).Set("domain", HexEncode(body.domain));
  json.Set("generation", body.generation).Set("request_sha256", HexEncode(body.request_sha256));
  json.Set("response_sha256", HexEncode(body.response_sha256)).Set("proof_sha256", HexEncode(body.proof_sha256));
  return json;
}

// Every intermediate value on the way to the envelope.
Json Steps(const char* name, wire::Kind kind, Json fields, const Bytes& envelope) {
  const auto view = wire::Split(envelope, kind).value();
  Json json = Json::EmptyObject();
  json.Set("name", name).Set("kind", static_cast<int>(kind)).Set("fields", std::move(fields));
  json.Set("body", HexEncode(view.body)).Set("header", HexEncode(view.header));
  json.Set("sealed_octets", HexEncode(seal::SealedOctets(view.header, view.body)));
  json.Set("seal", HexEncode(view.seal)).Set("signature", HexEncode(view.signature));
  json.Set("envelope", HexEncode(envelope)).Set("envelope_sha256", HexEncode(Sha256(envelope)));
  return json;
}

Json BundleCase(const char* name, const wire::BundleBody& body) {
  fakes::SoftwareSeal seal_in(SealInKey());
  return Steps(name, wire::Kind::kBundle, BodyJson(body), seal::SealBundle(body, Signer(), seal_in).value());
}

Json ConfirmationCase() {
  fakes::SoftwareSeal seal_in(SealInKey());
  wire::ConfirmationBody body = fakes::SampleConfirmation();
  body.agent = IdOfKey(Agent().public_key());
  return Steps("confirmation", wire::Kind::kConfirmation, ConfirmationJson(body),
               seal::SealConfirmation(body, Signer(), seal_in).value());
}

Json EnvelopeCase(const char* name, wire::Kind kind, std::uint32_t body_bytes) {
  const Id16 signer = IdOfKey(Signer().public_key());
  Json json = Json::EmptyObject();
  json.Set("name", name).Set("kind", static_cast<int>(kind)).Set("signer_public_key", HexEncode(Signer().public_key()));
  json.Set("signer", HexEncode(signer)).Set("body_octets", body_bytes);
  json.Set("header", HexEncode(wire::MakeHeader(kind, signer, body_bytes)));
  return json;
}

}  // namespace

Json EnvelopeVectors() {
  Json cases = Json::EmptyArray();
  cases.Add(EnvelopeCase("bundle", wire::Kind::kBundle, 1));
  cases.Add(EnvelopeCase("receipt", wire::Kind::kReceipt, 0x01020304));
  cases.Add(EnvelopeCase("confirmation", wire::Kind::kConfirmation, 0xffff));
  Json json = Json::EmptyObject();
  json.Set("about", "Headers of envelopes: PROTOCOL.md, Envelope. The signer id is derived from the public key.");
  return json.Set("cases", std::move(cases));
}

Json BundleVectors() {
  Item update = InstalledItems()[0];
  update.operation = Operation::kUpdate;
  update.id = Bytes(16, 4);
  update.expected_id = Bytes(16, 1);
  Item rollback = fakes::SampleChange(Operation::kRollback, "signing key", 3);
  rollback.object_class = ObjectClass::kPrivateKey;
  rollback.key_type = KeyType::kEc;
  wire::BundleBody changes = BundleOf(2, {update, fakes::SampleChange(Operation::kDelete, "prüfsumme", 2), rollback});
  changes.install_before = 1'800'000'600;
  changes.atomic = false;
  wire::BundleBody rehearsal = BundleOf(3, {InstalledItems()[1]});
  rehearsal.simulate = true;
  Json cases = Json::EmptyArray();
  cases.Add(BundleCase("install of every class", BundleOf(1, InstalledItems())));
  cases.Add(BundleCase("update, delete and rollback", changes));
  cases.Add(BundleCase("simulate", rehearsal));
  cases.Add(ConfirmationCase());
  Json json = Json::EmptyObject();
  json.Set("about",
           "Sealed bundles and a confirmation: PROTOCOL.md, Envelope, Seal and Bundle. Fields bear the names of "
           "bundle.proto; octets are hexadecimal.");
  json.Set("signer_seed", HexEncode(Bytes(32, 1))).Set("signer_public_key", HexEncode(Signer().public_key()));
  json.Set("seal_in_key", HexEncode(SealInKey()));
  return json.Set("cases", std::move(cases));
}

}  // namespace keyferry::golden
