// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/situation.h"

#include <algorithm>
#include <optional>

#include "targets/hsm/object_plan.h"

namespace keyferry::hsm {
namespace {

constexpr std::size_t kIdOctetsInLabel = 4;

std::string Suffixed(const std::string& label, std::string_view state, ByteView id) {
  return label + " (" + std::string(state) + " " + HexEncode(id.first(std::min(id.size(), kIdOctetsInLabel))) + ")";
}

std::unexpected<Error> Refuse(Code code, const Item& item, const std::string& why) {
  return std::unexpected(
      Error::Make(code, std::string(Name(item.object_class)) + " '" + Printable(item.label) + "' " + why));
}

bool Makes(const Item& item) { return item.operation == Operation::kInstall || item.operation == Operation::kUpdate; }

bool Is(const std::optional<target::Version>& version, const Bytes& id) { return version && version->id == id; }

// A version of ours: by its id, under one of the two labels that we give it. Under another label it is not ours any
// more.
const ObjectEntry* Known(const ObjectIndex& index, const Item& item, const std::optional<target::Version>& version) {
  if (!version) {
    return nullptr;
  }
  for (const ObjectEntry* entry : index.AllById(CkoOf(item.object_class), version->id)) {
    if (entry->label == item.label || entry->label == RetiredLabel(item.label, version->id)) {
      return entry;
    }
  }
  return nullptr;
}

Status CheckForeign(const ObjectIndex& index, const Item& item, const target::Holding& holding) {
  for (const ObjectEntry* entry : index.ByLabel(CkoOf(item.object_class), item.label)) {
    const bool ours =
        Is(holding.current, entry->id) || Is(holding.previous, entry->id) || (Makes(item) && entry->id == item.id);
    if (!ours) {
      return Refuse(Code::kItemForeign, item,
                    "is the name of an object (id " + HexEncode(entry->id) + ") that was not delivered by this agent");
    }
  }
  return {};
}

Status CheckHolding(const Item& item, const target::Holding& holding) {
  if (item.operation == Operation::kInstall) {
    return holding.current
               ? Refuse(Code::kItemExists, item, "is installed, as version " + HexEncode(holding.current->id))
               : Status();
  }
  if (!holding.current) {
    return Refuse(Code::kItemMissing, item, "is not installed");
  }
  if (holding.current->id != item.expected_id) {
    return Refuse(Code::kItemVersion, item,
                  "is current as version " + HexEncode(holding.current->id) + ", not " + HexEncode(item.expected_id));
  }
  return {};
}

// The new version's id must be free, or belong to what an earlier attempt left under this label.
Result<const ObjectEntry*> FindLeftover(const ObjectIndex& index, const Item& item, const target::Holding& holding) {
  if (Is(holding.current, item.id) || Is(holding.previous, item.id)) {
    return Refuse(Code::kItemExists, item,
                  "has a version " + HexEncode(item.id) + " already: every version has its own id");
  }
  const auto bearers = index.AllById(CkoOf(item.object_class), item.id);
  if (bearers.empty()) {
    return nullptr;
  }
  if (bearers.size() > 1 || bearers.front()->label != item.label) {
    return Refuse(Code::kItemExists, item,
                  "cannot have the id " + HexEncode(item.id) + ": object '" + Printable(bearers.front()->label) +
                      "' of the token bears it");
  }
  return bearers.front();
}

}  // namespace

Result<Situation> Assess(const ObjectIndex& index, const Item& item, const target::Holding& holding) {
  KF_CHECK(CheckForeign(index, item, holding));
  KF_CHECK(CheckHolding(item, holding));
  Situation situation;
  situation.current = Known(index, item, holding.current);
  situation.previous = Known(index, item, holding.previous);
  if (Makes(item)) {
    KF_TRY(situation.leftover, FindLeftover(index, item, holding));
  }
  if (item.operation == Operation::kRollback && situation.previous == nullptr) {
    return Refuse(Code::kItemNoPrevious, item, "has no kept version to go back to");
  }
  return situation;
}

std::string RetiredLabel(const std::string& label, ByteView id) { return Suffixed(label, "retired", id); }

std::string StagingLabel(const std::string& label, ByteView id) { return Suffixed(label, "staging", id); }

}  // namespace keyferry::hsm
