// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/ceremony/documents.h"

#include <array>
#include <utility>

#include "bootstrap/record/json_fields.h"
#include "bootstrap/record/signed_document.h"

namespace keyferry::ceremony {
namespace {

using record::FixedHex;
using record::RootKey;
using record::SmallNumber;

constexpr std::array kRootKeys = {RootKey::kAes, RootKey::kMac, RootKey::kPrivate, RootKey::kSealIn};
constexpr std::size_t kKeks = 3;
constexpr std::size_t kMostBlobOctets = 2048;
constexpr std::size_t kMostText = 128;

Error Invalid(std::string what) { return Error::Make(Code::kJsonInvalid, std::move(what)); }

Result<std::string> ShortText(const Json& json, std::string_view name) {
  KF_TRY(std::string text, json.Text(name));
  if (text.size() > kMostText) return std::unexpected(Invalid("member '" + std::string(name) + "' is too long"));
  return text;
}

Result<Bytes> ShortHex(const Json& json, std::string_view name, std::size_t least, std::size_t most) {
  KF_TRY(Bytes octets, json.Hex(name));
  if (octets.size() < least || octets.size() > most) {
    return std::unexpected(Invalid("member '" + std::string(name) + "' has a wrong length"));
  }
  return octets;
}

Result<WrapMethod> WrapFromName(std::string_view name) {
  for (const WrapMethod method : {WrapMethod::kAesKwp, WrapMethod::kAesKw}) {
    if (name == Name(method)) return method;
  }
  return std::unexpected(Invalid("'" + Printable(name, 20) + "' is not a way to wrap keys"));
}

// The members of a list name the root keys in their order, so that none is missing and none is there twice.
Status CheckName(const Json& member, std::size_t index) {
  KF_TRY(const std::string name, member.Text("key"));
  if (name != record::Name(kRootKeys.at(index))) {
    return std::unexpected(Invalid("key '" + Printable(name, 20) + "' stands where '" +
                                   std::string(record::Name(kRootKeys.at(index))) + "' was expected"));
  }
  return {};
}

Json BlobsToJson(const std::vector<Blob>& blobs) {
  Json list = Json::EmptyArray();
  for (const Blob& blob : blobs) {
    Json member = Json::EmptyObject().Set("key", record::Name(blob.key)).Set("blob", HexEncode(blob.wrapped));
    if (!blob.public_key.empty()) member.Set("public_key", HexEncode(blob.public_key));
    list.Add(std::move(member));
  }
  return list;
}

Result<std::vector<Blob>> BlobsFromJson(const Json& json, std::string_view name, std::size_t count) {
  KF_TRY(const Json::Array* list, json.List(name));
  if (list->size() != count)
    return std::unexpected(Invalid("'" + std::string(name) + "' has a wrong number of members"));
  std::vector<Blob> blobs;
  for (std::size_t i = 0; i < count; ++i) {
    const Json& member = (*list)[i];
    KF_CHECK(CheckName(member, i));
    Blob blob{kRootKeys.at(i), {}, {}};
    KF_TRY(blob.wrapped, ShortHex(member, "blob", 8, kMostBlobOctets));
    if (count == kKeks && blob.key == RootKey::kPrivate) {
      KF_TRY(blob.public_key, ShortHex(member, "public_key", 1, kMostBlobOctets));
    }
    blobs.push_back(std::move(blob));
  }
  return blobs;
}

Result<record::TokenIdentity> TokenFromJson(const Json& json) {
  record::TokenIdentity token;
  KF_TRY(const Json* member, json.Sub("token"));
  KF_TRY(token.label, ShortText(*member, "label"));
  KF_TRY(token.serial, ShortText(*member, "serial"));
  KF_TRY(token.manufacturer, ShortText(*member, "manufacturer"));
  KF_TRY(token.model, ShortText(*member, "model"));
  return token;
}

// What of the text is signed, and by what.
struct Opened {
  record::SignedDocument document;
  Json json;
};

Result<Opened> Open(std::string_view text, std::string_view kind) {
  if (text.size() > kMostDocumentOctets) {
    return std::unexpected(Error::Make(Code::kFileTooLarge, "this is no " + std::string(kind) + ": it is too large"));
  }
  KF_TRY(record::SignedDocument document, record::ParseDocument(text, kind));
  KF_TRY_WITH(Json json, Json::Parse(document.json), "reading the " + std::string(kind));
  return Opened{std::move(document), std::move(json)};
}

Status VerifyByToken(const record::SignedDocument& document, ByteView receipt_key) {
  const Digest digest = Sha256(record::SignedOctets(document.kind, document.json));
  if (EcdsaP256Verify(receipt_key, digest, document.signature)) return {};
  return std::unexpected(
      Error::Make(Code::kSignatureWrong, "the " + document.kind + " does not bear the signature of the receipt key")
          .NextStep("find out who changed the file on its way"));
}

Status TakeTarget(const Json& json, Request& request) {
  KF_TRY(request.domain, FixedHex<16>(json, "domain"));
  KF_TRY(request.domain_name, ShortText(json, "domain_name"));
  KF_TRY(request.generation, SmallNumber(json, "generation"));
  KF_TRY(request.agent_key, FixedHex<32>(json, "agent_key"));
  KF_TRY(request.agent_channel, ShortHex(json, "agent_channel", 32, 32));
  KF_TRY(request.token, TokenFromJson(json));
  KF_TRY(request.template_enforced, json.Boolean("template_enforced"));
  KF_TRY(request.receipt_key, ShortHex(json, "receipt_key", 1, kMostBlobOctets));
  KF_TRY(request.transport_key, ShortHex(json, "transport_key", 1, kMostBlobOctets));
  return {};
}

}  // namespace

std::string ToJsonLine(const Request& request) {
  Json oaep = Json::EmptyArray();
  for (const std::string& hash : request.oaep) oaep.Add(hash);
  Json wrap = Json::EmptyArray();
  for (const WrapMethod method : request.wrap) wrap.Add(Name(method));
  return Json::EmptyObject()
      .Set("nonce", HexEncode(request.nonce))
      .Set("domain", HexEncode(request.domain))
      .Set("domain_name", request.domain_name)
      .Set("generation", request.generation)
      .Set("agent_key", HexEncode(request.agent_key))
      .Set("agent_channel", HexEncode(request.agent_channel))
      .Set("token", Json::EmptyObject()
                        .Set("label", request.token.label)
                        .Set("serial", request.token.serial)
                        .Set("manufacturer", request.token.manufacturer)
                        .Set("model", request.token.model))
      .Set("template_enforced", request.template_enforced)
      .Set("receipt_key", HexEncode(request.receipt_key))
      .Set("transport_key", HexEncode(request.transport_key))
      .Set("oaep", std::move(oaep))
      .Set("wrap", std::move(wrap))
      .Set("made_at", request.made_at)
      .Set("expires", request.expires)
      .Dump();
}

std::string ToJsonLine(const Response& response) {
  return Json::EmptyObject()
      .Set("request_sha256", HexEncode(response.request_sha256))
      .Set("nonce", HexEncode(response.nonce))
      .Set("domain", HexEncode(response.domain))
      .Set("generation", response.generation)
      .Set("signer", Json::EmptyObject().Set("name", response.signer.name).Set("key", HexEncode(response.signer.key)))
      .Set("channel_key", HexEncode(response.channel_key))
      .Set("oaep", response.oaep)
      .Set("wrap", Name(response.wrap))
      .Set("root_keys", BlobsToJson(response.root_keys))
      .Set("proofs", BlobsToJson(response.proofs))
      .Set("made_at", response.made_at)
      .Dump();
}

std::string ToJsonLine(const Proof& proof) {
  Json values = Json::EmptyArray();
  for (const ProofValue& value : proof.values) {
    values.Add(Json::EmptyObject().Set("key", record::Name(value.key)).Set("value", HexEncode(value.value)));
  }
  return Json::EmptyObject()
      .Set("request_sha256", HexEncode(proof.request_sha256))
      .Set("response_sha256", HexEncode(proof.response_sha256))
      .Set("domain", HexEncode(proof.domain))
      .Set("generation", proof.generation)
      .Set("values", std::move(values))
      .Set("made_at", proof.made_at)
      .Dump();
}

Result<Request> ParseRequest(std::string_view text) {
  KF_TRY(const Opened opened, Open(text, "request"));
  Request request;
  KF_CHECK_WITH(TakeTarget(opened.json, request), "reading the request");
  KF_CHECK(VerifyByToken(opened.document, request.receipt_key));
  KF_TRY(request.nonce, ShortHex(opened.json, "nonce", 32, 32));
  KF_TRY(const Json::Array* oaep, opened.json.List("oaep"));
  for (const Json& member : *oaep) {
    KF_TRY(std::string hash, member.AsText());
    request.oaep.push_back(std::move(hash));
  }
  KF_TRY(const Json::Array* wrap, opened.json.List("wrap"));
  for (const Json& member : *wrap) {
    KF_TRY(const std::string name, member.AsText());
    KF_TRY(const WrapMethod method, WrapFromName(name));
    request.wrap.push_back(method);
  }
  KF_TRY(request.made_at, opened.json.Integer("made_at"));
  KF_TRY(request.expires, opened.json.Integer("expires"));
  return request;
}

Result<Response> ParseResponse(std::string_view text) {
  KF_TRY(const Opened opened, Open(text, "response"));
  const Json& json = opened.json;
  Response response;
  KF_TRY(const Json* signer, json.Sub("signer"));
  KF_TRY(response.signer.name, ShortText(*signer, "name"));
  KF_TRY(response.signer.key, FixedHex<32>(*signer, "key"));
  const Bytes octets = record::SignedOctets("response", opened.document.json);
  if (!Ed25519Verify(response.signer.key, {octets}, opened.document.signature)) {
    return std::unexpected(
        Error::Make(Code::kSignatureWrong, "the response does not bear the signature of the signer that it names")
            .NextStep("find out who changed the file on its way"));
  }
  KF_TRY(response.request_sha256, FixedHex<32>(json, "request_sha256"));
  KF_TRY(response.nonce, ShortHex(json, "nonce", 32, 32));
  KF_TRY(response.domain, FixedHex<16>(json, "domain"));
  KF_TRY(response.generation, SmallNumber(json, "generation"));
  KF_TRY(response.channel_key, ShortHex(json, "channel_key", 32, 32));
  KF_TRY(response.oaep, ShortText(json, "oaep"));
  KF_TRY(const std::string wrap, ShortText(json, "wrap"));
  KF_TRY(response.wrap, WrapFromName(wrap));
  KF_TRY(response.root_keys, BlobsFromJson(json, "root_keys", kRootKeys.size()));
  KF_TRY(response.proofs, BlobsFromJson(json, "proofs", kKeks));
  KF_TRY(response.made_at, json.Integer("made_at"));
  return response;
}

Result<Proof> ParseProof(std::string_view text, ByteView receipt_key) {
  KF_TRY(const Opened opened, Open(text, "proof"));
  KF_CHECK(VerifyByToken(opened.document, receipt_key));
  Proof proof;
  KF_TRY(proof.request_sha256, FixedHex<32>(opened.json, "request_sha256"));
  KF_TRY(proof.response_sha256, FixedHex<32>(opened.json, "response_sha256"));
  KF_TRY(proof.domain, FixedHex<16>(opened.json, "domain"));
  KF_TRY(proof.generation, SmallNumber(opened.json, "generation"));
  KF_TRY(const Json::Array* values, opened.json.List("values"));
  if (values->size() != kKeks) return std::unexpected(Invalid("a proof has three values"));
  for (std::size_t i = 0; i < kKeks; ++i) {
    KF_CHECK(CheckName((*values)[i], i));
    ProofValue value{kRootKeys.at(i), {}};
    KF_TRY(value.value, ShortHex((*values)[i], "value", 16, 64));
    proof.values.push_back(std::move(value));
  }
  KF_TRY(proof.made_at, opened.json.Integer("made_at"));
  return proof;
}

std::string OaepText(std::uint32_t bits, std::string_view hash) {
  const std::string name(hash);
  return "RSA-" + std::to_string(bits) + ", OAEP " + name + ", MGF1 " + name + ": about 128 bits";
}

Digest Challenge(std::string_view request_text, std::string_view response_text) {
  return Sha256({AsBytes(request_text), AsBytes(response_text)});
}

}  // namespace keyferry::ceremony
