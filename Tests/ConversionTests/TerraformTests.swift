import Conversion
import Libvirt
import Testing

@Suite struct TerraformTests {
  static func state(_ resources: String) -> String {
    """
    {"version": 4, "terraform_version": "1.5.7", "serial": 12, "lineage": "x", "outputs": {},
     "resources": [\(resources)], "check_results": null}
    """
  }

  static func resource(_ type: String, _ name: String, _ attributes: String, key: String? = nil) -> String {
    """
    {"mode": "managed", "type": "\(type)", "name": "\(name)",
     "provider": "provider[\\"registry.terraform.io/dmacvicar/libvirt\\"]", "instances": [
       {"schema_version": 0, \(key.map { "\"index_key\": \($0), " } ?? "")"attributes": {\(attributes)}, "sensitive_attributes": [],
        "private": "bnVsbA==", "dependencies": []}]}
    """
  }

  @Test("what is none of Terraform's files is told at its line")
  func errors() {
    #expect(
      error("{\"version\": 3, \"modules\": []}", "a.tfstate")
        == "a.tfstate: is a state of version 3, and only 4 is known; any Terraform since 0.12 makes one: terraform state pull > state.json"
    )
    #expect(error("{\n\"version\": 4,\n\"resources\": [\n}", "a.tfstate") == "a.tfstate:4: is not JSON")
    #expect(
      error("{\"a\": 1, \"a\": 2}", "a.tf.json")
        == "a.tf.json:1: has the key 'a' twice in one object")
    #expect(
      error("{}", "a.tf.json")
        == "a.tf.json: is no configuration with resources: it has no 'resource'")
    #expect(
      error("{\"format_version\": \"1.0\"}", "a.json", as: .terraformJSON)
        == "a.json: has no values: its state is empty")
    #expect(
      error(String(repeating: "[", count: 1000), "a.json", as: .terraformState)
        == "a.json:1: is nested deeper than 64 levels")
    #expect(
      error("[]", "a.json", as: .terraformState)
        == "a.json: is no state of Terraform: it has no version")
  }

  @Test("names that no machine can have are told")
  func names() throws {
    let text = Self.state(
      [
        Self.resource("libvirt_domain", "a", "\"name\": \"a/b\", \"memory\": 1, \"vcpu\": 1"),
        Self.resource(
          "libvirt_domain", "b", "\"name\": \"a/b\", \"memory\": 99999999999999999999, \"vcpu\": -1"),
        Self.resource("libvirt_domain", "c", "\"memory\": 64"),
      ].joined(separator: ","))
    let estate = try converted(text, "x.tfstate")
    #expect(
      estate.noteText
        == """
        libvirt_domain.b.vcpu: a/b: the number of CPUs is none that a machine can have: 1 is taken
        libvirt_domain.b.memory: a/b: 'memory' is not carried
        libvirt_domain.c.name: c: has no name that can be read: it has that of the resource
        x.tfstate: a/b: 'a/b' is no name for libvirt, which takes no '/' and nothing empty
        x.tfstate: a/b: there is more than one of this name, and libvirt takes one

        """)
    let bad = Self.state(Self.resource("libvirt_domain", "a", "\"name\": \"a\\u0001\""))
    #expect(
      error(bad, "x.tfstate")
        == "x.tfstate: cannot be told in libvirt's words: XML: <name> has the character U+1, which XML cannot hold"
    )
  }
}
