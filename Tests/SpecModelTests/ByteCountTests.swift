import Testing

@testable import SpecModel

@Suite struct ByteCountTests {
  private func bytes(_ text: String) throws -> UInt64 { try ByteCount(parsing: text).rawValue }

  private func problem(_ text: String) -> String? {
    SpecModelTests.problem(text) { text throws(ValueError) in try ByteCount(parsing: text) }
  }

  @Test("G, Gi and GiB are binary, GB is decimal, for every unit")
  func units() throws {
    for (power, letter) in ["K", "M", "G", "T", "P"].enumerated() {
      let binary = UInt64(1) << (10 * UInt64(power + 1))
      for unit in [letter, letter + "i", letter + "iB"] { #expect(try bytes("3\(unit)") == 3 * binary) }
      let decimal = (0...power).reduce(UInt64(1)) { value, _ in value * 1000 }
      #expect(try bytes("3\(letter)B") == 3 * decimal)
    }
    #expect(try bytes("17B") == 17)
    #expect(try bytes("0B") == 0)
    #expect(try bytes("4 GiB") == 4 << 30)
    #expect(try bytes("007KiB") == 7 << 10)
  }

  @Test("decimals are exact: what is no whole number of bytes is an error")
  func decimals() throws {
    #expect(try bytes("1.5GiB") == 3 << 29)
    #expect(try bytes("0.001KB") == 1)
    #expect(try bytes("2.500KiB") == 2560)
    #expect(try bytes("1.00000000000000000000000GiB") == 1 << 30)
    #expect(problem("0.1KiB") == "the size '0.1KiB' is not a whole number of bytes")
    #expect(problem("1.5B") == "the size '1.5B' is not a whole number of bytes")
    #expect(
      problem("1.0000000000000000001GiB") == "the size '1.0000000000000000001GiB' has too many decimals")
  }

  @Test("the largest size is 2^64 - 1 bytes, and one more is too large")
  func overflow() throws {
    #expect(try bytes("18446744073709551615B") == .max)
    #expect(try bytes("16383.5PiB") == (16383 << 50) + (1 << 49))
    for text in [
      "18446744073709551616B", "16384PiB", "99999999999999999999999GiB", "18446744073709551615KiB",
    ] {
      #expect(problem(text) == "the size '\(text)' is too large")
    }
  }

  @Test("a bare number is no size, and the error says which unit to write")
  func noUnit() {
    #expect(problem("4") == "the size '4' has no unit | help: write 4GiB, 4MiB or another unit")
    #expect(problem("1.5 ") == "the size '1.5 ' has no unit | help: write 1.5GiB, 1.5MiB or another unit")
  }

  @Test("a misspelt unit is answered with the nearest one")
  func misspelt() {
    #expect(problem("4gib") == "unknown unit 'gib' in the size '4gib' | help: did you mean 4GiB?")
    #expect(problem("4Gb") == "unknown unit 'Gb' in the size '4Gb' | help: did you mean 4GB?")
    #expect(problem("4k") == "unknown unit 'k' in the size '4k' | help: did you mean 4K?")
    #expect(
      problem("4 bytes")
        == "unknown unit 'bytes' in the size '4 bytes' | help: units are B, KiB, MiB, GiB, TiB, PiB, KB, MB, GB, TB, PB"
    )
  }

  @Test(
    "what is no number is no size",
    arguments: [
      "", "GiB", "-4GiB", "+4GiB", ".5GiB", "5.GiB", "1.5.2GiB", "٤GiB", "..", "1,5GiB", "1e3GiB", "0x10B",
    ])
  func noNumber(text: String) {
    let said = problem(text)
    #expect(said?.hasPrefix("'\(text)' is not a size") == true || said?.hasPrefix("unknown unit") == true)
  }

  @Test("what is shown reads back as the same size")
  func roundTrip() throws {
    var sizes: [UInt64] = [0, 1, 512, 1000, 1023, 1024, 1536, 500_000_000, .max, .max - 1]
    for shift in UInt64(0)..<64 {
      for factor: UInt64 in [1, 3, 5, 7, 1001] { sizes.append(factor << shift) }
      sizes.append((UInt64(1) << shift) - 1)
    }
    for size in sizes.map(ByteCount.init(rawValue:)) {
      #expect(try ByteCount(parsing: size.description) == size)
    }
  }

  @Test("a size is shown in the largest unit that is exact")
  func description() {
    #expect(ByteCount.gibibytes(4).description == "4 GiB")
    #expect(ByteCount.mebibytes(1536).description == "1.5 GiB")
    #expect(ByteCount.mebibytes(1280).description == "1.25 GiB")
    #expect(ByteCount.mebibytes(1100).description == "1100 MiB")
    #expect(ByteCount.gibibytes(1024).description == "1 TiB")
    #expect(ByteCount(rawValue: 500_000_000).description == "500000000 B")
    #expect(ByteCount(rawValue: 0).description == "0 B")
  }

  @Test("what is missing is shown as no less than it is")
  func roundedUp() {
    let sizes: [(UInt64, String)] = [
      (4 << 30, "4 GiB"), (66_528_424, "63.5 MiB"), (25_254_407_694, "23.6 GiB"), ((1 << 30) - 1, "1 GiB"),
      ((4 << 30) + 1, "4.1 GiB"), (185_096_652 << 10, "176.6 GiB"), (500, "500 B"), (.max, "16777215.9 TiB"),
    ]
    for (size, text) in sizes { #expect(ByteCount(rawValue: size).roundedUp == text) }
  }

  @Test("rounding up to KiB never overflows")
  func rounding() {
    #expect(ByteCount(rawValue: 1).roundedUpToKibibytes == .kibibytes(1))
    #expect(ByteCount(rawValue: 1024).roundedUpToKibibytes == .kibibytes(1))
    #expect(ByteCount(rawValue: 1025).roundedUpToKibibytes == .kibibytes(2))
    #expect(ByteCount(rawValue: .max).roundedUpToKibibytes.rawValue == UInt64.max - 1023)
  }
}
