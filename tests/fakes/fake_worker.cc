// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/fake_worker.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "bootstrap/record/signed_document.h"
#include "protocol/base/file.h"

namespace keyferry::fakes {
namespace {

void Must(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

// DER ECDSA-Sig-Value to r ‖ s.
Bytes RawSignature(ByteView der) {
  const unsigned char* at = der.data();
  ECDSA_SIG* parsed = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  Must(parsed != nullptr, "signature");
  Bytes raw(64);
  BN_bn2binpad(ECDSA_SIG_get0_r(parsed), raw.data(), 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(parsed), raw.data() + 32, 32);
  ECDSA_SIG_free(parsed);
  return raw;
}

}  // namespace

SoftReceiptKey::SoftReceiptKey() : key_(EVP_EC_gen("P-256")) { Must(key_ != nullptr, "no EC key"); }
SoftReceiptKey::~SoftReceiptKey() { EVP_PKEY_free(key_); }

Result<Bytes> SoftReceiptKey::SignDigest(const Digest& digest) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key_, nullptr);
  Bytes der(128);
  std::size_t size = der.size();
  Must(EVP_PKEY_sign_init(context) == 1, "sign init");
  Must(EVP_PKEY_sign(context, der.data(), &size, digest.data(), digest.size()) == 1, "sign");
  EVP_PKEY_CTX_free(context);
  return RawSignature(ByteView(der).first(size));
}

Bytes SoftReceiptKey::Spki() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_, &der);
  Must(size > 0, "public key");
  Bytes spki(der, der + size);
  OPENSSL_free(der);
  return spki;
}

Result<wire::Seal> SoftSeal::Sign(ByteView data) {
  static constexpr std::string_view kKey = "a seal-in key of the tests";
  wire::Seal seal{};
  unsigned size = 0;
  HMAC(EVP_sha256(), kKey.data(), static_cast<int>(kKey.size()), data.data(), data.size(), seal.data(), &size);
  return seal;
}

void WriteRecord(const std::string& path, record::Record record, SoftReceiptKey& key) {
  record.stage = record::Stage::kConfirmed;
  record.receipt_key = key.Spki();
  if (record.receipt_key_id.empty()) record.receipt_key_id = {1};
  if (record.generations.empty()) record.generations.push_back({.number = 1, .serving = true, .keys = {}});
  record::AddStep(record, "request made", 1, Json::EmptyObject());
  const std::string json = record::ToJson(record).Dump();
  const auto signature = key.SignDigest(Sha256(record::SignedOctets("record", json)));
  const std::string text = record::FormatDocument({.kind = "record", .json = json, .signature = *signature});
  Must(WriteDurably(path, AsBytes(text), 0644).has_value(), "record");
}

FakeWorker::FakeWorker(const Id16& agent, std::vector<seal::PinnedSigner> signers, SoftReceiptKey& key)
    : agent_(agent), signers_(std::move(signers)), key_(key) {}

FakeWorker::~FakeWorker() { Stop(); }

void FakeWorker::Serve(const std::string& socket) {
  auto listener = channel::Listener::Bind(socket, 0600);
  Must(listener.has_value(), "listener");
  stop_ = UniqueFd(eventfd(0, EFD_CLOEXEC));
  server_ = std::thread([this, bound = std::move(*listener), stop = stop_.get()]() mutable {
    const auto served = channel::ServeWorker(bound, *this, {}, stop);
    if (!served) std::abort();
  });
}

void FakeWorker::Stop() {
  if (!server_.joinable()) return;
  eventfd_write(stop_.get(), 1);
  server_.join();
}

void FakeWorker::SetDelay(std::chrono::milliseconds delay) {
  const std::lock_guard lock(mutex_);
  delay_ = delay;
}
void FakeWorker::SetRetries(int count) {
  const std::lock_guard lock(mutex_);
  retries_ = count;
}
void FakeWorker::SetRefusal(std::string code) {
  const std::lock_guard lock(mutex_);
  refusal_ = std::move(code);
}
void FakeWorker::SetLying(bool lying) {
  const std::lock_guard lock(mutex_);
  lying_ = lying;
}
void FakeWorker::RestoreLedger(std::optional<std::map<Id16, std::uint64_t>> lasts) {
  const std::lock_guard lock(mutex_);
  lasts_ = std::move(lasts);
}
std::vector<std::uint64_t> FakeWorker::Executed() const {
  const std::lock_guard lock(mutex_);
  return executed_;
}
int FakeWorker::Calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

channel::WorkerState FakeWorker::State() {
  channel::WorkerState state;
  state.condition = channel::WorkerCondition::kServing;
  state.domain_name = "payments";
  state.token_label = "fake";
  const std::lock_guard lock(mutex_);
  state.executed = executed_.size();
  if (!lasts_) return state;
  auto& ledger = state.ledger.emplace();
  for (const auto& [signer, last] : *lasts_) ledger.push_back({.signer = signer, .last = last});
  return state;
}

channel::ExecuteAnswer FakeWorker::Execute(const Bytes& envelope) {
  std::unique_lock lock(mutex_);
  ++calls_;
  const auto delay = delay_;
  lock.unlock();
  std::this_thread::sleep_for(delay);
  lock.lock();
  if (retries_ > 0) {
    --retries_;
    return {.disposition = channel::Disposition::kRetry,
            .statement = {},
            .signature = {},
            .retry_after_ms = 20,
            .code = "hsm.token-missing",
            .message = "the token is away"};
  }
  if (!refusal_.empty()) {
    return {.disposition = channel::Disposition::kRefused,
            .statement = {},
            .signature = {},
            .retry_after_ms = 0,
            .code = refusal_,
            .message = "the worker refuses"};
  }
  const auto bundle = seal::OpenedBundle::Open(envelope, signers_);
  if (!bundle) {
    return {.disposition = channel::Disposition::kRefused,
            .statement = {},
            .signature = {},
            .retry_after_ms = 0,
            .code = std::string(Name(bundle.error().code())),
            .message = bundle.error().what()};
  }
  if (lying_) return Conclude(*bundle, true);
  const auto before = ledger_.find(bundle->digest());
  if (before != ledger_.end()) return before->second;
  executed_.push_back(bundle->body().sequence);
  if (lasts_) (*lasts_)[bundle->signer().id] = bundle->body().sequence;
  return ledger_[bundle->digest()] = Conclude(*bundle, false);
}

channel::ExecuteAnswer FakeWorker::Conclude(const seal::OpenedBundle& bundle, bool lying) {
  const wire::BundleBody& body = bundle.body();
  wire::Statement statement;
  statement.agent = agent_;
  statement.domain = body.domain;
  statement.generation = body.generation;
  statement.signer = bundle.signer().id;
  statement.sequence = body.sequence + (lying ? 1 : 0);
  statement.envelope_sha256 = bundle.digest();
  statement.simulated = body.simulate;
  statement.outcome = wire::Outcome::kOk;
  for (const Item& item : body.items) {
    wire::ItemOutcome outcome;
    outcome.operation = item.operation;
    outcome.target = item.target;
    outcome.object_class = item.object_class;
    outcome.label = item.label;
    outcome.id = item.id;
    outcome.result = wire::ItemResult::kOk;
    statement.items.push_back(std::move(outcome));
  }
  statement.token_label = "fake";
  statement.token_serial = "1";
  statement.token_model = "fake";
  statement.template_enforced = true;
  statement.executed_at = SystemClock().Now();
  const auto signed_statement = seal::SignStatement(statement, key_);
  Must(signed_statement.has_value(), "statement");
  return {.disposition = channel::Disposition::kConcluded,
          .statement = signed_statement->octets,
          .signature = signed_statement->signature,
          .retry_after_ms = 0,
          .code = "",
          .message = ""};
}

}  // namespace keyferry::fakes
