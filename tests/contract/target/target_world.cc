// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/contract/target/target_world.h"

#include <stdexcept>
#include <utility>

#include "targets/hsm/object_plan.h"

namespace keyferry::contract {
namespace {

struct Known {
  fakes::TokenKind kind;
  Exception exception;
};

// The one table of what the tokens cannot do.
constexpr Known kKnown[] = {
    {fakes::TokenKind::kSoftHsm2, Exception::kEd25519PrivateRefused},  // 2.6.1: CKR_GENERAL_ERROR for its PKCS#8
    {fakes::TokenKind::kSoftHsm2, Exception::kLengthNotShown},
    {fakes::TokenKind::kSoftHsm2, Exception::kNoHmacWithShortKeys},
    {fakes::TokenKind::kSoftHsm2, Exception::kPrivateDatesUnreadable},
    {fakes::TokenKind::kNss, Exception::kEd25519PrivateRefused},  // 3.87 knows no Edwards curves
    {fakes::TokenKind::kNss, Exception::kEd25519PublicRefused},
    {fakes::TokenKind::kNss, Exception::kTemplateNotEnforced},
    {fakes::TokenKind::kNss, Exception::kExtractableIgnored},
    {fakes::TokenKind::kNss, Exception::kOneSubjectOneLabel},
};

template <typename T>
T Must(Result<T> result) {
  if (!result) {
    throw std::runtime_error(result.error().OneLine());  // fails the test with its text
  }
  if constexpr (!std::is_void_v<T>) {
    return std::move(*result);
  }
}

}  // namespace

bool Has(fakes::TokenKind kind, Exception exception) {
  for (const Known& known : kKnown) {
    if (known.kind == kind && known.exception == exception) {
      return true;
    }
  }
  return false;
}

hsm::RootKeks TestRootKeks() {
  hsm::RootKeks keks;
  keks[1] = {.aes = fakes::TestKekId(fakes::TestKek::kAes),
             .mac = fakes::TestKekId(fakes::TestKek::kMac),
             .private_key = fakes::TestKekId(fakes::TestKek::kPrivate)};
  return keks;
}

CK_OBJECT_CLASS ClassOf(const Item& item) { return hsm::CkoOf(item.object_class); }

TargetContract::TargetContract() : token_(GetParam()) { NewTarget({}); }

void TargetContract::NewTarget(hsm::HsmSettings settings) {
  settings.accept_unenforced_template = Has(Exception::kTemplateNotEnforced);
  const auto source = [this]() -> Result<cryptoki::Session*> { return &token_.session(); };
  target_ = Must(hsm::HsmTarget::Make(source, token_.profile(), TestRootKeks(), std::move(settings)));
}

Result<target::Holding> TargetContract::Run(const Item& item, const target::Holding& holding) {
  KF_TRY(auto staged, target_->Stage(item, holding));
  KF_CHECK(staged->Commit());
  KF_CHECK(staged->Finish());
  return staged->After();
}

target::Holding TargetContract::Do(const Item& item, const target::Holding& holding) {
  return Must(Run(item, holding));
}

Code TargetContract::RefusalOf(const Item& item, const target::Holding& holding) {
  const auto staged = target_->Stage(item, holding);
  EXPECT_FALSE(staged) << "not refused";
  return staged ? Code::kInternal : staged.error().code();
}

std::vector<CK_OBJECT_HANDLE> TargetContract::Find(CK_OBJECT_CLASS object_class, const std::string& label) {
  cryptoki::Template wanted;
  wanted.Ulong(CKA_CLASS, object_class).Text(CKA_LABEL, label).Bool(CKA_TOKEN, true);
  return Must(token_.session().FindObjects(wanted));
}

std::vector<CK_OBJECT_HANDLE> TargetContract::FindId(CK_OBJECT_CLASS object_class, const Bytes& id) {
  cryptoki::Template wanted;
  wanted.Ulong(CKA_CLASS, object_class).Octets(CKA_ID, id).Bool(CKA_TOKEN, true);
  return Must(token_.session().FindObjects(wanted));
}

CK_OBJECT_HANDLE TargetContract::Only(const Item& item) {
  const auto found = Find(ClassOf(item), item.label);
  EXPECT_EQ(found.size(), 1U) << item.label;
  return found.empty() ? 0 : found.front();
}

std::size_t TargetContract::CountAll() { return Must(token_.session().FindObjects(cryptoki::Template())).size(); }

std::size_t TargetContract::CountSessionObjects() {
  cryptoki::Template wanted;
  wanted.Bool(CKA_TOKEN, false);
  return Must(token_.session().FindObjects(wanted)).size();
}

cryptoki::Template TargetContract::AttributesOf(const Item& item) {
  return Must(hsm::ObjectPlan::Of(item, token_.profile())).ToTemplate(true);
}

CK_OBJECT_HANDLE TargetContract::Plant(const Item& item, const cryptoki::Template& attributes) {
  if (item.wrap == WrapMethod::kNone) {
    return Must(token_.session().CreateObject(attributes));
  }
  const fakes::TestKek kek = item.object_class == ObjectClass::kPrivateKey ? fakes::TestKek::kPrivate
                             : item.key_type == KeyType::kAes              ? fakes::TestKek::kAes
                                                                           : fakes::TestKek::kMac;
  cryptoki::Template wanted;
  wanted.Octets(CKA_ID, fakes::TestKekId(kek)).Bool(CKA_TOKEN, true);
  const CK_OBJECT_HANDLE root = Must(token_.session().FindOne(wanted, "test kek"));
  const auto mechanism = Must(token_.profile().WrapMechanism(item.wrap));
  return Must(token_.session().UnwrapKey(mechanism, root, item.wrapped_key, attributes));
}

}  // namespace keyferry::contract
