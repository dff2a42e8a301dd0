// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/trust/kms.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <sstream>

#include "protocol/seal/signed_octets.h"
#include "protocol/wire/codec.h"
#include "targets/cryptoki/uri.h"

namespace keyferry::world {
namespace {

using cryptoki::Mechanism;
using cryptoki::Template;
using std::chrono::milliseconds;

class NoTwin final : public seal::SealSigner {
 public:
  Result<wire::Seal> Sign(ByteView data) override { return Sha256({AsBytes("not the twin"), data}); }
};

sender::DomainRow OnlyDomain(const std::string& home) {
  auto store = Must(sender::Home(home).OpenStore());
  return Must(store.FindDomain("payments"));
}

sender::Connection Open(const sender::DomainRow& domain, const Secret& key) {
  return Must(sender::Connection::Open({.endpoint = domain.endpoint, .channel_key = domain.channel_key}, key));
}

wire::Reply NoReply() {
  ADD_FAILURE() << "no reply from the agent";
  return {};
}

}  // namespace

Item NewKey(sender::KmsToken& token, const sender::Twins& twins, const std::string& label) {
  Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_AES).Ulong(CKA_VALUE_LEN, 32);
  attributes.Bool(CKA_TOKEN, false).Bool(CKA_EXTRACTABLE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_ENCRYPT, true);
  attributes.Bool(CKA_DECRYPT, true).Text(CKA_LABEL, label);
  const cryptoki::ScopedObject key(token.session(),
                                   Must(token.session().GenerateKey(Mechanism::AesKeyGen(), attributes)));
  cryptoki::ObjectUri uri;
  uri.label = label;
  uri.object_class = CKO_SECRET_KEY;
  sender::Placement placement;
  placement.label = label;
  placement.usage = usage::kEncrypt | usage::kDecrypt;
  return Must(sender::WrapFromToken(token, twins, uri, placement));
}

void UseKmsToken(const World& world) {
  setenv("SOFTHSM2_CONF", world.kms_conf().c_str(), 1);
  setenv("KEYFERRY_P11_REMOTE", world.Path("kms.p11").c_str(), 1);
}

Kms::Kms(const World& world)
    : world_(&world),
      signer_((InitCrypto(), Must(sender::Home(world.kms_home()).Signer()))),
      channel_key_(Must(sender::Home(world.kms_home()).ChannelKey())),
      domain_(OnlyDomain(world.kms_home())) {
  UseKmsToken(world);
  const auto uri = Must(cryptoki::TokenUri::Parse("pkcs11:token=KMS?module-path=" + world.module()));
  token_ = std::make_unique<sender::KmsToken>(Must(sender::KmsToken::Open(uri, fakes::TestSecret(world.pin()))));
  twins_ = Must(sender::FindTwins(token_->session(), domain_.domain, domain_.generation));
}

wire::BundleBody Kms::Body(std::uint64_t sequence, std::vector<Item> items) const {
  wire::BundleBody body;
  body.agent = domain_.agent;
  body.domain = domain_.domain;
  body.generation = domain_.generation;
  body.sequence = sequence;
  body.accept_before = SystemClock().Now() + 3600;
  body.atomic = true;
  body.items = std::move(items);
  return body;
}

Bytes Kms::SealAs(const Ed25519KeyPair& signer, const wire::BundleBody& body) {
  sender::TwinSealSigner seal_in(token_->session(), twins_.seal_in);
  return Must(seal::SealBundle(body, signer, seal_in));
}

Bytes Kms::SealWithoutTwin(const wire::BundleBody& body) {
  NoTwin seal_in;
  return Must(seal::SealBundle(body, signer_, seal_in));
}

sender::Connection Kms::Connect() const { return Open(domain_, channel_key_); }

sender::Connection Kms::ConnectAsStranger() const { return Open(domain_, Must(RandomSecret(32))); }

seal::VerifiedReceipt Kms::Verified(const Bytes& receipt) const {
  return Must(seal::VerifyReceipt(receipt, domain_.agent_key, domain_.receipt_key));
}

Bytes SignAgain(const Ed25519KeyPair& signer, ByteView header, ByteView seal, ByteView body) {
  const auto signature = signer.Sign({seal::SignatureLabel(wire::Kind::kBundle), header, seal, body});
  wire::Header fixed{};
  std::ranges::copy(header, fixed.begin());
  return wire::Join(fixed, seal, signature, body);
}

void Send(sender::Connection& connection, const Bytes& envelope) {
  EXPECT_TRUE(fakes::Eventually([&] { return Must(connection.Send(wire::MessageType::kPush, envelope)); }));
}

wire::Reply Push(sender::Connection& connection, const Bytes& envelope) {
  Send(connection, envelope);
  const Digest digest = Sha256(envelope);
  const auto end = std::chrono::steady_clock::now() + kAmple;
  while (std::chrono::steady_clock::now() < end) {
    auto reply = Must(connection.Receive(milliseconds(1000)));
    if (reply && reply->envelope_sha256 == digest) return std::move(*reply);
  }
  return NoReply();
}

Bytes PushForReceipt(sender::Connection& connection, const Bytes& envelope) {
  auto reply = Push(connection, envelope);
  const Digest digest = Sha256(envelope);
  const auto end = std::chrono::steady_clock::now() + kAmple;
  while (reply.kind != wire::ReplyKind::kReceipt && std::chrono::steady_clock::now() < end) {
    auto next = Must(connection.Receive(milliseconds(1000)));
    if (next && next->envelope_sha256 == digest) reply = std::move(*next);
    EXPECT_NE(reply.kind, wire::ReplyKind::kError) << reply.code << " " << reply.message;
    if (reply.kind == wire::ReplyKind::kError) break;
  }
  EXPECT_EQ(reply.kind, wire::ReplyKind::kReceipt) << reply.code << " " << reply.message;
  return reply.receipt;
}

std::uint64_t NextNumber(sender::Connection& connection, const Kms& kms, const Ed25519KeyPair& signer) {
  constexpr std::uint64_t kFarAway = 1'000'000;
  const wire::Ask ask{.signer = IdOfKey(signer.public_key()), .domain = kms.domain().domain, .sequence = kFarAway};
  const Bytes octets = wire::Encode(ask);
  EXPECT_TRUE(fakes::Eventually([&] { return Must(connection.Send(wire::MessageType::kAsk, octets)); }));
  const auto end = std::chrono::steady_clock::now() + kAmple;
  while (std::chrono::steady_clock::now() < end) {
    const auto reply = Must(connection.Receive(milliseconds(1000)));
    if (reply && reply->sequence == kFarAway && reply->kind == wire::ReplyKind::kExpected) return reply->expected;
  }
  return NoReply().expected;
}

channel::WorkerClient Worker(const World& world) { return channel::WorkerClient(world.Path("run/payments.sock")); }

std::string WorkerVerdict(const World& world, const Kms& kms, const Bytes& envelope) {
  auto answer = Must(Worker(world).Execute(envelope, kAmple));
  if (answer.disposition == channel::Disposition::kRefused) return "refused " + answer.code;
  if (answer.disposition == channel::Disposition::kRetry) return "retry " + answer.code;
  const auto statement = Must(
      seal::VerifyStatement({.octets = answer.statement, .signature = answer.signature}, kms.domain().receipt_key));
  EXPECT_EQ(statement.envelope_sha256, Sha256(envelope));
  switch (statement.outcome) {
    case wire::Outcome::kOk:
      return "ok";
    case wire::Outcome::kRefused:
      return "refused " + statement.code;
    case wire::Outcome::kPartial:
      return "partial " + statement.code;
    case wire::Outcome::kExpired:
      return "expired " + statement.code;
  }
  return "?";
}

std::string TokenObjects(const World& world) {
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.Path("payments-hsm"))) {
    // token.object holds no object but the token's own state, written anew at every login.
    if (entry.path().extension() != ".object" || entry.path().filename() == "token.object") continue;
    lines.push_back(entry.path().filename().string() + " " + HexEncode(Sha256(AsBytes(Slurp(entry.path().string())))));
  }
  std::ranges::sort(lines);
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

std::string TokenAndLedger(const World& world) {
  const auto state = Must(Worker(world).State(kAmple));
  return TokenObjects(world) + "worker: " + std::string(channel::Name(state.condition)) + ", executed " +
         std::to_string(state.executed) + ", last " + std::to_string(state.last_sequence) + ", objects " +
         std::to_string(state.objects) + "\n";
}

std::string WholeState(const World& world, const Kms& kms, sender::Connection& connection) {
  std::string text = TokenAndLedger(world);
  const Json domain = DomainStatus(world);
  for (const char* name : {"accepted", "concluded", "refused", "queue"}) {
    text += std::string(name) + " " + std::to_string(domain.Integer(name).value_or(-1)) + "\n";
  }
  return text + "next " + std::to_string(NextNumber(connection, kms)) + "\n";
}

std::vector<std::string> Labels(const World& world) {
  fakes::Surroundings surroundings = world.AgentSurroundings();
  const auto listed = fakes::Run({"pkcs11-tool", "--module", world.module(), "--token-label", "payments-hsm", "--login",
                                  "--pin", world.pin(), "--list-objects"},
                                 surroundings);
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  static const std::regex kLabel("label: *([^\n]*)");
  std::vector<std::string> labels;
  for (std::sregex_iterator at(listed.out.begin(), listed.out.end(), kLabel), end; at != end; ++at) {
    const std::string label = (*at)[1];
    if (!label.starts_with("keyferry ")) labels.push_back(label);
  }
  std::ranges::sort(labels);
  return labels;
}

std::optional<Json> TryDomainStatus(const World& world) {
  const auto status = Json::Parse(world.Agent({"status", "--json"}).out);
  if (!status) return std::nullopt;
  const Json* domains = status->Find("domains");
  if (domains == nullptr || domains->Elements().empty()) return std::nullopt;
  return domains->Elements().front();
}

Json DomainStatus(const World& world) {
  auto domain = TryDomainStatus(world);
  if (domain) return std::move(*domain);
  ADD_FAILURE() << "the daemon does not answer\n" << Slurp(world.agent_log());
  return Json::EmptyObject();
}

std::string AuditLog(const World& world) { return Slurp(world.Path("agent/audit.log")); }

std::vector<std::int64_t> Concluded(const World& world) {
  std::vector<std::int64_t> numbers;
  std::istringstream lines(AuditLog(world));
  for (std::string line; std::getline(lines, line);) {
    const Json event = Must(Json::Parse(line));
    if (event.Text("event").value_or("") == "concluded") numbers.push_back(event.Integer("sequence").value_or(-1));
  }
  return numbers;
}

}  // namespace keyferry::world
