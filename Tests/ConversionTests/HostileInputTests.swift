import Conversion
import Testing

@Suite struct HostileInputTests {
  private static let samples: [Conversion.Kind: [UInt8]] = [
    .terraformState: Array(TerraformOldStateTests.old.utf8),
    .terraformJSON: Array(TerraformShowTests.new.utf8),
    .terraformConfiguration: Array(TerraformConfigurationTests.configuration.utf8),
    .kcliPlan: Array(KcliTests.plan.utf8),
    .vagrantBox: tar([
      ("metadata.json", Array(#"{"provider": "libvirt", "disks": [{"path": "a"}]}"#.utf8))
    ]),
    .ova: tar([("a.ovf", Array(OVFTests.descriptor.utf8)), ("a.mf", Array(OVFTests.manifest.utf8))]),
    .ovf: Array(OVFTests.descriptor.utf8),
    .vmx: Array(VMXTests.server.utf8),
    .xlConfig: Array(XLTests.hvm.utf8),
  ]

  /// Numbers that look random and are the same on every run.
  private struct Dice {
    var state: UInt64
    mutating func roll(_ sides: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % sides
    }
  }

  @Test(
    "sources that are cut off or broken anywhere are errors or estates, never crashes",
    arguments: Conversion.Kind.allCases)
  func mutations(_ kind: Conversion.Kind) throws {
    let whole = try #require(Self.samples[kind])
    var dice = Dice(state: 7)
    let marks = Array("\"'[]{}<>=:,\\\n0-9".utf8) + [0, 0xff]
    for _ in 0..<200 {
      var bytes = whole
      for _ in 0...dice.roll(4) {
        let position = dice.roll(bytes.count)
        switch dice.roll(4) {
        case 0: bytes[position] = marks[dice.roll(marks.count)]
        case 1: bytes.removeSubrange(position..<min(bytes.count, position + dice.roll(20)))
        case 2: bytes.insert(contentsOf: Array("99999999999999999999".utf8), at: position)
        default: bytes.removeSubrange(position...)
        }
        if bytes.isEmpty { break }
      }
      let file = SourceFile(path: "dir/source", bytes: bytes)
      _ = Conversion.kind(of: file)
      _ = try? Conversion.convert(file, as: kind) { _ in nil }
    }
  }
}
