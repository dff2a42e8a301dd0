// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "bootstrap/ceremony/documents.h"
#include "bootstrap/ceremony/kms_half.h"
#include "bootstrap/ceremony/proof.h"
#include "bootstrap/ceremony/twins.h"
#include "bootstrap/record/signed_document.h"
#include "protocol/base/file.h"
#include "targets/cryptoki/public_key.h"

namespace keyferry::ceremony {
namespace {

using cryptoki::Mechanism;
using cryptoki::OaepHash;
using record::Enrolment;
using record::RootKey;

constexpr std::array kRootKeys = {RootKey::kAes, RootKey::kMac, RootKey::kPrivate, RootKey::kSealIn};

Status CheckOpen(const KmsSide& side, const Request& request) {
  KF_TRY(const std::optional<Enrolment> known, record::LoadEnrolment(side.home, request.domain));
  if (known) {
    const std::string kept = record::KeptResponsePath(side.home, request.domain);
    return std::unexpected(
        Error::Make(Code::kRequestAnswered,
                    "domain '" + Printable(request.domain_name) + "' was answered on " + FormatTime(known->answered_at))
            .NextStep(Exists(kept)
                          ? "hand over the response that was kept in " + kept + " (fingerprint " +
                                record::Fingerprint(known->response_sha256) + "), or have the agent make a new request"
                          : "the ceremony has ended; have the agent make a new request"));
  }
  if (side.clock->Now() > request.expires) {
    return std::unexpected(Error::Make(Code::kRequestExpired, "the request expired on " + FormatTime(request.expires)));
  }
  return {};
}

Result<WrapMethod> AgreeOnWrap(const KmsSide& side, const Request& request) {
  for (const WrapMethod method : request.wrap) {
    const cryptoki::TokenProfile& profile = *side.bench.profile;
    if (method == WrapMethod::kAesKwp ? profile.kwp_wraps : profile.kw_wraps) return method;
  }
  return std::unexpected(
      Error::Make(Code::kMechanismMissing, "the KMS's HSM wraps by no method that the agent's token unwraps by")
          .NextStep("use an HSM that wraps by RFC 5649 (AES-KWP)"));
}

struct Transport {
  CK_OBJECT_HANDLE key = 0;
  OaepHash hash = OaepHash::kSha1;
};

// The strongest hash that both have; what the KMS's HSM has, doing tells.
Result<Transport> AgreeOnTransport(const KmsSide& side, const Request& request) {
  Transport transport;
  KF_TRY(transport.key, BringInTransportKey(side.bench, request.transport_key));
  KF_TRY(const ProofKey trial, ProofKey::Make(side.bench, RootKey::kMac));
  for (const OaepHash hash : {OaepHash::kSha256, OaepHash::kSha1}) {
    if (std::ranges::find(request.oaep, Name(hash)) == request.oaep.end()) continue;
    if (!side.bench.session->WrapKey(Mechanism::RsaOaep(hash, hash), transport.key, trial.object())) continue;
    transport.hash = hash;
    return transport;
  }
  return std::unexpected(Error::Make(Code::kMechanismMissing, "the two HSMs have no RSA-OAEP hash in common"));
}

Enrolment BeginEnrolment(const KmsSide& side, const Request& request) {
  Enrolment enrolment;
  enrolment.agent = IdOfKey(request.agent_key);
  enrolment.agent_key = request.agent_key;
  enrolment.agent_channel = request.agent_channel;
  enrolment.domain = request.domain;
  enrolment.domain_name = request.domain_name;
  enrolment.generation = request.generation;
  enrolment.receipt_key = request.receipt_key;
  enrolment.token = request.token;
  enrolment.template_enforced = request.template_enforced;
  enrolment.hsm = side.hsm;
  enrolment.answered_at = side.clock->Now();
  return enrolment;
}

Response BeginResponse(const KmsSide& side, const Request& request, const Digest& digest) {
  Response response;
  response.request_sha256 = digest;
  response.nonce = request.nonce;
  response.domain = request.domain;
  response.generation = request.generation;
  response.signer = {side.signer_name, side.signer->public_key()};
  response.channel_key = side.channel_key;
  response.made_at = side.clock->Now();
  return response;
}

std::string SignBySigner(const KmsSide& side, const Response& response) {
  std::string json = ToJsonLine(response);
  const Bytes octets = record::SignedOctets("response", json);
  const Ed25519Signature signature = side.signer->Sign({octets});
  return record::FormatDocument({"response", std::move(json), Bytes(signature.begin(), signature.end())});
}

// Fills in blobs and proofs; returns the proof keys, which know what to expect once the response is complete.
Result<std::vector<ProofKey>> MakeKeys(const KmsSide& side, const Transport& transport, Response& response,
                                       Enrolment& enrolment) {
  const Mechanism oaep = Mechanism::RsaOaep(transport.hash, transport.hash);
  KF_CHECK(RemoveTwins(*side.bench.session, response.domain, response.generation));
  std::vector<ProofKey> proofs;
  for (const RootKey key : kRootKeys) {
    KF_TRY(MadeTwin made,
           MakeTwin(side.bench, key, response.domain, response.generation, transport.key, oaep, response.wrap));
    enrolment.twins.push_back(std::move(made.twin));
    response.root_keys.push_back(std::move(made.blob));
    if (key == RootKey::kSealIn) continue;
    KF_TRY(ProofKey proof, ProofKey::Make(side.bench, key));
    KF_TRY(Blob blob, proof.Wrap(made.object, response.wrap));
    response.proofs.push_back(std::move(blob));
    proofs.push_back(std::move(proof));
  }
  return proofs;
}

}  // namespace

Result<MadeFile> AnswerRequest(const KmsSide& side, std::string_view request_text, std::string_view fingerprint) {
  const Digest request_digest = record::DocumentDigest(request_text);
  KF_CHECK(record::CheckFingerprint(request_digest, fingerprint));
  KF_TRY(const Request request, ParseRequest(request_text));
  KF_CHECK(CheckOpen(side, request));
  Response response = BeginResponse(side, request, request_digest);
  KF_TRY(response.wrap, AgreeOnWrap(side, request));
  KF_TRY(const Transport transport, AgreeOnTransport(side, request));
  const cryptoki::ScopedObject transport_owner(*side.bench.session, transport.key);
  response.oaep = Name(transport.hash);

  Enrolment enrolment = BeginEnrolment(side, request);
  KF_TRY(std::vector<ProofKey> proofs, MakeKeys(side, transport, response, enrolment));
  std::string text = SignBySigner(side, response);
  const Digest digest = record::DocumentDigest(text);
  enrolment.request_sha256 = request_digest;
  enrolment.response_sha256 = digest;
  enrolment.challenge = Challenge(request_text, text);
  KF_TRY(const cryptoki::PublicKeyFacts facts, cryptoki::ParsePublicKeyInfo(request.transport_key));
  enrolment.oaep = OaepText(facts.bits, response.oaep);
  for (ProofKey& proof : proofs) {
    KF_TRY(record::ExpectedProof expected, proof.Expect(enrolment.challenge));
    enrolment.proofs.push_back(std::move(expected));
  }
  // The enrolment last: from then on this request is answered, and the response that counts is there.
  KF_CHECK(MakeDirectories(side.home + "/enrolments", 0700));
  KF_CHECK(WriteDurably(record::KeptResponsePath(side.home, request.domain), AsBytes(text), 0600));
  KF_CHECK(record::SaveEnrolment(side.home, enrolment));
  return MadeFile{std::move(text), record::Fingerprint(digest), false};
}

}  // namespace keyferry::ceremony
