import Testing

@testable import SpecModel

@Suite struct CPUSetTests {
  private func problem(_ text: String) -> String? {
    SpecModelTests.problem(text) { text throws(ValueError) in try CPUSet(parsing: text) }
  }

  @Test("numbers and ranges make a set, whatever their order, and exclusions take from it")
  func sets() throws {
    for (text, shown) in [
      ("3", "3"), ("0-3", "0-3"), ("0-3,7", "0-3,7"), ("7,3,0-2", "0-3,7"), ("1,1,1", "1"), ("5-5", "5"),
      ("0-7,^3", "0-2,4-7"), ("0-7,^0,^7", "1-6"), ("0-7,^2-5,9", "0-1,6-7,9"), ("^1,0-2", "0-2"),
      (" 0-1 , 4 ", "0-1,4"), ("0-16383", "0-16383"), ("0-3,2-8", "0-8"), ("007", "7"),
    ] {
      #expect(try CPUSet(parsing: text).description == shown, "\(text)")
      #expect(try CPUSet(parsing: shown) == CPUSet(parsing: text))
    }
    let set = try CPUSet(parsing: "0-2,5")
    #expect(set.numbers == [0, 1, 2, 5] && set == CPUSet([5, 1, 0, 2, 1]))
    #expect(set.contains(2) && set.contains(5) && !set.contains(3) && !set.contains(6))
    #expect(CPUSet([Int]()).description == "" && CPUSet([Int]()).numbers == [])
  }

  @Test("what is left after all exclusions is something")
  func empty() {
    #expect(problem("0-3,^0-3") == "the CPU set '0-3,^0-3' is empty")
    #expect(problem("^1") == "the CPU set '^1' is empty")
  }

  @Test(
    "what is no number and no range is no set",
    arguments: [
      "", ",", "0,", "0,,1", "a", "-1", "0-", "0-1-2", "0--1", "^", "^^1", "0 1", "٤", "0.5", "+1", "1 -2",
    ])
  func noSet(text: String) {
    #expect(
      problem(text)
        == "'\(text)' is no set of CPUs | help: write numbers and ranges of the host's CPUs, such as 0-3,7")
  }

  @Test("a range goes up, and no further than any host does")
  func bounds() {
    #expect(problem("3-1") == "the range '3-1' ends before it starts")
    #expect(problem("0-16384") == "CPU 16384 is more than 16383, the most there can be")
    #expect(problem("99999999999999999999")?.contains("is no set of CPUs") == true)
    #expect(
      problem(Array(repeating: "0-16383", count: 1025).joined(separator: ","))
        == "the CPU set has more than 1024 parts | help: write neighbours as a range, such as 0-3")
  }
}
