// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/domain_line.h"

#include <algorithm>
#include <utility>

#include "protocol/base/log.h"
#include "protocol/wire/limits.h"

namespace keyferry::daemon {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStateDeadline{2000};
// Longer than any bundle: an update's overlap may be ten minutes. A worker whose token hangs leaves by itself, and that
// is seen at once; should this pass nevertheless, the worker goes on, and its ledger knows.
constexpr milliseconds kExecuteDeadline{20 * 60 * 1000};
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{2000};
constexpr milliseconds kPoisonPause{60'000};
constexpr milliseconds kTroublePause{5000};
constexpr milliseconds kUnbornPause{500};  // until the domain is bootstrapped
// Leaves room for what Printable adds within limits::kTextBytes.
constexpr std::size_t kMessageMost = wire::limits::kTextBytes - 100;
constexpr std::size_t kCodeMost = 64;
constexpr milliseconds kShortestRetry{20};
constexpr milliseconds kLongestRetry{10'000};

}  // namespace

DomainLine::DomainLine(std::string name, std::string socket, const Id16& agent, const RosterKeeper& roster,
                       JournalThread& journal, Board& board, const Clock& clock)
    : name_(std::move(name)),
      agent_(agent),
      roster_(roster),
      journal_(journal),
      board_(board),
      clock_(clock),
      worker_(std::move(socket)) {}

void DomainLine::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    Run(stop);
    const std::lock_guard lock(mutex_);
    ended_ = true;
    ended_signal_.notify_all();
  });
}

bool DomainLine::WaitEnded(milliseconds patience) {
  std::unique_lock lock(mutex_);
  return ended_signal_.wait_for(lock, patience, [&] { return ended_; });
}

void DomainLine::Run(const std::stop_token& stop) {
  std::optional<Conclusion> done;
  // A state that was restored is best noticed before anything is accepted.
  Reach();
  do {
    const auto roster = roster_.Get();
    const DomainEntry* domain = roster->Named(name_);
    if (!done && (domain == nullptr || !domain->record)) {
      pause_ = kUnbornPause;
      Sleep(stop);
      continue;
    }
    const auto next = journal_.ConcludeAndTake({.domain = done ? done->domain() : domain->record->domain,
                                                .done = done ? &*done : nullptr,
                                                .separation = board_.SeparationOf(name_),
                                                .begin = reachable_,
                                                .take = !stop.stop_requested()});
    if (!next) {
      pause_ = kTroublePause;
      Sleep(stop);
      continue;
    }
    done.reset();
    if (*next) {
      done = Install(**next, stop);
    } else if (!stop.stop_requested()) {
      Reach();
    }
  } while (done || !stop.stop_requested());
}

// Nothing: parked, since the daemon stops.
std::optional<Conclusion> DomainLine::Install(const Admission& admission, const std::stop_token& stop) {
  bool begun = admission.begun();
  lost_ = admission.lost();
  back_off_ = milliseconds(0);
  while (true) {
    pause_ = milliseconds(0);
    if (auto conclusion = Attempt(admission, begun)) {
      board_.Clear("poison " + name_);
      board_.Clear("waiting " + name_);
      return conclusion;
    }
    if (stop.stop_requested()) return std::nullopt;
    Sleep(stop);
  }
}

std::optional<Conclusion> DomainLine::Attempt(const Admission& admission, bool& begun) {
  back_off_ = std::clamp(2 * back_off_, kFirstPause, kLongestPause);
  pause_ = back_off_;
  if (IsHeld(admission)) return std::nullopt;
  const bool probed = !reachable_;
  if (probed && !Reach()) {
    // Only what no worker can have seen is concluded without one, and nothing where the numbers cannot be trusted.
    if (stopped_ || begun || !IsExpired(admission)) return std::nullopt;
    return Conclusion::ByAgent(admission, wire::Outcome::kExpired, std::string(Name(Code::kExpired)),
                               "install_before passed while the worker could not be reached");
  }
  if (!begun && !journal_.MarkBegun(admission.row())) return std::nullopt;
  begun = true;
  auto answer = worker_.Execute(admission.envelope(), kExecuteDeadline);
  if (answer) return Judge(admission, std::move(*answer));
  reachable_ = false;
  // One that was not asked just before may have been away already.
  if (probed || answer.error().code() != Code::kWorkerNotRunning) WorkerLost(admission, answer.error());
  return std::nullopt;
}

std::optional<Conclusion> DomainLine::Judge(const Admission& admission, channel::ExecuteAnswer answer) {
  switch (answer.disposition) {
    case channel::Disposition::kRetry:
      // Where the token is closed the worker's own condition says why.
      board_.Warn("waiting " + name_, "domain " + name_ + ": bundle " + std::to_string(admission.sequence()) +
                                          " waits and is tried again: " + Printable(answer.message, kMessageMost) +
                                          " [" + Printable(answer.code, kCodeMost) + "]");
      pause_ = std::clamp(milliseconds(answer.retry_after_ms), kShortestRetry, kLongestRetry);
      return std::nullopt;
    case channel::Disposition::kRefused:
      return Conclusion::ByAgent(admission, wire::Outcome::kRefused, Printable(answer.code, kCodeMost),
                                 Printable(answer.message, kMessageMost));
    case channel::Disposition::kConcluded:
      break;
  }
  const auto roster = roster_.Get();
  const DomainEntry* domain = roster->Find(admission.domain());
  if (domain == nullptr) return std::nullopt;
  auto conclusion =
      Conclusion::ByWorker(admission, {.octets = std::move(answer.statement), .signature = std::move(answer.signature)},
                           domain->record->receipt_key, agent_);
  if (conclusion) {
    board_.Clear("statement " + name_);
    return std::move(*conclusion);
  }
  // Whoever answers there is not the worker of this record. It stays accepted until the right one answers.
  LogError("worker's statement not taken", conclusion.error(), {{"domain", name_}});
  board_.Warn("statement " + name_, "domain " + name_ + ": " + conclusion.error().OneLine());
  pause_ = kTroublePause;
  return std::nullopt;
}

bool DomainLine::Reach() {
  const auto state = worker_.State(kStateDeadline);
  // A worker that has not read its ledger yet executes nothing either.
  reachable_ = state && state->ledger && Agrees(*state->ledger);
  return reachable_;
}

bool DomainLine::Agrees(const std::vector<channel::LastOfSigner>& ledger) {
  const auto roster = roster_.Get();
  const DomainEntry* domain = roster->Named(name_);
  if (domain == nullptr || !domain->record) return false;
  std::vector<Id16> signers;
  for (const auto& pinned : domain->signers) signers.push_back(pinned.id);
  for (const auto& one : ledger) {
    if (!domain->HasSigner(one.signer)) signers.push_back(one.signer);
  }
  // Asked after the worker was: what was accepted meanwhile only raises the journal's numbers.
  const auto numbers = journal_.Numbers(domain->record->domain, signers);
  if (!numbers) return false;
  if (const Status agreed = CheckAgreement(ledger, *numbers); !agreed) {
    StopDomain(agreed.error());
    return false;
  }
  ResumeDomain();
  return true;
}

void DomainLine::StopDomain(const Error& why) {
  if (stopped_) return;
  stopped_ = true;
  LogError("domain stopped", why, {{"domain", name_}});
  board_.Warn("diverged " + name_, "domain " + name_ + ": stopped: " + why.OneLine());
  Json event = Json::EmptyObject();
  event.Set("event", "domain stopped").Set("domain_name", name_);
  event.Set("code", Name(why.code())).Set("message", why.what());
  journal_.Tell(std::move(event));
  board_.StopDomain(name_, why);
}

void DomainLine::ResumeDomain() {
  if (!stopped_) return;
  stopped_ = false;
  Log(LogLevel::kWarning, "domain goes on: ledger and journal agree again", {{"domain", name_}});
  Json event = Json::EmptyObject();
  event.Set("event", "domain resumed").Set("domain_name", name_);
  journal_.Tell(std::move(event));
  board_.ResumeDomain(name_);
  board_.Clear("diverged " + name_);
}

bool DomainLine::IsHeld(const Admission& admission) {
  const std::string topic = "clock " + name_;
  if (admission.install_before() == 0 || !journal_.ClockBehind()) {
    board_.Clear(topic);
    return false;
  }
  board_.Warn(topic, "domain " + name_ + ": a dated bundle waits: the clock is behind a time that was seen before");
  return true;
}

bool DomainLine::IsExpired(const Admission& admission) const {
  return admission.install_before() != 0 && clock_.Now() > admission.install_before();
}

void DomainLine::WorkerLost(const Admission& admission, const Error& error) {
  LogError("worker lost while it had a bundle", error, {{"domain", name_}, {"sequence", admission.sequence()}});
  ++lost_;
  if (const Status marked = journal_.MarkLost(admission.row()); !marked) LogError("journal", marked.error());
  if (lost_ < kPoison) return;
  pause_ = kPoisonPause;
  board_.Warn("poison " + name_, "domain " + name_ + ": the worker went away " + std::to_string(lost_) +
                                     " times over bundle " + std::to_string(admission.sequence()) +
                                     "; it is tried once a minute");
}

void DomainLine::Sleep(const std::stop_token& stop) {
  if (pause_ <= milliseconds(0)) return;
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, stop, pause_, [] { return false; });
}

}  // namespace keyferry::daemon
