// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "protocol/wire/bundle.pb.h"
#include "protocol/wire/codec.h"
#include "protocol/wire/item_rules.h"
#include "protocol/wire/limits.h"
#include "protocol/wire/proto_fields.h"
#include "protocol/wire/strict.h"

namespace keyferry::wire {
namespace {

void Fill(proto::Item& out, const Item& item) {
  out.set_operation(static_cast<proto::Operation>(item.operation));
  out.set_target(item.target);
  out.set_object_class(static_cast<proto::ObjectClass>(item.object_class));
  out.set_key_type(static_cast<proto::KeyType>(item.key_type));
  out.set_key_bits(item.key_bits);
  out.set_label(item.label);
  out.set_id(ToOctets(item.id));
  out.set_expected_id(ToOctets(item.expected_id));
  out.set_usage(item.usage);
  out.set_not_before(item.not_before);
  out.set_not_after(item.not_after);
  out.set_wrap(static_cast<proto::WrapMethod>(item.wrap));
  out.set_wrapped_key(ToOctets(item.wrapped_key));
  out.set_check_method(static_cast<proto::CheckMethod>(item.check_method));
  out.set_check_value(ToOctets(item.check_value));
  out.set_public_key(ToOctets(item.public_key));
  out.set_certificate(ToOctets(item.certificate));
}

Item Take(const proto::Item& in) {
  Item item;
  item.operation = static_cast<Operation>(in.operation());
  item.target = in.target();
  item.object_class = static_cast<ObjectClass>(in.object_class());
  item.key_type = static_cast<KeyType>(in.key_type());
  item.key_bits = in.key_bits();
  item.label = in.label();
  item.id = ToBytes(in.id());
  item.expected_id = ToBytes(in.expected_id());
  item.usage = in.usage();
  item.not_before = in.not_before();
  item.not_after = in.not_after();
  item.wrap = static_cast<WrapMethod>(in.wrap());
  item.wrapped_key = ToBytes(in.wrapped_key());
  item.check_method = static_cast<CheckMethod>(in.check_method());
  item.check_value = ToBytes(in.check_value());
  item.public_key = ToBytes(in.public_key());
  item.certificate = ToBytes(in.certificate());
  return item;
}

Status CheckHead(const BundleBody& body) {
  if (body.generation == 0) return Malformed("generation is missing");
  if (body.sequence == 0) return Malformed("sequence is missing");
  if (body.sequence > limits::kLastSequence) return Malformed("sequence is above 2^63 - 1");
  KF_CHECK(CheckTime(body.accept_before, false, "accept_before"));
  KF_CHECK(CheckTime(body.install_before, true, "install_before"));
  if (body.items.empty()) return Malformed("there are no items");
  if (body.items.size() > limits::kItems) return OverLimit("more than " + std::to_string(limits::kItems) + " items");
  return {};
}

// One object is addressed once, and one CKA_ID names one version.
Status CheckDistinct(const std::vector<Item>& items) {
  std::set<std::tuple<std::string_view, ObjectClass, std::string_view>> addresses;
  std::set<std::pair<ObjectClass, Bytes>> ids;
  for (std::size_t at = 0; at < items.size(); ++at) {
    const Item& item = items[at];
    const std::string where = "item " + std::to_string(at);
    if (!addresses.emplace(item.target, item.object_class, item.label).second) {
      return Malformed(where + ": another item addresses the same object");
    }
    if (!item.id.empty() && !ids.emplace(item.object_class, item.id).second) {
      return Malformed(where + ": another item has the same id");
    }
  }
  return {};
}

Status CheckBundle(const BundleBody& body) {
  KF_CHECK(CheckHead(body));
  for (std::size_t at = 0; at < body.items.size(); ++at) {
    KF_CHECK_WITH(CheckItem(body.items[at]), "item " + std::to_string(at));
  }
  return CheckDistinct(body.items);
}

}  // namespace

Bytes Encode(const BundleBody& body) {
  proto::Bundle out;
  out.set_version(kBodyVersion);
  out.set_agent(ToOctets(body.agent));
  out.set_domain(ToOctets(body.domain));
  out.set_generation(body.generation);
  out.set_sequence(body.sequence);
  out.set_accept_before(body.accept_before);
  out.set_install_before(body.install_before);
  out.set_simulate(body.simulate);
  out.set_atomic(body.atomic);
  for (const Item& item : body.items) Fill(*out.add_items(), item);
  return Serialize(out);
}

Result<BundleBody> DecodeBundle(ByteView octets) {
  proto::Bundle in;
  KF_CHECK(ParseStrictly(octets, in, limits::kItems));
  KF_CHECK(CheckVersion(in.version(), "Bundle"));
  BundleBody body;
  KF_CHECK(TakeExactly(in.agent(), "agent", body.agent));
  KF_CHECK(TakeExactly(in.domain(), "domain", body.domain));
  body.generation = in.generation();
  body.sequence = in.sequence();
  body.accept_before = in.accept_before();
  body.install_before = in.install_before();
  body.simulate = in.simulate();
  body.atomic = in.atomic();
  body.items.reserve(static_cast<std::size_t>(in.items_size()));
  for (const proto::Item& item : in.items()) body.items.push_back(Take(item));
  KF_CHECK_WITH(CheckBundle(body), "bundle");
  return body;
}

Bytes Encode(const ConfirmationBody& body) {
  proto::Confirmation out;
  out.set_version(kBodyVersion);
  out.set_agent(ToOctets(body.agent));
  out.set_domain(ToOctets(body.domain));
  out.set_generation(body.generation);
  out.set_request_sha256(ToOctets(body.request_sha256));
  out.set_response_sha256(ToOctets(body.response_sha256));
  out.set_proof_sha256(ToOctets(body.proof_sha256));
  return Serialize(out);
}

Result<ConfirmationBody> DecodeConfirmation(ByteView octets) {
  proto::Confirmation in;
  KF_CHECK(ParseStrictly(octets, in, 0));
  KF_CHECK(CheckVersion(in.version(), "Confirmation"));
  ConfirmationBody body;
  KF_CHECK(TakeExactly(in.agent(), "agent", body.agent));
  KF_CHECK(TakeExactly(in.domain(), "domain", body.domain));
  body.generation = in.generation();
  if (body.generation == 0) return Malformed("confirmation: generation is missing");
  KF_CHECK(TakeExactly(in.request_sha256(), "request_sha256", body.request_sha256));
  KF_CHECK(TakeExactly(in.response_sha256(), "response_sha256", body.response_sha256));
  KF_CHECK(TakeExactly(in.proof_sha256(), "proof_sha256", body.proof_sha256));
  return body;
}

}  // namespace keyferry::wire
