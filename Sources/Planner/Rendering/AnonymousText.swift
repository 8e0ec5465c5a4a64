import SpecModel

extension String {
  /// The text without what follows from an object's name: the name itself, tags of files, and addresses.
  ///
  /// Every value of every change of a plan is looked at so: it goes through the bytes once.
  func anonymous(besides name: Substring) -> String {
    let bytes = Array(utf8)
    let name = Array(name.utf8)
    var rest = bytes[...]
    var result: [UInt8] = []
    while let byte = rest.first {
      if !name.isEmpty, rest.starts(with: name) {
        result.append(UInt8(ascii: "#"))
        rest = rest.dropFirst(name.count)
      } else if let length = rest.lengthOfMAC ?? rest.lengthOfIPv4 {
        result.append(UInt8(ascii: "#"))
        rest = rest.dropFirst(length)
      } else if rest.startsWithTag {
        result += "-#.".utf8
        rest = rest.dropFirst(10)
      } else {
        result.append(byte)
        rest = rest.dropFirst()
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

extension ArraySlice<UInt8> {
  /// `52:54:00:aa:00:10`
  fileprivate var lengthOfMAC: Int? {
    let length = 17
    guard count >= length, self[startIndex + 2] == UInt8(ascii: ":") else { return nil }
    let isMAC = prefix(length).enumerated().allSatisfy { place, byte in
      place % 3 == 2 ? byte == UInt8(ascii: ":") : byte.isLowerHex
    }
    return isMAC ? length : nil
  }

  /// `10.0.0.11`
  fileprivate var lengthOfIPv4: Int? {
    var rest = self
    for part in 0..<4 {
      if part > 0 {
        guard rest.first == UInt8(ascii: ".") else { return nil }
        rest = rest.dropFirst()
      }
      let digits = rest.prefix(3).prefix(while: \.isDigit).count
      guard digits > 0 else { return nil }
      rest = rest.dropFirst(digits)
    }
    return rest.startIndex - startIndex
  }

  /// `-3fa2b1c0.`, as the names of files of a stack have it.
  fileprivate var startsWithTag: Bool {
    count >= 10 && first == UInt8(ascii: "-") && self[startIndex + 9] == UInt8(ascii: ".")
      && dropFirst().prefix(8).allSatisfy(\.isLowerHex)
  }
}

extension UInt8 {
  fileprivate var isLowerHex: Bool { isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self) }
}
