// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/strict.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

#include <limits>
#include <string>

#include "protocol/wire/limits.h"

namespace keyferry::wire {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// The worker's channel carries an envelope of full size and a little around it.
constexpr std::size_t kMostOctets = 2 * limits::kEnvelopeBytes;

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kLengthPrefixed = 2, kFixed32 = 5 };

Error Refuse(Code code, std::string_view where, std::string_view why) {
  return Error::Make(code, std::string(where) + ": " + std::string(why));
}

// Reads the wire format (protobuf.dev, "Encoding"). Every function is false at the end of the octets.
class Reader {
 public:
  explicit Reader(ByteView octets) : octets_(octets) {}

  bool AtEnd() const { return at_ == octets_.size(); }

  // False for more octets than the value needs, too: one value has one encoding.
  bool Varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !AtEnd(); shift += 7) {
      const std::uint8_t octet = octets_[at_++];
      if (shift == 63 && octet > 1) return false;
      value |= std::uint64_t{octet & 0x7fU} << shift;
      if ((octet & 0x80U) == 0) return octet != 0 || shift == 0;
    }
    return false;
  }

  bool Skip(std::size_t size) {
    if (octets_.size() - at_ < size) return false;
    at_ += size;
    return true;
  }

  bool LengthPrefixed(ByteView& content) {
    std::uint64_t size = 0;
    if (!Varint(size) || size > octets_.size() - at_) return false;
    content = octets_.subspan(at_, static_cast<std::size_t>(size));
    at_ += content.size();
    return true;
  }

 private:
  ByteView octets_;
  std::size_t at_ = 0;
};

std::uint32_t WireTypeOf(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      return kFixed64;
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
      return kFixed32;
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE:
      return kLengthPrefixed;
    default:
      return kVarint;
  }
}

// Protobuf cuts a number to its field's width in silence.
bool FitsWidth(const FieldDescriptor& field, std::uint64_t value) {
  const auto as_signed = static_cast<std::int64_t>(value);
  const bool fits_int32 =
      as_signed >= std::numeric_limits<std::int32_t>::min() && as_signed <= std::numeric_limits<std::int32_t>::max();
  switch (field.type()) {
    case FieldDescriptor::TYPE_BOOL:
      return value <= 1;
    case FieldDescriptor::TYPE_UINT32:
    case FieldDescriptor::TYPE_SINT32:
      return value <= std::numeric_limits<std::uint32_t>::max();
    case FieldDescriptor::TYPE_INT32:
      return fits_int32;
    case FieldDescriptor::TYPE_ENUM:
      return fits_int32 && field.enum_type()->FindValueByNumber(static_cast<int>(as_signed)) != nullptr;
    default:
      return true;
  }
}

class Scan {
 public:
  explicit Scan(std::size_t most_elements) : most_elements_(most_elements) {}

  // Recursion ends at limits::kDepth, whatever the octets say.
  Status Message(const Descriptor& type, ByteView octets, int depth) {
    if (depth > limits::kDepth) {
      return std::unexpected(Refuse(Code::kWireLimit, type.name(), "messages are nested too deeply"));
    }
    std::vector<std::size_t> seen(static_cast<std::size_t>(type.field_count()));
    std::vector<bool> oneofs(static_cast<std::size_t>(type.real_oneof_decl_count()));
    Reader reader(octets);
    while (!reader.AtEnd()) {
      std::uint64_t tag = 0;
      if (!reader.Varint(tag) || tag > std::numeric_limits<std::uint32_t>::max()) {
        return std::unexpected(Refuse(Code::kWireMalformed, type.name(), "a field's tag is cut off or not minimal"));
      }
      const FieldDescriptor* field = type.FindFieldByNumber(static_cast<int>(tag >> 3U));
      if (field == nullptr) {
        return std::unexpected(
            Refuse(Code::kWireUnknownField, type.name(), "there is no field " + std::to_string(tag >> 3U)));
      }
      KF_CHECK(Oneof(*field, oneofs));
      KF_CHECK(Field(*field, static_cast<std::uint32_t>(tag & 7U), reader,
                     seen[static_cast<std::size_t>(field->index())], depth));
    }
    return {};
  }

 private:
  static std::string NameOf(const FieldDescriptor& field) {
    return field.containing_type()->name() + "." + field.name();
  }

  static Status Oneof(const FieldDescriptor& field, std::vector<bool>& oneofs) {
    const auto* oneof = field.real_containing_oneof();
    if (oneof == nullptr) return {};
    std::vector<bool>::reference taken = oneofs[static_cast<std::size_t>(oneof->index())];
    if (taken) return std::unexpected(Refuse(Code::kWireRepeatedField, NameOf(field), "its oneof was set before"));
    taken = true;
    return {};
  }

  Status Count(const FieldDescriptor& field, std::size_t& seen) const {
    ++seen;
    if (field.is_repeated()) {
      if (seen <= most_elements_) return {};
      return std::unexpected(
          Refuse(Code::kWireLimit, NameOf(field), "more than " + std::to_string(most_elements_) + " elements"));
    }
    if (seen == 1) return {};
    return std::unexpected(Refuse(Code::kWireRepeatedField, NameOf(field), "stands there more than once"));
  }

  Status Field(const FieldDescriptor& field, std::uint32_t wire_type, Reader& reader, std::size_t& seen, int depth) {
    if (field.is_packed()) return Packed(field, wire_type, reader, seen);
    KF_CHECK(Count(field, seen));
    if (wire_type != WireTypeOf(field)) {
      return std::unexpected(Refuse(Code::kWireMalformed, NameOf(field), "has another wire type"));
    }
    if (wire_type != kLengthPrefixed) return Number(field, reader);
    ByteView content;
    if (!reader.LengthPrefixed(content)) {
      return std::unexpected(Refuse(Code::kWireMalformed, NameOf(field), "is cut off, or its length is not minimal"));
    }
    if (field.type() == FieldDescriptor::TYPE_MESSAGE) return Message(*field.message_type(), content, depth + 1);
    if (field.type() == FieldDescriptor::TYPE_STRING && !IsUtf8(AsText(content))) {
      return std::unexpected(Refuse(Code::kWireMalformed, NameOf(field), "is not UTF-8"));
    }
    return {};
  }

  Status Packed(const FieldDescriptor& field, std::uint32_t wire_type, Reader& reader, std::size_t& seen) {
    ByteView content;
    if (wire_type != kLengthPrefixed || !reader.LengthPrefixed(content)) {
      return std::unexpected(Refuse(Code::kWireMalformed, NameOf(field), "is not one packed field"));
    }
    Reader elements(content);
    while (!elements.AtEnd()) {
      KF_CHECK(Count(field, seen));
      KF_CHECK(Number(field, elements));
    }
    return {};
  }

  static Status Number(const FieldDescriptor& field, Reader& reader) {
    std::uint64_t value = 0;
    bool good = false;
    switch (WireTypeOf(field)) {
      case kFixed64:
        good = reader.Skip(8);
        break;
      case kFixed32:
        good = reader.Skip(4);
        break;
      default:
        good = reader.Varint(value) && FitsWidth(field, value);
        break;
    }
    if (good) return {};
    return std::unexpected(
        Refuse(Code::kWireMalformed, NameOf(field), "is cut off, not minimal, out of range or not a known value"));
  }

  std::size_t most_elements_;
};

}  // namespace

Status ParseStrictly(ByteView octets, google::protobuf::Message& message, std::size_t most_elements) {
  const Descriptor& type = *message.GetDescriptor();
  if (octets.size() > kMostOctets) {
    return std::unexpected(Refuse(Code::kWireTooLarge, type.name(), std::to_string(octets.size()) + " octets"));
  }
  KF_CHECK(Scan(most_elements).Message(type, octets, 1));
  if (message.ParseFromArray(octets.data(), static_cast<int>(octets.size()))) return {};
  return std::unexpected(Refuse(Code::kWireMalformed, type.name(), "is no such Protobuf message"));
}

Bytes Serialize(const google::protobuf::Message& message) {
  Bytes octets(message.ByteSizeLong());
  google::protobuf::io::ArrayOutputStream array(octets.data(), static_cast<int>(octets.size()));
  google::protobuf::io::CodedOutputStream stream(&array);
  stream.SetSerializationDeterministic(true);
  message.SerializeWithCachedSizes(&stream);
  return octets;
}

}  // namespace keyferry::wire
