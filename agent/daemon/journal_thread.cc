// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/journal_thread.h"

#include <algorithm>
#include <utility>

#include "protocol/base/log.h"

namespace keyferry::daemon {
namespace {

constexpr std::chrono::milliseconds kTick{1000};
// What a command weighs beside the octets that it carries.
constexpr std::size_t kCommandOctets = 512;

std::size_t Weight(const Outgoing& outgoing) { return kCommandOctets + outgoing.reply.receipt.size(); }

Error Stopping() { return Error::Make(Code::kSystem, "the daemon is stopping"); }

}  // namespace

JournalThread::JournalThread(std::unique_ptr<Journal> journal, Outbox& outbox, Board& board, const Clock& clock)
    : journal_(std::move(journal)), outbox_(outbox), board_(board), clock_(clock) {}

void JournalThread::Start() {
  thread_ = std::jthread([this] { Run(); });
}

void JournalThread::Stop() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

bool JournalThread::TryPush(PushCommand push) {
  const std::size_t weight = kCommandOctets + push.bundle.envelope().size();
  Command command(std::move(push));
  return queue_.TryPush(command, weight);
}

bool JournalThread::TryAsk(AskCommand ask) {
  Command command(std::move(ask));
  return queue_.TryPush(command, kCommandOctets);
}

void JournalThread::Note(NoteCommand note) {
  Command command(std::move(note));
  queue_.TryPush(command, kCommandOctets);
}

void JournalThread::Tell(Json event) {
  if (!queue_.Push(NoteCommand{.key = "", .event = std::move(event)}, kCommandOctets)) {
    LogError("an event was not written to the audit log", Stopping());
  }
}

Result<std::vector<SignerNumbers>> JournalThread::Numbers(const Id16& domain, std::span<const Id16> signers) {
  Slot<Result<std::vector<SignerNumbers>>> answer;
  if (!queue_.Push(NumbersCommand{domain, signers, &answer}, kCommandOctets)) return std::unexpected(Stopping());
  return answer.Wait();
}

Result<std::optional<Admission>> JournalThread::ConcludeAndTake(const Next& next) {
  Slot<Result<std::optional<Admission>>> answer;
  if (!queue_.Push(NextCommand{next, &answer, clock_.Monotonic() + kTick}, kCommandOctets)) {
    return std::unexpected(Stopping());
  }
  return answer.Wait();
}

Status JournalThread::Mark(std::int64_t row, bool lost) {
  Slot<Status> answer;
  if (!queue_.Push(MarkCommand{row, lost, &answer}, kCommandOctets)) return std::unexpected(Stopping());
  return answer.Wait();
}

void JournalThread::StopTaking() {
  taking_ = false;
  // A transaction that stores nothing: it answers those who wait already.
  Next nothing;
  nothing.take = false;
  if (const auto answered = ConcludeAndTake(nothing); !answered) LogError("journal", answered.error());
}

Status JournalThread::MarkBegun(std::int64_t row) { return Mark(row, false); }
Status JournalThread::MarkLost(std::int64_t row) { return Mark(row, true); }

void JournalThread::Run() {
  housekept_ = clock_.Monotonic();
  clock_behind_ = journal_->ClockBehind();
  while (!queue_.Drained()) {
    std::vector<Command> group = queue_.PopSome(kGroup, kTick);
    RunGroup(group);
    Housekeep();
  }
  AnswerWaiters(nullptr);
  std::vector<Command> last;
  for (Json& line : tally_.Due(clock_.Monotonic(), true)) {
    last.emplace_back(NoteCommand{.key = "", .event = std::move(line)});
  }
  Json stopped = Json::EmptyObject();
  last.emplace_back(NoteCommand{.key = "", .event = stopped.Set("event", "stopped")});
  RunGroup(last);
  if (auto synced = journal_->audit().Sync(); !synced) LogError("the audit log is not on disk", synced.error());
}

void JournalThread::RunGroup(std::vector<Command>& group) {
  after_.clear();
  if (group.empty() && waiters_.empty()) return;
  const Status stored = journal_->InOne([&]() -> Status {
    for (Command& command : group) {
      KF_CHECK(std::visit([this](auto& one) { return Handle(one); }, command));
    }
    return ServeWaiters();
  });
  if (!stored) {
    Fail(group, stored.error());
    return;
  }
  if (const Status flushed = journal_->audit().Flush(); !flushed) LogError("audit log not written", flushed.error());
  for (auto& action : after_) action();
  after_.clear();
}

Status JournalThread::Handle(PushCommand& push) {
  KF_TRY(Decision decision, journal_->Admit(push.bundle, push.queue, push.separation));
  const Id16 domain = push.bundle.body().domain;
  const std::int64_t row = decision.row;
  if (decision.kind == Decision::Kind::kServedAgain) KF_CHECK(TellServedAgain(decision.reply, push.route.peer));
  if (decision.reply.code == Name(Code::kSequenceUsed)) KF_CHECK(TellUsed(decision.reply, push.route.peer));
  after_.emplace_back([this, kind = decision.kind, domain, row, route = push.route, reply = decision.reply]() mutable {
    if (kind == Decision::Kind::kAccepted) board_.Accepted(domain);
    if (kind == Decision::Kind::kRefused) board_.RefusedAtDoor(domain);
    if (reply.kind == wire::ReplyKind::kAccepted || reply.kind == wire::ReplyKind::kInProgress) watchers_[row] = route;
    Send(std::move(route), std::move(reply));
  });
  return {};
}

Status JournalThread::Handle(AskCommand& ask) {
  KF_TRY(Decision decision, journal_->Find(ask.ask));
  if (decision.kind == Decision::Kind::kServedAgain) KF_CHECK(TellServedAgain(decision.reply, ask.route.peer));
  after_.emplace_back([this, row = decision.row, route = ask.route, reply = std::move(decision.reply)]() mutable {
    if (reply.kind == wire::ReplyKind::kInProgress) watchers_[row] = route;
    Send(std::move(route), std::move(reply));
  });
  return {};
}

Status JournalThread::TellServedAgain(const wire::Reply& reply, const Bytes& peer) {
  if (reply.kind != wire::ReplyKind::kReceipt) return {};
  Json event = Json::EmptyObject();
  event.Set("event", "receipt served again").Set("domain", HexEncode(reply.domain));
  event.Set("signer", HexEncode(reply.signer)).Set("sequence", reply.sequence).Set("peer", HexEncode(peer));
  const std::string key = "again " + HexEncode(reply.domain) + HexEncode(reply.signer) + std::to_string(reply.sequence);
  const auto line = tally_.Note(key, event, clock_.Monotonic());
  return line ? journal_->Note(*line) : Status();
}

// Two authentic bundles under one number: somebody has the signer's key, or the KMS was restored from a copy.
Status JournalThread::TellUsed(const wire::Reply& reply, const Bytes& peer) {
  Json event = Json::EmptyObject();
  event.Set("event", "refused").Set("code", reply.code).Set("message", reply.message);
  event.Set("domain", HexEncode(reply.domain)).Set("signer", HexEncode(reply.signer));
  event.Set("sequence", reply.sequence).Set("peer", HexEncode(peer));
  const auto line = tally_.Note("used " + HexEncode(reply.domain) + HexEncode(reply.signer), event, clock_.Monotonic());
  return line ? journal_->Note(*line) : Status();
}

// Without a key it is written as it is.
Status JournalThread::Handle(NoteCommand& note) {
  if (note.key.empty()) return journal_->Note(note.event);
  const auto line = tally_.Note(note.key, note.event, clock_.Monotonic());
  return line ? journal_->Note(*line) : Status();
}

Status JournalThread::Handle(NextCommand& command) {
  if (command.next.done != nullptr) {
    const Conclusion& done = *command.next.done;
    KF_TRY(const Receipt receipt, journal_->Conclude(done, command.next.separation));
    wire::Reply reply;
    reply.kind = wire::ReplyKind::kReceipt;
    reply.envelope_sha256 = done.body().envelope_sha256;
    reply.signer = done.body().signer;
    reply.domain = done.body().domain;
    reply.sequence = done.body().sequence;
    reply.receipt = receipt.octets();
    after_.emplace_back([this, row = done.row(), outcome = done.outcome(), reply = std::move(reply)]() mutable {
      board_.Concluded(reply.domain, outcome, clock_.Now());
      const auto watcher = watchers_.extract(row);
      if (!watcher.empty()) Send(std::move(watcher.mapped()), std::move(reply));
    });
  }
  waiters_.push_back(command);
  return {};
}

Status JournalThread::Handle(MarkCommand& command) {
  KF_CHECK(command.lost ? journal_->MarkLost(command.row) : journal_->MarkBegun(command.row));
  after_.emplace_back([answer = command.answer] { answer->Set({}); });
  return {};
}

Status JournalThread::Handle(NumbersCommand& command) {
  KF_TRY(auto numbers, journal_->Numbers(command.domain, command.signers));
  after_.emplace_back(
      [answer = command.answer, numbers = std::move(numbers)]() mutable { answer->Set(std::move(numbers)); });
  return {};
}

Status JournalThread::ServeWaiters() {
  const auto now = clock_.Monotonic();
  for (const NextCommand& waiter : waiters_) {
    std::optional<Admission> admission;
    const bool take = waiter.next.take && taking_;
    if (take) {
      KF_TRY(admission, journal_->Take(waiter.next.domain, waiter.next.begin));
    }
    if (take && !admission && now < waiter.until) continue;
    after_.emplace_back([this, answer = waiter.answer, admission = std::move(admission)]() mutable {
      std::erase_if(waiters_, [&](const NextCommand& other) { return other.answer == answer; });
      answer->Set(std::move(admission));
    });
  }
  return {};
}

void JournalThread::Fail(std::vector<Command>& group, const Error& error) {
  LogError("journal refused a transaction; nothing of it was stored", error);
  if (error.code() == Code::kStoreUnreadable) board_.Fail(error);
  const auto busy = [&](const Route& route, wire::Reply reply) {
    reply.kind = wire::ReplyKind::kBusy;
    reply.code = Name(error.code());
    reply.message = "the agent cannot store anything at the moment";
    reply.retry_after_ms = 5000;
    Send(route, std::move(reply));
  };
  for (Command& command : group) {
    wire::Reply reply;
    if (const auto* push = std::get_if<PushCommand>(&command)) {
      reply.envelope_sha256 = push->bundle.digest();
      reply.signer = push->bundle.signer().id;
      reply.domain = push->bundle.body().domain;
      reply.sequence = push->bundle.body().sequence;
      busy(push->route, std::move(reply));
    } else if (const auto* ask = std::get_if<AskCommand>(&command)) {
      reply.signer = ask->ask.signer;
      reply.domain = ask->ask.domain;
      reply.sequence = ask->ask.sequence;
      busy(ask->route, std::move(reply));
    } else if (const auto* mark = std::get_if<MarkCommand>(&command)) {
      mark->answer->Set(std::unexpected(error));
    } else if (const auto* numbers = std::get_if<NumbersCommand>(&command)) {
      numbers->answer->Set(std::unexpected(error));
    } else if (const auto* next = std::get_if<NextCommand>(&command)) {
      std::erase_if(waiters_, [&](const NextCommand& waiter) { return waiter.answer == next->answer; });
      next->answer->Set(std::unexpected(error));
    }
  }
  after_.clear();
  AnswerWaiters(&error);
}

void JournalThread::AnswerWaiters(const Error* error) {
  for (const NextCommand& waiter : waiters_) {
    if (error != nullptr) {
      waiter.answer->Set(std::unexpected(*error));
    } else {
      waiter.answer->Set(std::optional<Admission>());
    }
  }
  waiters_.clear();
}

void JournalThread::Send(Route route, wire::Reply reply) {
  Outgoing outgoing{.route = std::move(route), .reply = std::move(reply)};
  const std::size_t weight = Weight(outgoing);
  outbox_.Push(std::move(outgoing), weight);
}

// About once a second: lines whose minute is over, and the audit log's own durability.
void JournalThread::Housekeep() {
  const auto now = clock_.Monotonic();
  if (now - housekept_ < kTick) return;
  housekept_ = now;
  clock_behind_ = journal_->ClockBehind();
  std::vector<Command> due;
  for (Json& line : tally_.Due(now, false)) due.emplace_back(NoteCommand{.key = "", .event = std::move(line)});
  RunGroup(due);
  if (auto synced = journal_->audit().Sync(); !synced) LogError("the audit log is not on disk", synced.error());
}

}  // namespace keyferry::daemon
