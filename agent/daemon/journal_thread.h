// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "agent/daemon/board.h"
#include "agent/daemon/journal.h"
#include "agent/daemon/journal_commands.h"
#include "agent/daemon/queue.h"
#include "agent/daemon/slot.h"
#include "agent/daemon/tally.h"

namespace keyferry::daemon {

// The journal's thread: sole owner of the database. What waits in its queue is decided and stored as one transaction
// (group commit); answers leave after the commit.
class JournalThread {
 public:
  static constexpr std::size_t kQueueItems = 128;
  static constexpr std::size_t kQueueOctets = 4 * 1024 * 1024;
  static constexpr std::size_t kGroup = 64;

  JournalThread(std::unique_ptr<Journal> journal, Outbox& outbox, Board& board, const Clock& clock);

  void Start();
  // Answers what waits, writes what was tallied and "stopped", and ends the thread.
  void Stop();

  // Never waits: false where the queue is full.
  bool TryPush(PushCommand command);
  bool TryAsk(AskCommand command);
  // Dropped where the queue is full.
  void Note(NoteCommand command);
  // Waits for room, and writes the event as it is.
  void Tell(Json event);

  struct Next {
    Id16 domain{};
    const Conclusion* done = nullptr;  // to be stored in the same transaction; nullptr: none
    wire::Separation separation = wire::Separation::kNone;
    bool begin = false;  // as for Journal::Take
    bool take = true;    // false: only store `done`
  };
  // Stores the conclusion and waits up to a second or so for the domain's next bundle. On an error nothing was stored.
  Result<std::optional<Admission>> ConcludeAndTake(const Next& next);
  Status MarkBegun(std::int64_t row);
  Status MarkLost(std::int64_t row);
  // As Journal::Numbers.
  Result<std::vector<SignerNumbers>> Numbers(const Id16& domain, std::span<const Id16> signers);

  // From now on nobody gets a next bundle, or waits for one.
  void StopTaking();
  bool ClockBehind() const { return clock_behind_; }

 private:
  struct NextCommand {
    Next next;
    Slot<Result<std::optional<Admission>>>* answer;
    std::chrono::steady_clock::time_point until;
  };
  struct MarkCommand {
    std::int64_t row;
    bool lost;
    Slot<Status>* answer;
  };
  struct NumbersCommand {
    Id16 domain{};
    std::span<const Id16> signers;
    Slot<Result<std::vector<SignerNumbers>>>* answer;
  };
  using Command = std::variant<PushCommand, AskCommand, NoteCommand, NextCommand, MarkCommand, NumbersCommand>;

  void Run();
  void RunGroup(std::vector<Command>& group);
  Status Handle(PushCommand& command);
  Status Handle(AskCommand& command);
  Status Handle(NoteCommand& command);
  Status Handle(NextCommand& command);
  Status Handle(MarkCommand& command);
  Status Handle(NumbersCommand& command);
  Status ServeWaiters();
  Status TellUsed(const wire::Reply& reply, const Bytes& peer);
  Status TellServedAgain(const wire::Reply& reply, const Bytes& peer);
  void Fail(std::vector<Command>& group, const Error& error);
  void AnswerWaiters(const Error* error);
  Status Mark(std::int64_t row, bool lost);
  void Send(Route route, wire::Reply reply);
  void Housekeep();

  std::unique_ptr<Journal> journal_;
  Outbox& outbox_;
  Board& board_;
  const Clock& clock_;
  BoundedQueue<Command> queue_{kQueueItems, kQueueOctets};
  Tally tally_;
  std::vector<NextCommand> waiters_;
  std::map<std::int64_t, Route> watchers_;              // who waits for the receipt of a row
  std::vector<std::move_only_function<void()>> after_;  // what happens once the group is committed
  std::chrono::steady_clock::time_point housekept_;
  std::atomic<bool> taking_{true};
  std::atomic<bool> clock_behind_{false};
  std::jthread thread_;
};

}  // namespace keyferry::daemon
