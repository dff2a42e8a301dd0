// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/sender/sender.h"

#include <algorithm>
#include <utility>

#include "protocol/wire/codec.h"

namespace keyferry::sender {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPoll{100};
// An agent answers a push as soon as its journal is durable; later than this the answer was lost.
constexpr milliseconds kAnswerLate{3000};
// A receipt comes by itself on the connection that pushed; after this it is asked for by pushing again.
constexpr milliseconds kReceiptLate{5000};

Error FromAgent(const wire::Reply& reply) {
  const Code code = CodeFromName(reply.code).value_or(Code::kInternal);
  return Error::Make(code, "the agent refused: " + Printable(reply.message, 400));
}

// What the agent would refuse as malformed is refused before it takes a number; texts before Protobuf complains.
Status CheckBody(const wire::BundleBody& body) {
  const bool texts =
      std::ranges::all_of(body.items, [](const Item& item) { return IsUtf8(item.label) && IsUtf8(item.target); });
  const Result<wire::BundleBody> decoded =
      texts ? wire::DecodeBundle(wire::Encode(body))
            : std::unexpected(Error::Make(Code::kUsage, "a label or target is not UTF-8"));
  if (decoded) return {};
  return std::unexpected(Error::Caused(Code::kUsage, "such a bundle cannot be sent", decoded.error().OneLine())
                             .NextStep("correct what was asked for; the limits are in protocol/PROTOCOL.md"));
}

AgentAddress AddressOf(const DomainRow& domain) { return {domain.endpoint, domain.channel_key}; }

}  // namespace

DomainSender::DomainSender(Store& store, DomainRow domain, const Ed25519KeyPair& signer, Clock& clock, LockFile lock,
                           Connection connection)
    : store_(&store),
      domain_(std::move(domain)),
      signer_(&signer),
      clock_(&clock),
      lock_(std::move(lock)),
      connection_(std::move(connection)),
      not_before_(clock.Monotonic()),
      progress_(clock.Monotonic()) {}

Result<DomainSender> DomainSender::Open(Store& store, const std::string& domain_name, const Ed25519KeyPair& signer,
                                        const Secret& channel_key, Clock& clock) {
  KF_CHECK(store.FindDomain(domain_name));
  KF_TRY(LockFile lock, store.LockDomain(domain_name));
  KF_TRY(DomainRow domain, store.FindDomain(domain_name));
  KF_TRY(Connection connection, Connection::Open(AddressOf(domain), channel_key));
  return DomainSender(store, std::move(domain), signer, clock, std::move(lock), std::move(connection));
}

Status DomainSender::CheckNotStopped() const {
  if (domain_.stopped.empty()) return {};
  return std::unexpected(
      Error::Make(Code::kSequenceDiverged, "domain '" + domain_.name + "' is stopped: " + domain_.stopped));
}

Result<std::uint64_t> DomainSender::Enqueue(const BundleRequest& request, seal::SealSigner& seal_in) {
  KF_CHECK(CheckNotStopped());
  const UnixSeconds now = clock_->Now();
  wire::BundleBody body;
  body.agent = domain_.agent;
  body.domain = domain_.domain;
  body.generation = domain_.generation;
  body.sequence = domain_.next_sequence;
  body.accept_before = now + request.accept_within.count();
  body.install_before = request.install_within ? now + request.install_within->count() : 0;
  body.simulate = request.simulate;
  body.atomic = request.atomic;
  body.items = request.items;
  KF_CHECK(CheckBody(body));
  KF_TRY(const Bytes envelope, seal::SealBundle(body, *signer_, seal_in));
  KF_CHECK(store_->AddBundle(domain_.name, body.sequence, Sha256(envelope), envelope));
  domain_.next_sequence = body.sequence + 1;
  return body.sequence;
}

Result<std::vector<Delivery>> DomainSender::Drive(std::uint64_t last, milliseconds patience) {
  KF_CHECK(CheckNotStopped());
  std::vector<Delivery> deliveries;
  in_flight_.clear();
  go_back_to_.reset();
  accepted_ = 0;
  busy_ = false;
  KF_TRY(const auto first, store_->Unreceipted(domain_.name, 0, 1));
  next_ = first.empty() ? last + 1 : first.front().sequence;
  progress_ = clock_->Monotonic();
  for (;;) {
    KF_CHECK(SendNext(last));
    if (in_flight_.empty() && !go_back_to_ && next_ > last) return deliveries;
    KF_TRY(const auto reply, connection_.Receive(kPoll));
    if (reply) KF_CHECK(Handle(*reply, deliveries));
    KF_CHECK(SendAgainWhatIsLate());
    if (clock_->Monotonic() - progress_ > patience) KF_CHECK(OutOfPatience());
  }
}

Status DomainSender::SendNext(std::uint64_t last) {
  const auto now = clock_->Monotonic();
  if (now < not_before_) return {};
  if (go_back_to_) {
    // What was sent after the refused one is answered "expected N" too: those answers are waited for, so that they are
    // not taken for answers to the second sending.
    const bool waiting = std::ranges::any_of(in_flight_, [](const InFlight& bundle) { return !bundle.answered; });
    if (waiting) return {};
    std::erase_if(in_flight_, [this](const InFlight& bundle) { return bundle.sequence >= *go_back_to_; });
    next_ = *std::exchange(go_back_to_, std::nullopt);
  }
  if (next_ > last || in_flight_.size() >= kWindow) return {};
  KF_TRY(const auto bundles, store_->Unreceipted(domain_.name, next_, kWindow - in_flight_.size()));
  if (bundles.empty()) next_ = last + 1;
  for (const BundleRow& bundle : bundles) {
    if (bundle.sequence > last) {
      next_ = last + 1;
      break;
    }
    KF_TRY(const bool sent, connection_.Send(wire::MessageType::kPush, bundle.envelope));
    if (!sent) break;
    in_flight_.push_back({bundle.sequence, bundle.digest, false, now});
    next_ = bundle.sequence + 1;
  }
  return {};
}

Status DomainSender::SendAgainWhatIsLate() {
  const auto now = clock_->Monotonic();
  std::optional<std::uint64_t> late;
  bool lost = false;
  for (const InFlight& bundle : in_flight_) {
    const bool is_late = now - bundle.sent > (bundle.answered ? kReceiptLate : kAnswerLate);
    if (!is_late) continue;
    late = std::min(late.value_or(bundle.sequence), bundle.sequence);
    lost = lost || !bundle.answered;
  }
  if (!late) return {};
  // Pushing again is safe: the agent answers what it has with the receipt, or with "in progress".
  if (lost) KF_CHECK(connection_.Reconnect());
  for (InFlight& bundle : in_flight_) bundle.answered = true;
  GoBack(*late, milliseconds(0));
  return {};
}

void DomainSender::GoBack(std::uint64_t to, milliseconds pause) {
  go_back_to_ = std::min(go_back_to_.value_or(to), to);
  not_before_ = std::max(not_before_, clock_->Monotonic() + pause);
}

DomainSender::InFlight* DomainSender::Find(const Digest& digest) {
  const auto found = std::ranges::find(in_flight_, digest, &InFlight::digest);
  return found == in_flight_.end() ? nullptr : &*found;
}

Status DomainSender::Handle(const wire::Reply& reply, std::vector<Delivery>& deliveries) {
  InFlight* bundle = Find(reply.envelope_sha256);
  if (bundle == nullptr) return {};  // an answer to an earlier sending
  bundle->answered = true;
  switch (reply.kind) {
    case wire::ReplyKind::kAccepted:
    case wire::ReplyKind::kInProgress:
      busy_ = false;
      NoteAccepted(bundle->sequence);
      return {};
    case wire::ReplyKind::kReceipt:
      return HandleReceipt(reply, deliveries);
    case wire::ReplyKind::kBusy:
      busy_ = true;
      GoBack(bundle->sequence, milliseconds(reply.retry_after_ms));
      return {};
    case wire::ReplyKind::kExpected:
      return HandleExpected(reply);
    case wire::ReplyKind::kError:
      return std::unexpected(FromAgent(reply));
  }
  return {};
}

Status DomainSender::HandleReceipt(const wire::Reply& reply, std::vector<Delivery>& deliveries) {
  const InFlight bundle = *Find(reply.envelope_sha256);
  KF_TRY(Delivery delivery, Verified(reply.receipt));
  if (delivery.receipt.body.envelope_sha256 != bundle.digest || delivery.sequence != bundle.sequence) {
    return std::unexpected(Error::Make(Code::kReceiptWrong, "the agent sent the receipt of another bundle"));
  }
  KF_CHECK(store_->PutReceipt(domain_.name, bundle.sequence, delivery.receipt_octets));
  std::erase_if(in_flight_, [&](const InFlight& other) { return other.sequence == bundle.sequence; });
  deliveries.push_back(std::move(delivery));
  progress_ = clock_->Monotonic();
  return {};
}

Status DomainSender::HandleExpected(const wire::Reply& reply) {
  KF_TRY(const std::uint64_t highest, store_->HighestReceipted(domain_.name));
  std::string why;
  if (reply.expected <= highest) {
    why = "the agent expects number " + std::to_string(reply.expected) + ", but its receipt of number " +
          std::to_string(highest) + " is here: the agent was restored from a copy";
  } else if (reply.expected > domain_.next_sequence) {
    why = "the agent expects number " + std::to_string(reply.expected) + ", but the next number here is " +
          std::to_string(domain_.next_sequence) + ": this KMS was restored from a copy";
  } else {
    GoBack(reply.expected, milliseconds(0));
    return {};
  }
  KF_CHECK(store_->Stop(domain_.name, why));
  domain_.stopped = why;
  return CheckNotStopped();
}

// "In progress" for a bundle that was accepted before is no progress: it comes with every sending.
void DomainSender::NoteAccepted(std::uint64_t sequence) {
  if (sequence <= accepted_) return;
  accepted_ = sequence;
  progress_ = clock_->Monotonic();
}

Status DomainSender::OutOfPatience() const {
  const std::uint64_t oldest = in_flight_.empty() ? next_ : std::min(next_, in_flight_.front().sequence);
  if (busy_) {
    return std::unexpected(Error::Make(
        Code::kBusy, "the agent at " + Printable(domain_.endpoint) + " has its queue full and takes no more for now"));
  }
  if (oldest <= accepted_) {
    return std::unexpected(Error::Make(Code::kInProgress, "the agent at " + Printable(domain_.endpoint) +
                                                              " accepted the bundle and has not concluded it yet"));
  }
  return std::unexpected(
      Error::Make(Code::kAgentSilent, "no answer from the agent at " + Printable(domain_.endpoint) +
                                          ": it is away, or it does not know this KMS's channel key"));
}

Result<Delivery> DomainSender::Verified(Bytes receipt) const {
  Delivery delivery;
  KF_TRY(delivery.receipt, seal::VerifyReceipt(receipt, domain_.agent_key, domain_.receipt_key));
  const wire::ReceiptBody& body = delivery.receipt.body;
  if (body.agent != domain_.agent || body.domain != domain_.domain || body.signer != IdOfKey(signer_->public_key())) {
    return std::unexpected(Error::Make(Code::kReceiptWrong, "the receipt names another agent, domain or signer"));
  }
  delivery.sequence = body.sequence;
  delivery.receipt_octets = std::move(receipt);
  return delivery;
}

Result<Delivery> DomainSender::AskAgain(std::uint64_t sequence, milliseconds patience) {
  const wire::Ask ask{IdOfKey(signer_->public_key()), domain_.domain, sequence};
  const Bytes octets = wire::Encode(ask);
  const auto deadline = clock_->Monotonic() + patience;
  for (bool sent = false; !sent && clock_->Monotonic() < deadline; clock_->SleepFor(milliseconds(sent ? 0 : 20))) {
    KF_TRY(sent, connection_.Send(wire::MessageType::kAsk, octets));
  }
  return WaitForReceipt(nullptr, sequence, patience);
}

Result<Delivery> DomainSender::SendAsIs(ByteView envelope, milliseconds patience) {
  const auto deadline = clock_->Monotonic() + patience;
  for (bool sent = false; !sent && clock_->Monotonic() < deadline; clock_->SleepFor(milliseconds(sent ? 0 : 20))) {
    KF_TRY(sent, connection_.Send(wire::MessageType::kPush, envelope));
  }
  const Digest digest = Sha256(envelope);
  return WaitForReceipt(&digest, 0, patience);
}

// An answer names the bundle's digest where one was pushed; else its number.
Result<Delivery> DomainSender::WaitForReceipt(const Digest* envelope, std::uint64_t sequence, milliseconds patience) {
  const auto deadline = clock_->Monotonic() + patience;
  while (clock_->Monotonic() < deadline) {
    KF_TRY(const auto reply, connection_.Receive(kPoll));
    if (!reply) continue;
    const bool ours = envelope != nullptr ? reply->envelope_sha256 == *envelope : reply->sequence == sequence;
    if (!ours) continue;
    switch (reply->kind) {
      case wire::ReplyKind::kReceipt:
        return Verified(reply->receipt);
      case wire::ReplyKind::kError:
        return std::unexpected(FromAgent(*reply));
      case wire::ReplyKind::kExpected:
        return std::unexpected(
            Error::Make(Code::kSequenceExpected, "the agent expects number " + std::to_string(reply->expected)));
      case wire::ReplyKind::kBusy:
        return std::unexpected(
            Error::Make(Code::kBusy, "the agent is busy for another " + std::to_string(reply->retry_after_ms) + " ms"));
      case wire::ReplyKind::kAccepted:
      case wire::ReplyKind::kInProgress:
        break;
    }
  }
  return std::unexpected(
      Error::Make(Code::kAgentSilent, "no receipt from the agent at " + Printable(domain_.endpoint)));
}

}  // namespace keyferry::sender
