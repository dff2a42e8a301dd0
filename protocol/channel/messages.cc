// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/channel/messages.h"

#include <algorithm>

#include "protocol/channel/channel.pb.h"
#include "protocol/wire/strict.h"

namespace keyferry::channel {
namespace {

constexpr std::size_t kNoRepeated = 0;
// More than any record pins.
constexpr std::size_t kSignersMost = 4096;

Bytes ToBytes(const std::string& octets) { return {octets.begin(), octets.end()}; }
std::string ToOctets(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

Error Malformed(std::string_view what) {
  return Error::Make(Code::kWireMalformed, "message on the worker's socket: " + std::string(what))
      .NextStep("run daemon, worker and command line of one version");
}

Result<v1::Answer> ParseAnswer(ByteView octets) {
  v1::Answer answer;
  KF_CHECK_WITH(wire::ParseStrictly(octets, answer, kSignersMost), "answer on a Unix socket");
  return answer;
}

Result<std::optional<std::vector<LastOfSigner>>> LedgerFrom(const v1::WorkerState& from) {
  if (!from.ledger_read()) {
    if (from.ledger_size() > 0) return std::unexpected(Malformed("numbers of a ledger that was not read"));
    return std::nullopt;
  }
  std::vector<LastOfSigner> ledger;
  for (const auto& one : from.ledger()) {
    KF_TRY(const Id16 signer, Id16FromBytes(ToBytes(one.signer())));
    ledger.push_back({.signer = signer, .last = one.last()});
  }
  return ledger;
}

}  // namespace

std::string_view Name(WorkerCondition value) {
  switch (value) {
    case WorkerCondition::kStarting:
      return "starting";
    case WorkerCondition::kServing:
      return "serving";
    case WorkerCondition::kNotBootstrapped:
      return "not-bootstrapped";
    case WorkerCondition::kLatched:
      return "latched";
    case WorkerCondition::kHsmAway:
      return "hsm-away";
    case WorkerCondition::kStopped:
      return "stopped";
  }
  return "unknown";
}

Bytes Encode(RequestKind kind, ByteView envelope) {
  v1::Request request;
  request.set_kind(static_cast<std::uint32_t>(kind));
  request.set_envelope(ToOctets(envelope));
  return wire::Serialize(request);
}

Result<Request> DecodeRequest(ByteView octets) {
  v1::Request message;
  KF_CHECK_WITH(wire::ParseStrictly(octets, message, kNoRepeated), "request on a Unix socket");
  if (message.kind() < 1 || message.kind() > 4) return std::unexpected(Malformed("unknown kind of request"));
  const auto kind = static_cast<RequestKind>(message.kind());
  if ((kind == RequestKind::kExecute) == message.envelope().empty()) {
    return std::unexpected(Malformed("an envelope goes with a request to execute, and only there"));
  }
  return Request{.kind = kind, .envelope = ToBytes(message.envelope())};
}

Bytes Encode(const ExecuteAnswer& answer) {
  v1::Answer message;
  auto& to = *message.mutable_execute();
  to.set_disposition(static_cast<std::uint32_t>(answer.disposition));
  to.set_statement(ToOctets(answer.statement));
  to.set_signature(ToOctets(answer.signature));
  to.set_retry_after_ms(answer.retry_after_ms);
  to.set_code(answer.code);
  to.set_message(answer.message);
  return wire::Serialize(message);
}

Result<ExecuteAnswer> DecodeExecuteAnswer(ByteView octets) {
  KF_TRY(const v1::Answer message, ParseAnswer(octets));
  const auto& from = message.execute();
  if (!message.has_execute() || from.disposition() < 1 || from.disposition() > 3) {
    return std::unexpected(Malformed("no answer to a request to execute"));
  }
  return ExecuteAnswer{.disposition = static_cast<Disposition>(from.disposition()),
                       .statement = ToBytes(from.statement()),
                       .signature = ToBytes(from.signature()),
                       .retry_after_ms = from.retry_after_ms(),
                       .code = from.code(),
                       .message = from.message()};
}

Bytes Encode(const WorkerState& state) {
  v1::Answer message;
  auto& to = *message.mutable_state();
  to.set_condition(static_cast<std::uint32_t>(state.condition));
  to.set_code(state.code);
  to.set_message(state.message);
  to.set_domain_name(state.domain_name);
  if (state.domain) to.set_domain(ToOctets(*state.domain));
  to.set_generation(state.generation);
  to.set_token_label(state.token_label);
  to.set_token_serial(state.token_serial);
  to.set_token_model(state.token_model);
  to.set_template_enforced(state.template_enforced);
  to.set_executed(state.executed);
  to.set_last_sequence(state.last_sequence);
  to.set_objects(state.objects);
  to.set_recovered_sessions(state.recovered_sessions);
  to.set_recovered_logins(state.recovered_logins);
  to.set_recovered_modules(state.recovered_modules);
  to.set_ledger_read(state.ledger.has_value());
  for (const LastOfSigner& one : state.ledger.value_or(std::vector<LastOfSigner>())) {
    auto& last = *to.add_ledger();
    last.set_signer(ToOctets(one.signer));
    last.set_last(one.last);
  }
  return wire::Serialize(message);
}

Result<WorkerState> DecodeState(ByteView octets) {
  KF_TRY(const v1::Answer message, ParseAnswer(octets));
  const auto& from = message.state();
  if (!message.has_state() || from.condition() < 1 || from.condition() > 6) {
    return std::unexpected(Malformed("no answer to a request for the state"));
  }
  WorkerState state{.condition = static_cast<WorkerCondition>(from.condition()),
                    .code = from.code(),
                    .message = from.message(),
                    .domain_name = from.domain_name(),
                    .domain = std::nullopt,
                    .generation = from.generation(),
                    .token_label = from.token_label(),
                    .token_serial = from.token_serial(),
                    .token_model = from.token_model(),
                    .template_enforced = from.template_enforced(),
                    .executed = from.executed(),
                    .last_sequence = from.last_sequence(),
                    .ledger = std::nullopt,
                    .objects = from.objects(),
                    .recovered_sessions = from.recovered_sessions(),
                    .recovered_logins = from.recovered_logins(),
                    .recovered_modules = from.recovered_modules()};
  if (!from.domain().empty()) {
    KF_TRY(state.domain, Id16FromBytes(ToBytes(from.domain())));
  }
  KF_TRY(state.ledger, LedgerFrom(from));
  return state;
}

Bytes Encode(const Status& done) {
  v1::Answer message;
  auto& to = *message.mutable_done();
  if (!done) {
    to.set_code(std::string(Name(done.error().code())));
    to.set_message(done.error().cause().empty() ? done.error().what()
                                                : done.error().what() + ": " + done.error().cause());
  }
  return wire::Serialize(message);
}

Status DecodeDone(ByteView octets) {
  KF_TRY(const v1::Answer message, ParseAnswer(octets));
  if (!message.has_done()) return std::unexpected(Malformed("no answer to an order"));
  if (message.done().code().empty()) return {};
  const auto code = CodeFromName(message.done().code());
  return std::unexpected(Error::Make(code.value_or(Code::kInternal), Printable(message.done().message(), 500)));
}

Bytes EncodeStatus(const std::string& json) {
  v1::Answer message;
  message.set_status(json);
  return wire::Serialize(message);
}

Result<std::string> DecodeStatus(ByteView octets) {
  KF_TRY(const v1::Answer message, ParseAnswer(octets));
  if (message.status().empty()) return std::unexpected(Malformed("no answer to a request for the status"));
  return message.status();
}

}  // namespace keyferry::channel
