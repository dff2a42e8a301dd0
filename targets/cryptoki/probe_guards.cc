// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// What guards a key in the token, and what becomes of objects: the part of the probe about attributes.

#include <array>

#include "targets/cryptoki/openssl_wrap.h"
#include "targets/cryptoki/probe.h"
#include "targets/cryptoki/probe_keys.h"

namespace keyferry::cryptoki {
namespace {

// What a Root KEK demands of the keys that it unwraps.
Template GuardTemplate() {
  Template guard;
  guard.Ulong(CKA_CLASS, CKO_SECRET_KEY).Ulong(CKA_KEY_TYPE, CKK_AES).Bool(CKA_PRIVATE, true);
  guard.Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, false);
  return guard;
}

}  // namespace

Result<std::optional<ScopedObject>> ProbeBench::UnwrapAes(CK_OBJECT_HANDLE kek, Template more, bool extractable) {
  Template attributes = GuardTemplate();
  attributes.Bool(CKA_TOKEN, false).Bool(CKA_EXTRACTABLE, extractable);
  attributes.Merge(SecretUsages(true, false, false, false));
  attributes.Merge(std::move(more));
  return Unwrap(wrapping(), kek, aes_blob_, attributes);
}

Result<bool> ProbeBench::IsExtractable(CK_OBJECT_HANDLE key) {
  KF_TRY(const AttributeValues seen, session_->GetAttributes(key, {CKA_EXTRACTABLE}));
  return seen.Bool(CKA_EXTRACTABLE).value_or(true);
}

Status ProbeBench::ProbeTemplate() {
  if (!HasWrapping()) {
    return {};
  }
  Template more;
  more.Nested(CKA_UNWRAP_TEMPLATE, GuardTemplate());
  KF_TRY(const auto kek, Tolerate(CreateKek(std::move(more))));
  profile_.template_taken = kek.has_value();
  if (!kek) {
    return {};
  }
  KF_TRY(const auto conforming, UnwrapAes(kek->get(), {}, false));
  KF_TRY(const auto weaker, UnwrapAes(kek->get(), {}, true));
  bool weakened = false;
  if (weaker) {
    KF_TRY(weakened, IsExtractable(weaker->get()));
  }
  profile_.template_enforced = conforming && !weakened;
  // A token that does not heed the template may hold it as pointers of ours: it is not asked for it.
  if (profile_.template_enforced) {
    KF_TRY(profile_.template_readable, TemplateReads(kek->get()));
  }
  return {};
}

Result<bool> ProbeBench::TemplateReads(CK_OBJECT_HANDLE kek) {
  KF_TRY(const auto seen, Tolerate(session_->GetNested(kek, CKA_UNWRAP_TEMPLATE)));
  return seen && seen->size() == 5 && seen->Ulong(CKA_CLASS) == CKO_SECRET_KEY &&
         seen->Ulong(CKA_KEY_TYPE) == CKK_AES && seen->Bool(CKA_PRIVATE) == true && seen->Bool(CKA_SENSITIVE) == true &&
         seen->Bool(CKA_EXTRACTABLE) == false;
}

Status ProbeBench::ProbeAllowedMechanisms() {
  if (!HasWrapping()) {
    return {};
  }
  const std::array<CK_MECHANISM_TYPE, 1> only = {wrapping().type()};
  Template more = SecretUsages(true, false, true, false);
  more.Mechanisms(CKA_ALLOWED_MECHANISMS, only);
  KF_TRY(const auto kek, Tolerate(CreateKek(std::move(more))));
  if (!kek) {
    return {};
  }
  KF_TRY(const AttributeValues seen, session_->GetAttributes(kek->get(), {CKA_ALLOWED_MECHANISMS}));
  const auto list = seen.Mechanisms(CKA_ALLOWED_MECHANISMS);
  profile_.allowed_mechanisms_taken = list && *list == std::vector<CK_MECHANISM_TYPE>(only.begin(), only.end());
  KF_TRY(const auto allowed, UnwrapAes(kek->get(), {}, false));
  const std::array<std::uint8_t, 16> block{};
  KF_TRY(const auto forbidden, Tolerate(session_->Encrypt(Mechanism::AesEcb(), kek->get(), block)));
  // A refusal tells something only where ECB works otherwise.
  profile_.allowed_mechanisms_enforced = allowed && !forbidden && profile_.check_ecb;
  return {};
}

Status ProbeBench::ProbeObjects() {
  if (!HasWrapping()) {
    return {};
  }
  KF_CHECK(ProbeSensitive());
  KF_CHECK(ProbeLengths());
  Template unmodifiable;
  unmodifiable.Bool(CKA_MODIFIABLE, false);
  KF_TRY(const auto fixed, UnwrapAes(kek_->get(), std::move(unmodifiable), false));
  if (fixed) {
    KF_TRY(const AttributeValues seen, session_->GetAttributes(fixed->get(), {CKA_MODIFIABLE}));
    profile_.unmodifiable_at_unwrap = seen.Bool(CKA_MODIFIABLE) == false;
  }
  Template uncopyable;
  uncopyable.Bool(CKA_COPYABLE, false);
  KF_TRY(const auto single, UnwrapAes(kek_->get(), std::move(uncopyable), false));
  if (single) {
    KF_TRY(const AttributeValues seen, session_->GetAttributes(single->get(), {CKA_COPYABLE}));
    profile_.uncopyable_at_unwrap = seen.Bool(CKA_COPYABLE) == false;
  }
  return {};
}

Status ProbeBench::ProbeSensitive() {
  KF_TRY(const Secret aes, ProbeAes());
  KF_TRY(const auto key, UnwrapAes(kek_->get(), {}, false));
  if (!key) {
    return {};
  }
  KF_TRY(const AttributeValues seen, session_->GetAttributes(key->get(), {CKA_SENSITIVE, CKA_EXTRACTABLE}));
  KF_TRY(const auto value, Tolerate(session_->GetSecret(key->get(), CKA_VALUE)));
  profile_.sensitive_honoured = !value && seen.Bool(CKA_SENSITIVE) == true && seen.Bool(CKA_EXTRACTABLE) == false;
  Template session_object;
  session_object.Bool(CKA_TOKEN, false);
  KF_TRY(const auto copy, Tolerate(session_->CopyObject(key->get(), session_object)));
  if (!copy) {
    return {};
  }
  const ScopedObject owner(*session_, *copy);
  profile_.copy = true;
  return ProbeUnmodifiable(key->get());
}

Status ProbeBench::ProbeUnmodifiable(CK_OBJECT_HANDLE key) {
  Template changes;
  changes.Bool(CKA_TOKEN, false).Bool(CKA_MODIFIABLE, false);
  KF_TRY(const auto copy, Tolerate(session_->CopyObject(key, changes)));
  if (!copy) {
    return {};
  }
  const ScopedObject owner(*session_, *copy);
  KF_TRY(const AttributeValues seen, session_->GetAttributes(*copy, {CKA_MODIFIABLE}));
  Template usage;
  usage.Bool(CKA_WRAP, true);
  const Status changed = session_->SetAttributes(*copy, usage);
  if (!changed && IsFailure(changed.error())) {
    return changed;
  }
  profile_.unmodifiable_by_copy = seen.Bool(CKA_MODIFIABLE) == false && !changed;
  return {};
}

Status ProbeBench::ProbeLengths() {
  KF_TRY(const Secret odd, ProbeOddSecret());
  KF_TRY(Secret long_key, Secret::Allocate(40));  // RFC 3394 takes multiples of 8 only
  std::ranges::copy(odd.Expose(), long_key.ExposeMutable().begin());
  KF_TRY(const Bytes blob, SoftwareWrap(method(), kek_value_, profile_.kwp ? odd : long_key));
  Template attributes = GuardTemplate();
  attributes.Bool(CKA_TOKEN, false);
  attributes.Merge(SecretUsages(true, false, false, false));
  KF_TRY(const auto key, Unwrap(wrapping(), kek_->get(), blob, attributes));
  profile_.lengths_checked = !key.has_value();
  return {};
}

}  // namespace keyferry::cryptoki
