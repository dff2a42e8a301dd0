// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <expected>
#include <utility>

#include "protocol/base/error.h"

namespace keyferry {

// What every fallible function returns. No exception crosses a file: a throwing library is wrapped where it is called.
template <typename T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

}  // namespace keyferry

// Propagates the error of a Result<T>; on success the value initialises `declaration`:
//   KF_TRY(auto session, token.OpenSession());
#define KF_TRY(declaration, expression) KF_TRY_IMPL_(KF_CAT_(kf_try_, __LINE__), declaration, expression)
// Propagates the error of a Status.
#define KF_CHECK(expression)                                    \
  do {                                                          \
    if (auto kf_status = (expression); !kf_status) {            \
      return ::std::unexpected(::std::move(kf_status).error()); \
    }                                                           \
  } while (false)
// The same, saying what was being done: KF_CHECK_WITH(WriteDurably(path, data), "storing the record");
#define KF_CHECK_WITH(expression, context)                                     \
  do {                                                                         \
    if (auto kf_status = (expression); !kf_status) {                           \
      return ::std::unexpected(::std::move(kf_status).error().While(context)); \
    }                                                                          \
  } while (false)
#define KF_TRY_WITH(declaration, expression, context) \
  KF_TRY_WITH_IMPL_(KF_CAT_(kf_try_, __LINE__), declaration, expression, context)

#define KF_CAT_(a, b) KF_CAT2_(a, b)
#define KF_CAT2_(a, b) a##b
#define KF_TRY_IMPL_(result, declaration, expression)      \
  auto result = (expression);                              \
  if (!result) {                                           \
    return ::std::unexpected(::std::move(result).error()); \
  }                                                        \
  declaration = ::std::move(*result)
#define KF_TRY_WITH_IMPL_(result, declaration, expression, context)       \
  auto result = (expression);                                             \
  if (!result) {                                                          \
    return ::std::unexpected(::std::move(result).error().While(context)); \
  }                                                                       \
  declaration = ::std::move(*result)
