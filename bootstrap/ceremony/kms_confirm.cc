// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <optional>
#include <utility>

#include "bootstrap/ceremony/documents.h"
#include "bootstrap/ceremony/kms_half.h"
#include "bootstrap/ceremony/proof.h"
#include "bootstrap/record/json_fields.h"
#include "bootstrap/record/signed_document.h"
#include "protocol/base/file.h"
#include "protocol/wire/bundle.h"

namespace keyferry::ceremony {
namespace {

using record::Enrolment;
using record::EnrolmentStage;

Status CheckSpeaksOf(const Enrolment& enrolment, const Proof& proof) {
  if (proof.request_sha256 == enrolment.request_sha256 && proof.response_sha256 == enrolment.response_sha256 &&
      proof.domain == enrolment.domain && proof.generation == enrolment.generation) {
    return {};
  }
  return std::unexpected(
      Error::Make(Code::kResponseForAnother, "the proof speaks of another request or response than the KMS answered")
          .NextStep("bring the proof that the agent made of the KMS's response"));
}

Status CheckValues(const Enrolment& enrolment, const Proof& proof) {
  if (proof.values.size() != enrolment.proofs.size()) {
    return std::unexpected(Error::Make(Code::kProofWrong, "the proof does not cover every root key"));
  }
  for (std::size_t i = 0; i < proof.values.size(); ++i) {
    KF_CHECK(CheckProofValue(enrolment.proofs[i], proof.values[i], enrolment.challenge));
  }
  return {};
}

Status Confirm(const KmsSide& side, Enrolment& enrolment, const Digest& proof) {
  if (enrolment.stage != EnrolmentStage::kConfirmed) {
    enrolment.stage = EnrolmentStage::kConfirmed;
    enrolment.proof_sha256 = proof;
    enrolment.confirmed_at = side.clock->Now();
    KF_CHECK(record::SaveEnrolment(side.home, enrolment));
  } else if (enrolment.proof_sha256 != proof) {
    return std::unexpected(Error::Make(Code::kCeremonyOrder, "another proof of this domain was confirmed already"));
  }
  // It holds the root keys under RSA: it need not lie about any longer.
  const std::string kept = record::KeptResponsePath(side.home, enrolment.domain);
  return Exists(kept) ? RemoveDurably(kept) : Status();
}

}  // namespace

Result<Enrolment> EnrolmentOfProof(const std::string& home, std::string_view proof) {
  if (proof.size() > kMostDocumentOctets) {
    return std::unexpected(Error::Make(Code::kFileTooLarge, "this is no proof: it is too large"));
  }
  KF_TRY(const record::SignedDocument document, record::ParseDocument(proof, "proof"));
  KF_TRY(const Json json, Json::Parse(document.json));
  KF_TRY(const Id16 domain, record::FixedHex<16>(json, "domain"));
  KF_TRY(std::optional<Enrolment> enrolment, record::LoadEnrolment(home, domain));
  if (enrolment) return std::move(*enrolment);
  return std::unexpected(
      Error::Make(Code::kCeremonyOrder, "no request of domain " + HexEncode(domain) + " was answered here"));
}

Result<Confirmation> MakeConfirmation(const KmsSide& side, std::string_view proof_text, seal::SealSigner& seal_in) {
  KF_TRY(Enrolment enrolment, EnrolmentOfProof(side.home, proof_text));
  KF_TRY(const Proof proof, ParseProof(proof_text, enrolment.receipt_key));
  KF_CHECK(CheckSpeaksOf(enrolment, proof));
  KF_CHECK(CheckValues(enrolment, proof));
  wire::ConfirmationBody body;
  body.agent = enrolment.agent;
  body.domain = enrolment.domain;
  body.generation = enrolment.generation;
  body.request_sha256 = enrolment.request_sha256;
  body.response_sha256 = enrolment.response_sha256;
  body.proof_sha256 = record::DocumentDigest(proof_text);
  KF_TRY(Bytes envelope, seal::SealConfirmation(body, *side.signer, seal_in));
  KF_CHECK(Confirm(side, enrolment, body.proof_sha256));
  return Confirmation{std::move(envelope), std::move(enrolment)};
}

}  // namespace keyferry::ceremony
