// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/sender/enrol_commands.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "bootstrap/ceremony/documents.h"
#include "bootstrap/ceremony/kms_half.h"
#include "protocol/base/file.h"
#include "protocol/base/prompt.h"

namespace keyferry::sender {
namespace {

constexpr std::size_t kMostFingerprint = 256;

struct EnrolOptions {
  std::string file;  // the ceremony's file that comes in
  std::string out;
  int fingerprint_fd = -1;
  std::string signer_name = "kms";
  std::string as;
  std::string address;
};

// The KMS's keys and HSM, opened in order. Must go before main returns.
class EnrolDesk {
 public:
  static Result<std::unique_ptr<EnrolDesk>> Open(const CommonOptions& common, const std::string& signer_name) {
    const Home home(common.home);
    KF_TRY(Ed25519KeyPair signer, home.Signer());
    KF_TRY(const Secret channel_key, home.ChannelKey());
    KF_TRY(LockFile lock, LockFile::Acquire(home.directory() + "/enrol.lock"));
    std::string hsm = common.hsm;
    if (hsm.empty()) {
      KF_TRY(hsm, home.HsmUri());
    }
    KF_TRY(KmsToken token, OpenHsm(common));
    std::unique_ptr<EnrolDesk> desk(new EnrolDesk(std::move(lock), std::move(signer), std::move(token)));
    desk->side_ = {{&desk->token_.session(), &desk->token_.profile()},
                   home.directory(),
                   std::move(hsm),
                   signer_name,
                   &desk->signer_,
                   ChannelPublicKey(channel_key),
                   &desk->clock_};
    return desk;
  }

  const ceremony::KmsSide& side() const { return side_; }
  cryptoki::Session& session() { return token_.session(); }

 private:
  EnrolDesk(LockFile lock, Ed25519KeyPair signer, KmsToken token)
      : lock_(std::move(lock)), signer_(std::move(signer)), token_(std::move(token)) {}

  SystemClock clock_;
  LockFile lock_;
  Ed25519KeyPair signer_;
  KmsToken token_;
  ceremony::KmsSide side_;
};

Result<std::string> TypedFingerprint(const EnrolOptions& options) {
  if (options.fingerprint_fd >= 0) return ReadLine(options.fingerprint_fd, kMostFingerprint);
  // The file's own is not shown: it is to be typed as it was heard, not copied from this screen.
  return PromptLine("Fingerprint of the request, as the agent's operators read it to you", kMostFingerprint);
}

Status Answer(const EnrolOptions& options, const CommandContext& context) {
  KF_TRY(const Bytes request, ReadFile(options.file, ceremony::kMostDocumentOctets));
  KF_TRY(const auto desk, EnrolDesk::Open(context.options, options.signer_name));
  KF_TRY(const std::string typed, TypedFingerprint(options));
  KF_TRY(const ceremony::MadeFile response, ceremony::AnswerRequest(desk->side(), AsText(request), typed));
  KF_CHECK(WriteDurably(options.out, AsBytes(response.text), 0600));
  if (context.options.json) {
    Json json = Json::EmptyObject();
    json.Set("format", "keyferry-kms-enrol/1").Set("step", "answer").Set("file", options.out);
    std::printf("%s\n", json.Set("fingerprint", response.fingerprint).Dump().c_str());
    return {};
  }
  std::printf("answer done\n  file         %s\n  fingerprint  %s\n", options.out.c_str(), response.fingerprint.c_str());
  std::puts(
      "  next         take the file to the agent (keyferry bootstrap import), and read the fingerprint to its\n"
      "               operators by another way");
  return {};
}

DomainRow RowOf(const record::Enrolment& enrolment, const std::string& name) {
  DomainRow row;
  row.name = name;
  row.agent = enrolment.agent;
  row.agent_key = enrolment.agent_key;
  row.channel_key = enrolment.agent_channel;
  row.endpoint = enrolment.address;
  row.domain = enrolment.domain;
  row.generation = enrolment.generation;
  row.receipt_key = enrolment.receipt_key;
  return row;
}

// A name stands for one domain: its numbers must never go on with another's. It becomes part of a file's name, and may
// have come in the agent's request.
Status CheckName(Store& store, const std::string& name, const Id16& domain) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  if (name.empty() || name.size() > 64 || name.find_first_not_of(kAllowed) != std::string::npos) {
    return std::unexpected(
        Error::Make(Code::kUsage, "'" + Printable(name) + "' cannot name a domain: 1 to 64 of A-Z, a-z, 0-9, '-', '_'")
            .NextStep("choose another name: --as NAME"));
  }
  KF_TRY(const std::vector<DomainRow> all, store.Domains());
  for (const DomainRow& other : all) {
    if (other.domain != domain || other.name == name) continue;
    // Two names would be two counters for one domain.
    return std::unexpected(
        Error::Make(Code::kUsage, "this domain is enrolled as '" + Printable(other.name) + "' already")
            .NextStep("keep that name: --as " + other.name));
  }
  const auto known = store.FindDomain(name);
  if (!known) return known.error().code() == Code::kAgentUnknown ? Status() : std::unexpected(known.error());
  if (known->domain == domain) return {};
  return std::unexpected(
      Error::Make(Code::kUsage, "another domain is enrolled under the name '" + Printable(name) + "' already")
          .NextStep("choose another name: --as NAME"));
}

// Once more with another address is fine: the confirmation is the same.
Status Confirm(const EnrolOptions& options, const CommandContext& context) {
  KF_TRY(const Bytes proof, ReadFile(options.file, ceremony::kMostDocumentOctets));
  KF_TRY(const record::Enrolment known, ceremony::EnrolmentOfProof(context.options.home, AsText(proof)));
  const std::string name = options.as.empty() ? known.domain_name : options.as;
  KF_TRY(Store store, Home(context.options.home).OpenStore());
  KF_CHECK(CheckName(store, name, known.domain));
  KF_TRY(const auto desk, EnrolDesk::Open(context.options, options.signer_name));
  KF_TRY(const Twins twins, FindTwins(desk->session(), known.domain, known.generation));
  TwinSealSigner seal_in(desk->session(), twins.seal_in);
  KF_TRY(ceremony::Confirmation made, ceremony::MakeConfirmation(desk->side(), AsText(proof), seal_in));
  if (!options.address.empty()) {
    made.enrolment.address = options.address;
    KF_CHECK(record::SaveEnrolment(context.options.home, made.enrolment));
  }
  KF_CHECK(store.PutDomain(RowOf(made.enrolment, name)));
  KF_CHECK(WriteDurably(options.out, made.envelope, 0600));
  if (context.options.json) {
    Json json = Json::EmptyObject();
    json.Set("format", "keyferry-kms-enrol/1").Set("step", "confirm").Set("file", options.out).Set("name", name);
    json.Set("domain", HexEncode(known.domain)).Set("agent", HexEncode(known.agent));
    std::printf("%s\n", json.Set("template_enforced", known.template_enforced).Dump().c_str());
    return {};
  }
  std::printf("confirm done: every root key is proved\n  file         %s\n  domain       %s\n  agent        %s\n",
              options.out.c_str(), Printable(name).c_str(), HexEncode(known.agent).c_str());
  if (!known.template_enforced) std::puts("  NOTE         the agent's token does not enforce CKA_UNWRAP_TEMPLATE");
  std::puts("  next         take the file to the agent: keyferry bootstrap confirm");
  return {};
}

}  // namespace

void AddEnrolCommands(CLI::App& app, CommandContext& context) {
  CLI::App* group = app.add_subcommand("enrol", "the KMS's half of an agent's key ceremony");
  group->require_subcommand(1);
  const auto options = std::make_shared<EnrolOptions>();

  CLI::App* answer = group->add_subcommand("answer", "make the root keys, and the response to an agent's request");
  answer->add_option("--request", options->file, "the agent's request")->type_name("FILE")->required();
  answer->add_option("--out", options->out, "the response, to be written")->type_name("FILE")->required();
  answer->add_option("--fingerprint-fd", options->fingerprint_fd, "descriptor to read the request's fingerprint from")
      ->type_name("N");
  answer->add_option("--signer-name", options->signer_name, "how the agent's settings call this KMS in [policy.NAME]")
      ->capture_default_str();
  AddHsmOptions(*answer, context);
  answer->callback([options, &context] { context.Run([&] { return Answer(*options, context); }); });

  CLI::App* confirm = group->add_subcommand("confirm", "check an agent's proof, and make the confirmation");
  confirm->add_option("--proof", options->file, "the agent's proof")->type_name("FILE")->required();
  confirm->add_option("--out", options->out, "the confirmation, to be written")->type_name("FILE")->required();
  confirm->add_option("--as", options->as, "the domain's name here; else the agent's own")->type_name("NAME");
  confirm->add_option("--address", options->address, "where the agent listens: tcp://HOST:PORT")->type_name("ENDPOINT");
  AddHsmOptions(*confirm, context);
  confirm->callback([options, &context] { context.Run([&] { return Confirm(*options, context); }); });
}

}  // namespace keyferry::sender
