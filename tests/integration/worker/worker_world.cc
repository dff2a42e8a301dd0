// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/worker/worker_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "bootstrap/ceremony/kms_half.h"
#include "protocol/seal/receipt.h"
#include "targets/cryptoki/check_value.h"
#include "targets/cryptoki/token_copy.h"
#include "tests/fakes/fake_token.h"

namespace keyferry::worker {
namespace {

using cryptoki::Mechanism;
using cryptoki::Template;

constexpr std::chrono::milliseconds kAmple{120'000};
const std::string kPin = "1234567890";

template <typename T>
T Must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().ThreeLines();
    std::abort();
  }
  return std::move(*result);
}

void Must(const Status& status) {
  if (status) return;
  ADD_FAILURE() << status.error().ThreeLines();
  std::abort();
}

class TwinSeal final : public seal::SealSigner {
 public:
  TwinSeal(cryptoki::Session& session, CK_OBJECT_HANDLE key) : session_(&session), key_(key) {}
  Result<wire::Seal> Sign(ByteView data) override {
    KF_TRY(const Bytes mac, session_->Sign(Mechanism::HmacSha256(), key_, data));
    wire::Seal seal{};
    std::copy_n(mac.begin(), seal.size(), seal.begin());
    return seal;
  }

 private:
  cryptoki::Session* session_;
  CK_OBJECT_HANDLE key_;
};

}  // namespace

struct WorkerWorld::Opened {
  explicit Opened(cryptoki::Token opened)
      : token(std::move(opened)),
        session((Must(token.Login(fakes::TestSecret(kPin))), Must(token.OpenSession()))),
        profile(Must(cryptoki::ProbeToken(session))) {}
  ceremony::Workbench bench() { return {.session = &session, .profile = &profile}; }

  cryptoki::Token token;
  cryptoki::Session session;
  cryptoki::TokenProfile profile;
};

WorkerWorld::WorkerWorld()
    : socket_(dir_.path() + "/worker.sock"),
      agent_(Must(Ed25519KeyPair::Generate())),
      signer_(Must(Ed25519KeyPair::Generate())) {
  store_.AddToken("kms", kPin);
  store_.AddToken("payments", kPin);
  module_ = Must(cryptoki::Module::Load(store_.module()));
  WritePin(kPin);
  const std::string settings = "[worker]\ndomain = \"payments\"\nstate_dir = \"state\"\nsocket = \"" + socket_ +
                               "\"\n[token]\nmodule = \"" + store_.module() +
                               "\"\nuri = \"pkcs11:token=payments\"\npin_file = \"pin\"\nexclusive = true\n"
                               "[target.hsm]\nkind = \"hsm\"\noverlap = \"50ms\"\n"
                               "[policy.default]\nlabel_prefixes = [\"\"]\nkey_types = [\"aes\"]\n"
                               "operations = [\"install\", \"update\", \"delete\", \"rollback\"]\n";
  Must(WriteDurably(dir_.path() + "/worker.toml", AsBytes(settings), 0600));
  Must(MakeDirectories(state_dir(), 0700));
}

WorkerWorld::~WorkerWorld() {
  worker_.reset();
  kms_.reset();
}

std::unique_ptr<WorkerWorld::Opened> WorkerWorld::Open(const std::string& label) {
  auto token = Must(cryptoki::Token::Find(*module_, Must(cryptoki::TokenUri::Parse(store_.UriOf(label)))));
  return std::make_unique<Opened>(std::move(token));
}

void WorkerWorld::Bootstrap() {
  kms_ = Open("kms");
  auto target = Open("payments");
  const ceremony::AgentSide agent{.token = &target->token,
                                  .state_dir = state_dir(),
                                  .token_copy = state_dir() + "/token.object",
                                  .domain_name = "payments",
                                  .accept_unenforced_template = false,
                                  .agent_key = agent_.public_key(),
                                  .agent_channel = Bytes(32, 1),
                                  .clock = &clock_};
  const ceremony::KmsSide kms{.bench = kms_->bench(),
                              .home = dir_.path() + "/kms",
                              .hsm = store_.UriOf("kms"),
                              .signer_name = "kms",
                              .signer = &signer_,
                              .channel_key = Bytes(32, 2),
                              .clock = &clock_};
  const auto request = Must(ceremony::MakeRequest(agent, {}));
  const auto response = Must(ceremony::AnswerRequest(kms, request.text, request.fingerprint));
  const auto proof = Must(ceremony::ImportResponse(agent, response.text, response.fingerprint));
  const auto enrolment = Must(ceremony::EnrolmentOfProof(kms.home, proof.text));
  const auto seal_in = Must(kms_->session.FindOne(
      Template().Text(CKA_LABEL, record::TwinLabel(record::RootKey::kSealIn, enrolment.domain, 1)), "twin"));
  TwinSeal signer(kms_->session, seal_in);
  const auto confirmation = Must(ceremony::MakeConfirmation(kms, proof.text, signer));
  Must(ceremony::ConfirmBootstrap(agent, confirmation.envelope));
  record_ = Must(record::LoadConfirmed(record::RecordPath(state_dir())));
}

void WorkerWorld::Start() {
  const char* bin = std::getenv("KEYFERRY_BIN");
  const std::string program = std::string(bin == nullptr ? "bin" : bin) + "/keyferry-worker";
  worker_ = std::make_unique<fakes::Background>(
      std::vector<std::string>{program, "--settings", dir_.path() + "/worker.toml"}, fakes::Surroundings{},
      dir_.path() + "/worker" + std::to_string(++starts_) + ".log");
}

void WorkerWorld::Kill() {
  worker_->Signal(SIGKILL);
  EXPECT_EQ(worker_->Wait(kAmple), 128 + SIGKILL);
}

int WorkerWorld::Stop() {
  worker_->Signal(SIGTERM);
  return worker_->Wait(kAmple).value_or(-1);
}

channel::WorkerState WorkerWorld::WaitFor(channel::WorkerCondition condition) {
  channel::WorkerState last;
  const bool reached = fakes::Eventually(
      [&] {
        auto state = client().State(kAmple);
        if (state) last = *state;
        return state && last.condition == condition;
      },
      kAmple);
  EXPECT_TRUE(reached) << channel::Name(last.condition) << " " << last.message << "\n" << Log();
  return last;
}

CK_OBJECT_HANDLE WorkerWorld::Twin(record::RootKey key) {
  return Must(kms_->session.FindOne(Template().Text(CKA_LABEL, record::TwinLabel(key, record_->domain, 1)), "twin"));
}

Item WorkerWorld::NewKey(const std::string& label) {
  Template attributes;
  attributes.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_AES).Ulong(CKA_VALUE_LEN, 32);
  attributes.Bool(CKA_TOKEN, false).Bool(CKA_EXTRACTABLE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_ENCRYPT, true);
  const auto key = Must(kms_->session.GenerateKey(Mechanism::AesKeyGen(), attributes));
  Item item;
  item.target = "hsm";
  item.label = label;
  item.key_bits = 256;
  item.id = RandomBytes(16);
  item.usage = usage::kEncrypt | usage::kDecrypt;
  item.wrap = WrapMethod::kAesKwp;
  item.wrapped_key =
      Must(kms_->session.WrapKey(Must(kms_->profile.WrapMechanism(item.wrap)), Twin(record::RootKey::kAes), key));
  item.check_method = CheckMethod::kEcb0;
  item.check_value = Must(cryptoki::ComputeCheckValue(kms_->session, key, item.check_method));
  return item;
}

wire::BundleBody WorkerWorld::Body(std::uint64_t sequence, std::vector<Item> items) const {
  wire::BundleBody body;
  body.agent = IdOfKey(agent_.public_key());
  body.domain = record_->domain;
  body.generation = 1;
  body.sequence = sequence;
  body.accept_before = clock_.Now() + 600;
  body.items = std::move(items);
  return body;
}

Bytes WorkerWorld::Seal(std::uint64_t sequence, std::vector<Item> items, bool simulate) {
  wire::BundleBody body = Body(sequence, std::move(items));
  body.simulate = simulate;
  TwinSeal seal_in(kms_->session, Twin(record::RootKey::kSealIn));
  return Must(seal::SealBundle(body, signer_, seal_in));
}

Bytes WorkerWorld::SealWithoutTwin(std::uint64_t sequence, std::vector<Item> items) {
  fakes::FakeSeal seal_in("not the twin");
  return Must(seal::SealBundle(Body(sequence, std::move(items)), signer_, seal_in));
}

wire::Statement WorkerWorld::Execute(const Bytes& envelope) {
  std::optional<channel::ExecuteAnswer> last;
  const bool concluded = fakes::Eventually(
      [&] {
        auto answer = client().Execute(envelope, kAmple);
        if (answer) last = *answer;
        return last && last->disposition == channel::Disposition::kConcluded;
      },
      kAmple);
  if (!concluded) {
    ADD_FAILURE() << (last ? last->code + " " + last->message : "no answer") << "\n" << Log();
    return {};
  }
  return Must(seal::VerifyStatement({.octets = last->statement, .signature = last->signature}, record_->receipt_key));
}

void WorkerWorld::WritePin(const std::string& pin) const {
  Must(WriteDurably(dir_.path() + "/pin", AsBytes(pin + "\n"), 0600));
}

std::vector<std::string> WorkerWorld::LabelsInTarget() {
  auto target = Open("payments");
  std::vector<std::string> labels;
  const auto found = Must(target->session.FindObjects(Template().Bool(CKA_TOKEN, true)));
  for (const auto object : found) {
    const auto values = Must(target->session.GetAttributes(object, {CKA_LABEL}));
    const std::string label = values.Text(CKA_LABEL).value_or("?");
    if (!label.starts_with("keyferry ")) labels.push_back(label);
  }
  std::ranges::sort(labels);
  return labels;
}

void WorkerWorld::DestroyInTarget(const std::string& label) {
  auto target = Open("payments");
  Must(target->session.DestroyObject(Must(target->session.FindOne(Template().Text(CKA_LABEL, label), label))));
}

std::string WorkerWorld::TokenObject() const {
  return cryptoki::FindTokenObject(record_->token.model, record_->token.serial).value_or("");
}

std::string WorkerWorld::Log() const {
  const auto log = ReadFile(dir_.path() + "/worker" + std::to_string(starts_) + ".log", 1 << 20);
  return log ? std::string(AsText(*log)) : "";
}

}  // namespace keyferry::worker
