// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/journal.h"

#include <algorithm>
#include <utility>

#include "agent/daemon/journal_rows.h"
#include "protocol/base/file.h"

namespace keyferry::daemon {
namespace {

wire::Reply ReplyTo(const Id16& signer, const Id16& domain, std::uint64_t sequence, wire::ReplyKind kind) {
  wire::Reply reply;
  reply.kind = kind;
  reply.signer = signer;
  reply.domain = domain;
  reply.sequence = sequence;
  return reply;
}

Decision TurnedAway(wire::Reply reply, Code code, std::string message) {
  reply.code = Name(code);
  reply.message = std::move(message);
  return {.kind = Decision::Kind::kTurnedAway, .reply = std::move(reply)};
}

Json BundleEvent(std::string_view event, const Id16& signer, const Id16& domain, std::uint64_t sequence,
                 ByteView digest) {
  Json line = Json::EmptyObject();
  line.Set("event", event).Set("domain", HexEncode(domain)).Set("signer", HexEncode(signer));
  line.Set("sequence", sequence).Set("envelope", HexEncode(digest));
  return line;
}

// The journal that is missing while its audit log is there was lost, not never made.
Status CheckNotLost(const std::string& path, const std::string& audit_path) {
  if (Exists(path) || !Exists(audit_path)) return {};
  return std::unexpected(Error::Make(Code::kStoreUnreadable,
                                     "journal " + path + " is missing, and its audit log " + audit_path + " is there"));
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::Open(const std::string& path, const std::string& audit_path,
                                               const Ed25519KeyPair& agent, const Clock& clock) {
  KF_CHECK(CheckNotLost(path, audit_path));
  const std::string schema = std::string(kJournalSchema) + std::string(AuditLog::kSchema);
  KF_TRY(Database database, Database::Open(path, schema, kJournalVersion));
  // A small page cache: rows are read once, and mostly the newest.
  KF_CHECK(database.Execute("PRAGMA cache_size=-256"));
  KF_TRY(AuditLog audit, AuditLog::Open(database, audit_path));
  KF_TRY(auto rows, Rows::Prepare(database));
  std::unique_ptr<Journal> journal(new Journal(std::move(database), std::move(audit), agent, clock));
  journal->rows_ = std::move(rows);
  KF_TRY(journal->latest_, journal->ReadLatest());
  return journal;
}

Journal::Journal(Database database, AuditLog audit, const Ed25519KeyPair& agent, const Clock& clock)
    : database_(std::move(database)), audit_(std::move(audit)), agent_(agent), clock_(clock) {}

Journal::~Journal() = default;

Status Journal::InOne(const std::function<Status()>& work) {
  const auto attempt = [&]() -> Status {
    KF_TRY(Transaction transaction, Transaction::Begin(database_));
    KF_CHECK(work());
    return transaction.Commit();
  };
  Status done = attempt();
  if (done) return {};
  // What memory knew of the transaction is forgotten with it.
  KF_CHECK(audit_.Forget());
  KF_TRY(latest_, ReadLatest());
  return done;
}

Result<Decision> Journal::Admit(const seal::OpenedBundle& bundle, std::size_t queue, wire::Separation separation) {
  const wire::BundleBody& body = bundle.body();
  const Id16& signer = bundle.signer().id;
  auto reply = ReplyTo(signer, body.domain, body.sequence, wire::ReplyKind::kError);
  reply.envelope_sha256 = bundle.digest();
  KF_TRY(const auto stored, Look(signer, body.domain, body.sequence));
  if (stored && !Equal(stored->digest, bundle.digest())) {
    return TurnedAway(std::move(reply), Code::kSequenceUsed, "this number was given to another bundle");
  }
  if (stored) return Find({.signer = signer, .domain = body.domain, .sequence = body.sequence});
  KF_TRY(const std::uint64_t last, Last(signer, body.domain));
  if (body.sequence != last + 1) {
    reply.kind = wire::ReplyKind::kExpected;
    reply.expected = last + 1;
    return TurnedAway(std::move(reply), Code::kSequenceExpected, "the next number is " + std::to_string(last + 1));
  }
  reply.kind = wire::ReplyKind::kBusy;
  if (ClockBehind()) {
    reply.retry_after_ms = kClockRetryMs;
    return TurnedAway(std::move(reply), Code::kClockBehind, "the agent's clock is behind a time that it has seen");
  }
  KF_TRY(const std::size_t pending, Pending(body.domain));
  if (pending >= queue) {
    reply.retry_after_ms = kBusyRetryMs;
    return TurnedAway(std::move(reply), Code::kBusy, std::to_string(pending) + " bundles wait for this domain");
  }
  KF_CHECK(SeeTime());
  if (clock_.Now() >= body.accept_before) return Refuse(bundle, separation);
  reply.kind = wire::ReplyKind::kAccepted;
  KF_TRY(const std::int64_t row, Insert(bundle));
  Json event = BundleEvent("accepted", signer, body.domain, body.sequence, bundle.digest());
  event.Set("signer_name", bundle.signer().name).Set("items", std::uint64_t{body.items.size()});
  event.Set("simulate", body.simulate);
  KF_CHECK(Note(event));
  return Decision{.kind = Decision::Kind::kAccepted, .reply = std::move(reply), .row = row};
}

// Too late to be accepted, and authentic: it consumes its number and gets a receipt.
Result<Decision> Journal::Refuse(const seal::OpenedBundle& bundle, wire::Separation separation) {
  Admission admission;
  KF_TRY(admission.row_, Insert(bundle));
  admission.signer_ = bundle.signer().id;
  admission.domain_ = bundle.body().domain;
  admission.sequence_ = bundle.body().sequence;
  admission.digest_ = bundle.digest();
  admission.received_at_ = clock_.Now();
  const auto conclusion = Conclusion::ByAgent(admission, wire::Outcome::kRefused, std::string(Name(Code::kExpired)),
                                              "accept_before was " + FormatTime(bundle.body().accept_before));
  KF_TRY(const Receipt receipt, Conclude(conclusion, separation));
  auto reply = ReplyTo(admission.signer_, admission.domain_, admission.sequence_, wire::ReplyKind::kReceipt);
  reply.envelope_sha256 = admission.digest_;
  reply.receipt = receipt.octets();
  return Decision{.kind = Decision::Kind::kRefused, .reply = std::move(reply), .row = admission.row_};
}

Result<Decision> Journal::Find(const wire::Ask& ask) {
  auto reply = ReplyTo(ask.signer, ask.domain, ask.sequence, wire::ReplyKind::kReceipt);
  KF_TRY(auto stored, Look(ask.signer, ask.domain, ask.sequence));
  if (!stored) {
    KF_TRY(const std::uint64_t last, Last(ask.signer, ask.domain));
    reply.kind = wire::ReplyKind::kExpected;
    reply.expected = last + 1;
    return TurnedAway(std::move(reply), Code::kSequenceExpected, "the next number is " + std::to_string(last + 1));
  }
  std::copy_n(stored->digest.begin(), reply.envelope_sha256.size(), reply.envelope_sha256.begin());
  if (stored->receipt.empty()) {
    reply.kind = wire::ReplyKind::kInProgress;
    reply.code = Name(Code::kInProgress);
  }
  reply.receipt = std::move(stored->receipt);
  return Decision{.kind = Decision::Kind::kServedAgain, .reply = std::move(reply), .row = stored->row};
}

Result<Receipt> Journal::Conclude(const Conclusion& conclusion, wire::Separation separation) {
  rows_->receipt_of.Bind(1, conclusion.row());
  KF_TRY(const bool there, rows_->receipt_of.Step());
  Bytes before = there ? rows_->receipt_of.Blob(0) : Bytes();
  rows_->receipt_of.Reset();
  if (!before.empty()) return Receipt(std::move(before));

  KF_CHECK(SeeTime());
  wire::ReceiptBody body = conclusion.body();
  body.agent = IdOfKey(agent_.public_key());
  body.separation = separation;
  body.concluded_at = clock_.Now();
  Json event = BundleEvent("concluded", body.signer, body.domain, body.sequence, body.envelope_sha256);
  event.Set("outcome", Name(body.outcome));
  event.Set("attested_by", body.attested_by == wire::AttestedBy::kWorker ? "worker" : "agent");
  if (!body.code.empty()) event.Set("code", body.code);
  KF_CHECK(Note(event));
  // The head covers the line above, so that a log cut off after this bundle differs from its receipt.
  body.audit_count = audit_.count();
  body.audit_head = audit_.head();
  Receipt receipt(seal::SignReceipt(body, agent_));
  rows_->conclude.Bind(1, conclusion.row()).Bind(2, static_cast<std::int64_t>(body.outcome));
  rows_->conclude.Bind(3, body.concluded_at)
      .Bind(4, ByteView(receipt.octets()))
      .Bind(5, std::int64_t{IsInLedger(body)});
  KF_CHECK(rows_->conclude.Run());
  rows_->conclude.BindNull(4);
  return receipt;
}

}  // namespace keyferry::daemon
