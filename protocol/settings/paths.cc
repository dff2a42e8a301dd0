// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/settings/settings.h"

namespace keyferry::settings {

std::string IdentityKeyPath(const AgentSettings& agent) { return agent.state_dir + "/identity.key"; }
std::string ChannelKeyPath(const AgentSettings& agent) { return agent.state_dir + "/channel.key"; }
std::string JournalPath(const AgentSettings& agent) { return agent.state_dir + "/journal.db"; }
std::string AuditPath(const AgentSettings& agent) { return agent.state_dir + "/audit.log"; }
std::string ControlSocketPath(const AgentSettings& agent) { return agent.run_dir + "/control.sock"; }
std::string LedgerPath(const WorkerSettings& worker) { return worker.state_dir + "/ledger.db"; }
std::string LatchPath(const WorkerSettings& worker) { return worker.state_dir + "/latch"; }
std::string TokenLockPath(const WorkerSettings& worker) { return worker.state_dir + "/lock"; }
std::string TokenCopyPath(const WorkerSettings& worker) { return worker.state_dir + "/token.object"; }

}  // namespace keyferry::settings
