// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/roster.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace keyferry::daemon {
namespace {

// Records are replaced by rename: a new one is another file. All zero where there is none.
std::array<std::int64_t, 4> MarkOf(const std::string& path) {
  struct stat facts{};
  if (stat(path.c_str(), &facts) != 0) return {};
  return {static_cast<std::int64_t>(facts.st_ino), facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec};
}

void ReadRecord(DomainEntry& entry, const Ed25519PublicKey& agent) {
  const auto mark = MarkOf(entry.record_path);
  if (mark == entry.record_mark && (entry.record || mark == decltype(mark){})) return;
  entry.record_mark = mark;
  entry.record.reset();
  entry.signers.clear();
  entry.trouble.reset();
  auto loaded = record::LoadConfirmed(entry.record_path);
  if (!loaded) {
    if (loaded.error().code() != Code::kNotBootstrapped) entry.trouble = std::move(loaded).error();
    return;
  }
  if (loaded->agent != agent) {
    entry.trouble = Error::Make(Code::kRecordWrong, "the record of domain '" + entry.name + "' names another agent");
    return;
  }
  for (const auto& signer : loaded->signers) {
    entry.signers.push_back({.id = IdOfKey(signer.key), .name = signer.name, .key = signer.key});
  }
  entry.record = std::move(*loaded);
}

void CollectSigners(Roster& roster) {
  roster.signers.clear();
  for (const auto& domain : roster.domains) {
    for (const auto& signer : domain.signers) {
      const bool known = std::ranges::find(roster.signers, signer.id, &seal::PinnedSigner::id) != roster.signers.end();
      if (!known) roster.signers.push_back(signer);
    }
  }
}

}  // namespace

bool DomainEntry::HasPeer(ByteView key) const {
  return record && std::ranges::any_of(record->peers, [&](const Bytes& peer) { return Equal(peer, key); });
}

bool DomainEntry::HasSigner(const Id16& signer) const {
  return std::ranges::any_of(signers, [&](const seal::PinnedSigner& pinned) { return pinned.id == signer; });
}

bool Roster::HasPeer(ByteView key) const {
  return std::ranges::any_of(domains, [&](const DomainEntry& domain) { return domain.HasPeer(key); });
}

const DomainEntry* Roster::Find(const Id16& domain) const {
  for (const auto& entry : domains) {
    if (entry.record && entry.record->domain == domain) return &entry;
  }
  return nullptr;
}

const DomainEntry* Roster::Named(const std::string& name) const {
  for (const auto& entry : domains) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

Result<std::unique_ptr<RosterKeeper>> RosterKeeper::Load(const settings::AgentSettings& settings,
                                                         Ed25519PublicKey agent) {
  Roster roster;
  for (const auto& domain : settings.domains) {
    KF_TRY_WITH(const settings::WorkerSettings worker, settings::LoadWorker(domain.worker_settings),
                "domain '" + domain.name + "'");
    DomainEntry entry;
    entry.name = domain.name;
    entry.queue = domain.queue;
    entry.socket = worker.socket;
    entry.record_path = record::RecordPath(worker.state_dir);
    roster.domains.push_back(std::move(entry));
  }
  std::unique_ptr<RosterKeeper> keeper(new RosterKeeper(std::move(roster), agent));
  keeper->Refresh();
  return keeper;
}

RosterKeeper::RosterKeeper(Roster roster, Ed25519PublicKey agent)
    : agent_(agent), roster_(std::make_shared<const Roster>(std::move(roster))) {}

std::shared_ptr<const Roster> RosterKeeper::Get() const {
  const std::lock_guard lock(mutex_);
  return roster_;
}

void RosterKeeper::Refresh() {
  Roster fresh = *Get();
  for (auto& domain : fresh.domains) ReadRecord(domain, agent_);
  CollectSigners(fresh);
  auto picture = std::make_shared<const Roster>(std::move(fresh));
  const std::lock_guard lock(mutex_);
  roster_ = std::move(picture);
}

}  // namespace keyferry::daemon
