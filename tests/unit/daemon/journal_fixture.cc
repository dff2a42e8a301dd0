// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/unit/daemon/journal_fixture.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace keyferry::daemon {

TemporaryDirectory::TemporaryDirectory() {
  path = (std::filesystem::temp_directory_path() / "keyferry-daemon-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) std::abort();
}

TemporaryDirectory::~TemporaryDirectory() { std::filesystem::remove_all(path); }

JournalTest::JournalTest() {
  InitCrypto();
  signers = {{.id = IdOfKey(signer.public_key()), .name = "kms", .key = signer.public_key()},
             {.id = IdOfKey(second_signer.public_key()), .name = "kms2", .key = second_signer.public_key()}};
}

void JournalTest::Open() {
  auto opened = Journal::Open(JournalPath(), AuditPath(), agent, clock);
  ASSERT_TRUE(opened) << opened.error().OneLine();
  journal = std::move(*opened);
}

Id16 JournalTest::Domain(std::uint8_t octet) {
  Id16 id{};
  id.fill(octet);
  return id;
}

seal::OpenedBundle JournalTest::Bundle(const BundleWish& wish) const {
  wire::BundleBody body;
  body.agent = IdOfKey(agent.public_key());
  body.domain = Domain(wish.domain);
  body.generation = 1;
  body.sequence = wish.sequence;
  body.accept_before = clock.now + wish.accept_in;
  body.install_before = wish.install_before;
  Item item;
  item.operation = Operation::kDelete;
  item.target = "hsm";
  item.label = wish.label;
  item.expected_id = {1, 2, 3};
  body.items.push_back(item);
  fakes::SoftSeal seal_in;
  auto sealed = seal::SealBundle(body, wish.other_signer ? second_signer : signer, seal_in);
  if (!sealed) throw std::runtime_error(sealed.error().OneLine());
  auto opened = seal::OpenedBundle::Open(std::move(*sealed), signers);
  if (!opened) throw std::runtime_error(opened.error().OneLine());
  return std::move(*opened);
}

Decision JournalTest::Push(const BundleWish& wish, std::size_t queue) {
  const auto bundle = Bundle(wish);
  Decision decision;
  const Status stored = journal->InOne([&]() -> Status {
    KF_TRY(decision, journal->Admit(bundle, queue, wire::Separation::kUsers));
    return {};
  });
  EXPECT_TRUE(stored) << stored.error().OneLine();
  EXPECT_TRUE(journal->audit().Flush());
  return decision;
}

Decision JournalTest::Ask(std::uint64_t sequence) {
  Decision decision;
  const Status done = journal->InOne([&]() -> Status {
    KF_TRY(decision, journal->Find({.signer = signers[0].id, .domain = Domain(7), .sequence = sequence}));
    return {};
  });
  EXPECT_TRUE(done);
  return decision;
}

std::optional<Admission> JournalTest::Take(std::uint8_t domain, bool begin) {
  std::optional<Admission> admission;
  const Status done = journal->InOne([&]() -> Status {
    KF_TRY(admission, journal->Take(Domain(domain), begin));
    return {};
  });
  EXPECT_TRUE(done);
  return admission;
}

Conclusion JournalTest::WorkerConclusion(const Admission& admission) {
  fakes::FakeWorker worker(IdOfKey(agent.public_key()), signers, receipt_key);
  const auto answer = worker.Execute(admission.envelope());
  auto conclusion = Conclusion::ByWorker(admission, {.octets = answer.statement, .signature = answer.signature},
                                         receipt_key.Spki(), IdOfKey(agent.public_key()));
  if (!conclusion) throw std::runtime_error(conclusion.error().OneLine());
  return *conclusion;
}

Bytes JournalTest::Conclude(const Conclusion& conclusion) {
  Bytes octets;
  const Status done = journal->InOne([&]() -> Status {
    KF_TRY(const Receipt receipt, journal->Conclude(conclusion, wire::Separation::kUsers));
    octets = receipt.octets();
    return {};
  });
  EXPECT_TRUE(done);
  EXPECT_TRUE(journal->audit().Flush());
  return octets;
}

std::vector<std::string> JournalTest::AuditLines() const {
  std::ifstream file(AuditPath());
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace keyferry::daemon
