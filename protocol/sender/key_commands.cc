// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "protocol/sender/commands.h"
#include "protocol/wire/limits.h"
#include "targets/cryptoki/check_value.h"
#include "targets/cryptoki/public_key.h"

namespace keyferry::sender {
namespace {

using cryptoki::Mechanism;
using cryptoki::Template;

struct KeyOptions {
  std::string type = "aes", label, uri;
  std::uint32_t bits = 0;
};

std::uint32_t BitsOf(const KeyOptions& options, KeyType type) {
  if (options.bits != 0) return options.bits;
  return type == KeyType::kRsa ? 3072 : 256;
}

// Extractable, since it is made to be pushed; sensitive, so that it leaves the HSM wrapped and never in clear.
Template KeyTemplate(const KeyOptions& options, const Bytes& id) {
  Template key;
  key.Bool(CKA_TOKEN, true).Bool(CKA_PRIVATE, true).Bool(CKA_SENSITIVE, true).Bool(CKA_EXTRACTABLE, true);
  key.Text(CKA_LABEL, options.label).Octets(CKA_ID, id);
  return key;
}

Status GenerateSecret(cryptoki::Session& session, const KeyOptions& options, KeyType type, const Bytes& id) {
  const bool aes = type == KeyType::kAes;
  Template key = KeyTemplate(options, id);
  key.Ulong(CKA_VALUE_LEN, BitsOf(options, type) / 8);
  key.Bool(CKA_ENCRYPT, aes).Bool(CKA_DECRYPT, aes).Bool(CKA_SIGN, !aes).Bool(CKA_VERIFY, !aes);
  KF_CHECK(session.GenerateKey(aes ? Mechanism::AesKeyGen() : Mechanism::GenericSecretKeyGen(), key));
  return {};
}

Status GeneratePair(cryptoki::Session& session, const KeyOptions& options, KeyType type, const Bytes& id) {
  const bool rsa = type == KeyType::kRsa;
  Template public_key;
  public_key.Bool(CKA_TOKEN, true).Text(CKA_LABEL, options.label).Octets(CKA_ID, id).Bool(CKA_VERIFY, true);
  public_key.Bool(CKA_ENCRYPT, rsa);
  if (rsa) {
    constexpr std::uint8_t kExponent[] = {1, 0, 1};
    public_key.Ulong(CKA_MODULUS_BITS, BitsOf(options, type)).Octets(CKA_PUBLIC_EXPONENT, kExponent);
  } else {
    KF_TRY(const Bytes curve, cryptoki::EcParamsOf(type, BitsOf(options, type)));
    public_key.Octets(CKA_EC_PARAMS, curve);
  }
  Template private_key = KeyTemplate(options, id);
  private_key.Bool(CKA_SIGN, true).Bool(CKA_DECRYPT, rsa).Bool(CKA_DERIVE, false);
  const Mechanism mechanism = rsa                    ? Mechanism::RsaKeyPairGen()
                              : type == KeyType::kEc ? Mechanism::EcKeyPairGen()
                                                     : Mechanism::Plain(CKM_EC_EDWARDS_KEY_PAIR_GEN);
  KF_CHECK(session.GenerateKeyPair(mechanism, public_key, private_key));
  return {};
}

// Only what can be pushed is generated.
Result<KeyType> TypeToGenerate(const KeyOptions& options) {
  const auto type = KeyTypeFromName(options.type);
  if (!type || *type == KeyType::kX509) {
    return std::unexpected(Error::Make(
        Code::kUsage, "--type '" + Printable(options.type) + "' is none of aes, generic-secret, rsa, ec, ed25519"));
  }
  if (!IsKeySize(*type, BitsOf(options, *type))) {
    return std::unexpected(Error::Make(Code::kUsage, "no target takes " + std::string(Name(*type)) + " keys of " +
                                                         std::to_string(BitsOf(options, *type)) + " bits"));
  }
  const bool control = std::ranges::any_of(options.label, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (options.label.empty() || options.label.size() > wire::limits::kLabelBytes || control || !IsUtf8(options.label)) {
    return std::unexpected(
        Error::Make(Code::kUsage, "--label must have 1 to 128 octets of UTF-8 without control characters"));
  }
  return *type;
}

Status Generate(const KeyOptions& options, CommandContext& context) {
  KF_TRY(const KeyType type, TypeToGenerate(options));
  KF_TRY(KmsToken hsm, OpenHsm(context.options));
  const auto there = hsm.session().FindObjects(Template().Text(CKA_LABEL, options.label));
  if (there && !there->empty()) {
    return std::unexpected(Error::Make(Code::kObjectAmbiguous,
                                       "an object labelled '" + Printable(options.label) + "' is in the HSM already"));
  }
  const Bytes id = RandomBytes(16);
  const bool secret = type == KeyType::kAes || type == KeyType::kGenericSecret;
  KF_CHECK(secret ? GenerateSecret(hsm.session(), options, type, id) : GeneratePair(hsm.session(), options, type, id));
  std::printf("generated %s-%u '%s' in the KMS's HSM, id %s\n", std::string(Name(type)).c_str(), BitsOf(options, type),
              options.label.c_str(), HexEncode(id).c_str());
  return {};
}

// The same value that receipts name, computed in whatever token the URI names.
Result<std::string> CheckOf(cryptoki::Session& session, CK_OBJECT_HANDLE key) {
  KF_TRY(const auto values, session.GetAttributes(key, {CKA_CLASS, CKA_KEY_TYPE}));
  if (values.Ulong(CKA_CLASS) != CKO_SECRET_KEY) {
    KF_TRY(const Bytes spki, cryptoki::ReadPublicKeyInfo(session, key));
    return "public-key " + HexEncode(Sha256(spki));
  }
  const CheckMethod method = values.Ulong(CKA_KEY_TYPE) == CKK_AES ? CheckMethod::kEcb0 : CheckMethod::kHmac;
  KF_TRY(const Bytes value, cryptoki::ComputeCheckValue(session, key, method));
  return std::string(Name(method)) + " " + HexEncode(value);
}

Status Check(const KeyOptions& options, CommandContext& context) {
  KF_TRY(const cryptoki::ObjectUri uri, cryptoki::ObjectUri::Parse(options.uri));
  if (!uri.token.module_path.empty()) context.options.hsm = uri.token.Format();
  KF_TRY(KmsToken hsm, OpenHsm(context.options));
  KF_CHECK(hsm.CheckHolds(uri));
  Template search;
  if (!uri.label.empty()) search.Text(CKA_LABEL, uri.label);
  if (!uri.id.empty()) search.Octets(CKA_ID, uri.id);
  if (uri.object_class) search.Ulong(CKA_CLASS, *uri.object_class);
  KF_TRY(const CK_OBJECT_HANDLE key, hsm.session().FindOne(search, options.uri));
  KF_TRY(const std::string check, CheckOf(hsm.session(), key));
  std::puts(check.c_str());
  return {};
}

}  // namespace

void AddKeyCommands(CLI::App& app, CommandContext& context) {
  CLI::App* key = app.add_subcommand("key", "keys in the KMS's HSM");
  key->require_subcommand(1);
  const auto options = std::make_shared<KeyOptions>();

  CLI::App* generate = key->add_subcommand("generate", "generate a key that can be pushed: sensitive, and extractable");
  AddHsmOptions(*generate, context);
  generate->add_option("--type", options->type, "aes, generic-secret, rsa, ec or ed25519")->capture_default_str();
  generate->add_option("--bits", options->bits, "size; default: 256, for rsa 3072");
  generate->add_option("--label", options->label, "CKA_LABEL")->required();
  generate->callback([options, &context] { context.Run([&] { return Generate(*options, context); }); });

  CLI::App* check = key->add_subcommand("check", "compute a key's check value inside its token");
  AddHsmOptions(*check, context);
  check->add_option("key", options->uri, "PKCS#11 URI; with module-path, any token")->required();
  check->callback([options, &context] { context.Run([&] { return Check(*options, context); }); });
}

}  // namespace keyferry::sender
