// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/sender/commands.h"

#include <CLI/App.hpp>
#include <cstdio>

#include "protocol/base/json.h"

namespace keyferry::sender {
namespace {

std::string ItemLine(const wire::ItemOutcome& item, bool simulated) {
  std::string line = "  " + std::string(Name(item.operation)) + " " + std::string(Name(item.object_class)) + " '" +
                     Printable(item.label) + "' in " + Printable(item.target) + ": ";
  if (item.result != wire::ItemResult::kOk) {
    return line + (item.result == wire::ItemResult::kUndone ? "undone" : "refused") + " [" + Printable(item.code) +
           "] " + Printable(item.message, 300);
  }
  line += simulated ? "would be ok" : "ok";
  if (item.evidence.check_method != CheckMethod::kNone) {
    line +=
        ", " + std::string(Name(item.evidence.check_method)) + " " + HexEncode(item.evidence.check_value).substr(0, 16);
  }
  if (!item.id.empty()) line += ", id " + HexEncode(item.id);
  if (item.operation == Operation::kDelete && !simulated) line += ", object destroyed";
  return line;
}

void PrintDelivery(const Delivery& delivery) {
  const wire::ReceiptBody& body = delivery.receipt.body;
  const bool by_worker = body.attested_by == wire::AttestedBy::kWorker;
  std::printf("bundle %llu: %s%s, attested by %s%s\n", static_cast<unsigned long long>(delivery.sequence),
              std::string(Name(body.outcome)).c_str(),
              delivery.receipt.statement && delivery.receipt.statement->simulated ? " (simulated)" : "",
              by_worker ? "the worker, signed in token " : "the agent",
              by_worker && delivery.receipt.statement
                  ? ("'" + Printable(delivery.receipt.statement->token_label) + "'").c_str()
                  : "");
  if (!body.code.empty())
    std::printf("  [%s] %s\n", Printable(body.code).c_str(), Printable(body.message, 300).c_str());
  if (!delivery.receipt.statement) return;
  for (const wire::ItemOutcome& item : delivery.receipt.statement->items) {
    std::puts(ItemLine(item, delivery.receipt.statement->simulated).c_str());
  }
}

ExitCode ExitCodeOf(const Delivery& delivery) {
  const wire::ReceiptBody& body = delivery.receipt.body;
  if (body.outcome == wire::Outcome::kOk) return ExitCode::kOk;
  if (body.outcome == wire::Outcome::kPartial) return ExitCode::kPartial;
  std::string code = body.code;
  if (delivery.receipt.statement) {
    for (const wire::ItemOutcome& item : delivery.receipt.statement->items) {
      if (code.empty() || code == Name(Code::kPartial)) code = item.code;
    }
  }
  const auto known = CodeFromName(code);
  return known ? keyferry::ExitCodeOf(*known) : ExitCode::kFailure;
}

}  // namespace

void CommandContext::Run(const std::function<Status()>& body) {
  const Status status = body();
  if (status) return;
  const Error& error = status.error();
  if (options.json) {
    Json json = Json::EmptyObject();
    json.Set("format", "keyferry-error/1").Set("code", Name(error.code())).Set("what", error.what());
    json.Set("cause", error.cause()).Set("next", error.next_step());
    std::fprintf(stderr, "%s\n", json.Dump().c_str());
  } else {
    std::fprintf(stderr, "%s\n", error.ThreeLines().c_str());
  }
  EndWith(keyferry::ExitCodeOf(error.code()));
}

void AddHsmOptions(CLI::App& command, CommandContext& context) {
  command.add_option("--hsm", context.options.hsm, "the KMS's HSM: pkcs11:token=LABEL?module-path=/path/to/module.so")
      ->type_name("URI");
  command.add_option("--pin-fd", context.options.pin_fd, "read the PIN from this descriptor")->type_name("N");
  command.add_option("--pin-file", context.options.pin_file, "read the PIN from this file (mode 0600)")
      ->type_name("FILE");
}

void PrintDeliveries(const std::vector<Delivery>& deliveries, CommandContext& context) {
  for (const Delivery& delivery : deliveries) {
    const ExitCode code = ExitCodeOf(delivery);
    if (code != ExitCode::kOk) context.EndWith(code);
  }
  if (!context.options.json) {
    for (const Delivery& delivery : deliveries) PrintDelivery(delivery);
    return;
  }
  Json list = Json::EmptyArray();
  for (const Delivery& delivery : deliveries) list.Add(seal::ToJson(delivery.receipt));
  Json json = Json::EmptyObject();
  json.Set("format", "keyferry-kms-deliveries/1").Set("deliveries", std::move(list));
  std::printf("%s\n", json.Dump(true).c_str());
}

}  // namespace keyferry::sender
