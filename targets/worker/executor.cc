// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/executor.h"

#include <algorithm>
#include <limits>

#include "targets/worker/policy.h"

namespace keyferry::worker {
namespace {

using channel::Disposition;
using channel::ExecuteAnswer;

constexpr UnixSeconds kClockTolerance = 300;

ExecuteAnswer Refused(const Error& error) {
  ExecuteAnswer answer;
  answer.disposition = Disposition::kRefused;
  answer.code = Name(error.code());
  answer.message = MessageOf(error);
  return answer;
}

ExecuteAnswer Concluded(seal::SignedStatement statement) {
  ExecuteAnswer answer;
  answer.disposition = Disposition::kConcluded;
  answer.statement = std::move(statement.octets);
  answer.signature = std::move(statement.signature);
  return answer;
}

Installed Whole(wire::Outcome outcome, const Error& error) {
  Installed whole;
  whole.outcome = outcome;
  whole.code = Name(error.code());
  whole.message = MessageOf(error);
  return whole;
}

}  // namespace

Executor::Executor(Domain domain, const settings::WorkerSettings& settings, Ledger& ledger, Ledger::Summary so_far,
                   Clock& clock)
    : domain_(std::move(domain)), settings_(&settings), ledger_(&ledger), clock_(&clock), summary_(so_far) {}

Result<ExecuteAnswer> Executor::Execute(const Bytes& envelope, const Hands& hands) {
  auto opened = seal::OpenedBundle::Open(envelope, domain_.signers);
  if (!opened) return Refused(opened.error());
  if (const Status address = CheckAddress(opened->body()); !address) return Refused(address.error());
  auto answer = ExecuteOpened(std::move(*opened), hands);
  if (!answer) {
    // The target may hold something else than it did: it is listed again before the next attempt.
    for (target::Target* target : hands.targets) target->Invalidate();
  }
  return answer;
}

Result<ExecuteAnswer> Executor::ExecuteOpened(seal::OpenedBundle opened, const Hands& hands) {
  const Heading heading{.generation = opened.body().generation,
                        .key = {.signer = opened.signer().id, .sequence = opened.body().sequence},
                        .digest = opened.digest(),
                        .simulate = opened.body().simulate};
  const auto seal_in = hands.seal_in.find(heading.generation);
  if (seal_in == hands.seal_in.end()) {
    const auto what = "generation " + std::to_string(heading.generation) + " of the root keys does not serve here";
    return SignRefusal(heading, Error::Make(Code::kWrongGeneration, what), hands);
  }
  auto sealed = seal::SealedBundle::Verify(std::move(opened), *seal_in->second);
  if (!sealed && sealed.error().code() == Code::kSealWrong) return SignRefusal(heading, sealed.error(), hands);
  if (!sealed) return std::unexpected(std::move(sealed).error().While("verifying the seal"));

  bool begun = false;
  KF_TRY(auto known, LookUp(heading, begun));
  if (known) return std::move(*known);
  // What was begun in time is finished, late or not: the target may hold it already.
  if (!begun) {
    KF_TRY(const bool expired, IsExpired(sealed->body().install_before));
    if (expired) {
      const auto late = "install_before was " + FormatTime(sealed->body().install_before);
      return Conclude(heading, Whole(wire::Outcome::kExpired, Error::Make(Code::kExpired, late)), hands);
    }
  }
  KF_TRY(const Installed installed, Install(*sealed, heading, hands, begun));
  return Conclude(heading, installed, hands);
}

Status Executor::CheckAddress(const wire::BundleBody& body) const {
  if (body.agent != domain_.agent) {
    return std::unexpected(Error::Make(Code::kWrongAgent, "the bundle is for agent " + HexEncode(body.agent)));
  }
  if (body.domain != domain_.id) {
    return std::unexpected(Error::Make(Code::kWrongDomain, "the bundle is for domain " + HexEncode(body.domain)));
  }
  if (body.sequence == 0 || body.sequence > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return std::unexpected(Error::Make(Code::kWireLimit, "the sequence number is out of range"));
  }
  return {};
}

Result<std::optional<ExecuteAnswer>> Executor::LookUp(const Heading& heading, bool& begun) {
  KF_TRY(auto entry, ledger_->Find(heading.key));
  const std::string number = "sequence number " + std::to_string(heading.key.sequence);
  if (entry) {
    if (entry->digest != heading.digest) {
      return Refused(Error::Make(Code::kSequenceUsed, number + " belongs to another bundle of this signer"));
    }
    if (entry->done) return Concluded(std::move(entry->statement));
    begun = true;
    return std::nullopt;
  }
  KF_TRY(const std::uint64_t last, ledger_->Last(heading.key.signer));
  if (heading.key.sequence > last) return std::nullopt;
  return Refused(Error::Make(Code::kSequenceUsed, number + " is not above " + std::to_string(last) +
                                                      ", the last that this signer's bundles had here"));
}

Result<bool> Executor::IsExpired(UnixSeconds install_before) const {
  if (install_before == 0) return false;
  const UnixSeconds now = clock_->Now();
  if (now + kClockTolerance < summary_.latest) {
    return std::unexpected(Error::Make(Code::kClockBehind, "the clock says " + FormatTime(now) +
                                                               ", but a bundle was concluded at " +
                                                               FormatTime(summary_.latest) + ": dated bundles wait"));
  }
  return now > install_before;
}

Result<Installed> Executor::Install(const seal::SealedBundle& bundle, const Heading& heading, const Hands& hands,
                                    bool begun) {
  const std::string& signer = bundle.opened().signer().name;
  for (target::Target* target : hands.targets) target->UseGeneration(heading.generation);
  Installation installation(bundle.body(), hands.targets, *ledger_);
  if (begun) KF_CHECK(installation.Recover());
  KF_CHECK(installation.Stage(PolicyOf(*settings_, signer), signer));
  if (installation.HasWork()) {
    // Staging left nothing lasting; from here on the target is written to.
    if (!begun) {
      KF_CHECK(ledger_->Begin(heading.key, heading.digest));
      Count(heading.key);
    }
    KF_CHECK(installation.Commit());
    KF_CHECK(installation.Finish(*clock_));
  } else if (begun) {
    KF_CHECK(installation.TakeBack());
  }
  return installation.Conclude();
}

Result<seal::SignedStatement> Executor::Sign(const Heading& heading, const Installed& installed, UnixSeconds now,
                                             const Hands& hands) const {
  const wire::Statement statement{.agent = domain_.agent,
                                  .domain = domain_.id,
                                  .generation = heading.generation,
                                  .signer = heading.key.signer,
                                  .sequence = heading.key.sequence,
                                  .envelope_sha256 = heading.digest,
                                  .simulated = heading.simulate,
                                  .outcome = installed.outcome,
                                  .code = installed.code,
                                  .message = installed.message,
                                  .items = installed.items,
                                  .token_label = domain_.token_label,
                                  .token_serial = domain_.token_serial,
                                  .token_model = domain_.token_model,
                                  .template_enforced = domain_.template_enforced,
                                  .executed_at = now};
  auto signed_statement = seal::SignStatement(statement, *hands.receipt);
  if (!signed_statement) return std::unexpected(std::move(signed_statement).error().While("signing the statement"));
  return signed_statement;
}

Result<ExecuteAnswer> Executor::SignRefusal(const Heading& heading, const Error& refusal, const Hands& hands) const {
  // Not in the ledger: who cannot seal must not be able to use up a number here.
  KF_TRY(auto statement, Sign(heading, Whole(wire::Outcome::kRefused, refusal), clock_->Now(), hands));
  return Concluded(std::move(statement));
}

void Executor::Count(const BundleKey& key) {
  summary_.last_sequence = std::max(summary_.last_sequence, key.sequence);
  std::uint64_t& last = summary_.lasts[key.signer];
  last = std::max(last, key.sequence);
}

Result<ExecuteAnswer> Executor::Conclude(const Heading& heading, const Installed& installed, const Hands& hands) {
  const UnixSeconds now = clock_->Now();
  KF_TRY(auto statement, Sign(heading, installed, now, hands));
  KF_CHECK(ledger_->Conclude(heading.key, heading.digest, statement, now, installed.changes));
  Count(heading.key);
  ++executed_;
  summary_.latest = std::max(summary_.latest, now);
  summary_.objects += installed.objects_gained;
  summary_.objects -= installed.objects_lost;
  return Concluded(std::move(statement));
}

}  // namespace keyferry::worker
