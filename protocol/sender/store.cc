// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/sender/store.h"

#include <algorithm>
#include <utility>

namespace keyferry::sender {
namespace {

constexpr int kVersion = 1;
constexpr std::string_view kSchema = R"sql(
CREATE TABLE domain (
  name TEXT PRIMARY KEY, agent BLOB NOT NULL, agent_key BLOB NOT NULL, channel_key BLOB NOT NULL,
  endpoint TEXT NOT NULL, domain BLOB NOT NULL, generation INTEGER NOT NULL, receipt_key BLOB NOT NULL,
  next_sequence INTEGER NOT NULL, stopped TEXT NOT NULL) STRICT;
CREATE TABLE bundle (
  domain TEXT NOT NULL REFERENCES domain(name), sequence INTEGER NOT NULL, digest BLOB NOT NULL,
  envelope BLOB, receipt BLOB, PRIMARY KEY (domain, sequence)) STRICT;
CREATE INDEX bundle_open ON bundle (domain, sequence) WHERE receipt IS NULL;
)sql";

constexpr std::string_view kDomainColumns =
    "SELECT name, agent, agent_key, channel_key, endpoint, domain, generation, receipt_key, next_sequence, stopped "
    "FROM domain ";
constexpr std::string_view kBundleColumns = "SELECT sequence, digest, envelope, receipt FROM bundle ";

std::int64_t AsStored(std::uint64_t number) { return static_cast<std::int64_t>(number); }

template <std::size_t N>
Result<std::array<std::uint8_t, N>> FixedBlob(const Statement& row, int column) {
  const Bytes blob = row.Blob(column);
  std::array<std::uint8_t, N> value;
  if (blob.size() != N) {
    return std::unexpected(
        Error::Make(Code::kStoreUnreadable, "the sender's store holds a key or digest of a wrong size"));
  }
  std::ranges::copy(blob, value.begin());
  return value;
}

Result<DomainRow> ReadDomain(const Statement& row) {
  DomainRow domain;
  domain.name = row.Text(0);
  KF_TRY(domain.agent, FixedBlob<16>(row, 1));
  KF_TRY(domain.agent_key, FixedBlob<32>(row, 2));
  domain.channel_key = row.Blob(3);
  domain.endpoint = row.Text(4);
  KF_TRY(domain.domain, FixedBlob<16>(row, 5));
  domain.generation = static_cast<std::uint32_t>(row.Integer(6));
  domain.receipt_key = row.Blob(7);
  domain.next_sequence = static_cast<std::uint64_t>(row.Integer(8));
  domain.stopped = row.Text(9);
  return domain;
}

Result<BundleRow> ReadBundle(const Statement& row) {
  BundleRow bundle;
  bundle.sequence = static_cast<std::uint64_t>(row.Integer(0));
  KF_TRY(bundle.digest, FixedBlob<32>(row, 1));
  bundle.envelope = row.Blob(2);
  bundle.receipt = row.Blob(3);
  return bundle;
}

Result<std::vector<BundleRow>> ReadBundles(Statement query) {
  std::vector<BundleRow> bundles;
  for (;;) {
    KF_TRY(const bool row, query.Step());
    if (!row) return bundles;
    KF_TRY(BundleRow bundle, ReadBundle(query));
    bundles.push_back(std::move(bundle));
  }
}

}  // namespace

Result<Store> Store::Open(const std::string& directory) {
  KF_CHECK(MakeDirectories(directory, 0700));
  KF_TRY(Database database, Database::Open(directory + "/sender.db", kSchema, kVersion));
  return Store(std::move(database), directory);
}

Status Store::PutDomain(const DomainRow& domain) {
  KF_TRY(Statement insert,
         database_.Prepare("INSERT INTO domain VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
                           "ON CONFLICT (name) DO UPDATE SET agent = ?2, agent_key = ?3, channel_key = ?4, "
                           "endpoint = ?5, domain = ?6, generation = ?7, receipt_key = ?8"));
  insert.Bind(1, domain.name).Bind(2, ByteView(domain.agent)).Bind(3, ByteView(domain.agent_key));
  insert.Bind(4, ByteView(domain.channel_key)).Bind(5, domain.endpoint).Bind(6, ByteView(domain.domain));
  insert.Bind(7, std::int64_t{domain.generation}).Bind(8, ByteView(domain.receipt_key));
  insert.Bind(9, AsStored(domain.next_sequence)).Bind(10, domain.stopped);
  return insert.Run();
}

Result<DomainRow> Store::FindDomain(const std::string& name) {
  KF_TRY(Statement query, database_.Prepare(std::string(kDomainColumns) + "WHERE name = ?1"));
  query.Bind(1, name);
  KF_TRY(const bool found, query.Step());
  if (found) return ReadDomain(query);
  std::string message = "no domain '" + Printable(name) + "' is enrolled; enrolled are:";
  KF_TRY(const std::vector<DomainRow> domains, Domains());
  for (const DomainRow& domain : domains) message += " " + domain.name;
  if (domains.empty()) message += " none";
  return std::unexpected(Error::Make(Code::kAgentUnknown, std::move(message)));
}

Result<std::vector<DomainRow>> Store::Domains() {
  KF_TRY(Statement query, database_.Prepare(std::string(kDomainColumns) + "ORDER BY name"));
  std::vector<DomainRow> domains;
  for (;;) {
    KF_TRY(const bool row, query.Step());
    if (!row) return domains;
    KF_TRY(DomainRow domain, ReadDomain(query));
    domains.push_back(std::move(domain));
  }
}

Status Store::SetEndpoint(const std::string& domain, const std::string& endpoint) {
  KF_CHECK(FindDomain(domain));
  KF_TRY(Statement update, database_.Prepare("UPDATE domain SET endpoint = ?2 WHERE name = ?1"));
  return update.Bind(1, domain).Bind(2, endpoint).Run();
}

Status Store::Stop(const std::string& domain, const std::string& why) {
  KF_TRY(Statement update, database_.Prepare("UPDATE domain SET stopped = ?2 WHERE name = ?1"));
  return update.Bind(1, domain).Bind(2, why).Run();
}

Result<LockFile> Store::LockDomain(const std::string& domain) const {
  return LockFile::Acquire(directory_ + "/" + domain + ".lock");
}

Status Store::AddBundle(const std::string& domain, std::uint64_t sequence, const Digest& digest, ByteView envelope) {
  KF_TRY(Transaction transaction, Transaction::Begin(database_));
  KF_TRY(Statement insert,
         database_.Prepare("INSERT INTO bundle (domain, sequence, digest, envelope) VALUES (?1, ?2, ?3, ?4)"));
  insert.Bind(1, domain).Bind(2, AsStored(sequence)).Bind(3, ByteView(digest)).Bind(4, envelope);
  KF_CHECK(insert.Run());
  KF_TRY(Statement count, database_.Prepare("UPDATE domain SET next_sequence = ?2 + 1 WHERE name = ?1 AND "
                                            "next_sequence = ?2 RETURNING next_sequence"));
  count.Bind(1, domain).Bind(2, AsStored(sequence));
  KF_TRY(const bool counted, count.Step());
  if (!counted) return std::unexpected(Error::Make(Code::kInternal, "a sequence number was to be given out of turn"));
  count.Reset();
  return transaction.Commit();
}

Result<std::vector<BundleRow>> Store::Unreceipted(const std::string& domain, std::uint64_t sequence, std::size_t most) {
  KF_TRY(Statement query,
         database_.Prepare(std::string(kBundleColumns) + "WHERE domain = ?1 AND sequence >= ?2 AND receipt IS NULL "
                                                         "ORDER BY sequence LIMIT ?3"));
  query.Bind(1, domain).Bind(2, AsStored(sequence)).Bind(3, AsStored(most));
  return ReadBundles(std::move(query));
}

Result<std::optional<BundleRow>> Store::FindBundle(const std::string& domain, std::uint64_t sequence) {
  KF_TRY(Statement query, database_.Prepare(std::string(kBundleColumns) + "WHERE domain = ?1 AND sequence = ?2"));
  query.Bind(1, domain).Bind(2, AsStored(sequence));
  KF_TRY(std::vector<BundleRow> found, ReadBundles(std::move(query)));
  if (found.empty()) return std::optional<BundleRow>();
  return std::optional<BundleRow>(std::move(found.front()));
}

Status Store::PutReceipt(const std::string& domain, std::uint64_t sequence, ByteView receipt) {
  KF_TRY(Statement update, database_.Prepare("UPDATE bundle SET receipt = ?3, envelope = NULL "
                                             "WHERE domain = ?1 AND sequence = ?2"));
  return update.Bind(1, domain).Bind(2, AsStored(sequence)).Bind(3, receipt).Run();
}

Result<std::uint64_t> Store::HighestReceipted(const std::string& domain) {
  KF_TRY(Statement query, database_.Prepare("SELECT coalesce(max(sequence), 0) FROM bundle "
                                            "WHERE domain = ?1 AND receipt IS NOT NULL"));
  query.Bind(1, domain);
  KF_CHECK(query.Step());
  return static_cast<std::uint64_t>(query.Integer(0));
}

Result<std::vector<BundleRow>> Store::Bundles(const std::string& domain) {
  KF_TRY(Statement query, database_.Prepare(std::string(kBundleColumns) + "WHERE domain = ?1 ORDER BY sequence"));
  query.Bind(1, domain);
  return ReadBundles(std::move(query));
}

}  // namespace keyferry::sender
