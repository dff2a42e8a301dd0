// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/worker/worker.h"

#include <algorithm>
#include <utility>

#include "protocol/base/log.h"

namespace keyferry::worker {
namespace {

using channel::WorkerCondition;
using channel::WorkerState;
using cryptoki::Rung;
using std::chrono::milliseconds;

constexpr milliseconds kPoll{500};
constexpr milliseconds kBackOffMost{30'000};

// What the operator is to be told. The first is nobody's fault, the last three need somebody.
WorkerCondition ConditionOf(const Error& error) {
  switch (error.code()) {
    case Code::kNotBootstrapped:
      return WorkerCondition::kNotBootstrapped;
    case Code::kLocked:
      return WorkerCondition::kStarting;
    case Code::kPinWrong:
    case Code::kPinLatched:
    case Code::kPinLocked:
      return WorkerCondition::kLatched;
    default:
      return error.retry() == Retry::kPermanent ? WorkerCondition::kStopped : WorkerCondition::kHsmAway;
  }
}

milliseconds BackOff(unsigned failures) {
  return std::min(kBackOffMost, milliseconds(250) * (1U << std::min(failures, 7U)));
}

}  // namespace

Worker::Worker(settings::WorkerSettings settings, Clock& clock)
    : settings_(std::move(settings)),
      clock_(&clock),
      latch_(settings::LatchPath(settings_)),
      dog_(settings_.token.call_deadline, [] {
        Watchdog::LeaveProcess(Error::Make(Code::kDeadlinePassed, "a call into the PKCS#11 library did not come back"));
      }) {
  state_.domain_name = settings_.domain_name;
}

Worker::~Worker() { Stop(); }

void Worker::Start() {
  keeper_ = std::jthread([this](const std::stop_token& stop) { KeepOpening(stop); });
}

void Worker::Stop() {
  if (keeper_.joinable()) {
    keeper_.request_stop();
    keeper_.join();
  }
  const std::lock_guard lock(work_);
  stopped_ = true;
  token_.reset();
}

void Worker::KeepOpening(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      const std::lock_guard lock(work_);
      const bool asked = try_now_.exchange(false);
      const bool open = token_ && token_->is_open();
      if (!open && (asked || clock_->Monotonic() >= next_try_)) OpenNow();
    }
    for (milliseconds slept{0}; slept < kPoll && !stop.stop_requested(); slept += milliseconds(50)) {
      std::this_thread::sleep_for(milliseconds(50));
    }
  }
}

void Worker::OpenNow() {
  const Status opened = Open();
  if (opened) {
    ShowOpen();
    return;
  }
  if (token_) token_->Close(Rung::kModule);
  ShowFailure(opened.error());
  const auto condition = ConditionOf(opened.error());
  // A record appears when operators are done; a lock goes when the command line is. Everything else is tried ever
  // later.
  const bool poll = condition == WorkerCondition::kNotBootstrapped || condition == WorkerCondition::kStarting;
  open_failures_ = poll ? 0 : open_failures_ + 1;
  next_try_ = clock_->Monotonic() + (poll ? milliseconds(0) : BackOff(open_failures_));
}

Status Worker::Open() {
  if (!record_) KF_CHECK(ReadRecord());
  if (!ledger_) KF_CHECK(OpenLedger());
  if (!token_) token_ = std::make_unique<DomainToken>(settings_, *record_, latch_, dog_);
  KF_CHECK(token_->Open());
  if (!executor_) {
    KF_TRY(const auto summary, ledger_->Summarise());
    executor_.emplace(MakeDomain(), settings_, *ledger_, summary, *clock_);
  }
  return {};
}

Status Worker::ReadRecord() {
  const std::string path = record::RecordPath(settings_.state_dir);
  if (auto seen = record::LoadConfirmed(path); !seen) return std::unexpected(std::move(seen).error());
  if (!lock_) {
    KF_TRY(lock_, LockFile::Acquire(settings::TokenLockPath(settings_)));
  }
  // Under the lock nobody changes it any more.
  KF_TRY(record_, record::LoadConfirmed(path));
  const std::lock_guard state_lock(state_mutex_);
  state_.domain = record_->domain;
  return {};
}

Status Worker::OpenLedger() {
  KF_TRY(auto ledger, Ledger::Open(settings::LedgerPath(settings_)));
  // Shown at once: the daemon compares it with its journal, whether the token is there or not.
  KF_TRY(const auto summary, ledger.Summarise());
  ShowLedger(summary);
  ledger_.emplace(std::move(ledger));
  return {};
}

Domain Worker::MakeDomain() const {
  const auto& profile = token_->profile();
  Domain domain{.agent = IdOfKey(record_->agent),
                .id = record_->domain,
                .signers = {},
                .token_label = token_->info().label,
                .token_serial = token_->info().serial,
                .token_model = token_->info().model,
                .template_enforced = profile.template_taken && profile.template_enforced};
  for (const auto& signer : record_->signers) {
    domain.signers.push_back({.id = IdOfKey(signer.key), .name = signer.name, .key = signer.key});
  }
  return domain;
}

channel::ExecuteAnswer Worker::Execute(const Bytes& envelope) {
  const std::lock_guard lock(work_);
  if (stopped_ || !token_ || !token_->is_open()) return NotOpen();
  const std::uint64_t before = executor_->executed();
  auto answer = executor_->Execute(envelope, token_->hands());
  ShowLedger(executor_->summary());
  if (!answer) return NotConcluded(answer.error());
  if (answer->disposition == channel::Disposition::kConcluded) {
    failures_ = 0;
    climbed_ = Rung::kNone;
    const std::lock_guard state_lock(state_mutex_);
    state_.executed += executor_->executed() - before;
  }
  return std::move(*answer);
}

channel::ExecuteAnswer Worker::NotOpen() {
  const std::lock_guard lock(state_mutex_);
  channel::ExecuteAnswer answer;
  answer.disposition = channel::Disposition::kRetry;
  answer.code = state_.code.empty() ? Name(Code::kTokenFailed) : std::string_view(state_.code);
  answer.message = state_.message;
  answer.retry_after_ms = static_cast<std::uint32_t>((2 * kPoll).count());
  return answer;
}

channel::ExecuteAnswer Worker::NotConcluded(const Error& error) {
  ++failures_;
  LogError("a bundle was not concluded and will be tried again", error);
  Climb(error);
  channel::ExecuteAnswer answer;
  answer.disposition = channel::Disposition::kRetry;
  answer.code = Name(error.code());
  answer.message = MessageOf(error);
  answer.retry_after_ms = static_cast<std::uint32_t>(BackOff(failures_).count());
  return answer;
}

void Worker::Climb(const Error& error) {
  if (error.code() == Code::kStoreUnreadable) {
    // Opened again, and found damaged again, before anything else is executed.
    executor_.reset();
    ledger_.reset();
    HideLedger();
    token_->Close(Rung::kSession);
    OpenNow();
    return;
  }
  // A key of the domain went stale under its handle (the token was away and is back): a new session finds it again.
  const Rung asked = error.code() == Code::kObjectMissing ? Rung::kSession : cryptoki::RungFor(error);
  if (asked == Rung::kNone) return;
  // A rung that did not help is followed by the next.
  const auto next = static_cast<Rung>(std::min(static_cast<int>(Rung::kWorker), static_cast<int>(climbed_) + 1));
  climbed_ = std::max(asked, next);
  Log(LogLevel::kWarning, "recovering the token", {{"rung", cryptoki::Name(climbed_)}});
  if (climbed_ == Rung::kWorker) Watchdog::LeaveProcess(error);
  {
    const std::lock_guard lock(state_mutex_);
    state_.recovered_sessions += climbed_ == Rung::kSession ? 1 : 0;
    state_.recovered_logins += climbed_ == Rung::kLogin ? 1 : 0;
    state_.recovered_modules += climbed_ == Rung::kModule ? 1 : 0;
  }
  token_->Close(climbed_);
  OpenNow();
}

void Worker::ShowOpen() {
  open_failures_ = 0;
  const std::lock_guard lock(state_mutex_);
  if (state_.condition != WorkerCondition::kServing)
    Log(LogLevel::kInfo, "serving", {{"domain", settings_.domain_name}});
  state_.condition = WorkerCondition::kServing;
  state_.code.clear();
  state_.message.clear();
  state_.domain = record_->domain;
  state_.generation = 0;
  for (const auto& [number, seal_in] : token_->hands().seal_in) state_.generation = std::max(state_.generation, number);
  state_.token_label = token_->info().label;
  state_.token_serial = token_->info().serial;
  state_.token_model = token_->info().model;
  state_.template_enforced = token_->profile().template_enforced;
}

void Worker::ShowLedger(const Ledger::Summary& summary) {
  const std::lock_guard lock(state_mutex_);
  state_.last_sequence = summary.last_sequence;
  state_.objects = summary.objects;
  auto& ledger = state_.ledger.emplace();
  for (const auto& [signer, last] : summary.lasts) ledger.push_back({.signer = signer, .last = last});
}

void Worker::HideLedger() {
  const std::lock_guard lock(state_mutex_);
  state_.ledger.reset();
}

void Worker::ShowFailure(const Error& error) {
  const std::lock_guard lock(state_mutex_);
  const WorkerCondition condition = ConditionOf(error);
  const std::string code(Name(error.code()));
  if (state_.condition != condition || state_.code != code) LogError("not serving", error);
  state_.condition = condition;
  state_.code = code;
  state_.message = error.ThreeLines();
}

WorkerState Worker::State() {
  const std::lock_guard lock(state_mutex_);
  return state_;
}

Status Worker::OpenLatch() {
  KF_CHECK(latch_.Open());
  Log(LogLevel::kWarning, "the PIN latch was opened");
  try_now_.store(true);
  return {};
}

}  // namespace keyferry::worker
