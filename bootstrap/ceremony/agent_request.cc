// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <optional>
#include <utility>

#include "bootstrap/ceremony/agent_half.h"
#include "bootstrap/ceremony/documents.h"
#include "bootstrap/ceremony/token_keys.h"
#include "bootstrap/record/signed_document.h"
#include "protocol/base/file.h"

namespace keyferry::ceremony {
namespace {

using cryptoki::Template;
using record::Record;
using record::RootKey;
using record::Stage;

constexpr std::uint32_t kGeneration = 1;
constexpr std::size_t kNonceOctets = 32;

// A token's text as JSON can hold it.
std::string AsUtf8(const std::string& text) { return IsUtf8(text) ? text : Printable(text); }

Status CheckProfile(const AgentSide& side, const cryptoki::TokenProfile& profile) {
  if (!profile.kwp && !profile.kw) {
    return std::unexpected(Error::Make(Code::kMechanismMissing, "the token unwraps by neither RFC 5649 nor RFC 3394"));
  }
  if (!profile.oaep_sha1 && !profile.oaep_sha256) {
    return std::unexpected(Error::Make(Code::kMechanismMissing, "the token does not unwrap by RSA-OAEP"));
  }
  if (!profile.ec_private || !profile.check_cmac || !profile.check_hmac) {
    return std::unexpected(Error::Make(
        Code::kMechanismMissing,
        "the token cannot prove its root keys: AES-CMAC, HMAC-SHA-256 and ECDSA by an unwrapped key are needed"));
  }
  if (!profile.template_enforced && !side.accept_unenforced_template) {
    return std::unexpected(Error::Make(Code::kTemplateUnenforced,
                                       "the token does not enforce CKA_UNWRAP_TEMPLATE: whoever knows its PIN "
                                       "could unwrap a captured bundle into a readable key"));
  }
  return {};
}

// Keys that no record speaks of: of a request that died before its record was written, or of a ceremony whose record
// was lost. Only the first may be cleared away.
Status ClearLeftovers(cryptoki::Session& session) {
  for (const RootKey key : {RootKey::kAes, RootKey::kMac, RootKey::kPrivate, RootKey::kSealIn}) {
    const std::string label = record::RootLabel(key, kGeneration);
    KF_TRY(const auto found, session.FindObjects(Template().Bool(CKA_TOKEN, true).Text(CKA_LABEL, label)));
    if (found.empty()) continue;
    return std::unexpected(Error::Make(Code::kCeremonyOrder, "the token holds '" + label +
                                                                 "' already, and there is no record of its ceremony")
                               .NextStep("restore record.kfr of that ceremony, or remove its objects from the token"));
  }
  for (const std::string& label : {record::ReceiptLabel(), std::string("keyferry transport")}) {
    KF_TRY(const auto found, session.FindObjects(Template().Bool(CKA_TOKEN, true).Text(CKA_LABEL, label)));
    for (const CK_OBJECT_HANDLE object : found) KF_CHECK(session.DestroyObject(object));
  }
  return {};
}

Request Describe(const AgentSide& side, const cryptoki::TokenProfile& profile, const RequestOptions& options) {
  const cryptoki::TokenInfo& info = side.token->info();
  Request request;
  request.nonce = RandomBytes(kNonceOctets);
  const Bytes domain = RandomBytes(request.domain.size());
  std::ranges::copy(domain, request.domain.begin());
  request.domain_name = side.domain_name;
  request.generation = kGeneration;
  request.agent_key = side.agent_key;
  request.agent_channel = side.agent_channel;
  request.token = {AsUtf8(info.label), AsUtf8(info.serial), AsUtf8(info.manufacturer), AsUtf8(info.model)};
  request.template_enforced = profile.template_enforced;
  if (profile.oaep_sha256) request.oaep.emplace_back(Name(cryptoki::OaepHash::kSha256));
  if (profile.oaep_sha1) request.oaep.emplace_back(Name(cryptoki::OaepHash::kSha1));
  if (profile.kwp) request.wrap.push_back(WrapMethod::kAesKwp);
  if (profile.kw) request.wrap.push_back(WrapMethod::kAesKw);
  request.made_at = side.clock->Now();
  request.expires = request.made_at + options.valid_for;
  return request;
}

Record BeginRecord(const Request& request, const BornKey& receipt, const Digest& digest) {
  Record record;
  record.stage = Stage::kRequested;
  record.domain = request.domain;
  record.domain_name = request.domain_name;
  record.agent = request.agent_key;
  record.agent_channel = request.agent_channel;
  record.token = request.token;
  record.receipt_key = receipt.public_key;
  record.receipt_key_id = receipt.id;
  record.request_sha256 = digest;
  record.request_expires = request.expires;
  record.template_enforced = request.template_enforced;
  record::AddStep(record, "request made", request.made_at,
                  Json::EmptyObject()
                      .Set("fingerprint", record::Fingerprint(digest))
                      .Set("transport_key_sha256", HexEncode(Sha256(request.transport_key)))
                      .Set("expires", request.expires)
                      .Set("template_enforced", request.template_enforced));
  return record;
}

Result<MadeFile> Begin(const AgentSide& side, const RequestOptions& options) {
  KF_TRY(cryptoki::Session session, side.token->OpenSession());
  KF_TRY(const cryptoki::TokenProfile profile, cryptoki::ProbeToken(session));
  KF_CHECK(CheckProfile(side, profile));
  KF_CHECK(ClearLeftovers(session));
  const Workbench bench{&session, &profile};
  Request request = Describe(side, profile, options);
  KF_TRY(const BornKey receipt, MakeReceiptKey(bench));
  KF_TRY(BornKey transport, MakeTransportKey(bench, request.domain, kGeneration));
  request.receipt_key = receipt.public_key;
  request.transport_key = std::move(transport.public_key);
  KF_TRY(std::string text, SignByReceiptKey(session, receipt.id, "request", ToJsonLine(request)));
  const Digest digest = record::DocumentDigest(text);
  // The file first: a record of a request that nobody has would be of no use.
  KF_CHECK(WriteDurably(RequestPath(side.state_dir), AsBytes(text), 0600));
  KF_CHECK(SaveRecord(session, side.state_dir, BeginRecord(request, receipt, digest)));
  return MadeFile{std::move(text), record::Fingerprint(digest), false};
}

// The record goes last, so that a crash in between leaves something that can be given up again.
Status GiveUp(const AgentSide& side, const Record& record) {
  KF_TRY(cryptoki::Session session, side.token->OpenSession());
  KF_CHECK(DestroyTransportKey(session, record.domain, kGeneration));
  KF_CHECK(RemoveRootKeys(session, record.domain, kGeneration));
  KF_CHECK(DestroyById(session, record.receipt_key_id));
  for (const std::string& path : {RequestPath(side.state_dir), ProofPath(side.state_dir)}) {
    if (Exists(path)) KF_CHECK(RemoveDurably(path));
  }
  return RemoveDurably(record::RecordPath(side.state_dir));
}

Result<MadeFile> HandOverAgain(const AgentSide& side, const Record& record) {
  if (side.clock->Now() > record.request_expires) {
    return std::unexpected(
        Error::Make(Code::kRequestExpired, "the request that was made expired on " + FormatTime(record.request_expires))
            .NextStep("make a new one: keyferry bootstrap request --renew"));
  }
  KF_TRY(const Bytes text, ReadFile(RequestPath(side.state_dir), kMostDocumentOctets));
  const Digest digest = record::DocumentDigest(AsText(text));
  if (digest != record.request_sha256) {
    return std::unexpected(
        Error::Make(Code::kRecordWrong, RequestPath(side.state_dir) + " is not the request that the record speaks of")
            .NextStep("make a new one: keyferry bootstrap request --renew"));
  }
  return MadeFile{std::string(AsText(text)), record::Fingerprint(digest), true};
}

}  // namespace

std::string RequestPath(const std::string& state_dir) { return state_dir + "/request.kfq"; }
std::string ProofPath(const std::string& state_dir) { return state_dir + "/proof.kfp"; }
std::string ConfirmationPath(const std::string& state_dir) { return state_dir + "/confirmation.kfc"; }

Status SaveRecord(cryptoki::Session& session, const std::string& state_dir, const Record& record) {
  KF_TRY(const std::string text,
         SignByReceiptKey(session, record.receipt_key_id, "record", record::ToJson(record).Dump()));
  // The daemon reads it as another user; it holds nothing secret.
  return WriteDurably(record::RecordPath(state_dir), AsBytes(text), 0644);
}

Result<MadeFile> MakeRequest(const AgentSide& side, const RequestOptions& options) {
  KF_CHECK(MakeDirectories(side.state_dir, record::kStateDirectoryMode));
  KF_TRY(const std::optional<Record> record, record::LoadAny(record::RecordPath(side.state_dir)));
  if (record && record->stage == Stage::kConfirmed) {
    return std::unexpected(Error::Make(Code::kAlreadyBootstrapped,
                                       "domain '" + Printable(record->domain_name) + "' is bootstrapped already"));
  }
  if (record && !options.renew) {
    if (record->stage == Stage::kRequested) return HandOverAgain(side, *record);
    return std::unexpected(
        Error::Make(Code::kCeremonyOrder, "the KMS's response was imported already; its confirmation is awaited")
            .NextStep("hand the proof over and import the confirmation, or begin anew: bootstrap request --renew"));
  }
  if (record) KF_CHECK_WITH(GiveUp(side, *record), "giving up the ceremony that was begun");
  return Begin(side, options);
}

}  // namespace keyferry::ceremony
