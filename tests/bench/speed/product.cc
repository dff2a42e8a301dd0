// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/speed/product.h"

#include <cstdlib>

#include "protocol/sender/wrap_item.h"
#include "targets/cryptoki/uri.h"
#include "tests/fakes/soft_tokens.h"

namespace keyferry::bench {
namespace {

constexpr std::chrono::milliseconds kPatience{120'000};

}  // namespace

Result<std::unique_ptr<Product>> Product::Open(const world::World& world) {
  const sender::Home home(world.kms_home());
  KF_TRY(Ed25519KeyPair signer, home.Signer());
  KF_TRY(Secret channel_key, home.ChannelKey());
  KF_TRY(sender::Store store, home.OpenStore());
  std::unique_ptr<Product> product(new Product(world, std::move(signer), std::move(channel_key), std::move(store)));
  KF_TRY(product->domain_, product->store_.FindDomain("payments"));
  KF_TRY(sender::DomainSender sender, sender::DomainSender::Open(product->store_, "payments", product->signer_,
                                                                 product->channel_key_, product->clock_));
  product->sender_ = std::make_unique<sender::DomainSender>(std::move(sender));
  return product;
}

Status Product::OpenToken() {
  setenv("SOFTHSM2_CONF", world_->kms_conf().c_str(), 1);
  KF_TRY(const cryptoki::TokenUri uri, cryptoki::TokenUri::Parse("pkcs11:token=KMS?module-path=" + world_->module()));
  KF_TRY(sender::KmsToken token, sender::KmsToken::Open(uri, fakes::TestSecret(world_->pin())));
  token_ = std::make_unique<sender::KmsToken>(std::move(token));
  KF_TRY(twins_, sender::FindTwins(token_->session(), domain_.domain, domain_.generation));
  return wrapped_.empty() ? WrapKeys() : Status();
}

void Product::CloseToken() { token_.reset(); }

Status Product::WrapKeys() {
  using cryptoki::Template;
  for (std::size_t i = 0; i < kKeysInBundle; ++i) {
    const std::string label = "bench-" + std::to_string(i);
    Template key;
    key.Bool(CKA_TOKEN, false).Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_AES).Text(CKA_LABEL, label);
    key.Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, true).Ulong(CKA_VALUE_LEN, 32);
    for (const CK_ATTRIBUTE_TYPE on : {CKA_ENCRYPT, CKA_DECRYPT}) key.Bool(on, true);
    KF_CHECK(token_->session().GenerateKey(cryptoki::Mechanism::AesKeyGen(), key));
    KF_TRY(const cryptoki::ObjectUri uri, cryptoki::ObjectUri::Parse("pkcs11:object=" + label + ";type=secret-key"));
    sender::Placement placement;
    placement.label = label;
    placement.usage = usage::kEncrypt | usage::kDecrypt;
    KF_TRY(Item item, sender::WrapFromToken(*token_, twins_, uri, placement));
    wrapped_.push_back(std::move(item));
  }
  return {};
}

Result<std::uint64_t> Product::Seal(std::vector<Item> items) {
  sender::TwinSealSigner seal_in(token_->session(), twins_.seal_in);
  sender::BundleRequest request;
  request.items = std::move(items);
  return sender_->Enqueue(request, seal_in);
}

Result<std::uint64_t> Product::SealInstalls(std::size_t count) {
  fresh_.clear();
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<Item> items = wrapped_;
    for (Item& item : items) {
      item.label = "bench-" + std::to_string(++serial_);
      item.id = RandomBytes(16);
    }
    KF_TRY(last, Seal(items));
    fresh_.push_back(std::move(items));
  }
  return last;
}

Result<std::uint64_t> Product::SealDeletes() {
  std::uint64_t last = 0;
  for (const std::vector<Item>& installed : fresh_) {
    std::vector<Item> items;
    for (const Item& key : installed) {
      Item item;
      item.operation = Operation::kDelete;
      item.target = key.target;
      item.object_class = key.object_class;
      item.key_type = key.key_type;
      item.label = key.label;
      item.expected_id = key.id;
      items.push_back(std::move(item));
    }
    KF_TRY(last, Seal(std::move(items)));
  }
  return last;
}

Status Product::Drive(std::uint64_t last) {
  KF_TRY(const auto deliveries, sender_->Drive(last, kPatience));
  delivered_ += deliveries.size();
  for (const sender::Delivery& delivery : deliveries) {
    const wire::ReceiptBody& receipt = delivery.receipt.body;
    if (receipt.outcome == wire::Outcome::kOk && delivery.receipt.statement) continue;
    return std::unexpected(Error::Make(
        Code::kPartial,
        "bundle " + std::to_string(delivery.sequence) + " was not executed: " + receipt.code + " " + receipt.message));
  }
  return {};
}

}  // namespace keyferry::bench
