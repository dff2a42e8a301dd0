// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// The JSON form of a record: the other half of record.h.

#include <utility>

#include "bootstrap/record/json_fields.h"
#include "bootstrap/record/record.h"

namespace keyferry::record {
namespace {

constexpr std::uint32_t kFormat = 1;

Json KeyToJson(const RootKeyRecord& key) {
  Json attributes = Json::EmptyArray();
  for (const PinnedAttribute& attribute : key.attributes) {
    attributes.Add(Json::EmptyObject().Set("type", attribute.type).Set("value", HexEncode(attribute.value)));
  }
  return Json::EmptyObject()
      .Set("key", Name(key.key))
      .Set("id", HexEncode(key.id))
      .Set("attributes", std::move(attributes));
}

Json GenerationToJson(const Generation& generation) {
  Json keys = Json::EmptyArray();
  for (const RootKeyRecord& key : generation.keys) keys.Add(KeyToJson(key));
  return Json::EmptyObject()
      .Set("number", generation.number)
      .Set("serving", generation.serving)
      .Set("keys", std::move(keys));
}

Json TokenToJson(const TokenIdentity& token) {
  return Json::EmptyObject()
      .Set("label", token.label)
      .Set("serial", token.serial)
      .Set("manufacturer", token.manufacturer)
      .Set("model", token.model);
}

Result<RootKey> RootKeyFromName(const std::string& name) {
  for (const RootKey key : {RootKey::kAes, RootKey::kMac, RootKey::kPrivate, RootKey::kSealIn}) {
    if (name == Name(key)) return key;
  }
  return std::unexpected(Error::Make(Code::kJsonInvalid, "'" + Printable(name, 20) + "' is not a root key"));
}

Result<RootKeyRecord> KeyFromJson(const Json& json) {
  RootKeyRecord key;
  KF_TRY(const std::string name, json.Text("key"));
  KF_TRY(key.key, RootKeyFromName(name));
  KF_TRY(key.id, json.Hex("id"));
  KF_TRY(const Json::Array* attributes, json.List("attributes"));
  for (const Json& member : *attributes) {
    PinnedAttribute attribute;
    KF_TRY(const std::int64_t type, member.Integer("type"));
    if (type < 0) return std::unexpected(Error::Make(Code::kJsonInvalid, "an attribute's type is negative"));
    attribute.type = static_cast<std::uint64_t>(type);
    KF_TRY(attribute.value, member.Hex("value"));
    key.attributes.push_back(std::move(attribute));
  }
  return key;
}

Result<Generation> GenerationFromJson(const Json& json) {
  Generation generation;
  KF_TRY(generation.number, SmallNumber(json, "number"));
  KF_TRY(generation.serving, json.Boolean("serving"));
  KF_TRY(const Json::Array* keys, json.List("keys"));
  for (const Json& member : *keys) {
    KF_TRY(RootKeyRecord key, KeyFromJson(member));
    generation.keys.push_back(std::move(key));
  }
  return generation;
}

Result<TokenIdentity> TokenFromJson(const Json& json) {
  TokenIdentity token;
  KF_TRY(token.label, json.Text("label"));
  KF_TRY(token.serial, json.Text("serial"));
  KF_TRY(token.manufacturer, json.Text("manufacturer"));
  KF_TRY(token.model, json.Text("model"));
  return token;
}

Result<Step> StepFromJson(const Json& json) {
  Step step;
  KF_TRY(step.what, json.Text("what"));
  KF_TRY(step.time, json.Integer("time"));
  KF_TRY(const Json* details, json.Sub("details"));
  step.details = *details;
  KF_TRY(step.hash, FixedHex<32>(json, "hash"));
  return step;
}

void PutLists(Json& json, const Record& record) {
  Json generations = Json::EmptyArray();
  for (const Generation& generation : record.generations) generations.Add(GenerationToJson(generation));
  Json signers = Json::EmptyArray();
  for (const SignerRecord& signer : record.signers) {
    signers.Add(Json::EmptyObject().Set("name", signer.name).Set("key", HexEncode(signer.key)));
  }
  Json peers = Json::EmptyArray();
  for (const Bytes& peer : record.peers) peers.Add(Json(HexEncode(peer)));
  Json steps = Json::EmptyArray();
  for (const Step& step : record.steps) {
    steps.Add(Json::EmptyObject()
                  .Set("what", step.what)
                  .Set("time", step.time)
                  .Set("details", step.details)
                  .Set("hash", HexEncode(step.hash)));
  }
  json.Set("generations", std::move(generations))
      .Set("signers", std::move(signers))
      .Set("peers", std::move(peers))
      .Set("steps", std::move(steps));
}

Status TakeLists(const Json& json, Record& record) {
  KF_TRY(const Json::Array* generations, json.List("generations"));
  for (const Json& member : *generations) {
    KF_TRY(Generation generation, GenerationFromJson(member));
    record.generations.push_back(std::move(generation));
  }
  KF_TRY(const Json::Array* signers, json.List("signers"));
  for (const Json& member : *signers) {
    SignerRecord signer;
    KF_TRY(signer.name, member.Text("name"));
    KF_TRY(signer.key, FixedHex<32>(member, "key"));
    record.signers.push_back(std::move(signer));
  }
  KF_TRY(const Json::Array* peers, json.List("peers"));
  for (const Json& member : *peers) {
    KF_TRY(const std::string text, member.AsText());
    KF_TRY(Bytes peer, HexDecode(text));
    if (peer.size() != 32) return std::unexpected(Error::Make(Code::kJsonInvalid, "a peer's key is not 32 octets"));
    record.peers.push_back(std::move(peer));
  }
  KF_TRY(const Json::Array* steps, json.List("steps"));
  for (const Json& member : *steps) {
    KF_TRY(Step step, StepFromJson(member));
    record.steps.push_back(std::move(step));
  }
  return {};
}

Status TakeIdentity(const Json& json, Record& record) {
  KF_TRY(const std::uint32_t format, SmallNumber(json, "format"));
  if (format != kFormat) return std::unexpected(Error::Make(Code::kJsonInvalid, "the format is not known here"));
  KF_TRY(const std::uint32_t stage, SmallNumber(json, "stage"));
  if (stage < 1 || stage > 3) return std::unexpected(Error::Make(Code::kJsonInvalid, "the stage is not known"));
  record.stage = static_cast<Stage>(stage);
  KF_TRY(record.domain, FixedHex<16>(json, "domain"));
  KF_TRY(record.domain_name, json.Text("domain_name"));
  KF_TRY(record.agent, FixedHex<32>(json, "agent"));
  KF_TRY(record.agent_channel, json.Hex("agent_channel"));
  KF_TRY(const Json* token, json.Sub("token"));
  KF_TRY(record.token, TokenFromJson(*token));
  KF_TRY(record.receipt_key, json.Hex("receipt_key"));
  KF_TRY(record.receipt_key_id, json.Hex("receipt_key_id"));
  return {};
}

}  // namespace

Json ToJson(const Record& record) {
  Json json = Json::EmptyObject()
                  .Set("format", kFormat)
                  .Set("stage", static_cast<unsigned>(record.stage))
                  .Set("domain", HexEncode(record.domain))
                  .Set("domain_name", record.domain_name)
                  .Set("agent", HexEncode(record.agent))
                  .Set("agent_channel", HexEncode(record.agent_channel))
                  .Set("token", TokenToJson(record.token))
                  .Set("receipt_key", HexEncode(record.receipt_key))
                  .Set("receipt_key_id", HexEncode(record.receipt_key_id))
                  .Set("request_sha256", HexEncode(record.request_sha256))
                  .Set("response_sha256", HexEncode(record.response_sha256))
                  .Set("proof_sha256", HexEncode(record.proof_sha256))
                  .Set("request_expires", record.request_expires)
                  .Set("oaep", record.oaep)
                  .Set("template_enforced", record.template_enforced);
  PutLists(json, record);
  return json;
}

Result<Record> FromJson(const Json& json) {
  Record record;
  KF_CHECK(TakeIdentity(json, record));
  KF_TRY(record.request_sha256, FixedHex<32>(json, "request_sha256"));
  KF_TRY(record.response_sha256, FixedHex<32>(json, "response_sha256"));
  KF_TRY(record.proof_sha256, FixedHex<32>(json, "proof_sha256"));
  KF_TRY(record.request_expires, json.Integer("request_expires"));
  KF_TRY(record.oaep, json.Text("oaep"));
  KF_TRY(record.template_enforced, json.Boolean("template_enforced"));
  KF_CHECK(TakeLists(json, record));
  return record;
}

}  // namespace keyferry::record
