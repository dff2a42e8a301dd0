// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "protocol/sender/commands.h"
#include "protocol/wire/limits.h"

namespace keyferry::sender {
namespace {

struct ReceiptOptions {
  std::string domain, out;
  std::uint64_t sequence = 0;
  std::vector<std::string> files;
  unsigned patience = 10;
};

Result<Delivery> Verify(const DomainRow& domain, Bytes octets) {
  Delivery delivery;
  KF_TRY(delivery.receipt, seal::VerifyReceipt(octets, domain.agent_key, domain.receipt_key));
  delivery.sequence = delivery.receipt.body.sequence;
  delivery.receipt_octets = std::move(octets);
  return delivery;
}

Result<Delivery> Stored(Store& store, const ReceiptOptions& options) {
  KF_TRY(const DomainRow domain, store.FindDomain(options.domain));
  KF_TRY(auto bundle, store.FindBundle(options.domain, options.sequence));
  if (!bundle || bundle->receipt.empty()) {
    return std::unexpected(Error::Make(Code::kInProgress, "no receipt of number " + std::to_string(options.sequence) +
                                                              " of domain '" + options.domain + "' is here")
                               .NextStep("ask the agent: keyferry-kms receipt ask " + options.domain + " " +
                                         std::to_string(options.sequence)));
  }
  return Verify(domain, std::move(bundle->receipt));
}

Status List(const ReceiptOptions& options, CommandContext& context) {
  KF_TRY(Store store, Home(context.options.home).OpenStore());
  KF_TRY(const DomainRow domain, store.FindDomain(options.domain));
  KF_TRY(std::vector<BundleRow> bundles, store.Bundles(options.domain));
  std::vector<Delivery> deliveries;
  for (BundleRow& bundle : bundles) {
    if (bundle.receipt.empty()) {
      if (!context.options.json) {
        std::printf("bundle %llu: no receipt yet\n", static_cast<unsigned long long>(bundle.sequence));
      }
      continue;
    }
    KF_TRY(Delivery delivery, Verify(domain, std::move(bundle.receipt)));
    deliveries.push_back(std::move(delivery));
  }
  PrintDeliveries(deliveries, context);
  context.EndWith(ExitCode::kOk);  // the list was made, whatever it tells
  return {};
}

Status Show(const ReceiptOptions& options, CommandContext& context) {
  KF_TRY(Store store, Home(context.options.home).OpenStore());
  KF_TRY(const Delivery delivery, Stored(store, options));
  std::printf("%s\n", seal::ToJson(delivery.receipt).Dump(true).c_str());
  return {};
}

Status Ask(const ReceiptOptions& options, CommandContext& context) {
  KF_TRY(const auto session, ReceivingSession::Open(context.options, options.domain));
  KF_TRY(Delivery delivery, session->sender().AskAgain(options.sequence, std::chrono::seconds(options.patience)));
  KF_CHECK(session->store().PutReceipt(options.domain, options.sequence, delivery.receipt_octets));
  std::vector<Delivery> deliveries;
  deliveries.push_back(std::move(delivery));
  PrintDeliveries(deliveries, context);
  return {};
}

Status Export(const ReceiptOptions& options, CommandContext& context) {
  KF_TRY(Store store, Home(context.options.home).OpenStore());
  KF_TRY(const Delivery delivery, Stored(store, options));
  return WriteDurably(options.out, delivery.receipt_octets, 0644);
}

Status VerifyFiles(const ReceiptOptions& options, CommandContext& context) {
  KF_TRY(Store store, Home(context.options.home).OpenStore());
  KF_TRY(const DomainRow domain, store.FindDomain(options.domain));
  std::vector<Delivery> deliveries;
  for (const std::string& file : options.files) {
    KF_TRY(Bytes octets, ReadFile(file, wire::limits::kReceiptBytes));
    KF_TRY_WITH(Delivery delivery, Verify(domain, std::move(octets)), "verifying " + file);
    deliveries.push_back(std::move(delivery));
  }
  PrintDeliveries(deliveries, context);
  context.EndWith(ExitCode::kOk);  // they verify, whatever they tell
  return {};
}

using Options = std::shared_ptr<ReceiptOptions>;

CLI::App* AddOne(CLI::App& receipt, CommandContext& context, const Options& options, const char* name, const char* help,
                 Status (*run)(const ReceiptOptions&, CommandContext&)) {
  CLI::App* command = receipt.add_subcommand(name, help);
  command->add_option("domain", options->domain, "the enrolled domain")->required();
  command->add_flag("--json", context.options.json, "print JSON");
  command->callback([options, run, &context] { context.Run([&] { return run(*options, context); }); });
  return command;
}

}  // namespace

void AddReceiptCommands(CLI::App& app, CommandContext& context) {
  CLI::App* receipt = app.add_subcommand("receipt", "receipts of deliveries");
  receipt->require_subcommand(1);
  const auto options = std::make_shared<ReceiptOptions>();
  AddOne(*receipt, context, options, "list", "every bundle and what became of it, verified", List);
  AddOne(*receipt, context, options, "show", "one receipt in full, verified", Show)
      ->add_option("number", options->sequence, "sequence number of the bundle")
      ->required();
  CLI::App* ask = AddOne(*receipt, context, options, "ask", "ask the agent for a receipt again", Ask);
  ask->add_option("number", options->sequence, "sequence number of the bundle")->required();
  ask->add_option("--patience", options->patience, "seconds to wait")->capture_default_str();
  CLI::App* exported = AddOne(*receipt, context, options, "export", "write a receipt's octets to a file", Export);
  exported->add_option("number", options->sequence, "sequence number of the bundle")->required();
  exported->add_option("--out", options->out, "the file")->required();
  AddOne(*receipt, context, options, "verify", "verify receipt files offline", VerifyFiles)
      ->add_option("files", options->files, "receipt files")
      ->required();
}

}  // namespace keyferry::sender
