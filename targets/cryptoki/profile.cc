// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/profile.h"

namespace keyferry::cryptoki {
namespace {

Json MechanismText(const std::optional<CK_MECHANISM_TYPE>& type) { return type ? Json(CkmName(*type)) : Json(); }

}  // namespace

Result<Mechanism> TokenProfile::WrapMechanism(WrapMethod method) const {
  const auto& type = method == WrapMethod::kAesKwp ? kwp : kw;
  if (!type || method == WrapMethod::kNone) {
    return std::unexpected(
        Error::Make(Code::kMechanismMissing, "this token does not unwrap by " + std::string(Name(method))));
  }
  return Mechanism::Plain(*type);
}

bool TokenProfile::CanCheck(CheckMethod method, std::uint32_t key_bits) const {
  switch (method) {
    case CheckMethod::kEcb0:
      return check_ecb;
    case CheckMethod::kCmac:
      return check_cmac;
    case CheckMethod::kHmac:
      return key_bits < 256 ? check_hmac_short : check_hmac;
    case CheckMethod::kNone:
    case CheckMethod::kPublicKey:
      return true;
  }
  return false;
}

Json TokenProfile::ToJson() const {
  Json json = Json::EmptyObject();
  json.Set("kwp", MechanismText(kwp)).Set("kw", MechanismText(kw));
  json.Set("kwp_wraps", kwp_wraps).Set("kwp_wraps_any_length", kwp_wraps_any_length);
  json.Set("kw_wraps", kw_wraps).Set("pad_is_pkcs7", pad_is_pkcs7);
  json.Set("damaged_blob", CkrName(damaged_blob));
  json.Set("oaep_sha1", oaep_sha1).Set("oaep_sha256", oaep_sha256);
  json.Set("template_taken", template_taken).Set("template_enforced", template_enforced);
  json.Set("template_readable", template_readable);
  json.Set("allowed_mechanisms_taken", allowed_mechanisms_taken);
  json.Set("allowed_mechanisms_enforced", allowed_mechanisms_enforced);
  json.Set("sensitive_honoured", sensitive_honoured).Set("lengths_checked", lengths_checked);
  json.Set("copy", copy).Set("unmodifiable_at_unwrap", unmodifiable_at_unwrap);
  json.Set("unmodifiable_by_copy", unmodifiable_by_copy).Set("uncopyable_at_unwrap", uncopyable_at_unwrap);
  json.Set("check_ecb", check_ecb).Set("check_cmac", check_cmac).Set("check_hmac", check_hmac);
  json.Set("check_hmac_short", check_hmac_short);
  json.Set("rsa_private", rsa_private).Set("ec_private", ec_private);
  json.Set("ec_private_wants_point", ec_private_wants_point).Set("ed25519_private", ed25519_private);
  return json;
}

}  // namespace keyferry::cryptoki
