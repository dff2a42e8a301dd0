// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/ledger.h"

#include <algorithm>

namespace keyferry::worker {
namespace {

constexpr int kVersion = 1;
constexpr std::string_view kSchema = R"(
CREATE TABLE bundles (
  signer BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  digest BLOB NOT NULL,
  done INTEGER NOT NULL,
  statement BLOB,
  signature BLOB,
  executed_at INTEGER,
  PRIMARY KEY (signer, sequence)
);
CREATE TABLE versions (
  target TEXT NOT NULL,
  class INTEGER NOT NULL,
  label TEXT NOT NULL,
  previous INTEGER NOT NULL,
  id BLOB NOT NULL,
  key_type INTEGER NOT NULL,
  key_bits INTEGER NOT NULL,
  usage INTEGER NOT NULL,
  check_method INTEGER NOT NULL,
  check_value BLOB NOT NULL,
  PRIMARY KEY (target, class, label, previous)
) WITHOUT ROWID;
)";

constexpr std::string_view kFind =
    "SELECT done, digest, statement, signature FROM bundles WHERE signer = ?1 AND sequence = ?2";
constexpr std::string_view kLast = "SELECT max(sequence) FROM bundles WHERE signer = ?1";
constexpr std::string_view kVersions =
    "SELECT previous, id, key_type, key_bits, usage, check_method, check_value FROM versions "
    "WHERE target = ?1 AND class = ?2 AND label = ?3";
constexpr std::string_view kBegin = "INSERT INTO bundles (signer, sequence, digest, done) VALUES (?1, ?2, ?3, 0)";
// Another digest under the same number leaves the row as it is, and is then seen by changes() = 0.
constexpr std::string_view kConclude =
    "INSERT INTO bundles (signer, sequence, digest, done, statement, signature, executed_at) "
    "VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6) ON CONFLICT (signer, sequence) DO UPDATE "
    "SET done = 1, statement = ?4, signature = ?5, executed_at = ?6 WHERE digest = ?3 AND done = 0 RETURNING sequence";
constexpr std::string_view kForget = "DELETE FROM versions WHERE target = ?1 AND class = ?2 AND label = ?3";
constexpr std::string_view kRemember = "INSERT INTO versions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

Statement& BindBundle(Statement& statement, const BundleKey& key, const Digest& digest) {
  return statement.Bind(1, ByteView(key.signer))
      .Bind(2, static_cast<std::int64_t>(key.sequence))
      .Bind(3, ByteView(digest));
}

Statement& BindName(Statement& statement, const ObjectName& name) {
  return statement.Bind(1, std::string_view(name.target))
      .Bind(2, static_cast<std::int64_t>(name.object_class))
      .Bind(3, std::string_view(name.label));
}

Error Damaged(std::string_view what) {
  return Error::Make(Code::kStoreUnreadable, "the ledger holds " + std::string(what));
}

template <typename T>
T Number(const Statement& row, int column) {
  return static_cast<T>(row.Integer(column));
}

}  // namespace

Result<Ledger> Ledger::Open(const std::string& path) {
  KF_TRY_WITH(Database database, Database::Open(path, kSchema, kVersion), "opening the worker's ledger");
  KF_TRY(Statement find, database.Prepare(kFind));
  KF_TRY(Statement last, database.Prepare(kLast));
  KF_TRY(Statement versions, database.Prepare(kVersions));
  KF_TRY(Statement begin, database.Prepare(kBegin));
  KF_TRY(Statement conclude, database.Prepare(kConclude));
  KF_TRY(Statement forget, database.Prepare(kForget));
  KF_TRY(Statement remember, database.Prepare(kRemember));
  return Ledger(std::move(database), {.find = std::move(find),
                                      .last = std::move(last),
                                      .versions = std::move(versions),
                                      .begin = std::move(begin),
                                      .conclude = std::move(conclude),
                                      .forget = std::move(forget),
                                      .remember = std::move(remember)});
}

Result<std::optional<LedgerEntry>> Ledger::Find(const BundleKey& key) {
  Statement& row = statements_.find;
  row.Reset();
  row.Bind(1, ByteView(key.signer)).Bind(2, static_cast<std::int64_t>(key.sequence));
  KF_TRY(const bool found, row.Step());
  if (!found) return std::nullopt;
  LedgerEntry entry{.done = row.Integer(0) != 0, .digest = {}, .statement = {}};
  const Bytes digest = row.Blob(1);
  if (entry.done) entry.statement = {.octets = row.Blob(2), .signature = row.Blob(3)};
  row.Reset();
  if (digest.size() != entry.digest.size()) return std::unexpected(Damaged("a digest of the wrong size"));
  std::ranges::copy(digest, entry.digest.begin());
  return entry;
}

Result<std::uint64_t> Ledger::Last(const Id16& signer) {
  Statement& row = statements_.last;
  row.Reset();
  row.Bind(1, ByteView(signer));
  KF_TRY(const bool found, row.Step());
  const std::uint64_t last = found && !row.IsNull(0) ? Number<std::uint64_t>(row, 0) : 0;
  row.Reset();
  return last;
}

Result<target::Holding> Ledger::HoldingOf(const ObjectName& name) {
  Statement& row = statements_.versions;
  row.Reset();
  BindName(row, name);
  target::Holding holding;
  while (true) {
    KF_TRY(const bool found, row.Step());
    if (!found) return holding;
    target::Version version{.id = row.Blob(1),
                            .key_type = Number<KeyType>(row, 2),
                            .key_bits = Number<std::uint32_t>(row, 3),
                            .usage = Number<std::uint32_t>(row, 4),
                            .check_method = Number<CheckMethod>(row, 5),
                            .check_value = row.Blob(6)};
    (row.Integer(0) != 0 ? holding.previous : holding.current) = std::move(version);
  }
}

Status Ledger::Begin(const BundleKey& key, const Digest& digest) {
  statements_.begin.Reset();
  return BindBundle(statements_.begin, key, digest).Run();
}

Status Ledger::Conclude(const BundleKey& key, const Digest& digest, const seal::SignedStatement& statement,
                        UnixSeconds executed_at, std::span<const HoldingChange> changes) {
  KF_TRY(Transaction transaction, Transaction::Begin(database_));
  Statement& row = statements_.conclude;
  row.Reset();
  BindBundle(row, key, digest)
      .Bind(4, ByteView(statement.octets))
      .Bind(5, ByteView(statement.signature))
      .Bind(6, std::int64_t{executed_at});
  KF_TRY(const bool written, row.Step());
  row.Reset();
  if (!written) return std::unexpected(Damaged("another outcome or bundle under this number already"));
  for (const HoldingChange& change : changes) KF_CHECK(StoreHolding(change));
  return transaction.Commit();
}

Status Ledger::StoreHolding(const HoldingChange& change) {
  statements_.forget.Reset();
  KF_CHECK(BindName(statements_.forget, change.name).Run());
  for (const auto* version : {&change.holding.current, &change.holding.previous}) {
    if (!*version) continue;
    Statement& row = statements_.remember;
    row.Reset();
    BindName(row, change.name)
        .Bind(4, std::int64_t{version == &change.holding.previous})
        .Bind(5, ByteView((*version)->id))
        .Bind(6, static_cast<std::int64_t>((*version)->key_type))
        .Bind(7, std::int64_t{(*version)->key_bits})
        .Bind(8, std::int64_t{(*version)->usage})
        .Bind(9, static_cast<std::int64_t>((*version)->check_method))
        .Bind(10, ByteView((*version)->check_value));
    KF_CHECK(row.Run());
  }
  return {};
}

Result<Ledger::Summary> Ledger::Summarise() {
  KF_TRY(Statement row, database_.Prepare("SELECT (SELECT max(sequence) FROM bundles), "
                                          "(SELECT count(*) FROM versions WHERE previous = 0), "
                                          "(SELECT max(executed_at) FROM bundles)"));
  KF_TRY(const bool found, row.Step());
  if (!found) return std::unexpected(Damaged("nothing"));
  const auto number = [&](int column) { return row.IsNull(column) ? 0 : row.Integer(column); };
  Summary summary{.last_sequence = static_cast<std::uint64_t>(number(0)),
                  .lasts = {},
                  .objects = static_cast<std::uint64_t>(number(1)),
                  .latest = number(2)};
  KF_TRY(Statement last, database_.Prepare("SELECT signer, max(sequence) FROM bundles GROUP BY signer"));
  while (true) {
    KF_TRY(const bool more, last.Step());
    if (!more) return summary;
    KF_TRY(const Id16 signer, Id16FromBytes(last.Blob(0)));
    summary.lasts[signer] = Number<std::uint64_t>(last, 1);
  }
}

}  // namespace keyferry::worker
