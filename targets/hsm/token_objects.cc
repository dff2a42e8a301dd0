// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/token_objects.h"

namespace keyferry::hsm {

Error AsUncertain(const Error& error) {
  const std::uint64_t native = error.native();
  return Error::Caused(Code::kTokenUncertain, error.what(), error.cause()).WithNative(native);
}

Result<ObjectIndex*> TokenObjects::Index() {
  if (!index_) {
    KF_TRY(auto* session, Session());
    KF_TRY_WITH(index_, ObjectIndex::List(*session), "listing the token's objects");
  }
  return &*index_;
}

void TokenObjects::Invalidate() {
  index_.reset();
  ++epoch_;
}

std::unexpected<Error> TokenObjects::WriteFailed(Error error) {
  index_.reset();
  // What the token refused outright, and "full", left nothing behind; anything else may have.
  const bool certain = error.retry() == Retry::kPermanent || error.code() == Code::kTokenFull;
  return std::unexpected(certain ? std::move(error) : AsUncertain(error));
}

Result<CK_OBJECT_HANDLE> TokenObjects::Written(Result<CK_OBJECT_HANDLE> handle, const ObjectEntry& as) {
  if (!handle) {
    return WriteFailed(std::move(handle).error());
  }
  if (index_) {
    ObjectEntry entry = as;
    entry.handle = *handle;
    index_->Add(std::move(entry));
  }
  return handle;
}

Result<CK_OBJECT_HANDLE> TokenObjects::CopyToToken(CK_OBJECT_HANDLE session_object, const ObjectEntry& as) {
  KF_TRY(auto* session, Session());
  cryptoki::Template changes;
  changes.Bool(CKA_TOKEN, true);
  return Written(session->CopyObject(session_object, changes), as);
}

Result<CK_OBJECT_HANDLE> TokenObjects::MakeInToken(
    const std::function<Result<CK_OBJECT_HANDLE>(cryptoki::Session&)>& make, const ObjectEntry& as) {
  KF_TRY(auto* session, Session());
  return Written(make(*session), as);
}

Status TokenObjects::Relabel(CK_OBJECT_HANDLE object, const std::string& label) {
  KF_TRY(auto* session, Session());
  cryptoki::Template changes;
  changes.Text(CKA_LABEL, label);
  Status done = session->SetAttributes(object, changes);
  if (!done && done.error().code() == Code::kObjectMissing) {
    index_.reset();
    return {};
  }
  if (!done) {
    return WriteFailed(std::move(done).error());
  }
  if (index_) {
    index_->Relabel(object, label);
  }
  return {};
}

Status TokenObjects::Destroy(CK_OBJECT_HANDLE object) {
  KF_TRY(auto* session, Session());
  Status done = session->DestroyObject(object);
  if (!done && done.error().code() != Code::kObjectMissing) {
    return WriteFailed(std::move(done).error());
  }
  if (index_) {
    index_->Remove(object);
  }
  auto left = session->GetAttributes(object, {CKA_CLASS});
  if (left && left->Has(CKA_CLASS)) {
    index_.reset();
    return std::unexpected(Error::Make(Code::kTokenUncertain, "the token still shows an object that it destroyed"));
  }
  if (!left && left.error().retry() != Retry::kPermanent) {
    return WriteFailed(std::move(left).error());
  }
  return {};
}

SessionObject& SessionObject::operator=(SessionObject&& other) noexcept {
  if (this != &other) {
    Reset();
    objects_ = other.objects_;
    epoch_ = other.epoch_;
    handle_ = std::exchange(other.handle_, CK_OBJECT_HANDLE{0});
  }
  return *this;
}

void SessionObject::Reset() {
  if (alive()) {
    // A failure is not reported: the object goes with its session.
    if (auto session = objects_->Session()) {
      const cryptoki::ScopedObject destroyed(**session, handle_);
    }
  }
  handle_ = 0;
}

}  // namespace keyferry::hsm
