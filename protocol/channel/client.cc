// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/channel/channel.h"
#include "protocol/channel/messages.h"

namespace keyferry::channel {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

milliseconds Left(Clock::time_point until) {
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(until - Clock::now()));
}

Result<Bytes> Exchange(Connection& connection, ByteView request, Clock::time_point until) {
  KF_CHECK(connection.Send(request, Left(until)));
  return connection.Receive(Left(until));
}

}  // namespace

Result<Bytes> WorkerClient::Ask(ByteView request, milliseconds deadline, bool reconnect) {
  const auto until = Clock::now() + deadline;
  const bool kept = connection_.has_value();
  for (int attempt = kept && reconnect ? 0 : 1; attempt < 2; ++attempt) {
    if (!connection_) {
      KF_TRY(auto fresh, Connection::Connect(path_, Code::kWorkerNotRunning));
      connection_.emplace(std::move(fresh));
    }
    auto answer = Exchange(*connection_, request, until);
    if (answer) return answer;
    // A late answer would be taken for the answer to the next request.
    connection_.reset();
    if (answer.error().code() != Code::kSystem) return answer;
  }
  return std::unexpected(
      Error::Caused(Code::kWorkerNotRunning, "worker at '" + path_ + "'", "it went away before it answered"));
}

Result<ExecuteAnswer> WorkerClient::Execute(ByteView envelope, milliseconds deadline) {
  KF_TRY(const Bytes answer, Ask(Encode(RequestKind::kExecute, envelope), deadline, false));
  return DecodeExecuteAnswer(answer);
}

Result<WorkerState> WorkerClient::State(milliseconds deadline) {
  KF_TRY(const Bytes answer, Ask(Encode(RequestKind::kState), deadline, true));
  return DecodeState(answer);
}

Status WorkerClient::OpenLatch(milliseconds deadline) {
  KF_TRY(const Bytes answer, Ask(Encode(RequestKind::kOpenLatch), deadline, true));
  return DecodeDone(answer);
}

Result<std::string> AskStatus(const std::string& control_path, milliseconds deadline) {
  const auto until = Clock::now() + deadline;
  KF_TRY(auto connection, Connection::Connect(control_path, Code::kDaemonNotRunning));
  KF_TRY(const Bytes answer, Exchange(connection, Encode(RequestKind::kStatus), until));
  return DecodeStatus(answer);
}

}  // namespace keyferry::channel
