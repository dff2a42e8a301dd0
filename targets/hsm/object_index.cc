// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/object_index.h"

namespace keyferry::hsm {
namespace {

template <typename Names, typename Name>
void Forget(Names& names, CK_OBJECT_CLASS object_class, const Name& name, CK_OBJECT_HANDLE handle) {
  auto [at, end] = names.equal_range({object_class, name});
  while (at != end) {
    at = at->second == handle ? names.erase(at) : std::next(at);
  }
}

}  // namespace

Result<ObjectIndex> ObjectIndex::List(cryptoki::Session& session) {
  ObjectIndex index;
  // Without a template: an object that a crash left half written answers to no attribute, CKA_TOKEN included.
  KF_TRY(const auto handles, session.FindObjects(cryptoki::Template()));
  for (const CK_OBJECT_HANDLE handle : handles) {
    auto values = session.GetAttributes(handle, {CKA_CLASS, CKA_TOKEN, CKA_LABEL, CKA_ID});
    if (!values) {
      // Gone between search and read (another application of the token), or half written.
      if (values.error().code() == Code::kObjectMissing) {
        continue;
      }
      if (values.error().retry() != Retry::kPermanent) {
        return std::unexpected(std::move(values).error());
      }
      values = cryptoki::AttributeValues();
    }
    const auto object_class = values->Ulong(CKA_CLASS);
    const bool session_object = object_class && !values->Bool(CKA_TOKEN).value_or(true);
    if (session_object) {
      continue;
    }
    index.Add({.handle = handle,
               .object_class = object_class.value_or(0),
               .id = values->Octets(CKA_ID).value_or(Bytes()),
               .label = values->Text(CKA_LABEL).value_or(""),
               .readable = object_class.has_value()});
  }
  return index;
}

const ObjectEntry* ObjectIndex::ById(CK_OBJECT_CLASS object_class, const Bytes& id) const {
  const auto found = ids_.find({object_class, id});
  return found == ids_.end() ? nullptr : &entries_.at(found->second);
}

std::vector<const ObjectEntry*> ObjectIndex::AllById(CK_OBJECT_CLASS object_class, const Bytes& id) const {
  std::vector<const ObjectEntry*> found;
  for (auto [at, end] = ids_.equal_range({object_class, id}); at != end; ++at) {
    found.push_back(&entries_.at(at->second));
  }
  return found;
}

std::vector<const ObjectEntry*> ObjectIndex::ByLabel(CK_OBJECT_CLASS object_class, const std::string& label) const {
  std::vector<const ObjectEntry*> found;
  for (auto [at, end] = labels_.equal_range({object_class, label}); at != end; ++at) {
    found.push_back(&entries_.at(at->second));
  }
  return found;
}

std::vector<const ObjectEntry*> ObjectIndex::Unreadable() const {
  std::vector<const ObjectEntry*> found;
  for (const auto& [handle, entry] : entries_) {
    if (!entry.readable) {
      found.push_back(&entry);
    }
  }
  return found;
}

void ObjectIndex::Add(ObjectEntry entry) {
  Remove(entry.handle);
  if (entry.readable) {
    ids_.insert({{entry.object_class, entry.id}, entry.handle});
    labels_.insert({{entry.object_class, entry.label}, entry.handle});
  }
  entries_.insert({entry.handle, std::move(entry)});
}

void ObjectIndex::Remove(CK_OBJECT_HANDLE handle) {
  const auto found = entries_.find(handle);
  if (found == entries_.end()) {
    return;
  }
  const ObjectEntry& entry = found->second;
  Forget(ids_, entry.object_class, entry.id, handle);
  Forget(labels_, entry.object_class, entry.label, handle);
  entries_.erase(found);
}

void ObjectIndex::Relabel(CK_OBJECT_HANDLE handle, const std::string& label) {
  const auto found = entries_.find(handle);
  if (found == entries_.end()) {
    return;
  }
  ObjectEntry entry = found->second;
  entry.label = label;
  Add(std::move(entry));
}

}  // namespace keyferry::hsm
