// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/daemon.h"

#include <zmq.h>

#include <array>
#include <utility>

#include "agent/daemon/notify.h"
#include "protocol/base/log.h"

namespace keyferry::daemon {
namespace {

constexpr std::size_t kOutboxItems = 256;
constexpr std::size_t kOutboxOctets = 2 * 1024 * 1024;
constexpr std::size_t kSettingsMost = 1024 * 1024;
constexpr std::chrono::milliseconds kLook{1000};
// How long a line may finish what its worker is at.
constexpr std::chrono::milliseconds kFinish{10'000};

std::string Z85(ByteView key) {
  std::array<char, 41> text{};
  return zmq_z85_encode(text.data(), key.data(), key.size()) == nullptr ? "" : text.data();
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::Make(const settings::AgentSettings& settings, const Clock& clock) {
  KF_CHECK(MakeDirectories(settings.state_dir, record::kStateDirectoryMode));
  KF_CHECK(MakeDirectories(settings.run_dir, 0755));
  const std::string journal_path = settings::JournalPath(settings);
  KF_TRY(LockFile lock, LockFile::Acquire(journal_path + ".lock"));
  KF_TRY(record::AgentKeys keys,
         record::LoadOrMakeAgentKeys(settings::IdentityKeyPath(settings), settings::ChannelKeyPath(settings)));
  KF_TRY(auto roster, RosterKeeper::Load(settings, keys.identity.public_key()));
  KF_TRY(ZmqContext context, ZmqContext::Make());
  KF_TRY(channel::Listener control, channel::Listener::Bind(settings::ControlSocketPath(settings), 0600));
  std::unique_ptr<Daemon> daemon(new Daemon(settings, std::move(lock), std::move(keys), std::move(roster),
                                            std::move(context), std::move(control), clock));
  KF_TRY(auto journal,
         Journal::Open(journal_path, settings::AuditPath(settings), daemon->keys_.identity, daemon->clock_));
  KF_CHECK(daemon->Attach(std::move(journal)));
  return daemon;
}

Daemon::Daemon(settings::AgentSettings settings, LockFile lock, record::AgentKeys keys,
               std::unique_ptr<RosterKeeper> roster, ZmqContext context, channel::Listener control, const Clock& clock)
    : settings_(std::move(settings)),
      clock_(clock),
      started_(clock.Monotonic()),
      lock_(std::move(lock)),
      keys_(std::move(keys)),
      roster_(std::move(roster)),
      context_(std::move(context)),
      control_(std::move(control)),
      outbox_(kOutboxItems, kOutboxOctets) {}

Daemon::~Daemon() = default;

Status Daemon::Attach(std::unique_ptr<Journal> journal) {
  Journal& opened = *journal;
  journal_ = std::make_unique<JournalThread>(std::move(journal), outbox_, board_, clock_);
  KF_TRY(network_, Network::Listen(context_, settings_.listen, keys_, *roster_, *journal_, outbox_, board_));
  KF_CHECK(NoteStart(opened));
  for (const auto& domain : roster_->Get()->domains) {
    lines_.push_back(
        std::make_unique<DomainLine>(domain.name, domain.socket, keys_.agent, *roster_, *journal_, board_, clock_));
  }
  Facts facts{.version = KEYFERRY_VERSION,
              .agent = keys_.agent,
              .channel_key = Z85(keys_.channel_public),
              .endpoint = network_->endpoint(),
              .started = started_};
  status_ = std::make_unique<StatusService>(
      std::move(facts), board_, *roster_, [this] { return journal_->ClockBehind(); }, clock_);
  return {};
}

Status Daemon::NoteStart(Journal& journal) {
  KF_TRY(const Bytes file, ReadFile(settings_.path, kSettingsMost));
  const auto lines = [&]() -> Status {
    Json started = Json::EmptyObject();
    started.Set("event", "started").Set("version", KEYFERRY_VERSION).Set("agent", HexEncode(keys_.agent));
    if (journal.audit().restored() > 0) started.Set("audit_lines_restored", journal.audit().restored());
    KF_CHECK(journal.Note(started));
    Json loaded = Json::EmptyObject();
    loaded.Set("event", "settings loaded").Set("path", settings_.path).Set("sha256", HexEncode(Sha256(file)));
    KF_CHECK(journal.Note(loaded));
    for (const auto& domain : roster_->Get()->domains) {
      if (!domain.record) continue;
      KF_TRY(const std::size_t pending, journal.Pending(domain.record->domain));
      board_.SetQueue(domain.record->domain, pending);
    }
    return {};
  };
  KF_CHECK(journal.InOne(lines));
  return journal.audit().Flush();
}

Status Daemon::Run(StopSignal& signal) {
  Start();
  Notify("READY=1");
  Log(LogLevel::kInfo, "ready", {{"listen", network_->endpoint()}, {"agent", HexEncode(keys_.agent)}});
  const Status watched = Watch(signal);
  Notify("STOPPING=1");
  Stop();
  Log(LogLevel::kInfo, "stopped");
  return watched;
}

void Daemon::Start() {
  journal_->Start();
  network_->Start();
  for (auto& line : lines_) line->Start();
  control_thread_ = std::jthread([this] {
    if (const Status served = channel::ServeControl(control_, *status_, control_stop_.fd()); !served) {
      board_.Fail(served.error());
    }
  });
}

Status Daemon::Watch(StopSignal& signal) {
  while (true) {
    for (const auto& domain : roster_->Get()->domains) watch_.Look(domain.name, domain.socket);
    if (const int number = signal.Wait(kLook); number != 0) {
      Log(LogLevel::kInfo, "stopping", {{"signal", number}});
      return {};
    }
    if (auto failure = board_.Failure()) return std::unexpected(std::move(*failure));
    roster_->Refresh();
  }
}

// From the outside in: nothing new comes, what is in hand ends, then the journal, then what it still has to say.
void Daemon::Stop() {
  network_->StopAccepting();
  for (auto& line : lines_) line->RequestStop();
  journal_->StopTaking();
  const auto until = clock_.Monotonic() + kFinish;
  for (auto& line : lines_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock_.Monotonic());
    if (line->WaitEnded(std::max(left, std::chrono::milliseconds(0)))) continue;
    Log(LogLevel::kWarning, "a bundle is parked: its worker has not answered");
    line->Detach();
    parked_ = true;
  }
  journal_->Stop();
  outbox_.Close();
  network_->Join();
  control_stop_.Signal();
  if (control_thread_.joinable()) control_thread_.join();
}

}  // namespace keyferry::daemon
