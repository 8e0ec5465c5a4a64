import Conversion
import Testing

@Suite struct KindTests {
  private func kind(_ path: String, _ text: String) -> Conversion.Kind? {
    Conversion.kind(of: SourceFile(path: path, text: text))
  }

  @Test("a file is what its content says, whatever it is called")
  func content() {
    #expect(kind("a", "{\"version\": 4, \"resources\": []}") == .terraformState)
    #expect(kind("a", "{\"format_version\": \"1.0\", \"values\": {}}") == .terraformJSON)
    #expect(kind("a", "{\"resource\": {}}") == .terraformConfiguration)
    #expect(kind("a", "{\"provider\": \"libvirt\"}") == .vagrantBox)
    #expect(kind("a", OVFTests.descriptor) == .ovf)
    #expect(kind("a", VMXTests.server) == .vmx)
    #expect(kind("a", XLTests.hvm) == .xlConfig)
    #expect(kind("a", XLTests.pv) == .xlConfig)
    #expect(kind("a", KcliTests.plan) == .kcliPlan)
    #expect(Conversion.kind(of: SourceFile(path: "a", bytes: tar([("x.ovf", [])]))) == .ova)
    #expect(Conversion.kind(of: SourceFile(path: "a", bytes: tar([("metadata.json", [])]))) == .vagrantBox)
  }

  @Test("a file whose content says little is what its ending says")
  func ending() {
    #expect(kind("a.tf.json", "{}") == .terraformConfiguration)
    #expect(kind("a.tfstate", "{") == .terraformState)
    #expect(kind("a.vmx", "x = \"y\"") == .vmx)
    #expect(kind("a.cfg", "x = 1") == .xlConfig)
    #expect(Conversion.kind(of: SourceFile(path: "a.box", bytes: [0x1f, 0x8b])) == .vagrantBox)
  }

  @Test("other files are nothing, virtform's own specs among them")
  func others() {
    #expect(kind("a.yaml", "virtform: 1\nstack: a\nvms:\n  web:\n    memory: 1GiB\n    disks: {}\n") == nil)
    #expect(kind("a.xml", "<domain/>") == nil)
    #expect(kind("a.yaml", "a:\n  b: c\n") == nil)
    #expect(kind("compose.yaml", "services:\n  web:\n    image: nginx\n") == nil)
    #expect(kind("net.yaml", "lan:\n  type: network\n  cidr: 10.0.0.0/24\n") == .kcliPlan)
    #expect(kind("a.json", "{\"a\": 1}") == nil)
    #expect(kind("a", "") == nil)
    #expect(Conversion.kind(of: SourceFile(path: "a", bytes: [0, 1, 2, 0xff])) == nil)
    #expect(
      error("hello", "a.txt")
        == "a.txt: is nothing that can be converted; known are a Terraform state, the output of terraform show -json, a Terraform configuration in JSON, a kcli plan, a box of vagrant-libvirt, an OVA, an OVF descriptor, a VMX file, a configuration of Xen's xl"
    )
  }
}

@Suite struct SourceFileTests {
  @Test("a file of this machine is read in pieces; what is no file is told")
  func opening() throws {
    let file = try SourceFile(opening: #filePath)
    #expect(file.size > 100)
    #expect(Conversion.kind(of: file) == nil)
    #expect(throws: ConversionError("/dev/null", "is not a file")) { try SourceFile(opening: "/dev/null") }
    #expect(
      throws: ConversionError(
        "/nowhere", "cannot be opened", help: "check that the file is there and that you may read it")
    ) { try SourceFile(opening: "/nowhere") }
  }

  @Test("an error of the reader is told with the file")
  func failingReader() {
    struct Failure: Error {}
    let file = SourceFile(path: "a.vmx", size: 10) { _, _ in throw Failure() }
    #expect(throws: ConversionError("a.vmx", "cannot be read: Failure()")) {
      try Conversion.convert(file, as: .vmx)
    }
  }
}
