// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "protocol/base/item.h"
#include "protocol/base/json.h"
#include "protocol/seal/opened_bundle.h"
#include "protocol/wire/bundle.h"
#include "tests/fakes/software_seal.h"

// The test vectors of protocol/vectors, made anew. Every key in them is public.
namespace keyferry::golden {

struct VectorFile {
  std::string name;  // in protocol/vectors
  Json content;
};

// Every file.
std::vector<VectorFile> MakeVectors();
// What the file holds.
std::string FileText(const VectorFile& file);

// The parts, one file each.
Json EnvelopeVectors();
Json BundleVectors();
Json ReceiptVectors();
Json MessageVectors();
Json CheckValueVectors();
Json WrapVectors();
Json RefusalVectors();

// What all of them share: seeds of 32 equal octets, and keys of 32 ascending octets.
Ed25519KeyPair Signer();        // seed 01…
Ed25519KeyPair SecondSigner();  // seed 02…
Ed25519KeyPair Agent();         // seed 09…
Bytes Ascending(std::uint8_t first, std::size_t size);
Bytes SealInKey();
std::vector<seal::PinnedSigner> PinnedSigners();
// Real items: a secret key, a generic secret, an EC private key with its public key and certificate, each wrapped under
// the root keys of WrapVectors.
std::vector<Item> InstalledItems();
wire::BundleBody BundleOf(std::uint64_t sequence, std::vector<Item> items);

// One refusal: what arrives, how it is read, and the code of the answer. `reader` as RefusalVectors explains.
Status ReadAs(std::string_view reader, const std::vector<Bytes>& octets);

}  // namespace keyferry::golden
