// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "protocol/wire/bundle.h"
#include "protocol/wire/message.h"

// Well-formed things to change one thing in. The wrapped keys in them hold no keys.
namespace keyferry::fakes {

Id16 SampleId(std::uint8_t octet);
Digest SampleDigest(std::uint8_t octet);

Item SampleAes(const std::string& label, std::uint8_t id = 1);
Item SampleGenericSecret(const std::string& label, std::uint8_t id = 1);
Item SamplePrivateKey(const std::string& label, KeyType type, std::uint32_t bits, std::uint8_t id = 1);
Item SamplePublicKey(const std::string& label, KeyType type, std::uint32_t bits, std::uint8_t id = 1);
Item SampleCertificate(const std::string& label, std::uint8_t id = 1);
// A deletion or rollback of a secret key whose current version is 32 octets of `id`.
Item SampleChange(Operation operation, const std::string& label, std::uint8_t id = 1);

wire::BundleBody SampleBundle(std::vector<Item> items);
wire::Statement SampleStatement(const std::vector<Item>& items);
// Of the same bundle as SampleStatement; attested by the agent alone.
wire::ReceiptBody SampleReceipt();
wire::ConfirmationBody SampleConfirmation();

}  // namespace keyferry::fakes
