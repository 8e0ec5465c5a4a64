import Testing

@testable import SpecModel

@Suite struct GraphicsTests {
  /// The findings of a VM with this screen, but for the warning of a password in clear text.
  private func graphics(_ text: String) -> [String] {
    findings(in: "vms: {w: {memory: 1GiB, graphics: \(text)}}\n").filter { !$0.contains("in clear text") }
  }

  private let clearText =
    "this password stands in the spec in clear text | help: take it from a variable that is read from elsewhere, such as vnc: {env: VNC_PASSWORD, secret: true}"

  @Test("a screen is a word, or a map with a password that is none of the spec's own words")
  func screens() throws {
    let site = try site(
      """
      variables: {pw: {env: PW, secret: true}}
      defaults: {graphics: {type: vnc, password: "${var.pw}"}}
      vms:
        a: {memory: 1GiB}
        b: {memory: 1GiB, graphics: spice}
        c: {memory: 1GiB, graphics: {type: spice}}
        d: {memory: 1GiB, graphics: none}
      """, environment: ["PW": "hidden"])
    #expect(site.machines.map(\.settings.graphics) == [.vnc, .spice, .spice, Graphics.none])
    #expect(site.machines.map(\.settings.graphicsPassword) == ["hidden", nil, "hidden", nil])
  }

  @Test("a screen has a type, and a password goes with a screen")
  func types() {
    #expect(
      graphics("1️⃣{password: abc}") == ["1️⃣ 'type' is missing in graphics | help: such as type: vnc"])
    #expect(graphics("1️⃣{}") == ["1️⃣ 'type' is missing in graphics | help: such as type: vnc"])
    #expect(graphics("1️⃣~") == ["1️⃣ 'graphics' has no value"])
    #expect(graphics("1️⃣[vnc]") == ["1️⃣ 'graphics' must be a single value, not a list"])
    #expect(
      graphics("{type: 1️⃣vcn, 2️⃣pasword: x}") == [
        "1️⃣ 'type' cannot be 'vcn' | help: did you mean 'vnc'? it is one of: none, vnc, spice",
        "2️⃣ unknown key 'pasword' | help: did you mean 'password'?",
      ])
    #expect(
      graphics("{type: none, password: 1️⃣abc}") == ["1️⃣ a VM without a screen has no password for it"])
  }

  @Test("a password is as long as its protocol takes, and never quoted in a message")
  func passwords() {
    #expect(graphics("{type: vnc, password: 12345678a}").count == 1)
    #expect(graphics("{type: vnc, password: \"12345678\"}") == [])
    #expect(
      graphics("{type: vnc, password: 1️⃣hunter2hunter2}") == [
        "1️⃣ 'password' is longer than the 8 characters that VNC takes"
      ])
    let sixty = String(repeating: "x", count: 60)
    #expect(graphics("{type: spice, password: \(sixty)}") == [])
    #expect(
      graphics("{type: spice, password: 1️⃣\(sixty)x}") == [
        "1️⃣ 'password' is longer than the 60 characters that SPICE takes"
      ])
    #expect(
      graphics("{type: vnc, password: 1️⃣''}") == [
        "1️⃣ 'password' is empty | help: leave it out for a screen without a password"
      ])
    for text in ["\"a\\nb\"", "é", "\"a\\u200e\""] {
      #expect(
        graphics("{type: vnc, password: 1️⃣\(text)}") == [
          "1️⃣ 'password' has a character that cannot be typed everywhere | help: use printable ASCII"
        ])
    }
    #expect(
      graphics("{type: vnc, password: 1️⃣1234}") == [
        "1️⃣ 'password' must be a string, not 1234 | help: quote it: \"1234\""
      ])
    #expect(graphics("{type: vnc, password: 1️⃣}") == ["1️⃣ 'password' has no value"])
    #expect(graphics("{type: vnc, password: 1️⃣{a: b}}") == ["1️⃣ 'password' must be a string, not a map"])
  }

  @Test("a password that the spec itself holds is warned of, once, wherever it stands")
  func literals() {
    let spec = MarkedSpec(
      header + """
        variables: {pw: {env: PW}}
        defaults: {graphics: {type: vnc, password: 1️⃣one}}
        profiles:
          p: {graphics: {password: 2️⃣two}}
          unused: {graphics: {password: 3️⃣three}}
        vms:
          a: {memory: 1GiB}
          b: {memory: 1GiB, profile: p, count: 3}
          c: {memory: 1GiB, graphics: {password: "${var.pw}"}}
          d: {memory: 1GiB, count: 2, graphics: {password: 4️⃣"pw${index}"}}
        """)
    let result = spec.load(environment: ["PW": "five"])
    #expect(result.diagnostics.map(spec.text) == (1...4).map { "\($0)\u{fe0f}\u{20e3} \(clearText)" })
    #expect(result.diagnostics.allSatisfy { $0.severity == .warning })
    #expect(
      result.site?.machines.map(\.settings.graphicsPassword) == [
        "one", "two", "two", "two", "five", "pw1", "pw2",
      ])
  }

  @Test("every password is told, so that no output shows it, whether it is right or wrong")
  func secrets() {
    func secrets(_ text: String) -> Set<String> {
      let source = SourceText(path: "site.yaml", text: header + text)
      return Set(SpecLoader(environment: ["A": "from-env"]).load([source]).secrets)
    }
    let variables = "variables: {a: {env: A}}\n"
    #expect(
      secrets(variables + "vms: {w: {memory: 1GiB, graphics: {type: spice, password: \"${var.a}\"}}}\n") == [
        "from-env"
      ])
    #expect(
      secrets("vms: {w: {count: 2, memory: 1GiB, graphics: {type: vnc, password: \"pw-${index}\"}}}\n") == [
        "pw-${index}", "pw-1", "pw-2",
      ])
    #expect(secrets("vms: {w: {memory: 1, graphics: {type: none, password: 12345}}}\n") == ["12345"])
    #expect(
      secrets("vms: {w: {memory: 1GiB, graphics: {type: vnc, password: much-too-long}}}\n") == [
        "much-too-long"
      ])
    #expect(
      secrets("defaults: {graphics: {password: abc}}\nprofiles: {p: {graphics: {password: def}}}\n") == [
        "abc", "def",
      ])
    #expect(
      secrets("vms:\n  w-1: {memory: 1GiB}\n  w: {memory: 1GiB, count: 1, graphics: {password: twice}}\n")
        == [
          "twice"
        ])
    #expect(secrets("vms: {w: {memory: 1GiB, graphics: vnc}}\n") == [])
  }
}
