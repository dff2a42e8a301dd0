// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <optional>
#include <utility>

#include "bootstrap/ceremony/agent_half.h"
#include "bootstrap/ceremony/token_keys.h"
#include "protocol/base/file.h"
#include "protocol/seal/opened_bundle.h"
#include "protocol/wire/envelope.h"
#include "targets/cryptoki/token_copy.h"

namespace keyferry::ceremony {
namespace {

using record::Record;
using record::RootKey;
using record::Stage;

Result<Record> RecordOf(const AgentSide& side) {
  KF_TRY(std::optional<Record> record, record::LoadAny(record::RecordPath(side.state_dir)));
  if (record && record->stage != Stage::kRequested) return std::move(*record);
  return std::unexpected(Error::Make(Code::kCeremonyOrder, "no response was imported for domain '" + side.domain_name +
                                                               "': there is nothing to confirm"));
}

Status CheckBody(const Record& record, const wire::ConfirmationBody& body) {
  if (body.agent != IdOfKey(record.agent)) {
    return std::unexpected(Error::Make(Code::kWrongAgent, "the confirmation is for another agent"));
  }
  if (body.domain != record.domain) {
    return std::unexpected(Error::Make(Code::kWrongDomain, "the confirmation is for another domain"));
  }
  if (body.generation != record.generations.front().number) {
    return std::unexpected(Error::Make(Code::kWrongGeneration, "the confirmation is for another generation"));
  }
  if (body.request_sha256 == record.request_sha256 && body.response_sha256 == record.response_sha256 &&
      body.proof_sha256 == record.proof_sha256) {
    return {};
  }
  return std::unexpected(
      Error::Make(Code::kResponseForAnother, "the confirmation speaks of another request, response or proof")
          .NextStep("bring the confirmation that answers this ceremony's proof"));
}

}  // namespace

Status ConfirmBootstrap(const AgentSide& side, ByteView confirmation) {
  KF_TRY(Record record, RecordOf(side));
  if (record.signers.empty() || record.generations.empty()) {
    return std::unexpected(Error::Make(Code::kRecordWrong, "the record names no signer or no root keys"));
  }
  KF_TRY(cryptoki::Session session, side.token->OpenSession());
  KF_TRY(const CK_OBJECT_HANDLE seal_in,
         FindRootKey(session, RootKey::kSealIn, record.domain, record.generations.front().number));
  TokenSealVerifier verifier(session, seal_in);
  const record::SignerRecord& signer = record.signers.front();
  KF_TRY(const wire::ConfirmationBody body,
         seal::OpenConfirmation(confirmation, {IdOfKey(signer.key), signer.name, signer.key}, verifier));
  KF_CHECK(CheckBody(record, body));
  if (!side.token_copy.empty()) {
    KF_CHECK_WITH(cryptoki::StoreTokenCopy(record.token.model, record.token.serial, side.token_copy),
                  "copying the token's own file");
  }
  if (record.stage == Stage::kConfirmed) return {};
  KF_CHECK(WriteDurably(ConfirmationPath(side.state_dir), confirmation, 0600));
  record.stage = Stage::kConfirmed;
  record::AddStep(record, "confirmation verified", side.clock->Now(),
                  Json::EmptyObject().Set("sha256", HexEncode(Sha256(confirmation))));
  return SaveRecord(session, side.state_dir, record);
}

}  // namespace keyferry::ceremony
