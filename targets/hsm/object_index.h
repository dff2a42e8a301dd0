// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/bytes.h"
#include "targets/cryptoki/session.h"

namespace keyferry::hsm {

// One token object. What the token does not show is empty; `readable` is false where it shows no class.
struct ObjectEntry {
  CK_OBJECT_HANDLE handle = 0;
  CK_OBJECT_CLASS object_class = 0;
  Bytes id;
  std::string label;
  bool readable = true;
};

// All objects of a token, listed once and kept up to date by whoever writes. Handles stay valid until the login ends or
// the library is initialised anew. Pointers stay valid until the index changes.
class ObjectIndex {
 public:
  // One search over the whole token and one read for each object.
  static Result<ObjectIndex> List(cryptoki::Session& session);

  const ObjectEntry* ById(CK_OBJECT_CLASS object_class, const Bytes& id) const;
  std::vector<const ObjectEntry*> AllById(CK_OBJECT_CLASS object_class, const Bytes& id) const;
  std::vector<const ObjectEntry*> ByLabel(CK_OBJECT_CLASS object_class, const std::string& label) const;
  std::vector<const ObjectEntry*> Unreadable() const;
  std::size_t size() const { return entries_.size(); }

  void Add(ObjectEntry entry);
  void Remove(CK_OBJECT_HANDLE handle);
  void Relabel(CK_OBJECT_HANDLE handle, const std::string& label);

 private:
  template <typename Name>
  using Names = std::multimap<std::pair<CK_OBJECT_CLASS, Name>, CK_OBJECT_HANDLE>;

  std::map<CK_OBJECT_HANDLE, ObjectEntry> entries_;
  Names<Bytes> ids_;
  Names<std::string> labels_;
};

}  // namespace keyferry::hsm
