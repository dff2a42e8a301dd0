// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "targets/hsm/object_index.h"
#include "targets/hsm/object_plan.h"

namespace keyferry::hsm {

// Gives the logged-in session that is to be used now; the owner of the session replaces it when it recovers, and then
// calls Target::Invalidate. Called for every step: cheap, and never recovers by itself. Never nullptr.
using SessionSource = std::function<Result<cryptoki::Session*>()>;

// The objects of the token: the one way by which this room changes it, so that the index stays true. Any write that
// fails makes the index be listed anew before it is used again. A write of which nobody knows how far it came answers
// Code::kTokenUncertain.
class TokenObjects {
 public:
  explicit TokenObjects(SessionSource source) : source_(std::move(source)) {}

  Result<cryptoki::Session*> Session() const { return source_(); }
  // Listed where it is not yet, or not any more.
  Result<ObjectIndex*> Index();
  // Forgets the index; handles of session objects that were made before are never used again.
  void Invalidate();
  void ListAgain() { index_.reset(); }
  std::uint64_t epoch() const { return epoch_; }

  // C_CopyObject of a session object with {CKA_TOKEN true} alone.
  Result<CK_OBJECT_HANDLE> CopyToToken(CK_OBJECT_HANDLE session_object, const ObjectEntry& as);
  // What `make` (C_UnwrapKey, C_CreateObject) writes straight to the token.
  Result<CK_OBJECT_HANDLE> MakeInToken(const std::function<Result<CK_OBJECT_HANDLE>(cryptoki::Session&)>& make,
                                       const ObjectEntry& as);
  // Success where it is gone already.
  Status Relabel(CK_OBJECT_HANDLE object, const std::string& label);
  // Destroys, and sees that it is gone. Success where it is gone already.
  Status Destroy(CK_OBJECT_HANDLE object);

 private:
  Result<CK_OBJECT_HANDLE> Written(Result<CK_OBJECT_HANDLE> handle, const ObjectEntry& as);
  std::unexpected<Error> WriteFailed(Error error);

  SessionSource source_;
  std::optional<ObjectIndex> index_;
  std::uint64_t epoch_ = 0;
};

// A session object that is destroyed with this, unless its session may have been replaced since.
class SessionObject {
 public:
  SessionObject() = default;
  SessionObject(TokenObjects& objects, CK_OBJECT_HANDLE handle)
      : objects_(&objects), epoch_(objects.epoch()), handle_(handle) {}
  ~SessionObject() { Reset(); }
  SessionObject(SessionObject&& other) noexcept
      : objects_(other.objects_), epoch_(other.epoch_), handle_(std::exchange(other.handle_, CK_OBJECT_HANDLE{0})) {}
  SessionObject& operator=(SessionObject&& other) noexcept;
  SessionObject(const SessionObject&) = delete;
  SessionObject& operator=(const SessionObject&) = delete;

  CK_OBJECT_HANDLE get() const { return handle_; }
  // False after Invalidate, and after Reset.
  bool alive() const { return handle_ != 0 && objects_->epoch() == epoch_; }
  void Reset();

 private:
  TokenObjects* objects_ = nullptr;
  std::uint64_t epoch_ = 0;
  CK_OBJECT_HANDLE handle_ = 0;
};

// The same failure as one after which the token must be probed.
Error AsUncertain(const Error& error);

}  // namespace keyferry::hsm
