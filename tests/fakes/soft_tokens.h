// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

#include "protocol/base/secret.h"

namespace keyferry::fakes {

// Real software tokens in fresh temporary directories, removed with the object. Everything here aborts the test program
// with a message where the system's tools are missing or fail: there is no test without a token.

// A directory under $TMPDIR (or /tmp) that goes with the object. Moves, never copies.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(TempDir&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  TempDir& operator=(TempDir&& other) = delete;
  TempDir(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Paths of the libraries. Environment: KEYFERRY_SOFTHSM2, KEYFERRY_SOFTOKN override the usual places.
std::string SoftHsm2Module();
std::string NssModule();

// A PIN or other known test secret in locked memory.
Secret TestSecret(std::string_view text);

// One SoftHSM2 configuration with any number of tokens. SoftHSM2 reads SOFTHSM2_CONF at C_Initialize, so the
// constructor sets it for this process (and its children); call Use() again when several stores take turns.
class SoftHsm2Store {
 public:
  SoftHsm2Store();
  // softhsm2-util --init-token --free.
  void AddToken(const std::string& label, const std::string& pin, const std::string& so_pin = "so-pin-1234");
  void Use() const;

  const std::string& directory() const { return dir_.path(); }  // holds softhsm2.conf and tokens/
  std::string conf() const { return dir_.path() + "/softhsm2.conf"; }
  std::string module() const { return SoftHsm2Module(); }
  static std::string UriOf(const std::string& label);  // "pkcs11:token=…"

 private:
  TempDir dir_;
};

// One NSS database (certutil -N), with cheap password hashing (NSS_MAX_MP_PBE_ITERATION_COUNT=1) for this process.
class NssDatabase {
 public:
  explicit NssDatabase(const std::string& pin);

  const std::string& directory() const { return dir_.path(); }
  std::string module() const { return NssModule(); }
  // For Module::Load.
  std::string init_string() const;
  static std::string Uri() { return "pkcs11:token=NSS%20Certificate%20DB"; }

 private:
  TempDir dir_;
};

}  // namespace keyferry::fakes
