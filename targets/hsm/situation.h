// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "targets/hsm/object_index.h"
#include "targets/target/target.h"

namespace keyferry::hsm {

// What the token holds of the object that an item addresses. nullptr: not there. Valid until the index changes.
struct Situation {
  const ObjectEntry* current = nullptr;   // the ledger's current version, under its label or retired already
  const ObjectEntry* previous = nullptr;  // the ledger's previous version
  const ObjectEntry* leftover = nullptr;  // bears label and id of the new version: perhaps what an earlier attempt left
};

// Compares item, ledger and token. kItemExists, kItemMissing, kItemForeign, kItemVersion, kItemNoPrevious.
Result<Situation> Assess(const ObjectIndex& index, const Item& item, const target::Holding& holding);

// A retired version is called "LABEL (retired 01234567)", after the first four octets of its id.
std::string RetiredLabel(const std::string& label, ByteView id);
// What is made straight in the token is called "LABEL (staging 01234567)" until it is checked.
std::string StagingLabel(const std::string& label, ByteView id);

}  // namespace keyferry::hsm
