// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <optional>
#include <utility>

#include "bootstrap/ceremony/agent_half.h"
#include "bootstrap/ceremony/documents.h"
#include "bootstrap/ceremony/proof.h"
#include "bootstrap/ceremony/token_keys.h"
#include "bootstrap/record/signed_document.h"
#include "protocol/base/file.h"
#include "targets/cryptoki/public_key.h"

namespace keyferry::ceremony {
namespace {

using record::Record;
using record::RootKey;
using record::Stage;

// What one import works on.
struct Import {
  const AgentSide* side;
  Record record;
  Request request;
  std::string request_text;
  Response response;
  std::string_view response_text;
};

Error Order(std::string what) { return Error::Make(Code::kCeremonyOrder, std::move(what)); }

Result<Record> RecordOf(const AgentSide& side, const Digest& response) {
  KF_TRY(std::optional<Record> record, record::LoadAny(record::RecordPath(side.state_dir)));
  if (!record) {
    return std::unexpected(Order("no request was made for domain '" + side.domain_name + "'")
                               .NextStep("make one first: keyferry bootstrap request"));
  }
  if (record->stage == Stage::kRequested || record->response_sha256 == response) return std::move(*record);
  return std::unexpected(Error::Make(Code::kRequestAnswered, "another response was imported already")
                             .NextStep("go on with that one, or begin anew: keyferry bootstrap request --renew"));
}

Status CheckAnswers(const Import& import) {
  const Response& response = import.response;
  if (response.request_sha256 == import.record.request_sha256 && response.nonce == import.request.nonce &&
      response.domain == import.record.domain && response.generation == import.request.generation) {
    return {};
  }
  return std::unexpected(Error::Make(Code::kResponseForAnother, "the response answers another request than this one"));
}

Result<cryptoki::Mechanism> OaepOf(const Import& import) {
  for (const cryptoki::OaepHash hash : {cryptoki::OaepHash::kSha256, cryptoki::OaepHash::kSha1}) {
    if (import.response.oaep == Name(hash)) return cryptoki::Mechanism::RsaOaep(hash, hash);
  }
  return std::unexpected(Error::Make(
      Code::kMechanismMissing,
      "the response was made with OAEP hash '" + Printable(import.response.oaep, 20) + "', which is not known here"));
}

// Brings all four in, over whatever an earlier try left.
Status BringIn(const Import& import, const Workbench& bench, CK_OBJECT_HANDLE transport_key) {
  if (import.side->clock->Now() > import.record.request_expires) {
    return std::unexpected(
        Error::Make(Code::kRequestExpired, "the request expired on " + FormatTime(import.record.request_expires))
            .NextStep("make a new one: keyferry bootstrap request --renew"));
  }
  const Response& response = import.response;
  KF_TRY(const cryptoki::Mechanism oaep, OaepOf(import));
  KF_CHECK(RemoveRootKeys(*bench.session, response.domain, response.generation));
  for (const Blob& blob : response.root_keys) {
    KF_CHECK(ImportRootKey(bench, transport_key, oaep, blob, response.domain, response.generation, response.wrap));
  }
  return {};
}

// The transport key is gone: an earlier import got so far. What it left must be complete.
Status CheckComplete(const Import& import, const Workbench& bench) {
  for (const Blob& blob : import.response.root_keys) {
    if (FindRootKey(*bench.session, blob.key, import.response.domain, import.response.generation)) continue;
    return std::unexpected(Order("the transport key is gone from the token, and not all root keys are there")
                               .NextStep("begin anew: keyferry bootstrap request --renew"));
  }
  return {};
}

Result<std::vector<record::RootKeyRecord>> CheckAndPin(const Import& import, const Workbench& bench) {
  const Response& response = import.response;
  std::vector<record::RootKeyRecord> pinned;
  for (const Blob& blob : response.root_keys) {
    KF_TRY(const CK_OBJECT_HANDLE object, FindRootKey(*bench.session, blob.key, response.domain, response.generation));
    KF_CHECK(CheckRootKey(bench, object, blob.key, response.wrap, import.side->accept_unenforced_template));
    KF_TRY(record::RootKeyRecord key, PinRootKey(bench, object, blob.key, response.domain, response.generation));
    pinned.push_back(std::move(key));
  }
  return pinned;
}

Result<std::string> MakeProof(const Import& import, const Workbench& bench) {
  const Response& response = import.response;
  Proof proof;
  proof.request_sha256 = import.record.request_sha256;
  proof.response_sha256 = record::DocumentDigest(import.response_text);
  proof.domain = response.domain;
  proof.generation = response.generation;
  proof.made_at = import.side->clock->Now();
  const Digest challenge = Challenge(import.request_text, import.response_text);
  for (const Blob& blob : response.proofs) {
    KF_TRY(const CK_OBJECT_HANDLE kek, FindRootKey(*bench.session, blob.key, response.domain, response.generation));
    KF_TRY_WITH(Bytes value, Prove(bench, kek, blob, response.wrap, challenge),
                "proving root key '" + std::string(record::Name(blob.key)) + "'");
    proof.values.push_back({blob.key, std::move(value)});
  }
  return SignByReceiptKey(*bench.session, import.record.receipt_key_id, "proof", ToJsonLine(proof));
}

// Destroyed, and looked for in a session that never knew it.
Status DestroyAndMiss(const Import& import, cryptoki::Session& session) {
  KF_CHECK_WITH(DestroyTransportKey(session, import.response.domain, import.response.generation),
                "destroying the transport key");
  KF_TRY(const cryptoki::Session fresh, import.side->token->OpenSession());
  KF_TRY(const auto found, FindTransportKey(fresh, import.response.domain, import.response.generation));
  if (!found) return {};
  return std::unexpected(Error::Make(Code::kReadBackWrong, "the token still shows the transport key that it destroyed")
                             .NextStep("use another token: this one does not destroy keys"));
}

Status Conclude(Import& import, const Workbench& bench, const std::string& proof,
                std::vector<record::RootKeyRecord> pinned) {
  Record& record = import.record;
  const UnixSeconds now = import.side->clock->Now();
  const Response& response = import.response;
  record.stage = Stage::kImported;
  record.response_sha256 = record::DocumentDigest(import.response_text);
  record.proof_sha256 = record::DocumentDigest(proof);
  record.signers = {response.signer};
  record.peers = {response.channel_key};
  record.generations = {{response.generation, true, std::move(pinned)}};
  KF_TRY(const auto facts, cryptoki::ParsePublicKeyInfo(import.request.transport_key));
  record.oaep = OaepText(facts.bits, response.oaep);
  record::AddStep(record, "response imported", now,
                  Json::EmptyObject()
                      .Set("fingerprint", record::Fingerprint(record.response_sha256))
                      .Set("signer", HexEncode(IdOfKey(response.signer.key)))
                      .Set("oaep", record.oaep)
                      .Set("wrap", Name(response.wrap)));
  record::AddStep(record, "transport key seen gone", now, Json::EmptyObject());
  record::AddStep(record, "proof made", now, Json::EmptyObject().Set("sha256", HexEncode(record.proof_sha256)));
  KF_CHECK(WriteDurably(ProofPath(import.side->state_dir), AsBytes(proof), 0600));
  return SaveRecord(*bench.session, import.side->state_dir, record);
}

Result<MadeFile> Run(Import import) {
  KF_TRY(cryptoki::Session session, import.side->token->OpenSession());
  KF_TRY(const cryptoki::TokenProfile profile, cryptoki::ProbeToken(session));
  const Workbench bench{&session, &profile};
  KF_TRY(const auto transport_key, FindTransportKey(session, import.response.domain, import.response.generation));
  KF_CHECK(transport_key ? BringIn(import, bench, *transport_key) : CheckComplete(import, bench));
  KF_TRY(auto pinned, CheckAndPin(import, bench));
  // Proved before the transport key goes: a key that does not prove itself can be imported again.
  KF_TRY(std::string proof, MakeProof(import, bench));
  KF_CHECK(DestroyAndMiss(import, session));
  KF_CHECK(Conclude(import, bench, proof, std::move(pinned)));
  return MadeFile{std::move(proof), record::Fingerprint(import.record.proof_sha256), false};
}

}  // namespace

Result<MadeFile> ImportResponse(const AgentSide& side, std::string_view response, std::string_view fingerprint) {
  const Digest digest = record::DocumentDigest(response);
  KF_CHECK(record::CheckFingerprint(digest, fingerprint));
  KF_TRY(Record record, RecordOf(side, digest));
  if (record.stage != Stage::kRequested) {
    KF_TRY(const Bytes proof, ReadFile(ProofPath(side.state_dir), kMostDocumentOctets));
    return MadeFile{std::string(AsText(proof)), record::Fingerprint(record::DocumentDigest(AsText(proof))), true};
  }
  Import import{&side, std::move(record), {}, {}, {}, response};
  KF_TRY(const Bytes request, ReadFile(RequestPath(side.state_dir), kMostDocumentOctets));
  import.request_text = AsText(request);
  if (record::DocumentDigest(import.request_text) != import.record.request_sha256) {
    return std::unexpected(Error::Make(Code::kRecordWrong, RequestPath(side.state_dir) + " was changed"));
  }
  KF_TRY(import.request, ParseRequest(import.request_text));
  KF_TRY(import.response, ParseResponse(response));
  KF_CHECK(CheckAnswers(import));
  return Run(std::move(import));
}

}  // namespace keyferry::ceremony
