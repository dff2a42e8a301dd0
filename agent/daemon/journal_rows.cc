// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/journal_rows.h"

#include <algorithm>
#include <limits>

namespace keyferry::daemon {
namespace {

Digest DigestFrom(const Bytes& bytes) {
  Digest digest{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), digest.size()), digest.begin());
  return digest;
}

}  // namespace

Result<std::unique_ptr<Journal::Rows>> Journal::Rows::Prepare(Database& database) {
  KF_TRY(auto look,
         database.Prepare("SELECT id, digest, receipt FROM bundle WHERE signer = ? AND domain = ? AND sequence = ?"));
  KF_TRY(auto last, database.Prepare("SELECT max(sequence) FROM bundle WHERE signer = ? AND domain = ?"));
  KF_TRY(auto executed, database.Prepare("SELECT sequence FROM bundle WHERE signer = ? AND domain = ? AND "
                                         "in_ledger = 1 ORDER BY sequence DESC LIMIT 1"));
  KF_TRY(auto insert, database.Prepare("INSERT INTO bundle (signer, domain, sequence, digest, received_at, "
                                       "install_before, begun, lost, envelope) VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?)"));
  KF_TRY(auto inserted, database.Prepare("SELECT last_insert_rowid()"));
  KF_TRY(auto pending, database.Prepare("SELECT count(*) FROM bundle WHERE domain = ? AND receipt IS NULL"));
  KF_TRY(auto take, database.Prepare("SELECT id, signer, sequence, digest, received_at, install_before, begun, lost, "
                                     "envelope FROM bundle WHERE domain = ? AND receipt IS NULL ORDER BY id LIMIT 1"));
  KF_TRY(auto begin, database.Prepare("UPDATE bundle SET begun = 1 WHERE id = ?"));
  KF_TRY(auto lose, database.Prepare("UPDATE bundle SET lost = lost + 1 WHERE id = ?"));
  KF_TRY(auto conclude,
         database.Prepare("UPDATE bundle SET outcome = ?2, concluded_at = ?3, receipt = ?4, in_ledger = ?5, "
                          "envelope = NULL WHERE id = ?1 AND receipt IS NULL"));
  KF_TRY(auto receipt_of, database.Prepare("SELECT receipt FROM bundle WHERE id = ?"));
  KF_TRY(auto read_latest, database.Prepare("SELECT time FROM latest WHERE one = 1"));
  KF_TRY(auto write_latest, database.Prepare("INSERT INTO latest (one, time) VALUES (1, ?1) "
                                             "ON CONFLICT (one) DO UPDATE SET time = ?1"));
  return std::unique_ptr<Rows>(new Rows{std::move(look), std::move(last), std::move(executed), std::move(insert),
                                        std::move(inserted), std::move(pending), std::move(take), std::move(begin),
                                        std::move(lose), std::move(conclude), std::move(receipt_of),
                                        std::move(read_latest), std::move(write_latest)});
}

Result<std::optional<Journal::Stored>> Journal::Look(const Id16& signer, const Id16& domain, std::uint64_t sequence) {
  if (sequence > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return std::nullopt;
  Statement& look = rows_->look;
  look.Bind(1, ByteView(signer)).Bind(2, ByteView(domain)).Bind(3, static_cast<std::int64_t>(sequence));
  KF_TRY(const bool there, look.Step());
  if (!there) return std::nullopt;
  Stored stored{.row = look.Integer(0), .digest = look.Blob(1), .receipt = look.Blob(2)};
  look.Reset();
  return stored;
}

Result<std::uint64_t> Journal::Last(const Id16& signer, const Id16& domain) {
  rows_->last.Bind(1, ByteView(signer)).Bind(2, ByteView(domain));
  KF_TRY(const bool there, rows_->last.Step());
  const std::int64_t last = there && !rows_->last.IsNull(0) ? rows_->last.Integer(0) : 0;
  rows_->last.Reset();
  return static_cast<std::uint64_t>(last);
}

Result<std::vector<SignerNumbers>> Journal::Numbers(const Id16& domain, std::span<const Id16> signers) {
  std::vector<SignerNumbers> numbers;
  for (const Id16& signer : signers) {
    KF_TRY(const std::uint64_t last, Last(signer, domain));
    Statement& row = rows_->executed;
    row.Bind(1, ByteView(signer)).Bind(2, ByteView(domain));
    KF_TRY(const bool there, row.Step());
    const std::int64_t executed = there ? row.Integer(0) : 0;
    row.Reset();
    numbers.push_back({.signer = signer, .last = last, .executed = static_cast<std::uint64_t>(executed)});
  }
  return numbers;
}

Result<std::int64_t> Journal::Insert(const seal::OpenedBundle& bundle) {
  const wire::BundleBody& body = bundle.body();
  Statement& insert = rows_->insert;
  insert.Bind(1, ByteView(bundle.signer().id)).Bind(2, ByteView(body.domain));
  insert.Bind(3, static_cast<std::int64_t>(body.sequence)).Bind(4, ByteView(bundle.digest()));
  insert.Bind(5, clock_.Now()).Bind(6, body.install_before).Bind(7, ByteView(bundle.envelope()));
  KF_CHECK(insert.Run());
  insert.BindNull(7);  // its copy of the envelope goes
  KF_TRY(const bool there, rows_->inserted.Step());
  const std::int64_t row = there ? rows_->inserted.Integer(0) : 0;
  rows_->inserted.Reset();
  return row;
}

Result<std::size_t> Journal::Pending(const Id16& domain) {
  rows_->pending.Bind(1, ByteView(domain));
  KF_TRY(const bool there, rows_->pending.Step());
  const std::int64_t count = there ? rows_->pending.Integer(0) : 0;
  rows_->pending.Reset();
  return static_cast<std::size_t>(count);
}

Result<std::optional<Admission>> Journal::Take(const Id16& domain, bool begin) {
  Statement& take = rows_->take;
  take.Bind(1, ByteView(domain));
  KF_TRY(const bool there, take.Step());
  if (!there) return std::nullopt;
  Admission admission;
  admission.row_ = take.Integer(0);
  KF_TRY(admission.signer_, Id16FromBytes(take.Blob(1)));
  admission.domain_ = domain;
  admission.sequence_ = static_cast<std::uint64_t>(take.Integer(2));
  admission.digest_ = DigestFrom(take.Blob(3));
  admission.received_at_ = take.Integer(4);
  admission.install_before_ = take.Integer(5);
  admission.begun_ = begin || take.Integer(6) != 0;
  admission.lost_ = take.Integer(7);
  admission.envelope_ = take.Blob(8);
  take.Reset();
  if (begin) KF_CHECK(MarkBegun(admission.row_));
  return admission;
}

Status Journal::MarkBegun(std::int64_t row) {
  rows_->begin.Bind(1, row);
  return rows_->begin.Run();
}

Status Journal::MarkLost(std::int64_t row) {
  rows_->lose.Bind(1, row);
  return rows_->lose.Run();
}

Result<UnixSeconds> Journal::ReadLatest() {
  KF_TRY(const bool there, rows_->read_latest.Step());
  const UnixSeconds latest = there ? rows_->read_latest.Integer(0) : 0;
  rows_->read_latest.Reset();
  return latest;
}

Status Journal::SeeTime() {
  const UnixSeconds now = clock_.Now();
  if (now <= latest_) return {};
  rows_->write_latest.Bind(1, now);
  KF_CHECK(rows_->write_latest.Run());
  latest_ = now;
  return {};
}

}  // namespace keyferry::daemon
