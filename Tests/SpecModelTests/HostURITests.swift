import Testing

@testable import SpecModel

@Suite struct HostURITests {
  private func problem(_ text: String) -> String? {
    SpecModelTests.problem(text) { text throws(ValueError) in try HostURI(parsing: text) }
  }

  @Test(
    "a URI reads back as it was written",
    arguments: [
      "qemu:///system", "qemu:///session", "qemu+unix:///system?socket=/run/x.sock",
      "qemu+ssh://root@rack1/system",
      "qemu+ssh://rack1:2222/system?keyfile=/home/me/.ssh/id",
      "qemu+libssh2://rack1/system?known_hosts=/etc/known&sshauth=agent",
      "xen+tls://rack2/system?pkipath=/etc/pki", "qemu+tcp://[fd00::10]:16509/system",
      "qemu+ssh://root@[fe80::1%eth0]/system",
      "test:///default", "test+unix:///default?socket=/run/test.sock", "test:///tmp/node.xml",
      "esx://root@esx1/",
      "vpx://admin@vc/dc/cluster/esx1", "qemu+ssh://rack1/system?mode=direct&no_tty=1",
      "qemu+ssh://rack1/system?proxy=native",
    ])
  func roundTrip(text: String) throws {
    let uri = try HostURI(parsing: text)
    #expect(uri.description == text)
    #expect(try HostURI(parsing: uri.description) == uri)
  }

  @Test("the parts of a URI are kept apart")
  func parts() throws {
    let uri = try HostURI(parsing: "qemu+ssh://root@rack1:2222/system?keyfile=/k&no_tty=1")
    #expect(uri.driver == "qemu" && uri.transport == "ssh" && uri.user == "root" && uri.host == "rack1")
    #expect(uri.port == 2222 && uri.path == "/system")
    #expect(uri.parameters.map(\.name) == ["keyfile", "no_tty"])
    #expect(try HostURI(parsing: "qemu://rack1/system").transport == "tls")
    #expect(try HostURI(parsing: "qemu:///system").transport == nil)
    #expect(try HostURI(parsing: "esx://esx1/").transport == nil)
  }

  @Test("a parameter that runs a program or drops a check is refused, and the error says why")
  func dangerousParameters() {
    for (name, reason) in [
      ("command", "it runs a program on this machine"), ("netcat", "it runs a program on the host"),
      ("no_verify", "it drops the check of the host's key"), ("no_sanity", "it drops TLS checks"),
    ] {
      #expect(
        problem("qemu+ssh://rack1/system?\(name)=1")
          == "the parameter '\(name)' is not allowed in a URI | help: \(reason)")
    }
    #expect(problem("qemu+ssh://rack1/system?authfile=/x")?.contains("help: allowed are keyfile") == true)
    #expect(
      problem("qemu+ext:///system")
        == "unknown transport 'ext' in the URI | help: ext runs a local program")
  }

  @Test("a parameter goes with its transport only: no socket over ssh")
  func transportOfParameters() {
    for uri in [
      "qemu+ssh://rack1/system?socket=/x", "qemu:///system?socket=/x", "qemu+tls://rack1/system?socket=/x",
    ] {
      #expect(problem(uri) == "the parameter 'socket' goes with unix only")
    }
    #expect(
      problem("qemu+tls://rack1/system?keyfile=/k")
        == "the parameter 'keyfile' goes with libssh, libssh2, ssh only")
  }

  @Test("a parameter's value holds nothing that a shell would read, and stands once")
  func parameterValues() {
    for value in ["/x;touch", "/x%3Btouch", "$(id)", "a b", "`id`", "/x'", "-x", ""] {
      #expect(problem("qemu+ssh://rack1/system?keyfile=\(value)") != nil, "\(value)")
    }
    #expect(problem("qemu+ssh://rack1/system?no_tty") == "'no_tty' in the URI is not name=value")
    #expect(
      problem("qemu+ssh://rack1/system?no_tty=1&no_tty=0") == "the parameter 'no_tty' stands in the URI twice"
    )
    #expect(problem("qemu+ssh://rack1/system?Command=x")?.contains("is not allowed") == true)
  }

  @Test("neither user nor host can be taken for an option of ssh, or hold what a shell reads")
  func options() {
    for authority in [
      "-oProxyCommand=x", "-oProxyCommand", "-x@rack1", "root@-x", "ro;ot@rack1", "root@rack1;id",
      "$(id)@rack1",
      "a%20b", "a b", "root:pw@rack1", "a@b@c", "@rack1", "root@", "räck", "rack1\n", "[-oProxyCommand%3Dx]",
      "[fd00::1\0;id]", "[fd00::1\0]", "rack1\0",
      "[::1]x", "[::1", "[]", "[rack1]", "[fe80::1%-x]", "[fe80::1%]", "[fe80::1%a;b]", "::1", "[[::1]]",
    ] {
      #expect(problem("qemu+ssh://\(authority)/system") != nil, "\(authority)")
    }
  }

  @Test("a port is a number from 1 to 65535", arguments: ["0", "65536", "+22", "022", "x", "", "22x", "-1"])
  func ports(port: String) {
    #expect(
      problem("qemu+ssh://rack1:\(port)/system")
        == "the port in 'rack1:\(port)' is not a number from 1 to 65535")
  }

  @Test("the error of a malformed URI says what is wrong with it")
  func malformed() {
    let drivers = "drivers are qemu, xen, test, esx, vpx, bhyve, ch"
    #expect(
      problem("rack1")
        == "'rack1' is not a libvirt URI | help: write one such as qemu+ssh://root@rack1/system")
    #expect(problem("lxc:///") == "unknown driver 'lxc' in the URI | help: \(drivers)")
    #expect(problem("://x/") == "unknown driver '' in the URI | help: \(drivers)")
    #expect(problem("qemu+ssh+x://a/b") == "unknown driver 'qemu+ssh+x' in the URI | help: \(drivers)")
    #expect(
      problem("qemu+udp://a/b")
        == "unknown transport 'udp' in the URI | help: transports are unix, ssh, libssh, libssh2, tcp, tls")
    #expect(
      problem("qemu+ssh://rack1") == "the URI 'qemu+ssh://rack1' has no path | help: end it with /system")
    #expect(problem("qemu+ssh:///system") == "the URI 'qemu+ssh:///system' names no host for its transport")
    #expect(
      problem("qemu+unix://rack1/system") == "a unix socket is on this machine: the URI cannot name a host")
    #expect(problem("qemu:///sys tem") == "'/sys tem' is not a valid path in a URI")
    #expect(problem("qemu:///system#x") == "'/system#x' is not a valid path in a URI")
    #expect(problem("qemu+ssh://@rack1/system") == "the user in the URI is empty")
    #expect(problem("qemu+ssh://[::1/system") == "'[::1' has no ']' behind the IPv6 address")
    #expect(
      problem("qemu+ssh://[rack1]/system")
        == "'[rack1]' is not an IPv6 address | help: write one such as [fd00::10]")
  }
}
