import Testing

@testable import SpecModel

@Suite struct CloudInitTests {
  /// The findings of a VM with this `cloud_init:` and these NICs.
  private func cloudInit(_ text: String, nics: String = "{}", name: String = "w") -> [String] {
    findings(
      in: """
        networks:
          lan: {mode: nat, cidr: 10.0.0.0/24, dhcp: {from: 10.0.0.100, to: 10.0.0.199}}
          dmz: {mode: bridge, bridge: br0}
          out: {mode: user}
        vms: {\(name): {memory: 1GiB, cloud_init: \(text), nics: \(nics)}}

        """)
  }

  private func spec(_ text: String, name: String = "w") throws -> CloudInitSpec {
    let machine = try site("vms: {\(name): {memory: 1GiB, cloud_init: \(text)}}\n").machine(name)
    return try #require(machine.cloudInit)
  }

  @Test("a VM without the word has no seed, and an empty one is enough for one")
  func presence() throws {
    #expect(try site("vms: {w: {memory: 1GiB}}\n").machine("w").cloudInit == nil)
    let empty = try spec("{}", name: "web-1")
    #expect(
      empty.hostname == "web-1" && empty.fqdn == nil && empty.network == .automatic && empty.instance == 1)
    #expect(try spec("{fqdn: a.b.example}").hostname == "a")
  }

  @Test("a profile's words are laid under the VM's own")
  func profiles() throws {
    let site = try site(
      """
      profiles: {p: {cloud_init: {packages: [a], users: {ann: {shell: /bin/sh}}}}}
      vms: {w: {profile: p, memory: 1GiB, cloud_init: {packages: [b], users: {bob: {}, ann: {groups: [adm]}}}}}
      """)
    let cloudInit = try #require(try site.machine("w").cloudInit)
    #expect(cloudInit.packages == ["b"])
    #expect(cloudInit.users.map(\.name) == ["ann", "bob"] && cloudInit.users[0].groups == ["adm"])
    #expect(cloudInit.users[0].shell == "/bin/sh")
  }

  @Test("unknown keys and wrong types are told where they stand")
  func keys() {
    #expect(cloudInit("1️⃣[a]") == ["1️⃣ 'cloud_init' must be a map, not a list"])
    #expect(
      cloudInit("{1️⃣hostnam: a, 2️⃣ssh_authorized_keys: []}") == [
        "1️⃣ unknown key 'hostnam' | help: did you mean 'hostname'?",
        "2️⃣ unknown key 'ssh_authorized_keys' | help: write ssh_keys",
      ])
    #expect(
      cloudInit("{packages: 1️⃣nginx, run: [2️⃣5, [3️⃣~]], instance: 4️⃣0}") == [
        "1️⃣ 'packages' must be a list, not nginx | help: write [nginx]",
        "2️⃣ a command must be a string, not 5 | help: quote it: \"5\"",
        "3️⃣ a word of a command must be a string, not nothing",
        "4️⃣ 'instance' is 0, but must be at least 1",
      ])
    #expect(
      cloudInit("{network: 1️⃣static}") == [
        "1️⃣ 'network' cannot be static | help: it is one of: auto, none, {file: PATH}"
      ])
    #expect(
      cloudInit("{meta_data: {1️⃣instance-id: x}}") == [
        "1️⃣ 'instance-id' is virtform's to write | help: use cloud_init: {instance: …}"
      ])
  }

  @Test("names are those that a guest can have")
  func names() {
    #expect(
      cloudInit("{hostname: 1️⃣a.example}") == [
        "1️⃣ 'a.example' is not a host name | help: write the whole name as fqdn: a.example"
      ])
    #expect(
      cloudInit("{hostname: 1️⃣a_b}") == [
        "1️⃣ 'a_b' is not a host name | help: it has letters, digits and '-', such as web-1"
      ])
    let long = String(repeating: "a", count: 64)
    #expect(
      cloudInit("{hostname: 1️⃣\(long)}") == [
        "1️⃣ '\(long)' is not a name of the DNS | help: it has parts of up to 63 letters, digits and '-', with dots between them, such as db.shop.example"
      ])
    #expect(
      cloudInit("1️⃣{}", name: "a_b") == [
        "1️⃣ the VM's name 'a_b' is not a host name | help: give the guest another one: cloud_init: {hostname: …}"
      ])
    #expect(cloudInit("{hostname: ab}", name: "a_b") == [])
    #expect(
      cloudInit("{users: {1️⃣Ann: {}, 2️⃣\(long): {}, eve: {groups: [3️⃣A]}}}") == [
        "1️⃣ 'Ann' is not a user's or group's name | help: it has small letters, digits, '_' and '-', and starts with a letter",
        "2️⃣ the name '\(long.prefix(24))…' is longer than 32 characters",
        "3️⃣ 'A' is not a user's or group's name | help: it has small letters, digits, '_' and '-', and starts with a letter",
      ])
    #expect(cloudInit("{users: 1️⃣[{name: ann}]}") == ["1️⃣ 'cloud_init.users' must be a map, not a list"])
  }

  @Test("keys are public ones, written out or in a file")
  func publicKeys() throws {
    let keys = try spec("{ssh_keys: [ssh-ed25519 AAAAC3 me, \"restrict ssh-rsa AAAAB3\"]}").sshKeys
    #expect(keys == ["ssh-ed25519 AAAAC3 me", "restrict ssh-rsa AAAAB3"])
    let help = "write one such as \"ssh-ed25519 AAAA… me@laptop\", or {file: ~/.ssh/id_ed25519.pub}"
    #expect(
      cloudInit(
        "{ssh_keys: [1️⃣./id.pub, {file: 2️⃣/no/such/file}, {3️⃣path: x}], users: {a: {ssh_keys: [4️⃣\"-----BEGIN PRIVATE KEY\"]}}}"
      ) == [
        "1️⃣ this is not a public key | help: \(help)",
        "2️⃣ cannot read '/no/such/file' | help: check that the file is there and that you may read it",
        "3️⃣ unknown key 'path' | help: known keys are file",
        "4️⃣ this is a private key | help: a guest gets the public one, from the file *.pub",
      ])
  }

  @Test("a file's keys are read from beside the spec, or from the user's home directory")
  func keyFiles() throws {
    let directory = try TemporaryDirectory(texts: [
      "site.yaml": header
        + "vms: {w: {memory: 1GiB, cloud_init: {ssh_keys: [{file: ./a.pub}, {file: ~/b.pub}], user_data: {file: init.sh}}}}\n",
      "a.pub": "# mine\nssh-ed25519 AAAAC3 a\nssh-rsa AAAAB3 b\n", "b.pub": "ssh-rsa AAAAB3 c\r\n",
      "init.sh": "#!/bin/sh\ntrue\n",
    ])
    let result = SpecLoader(environment: ["HOME": directory.path]).load(directory.path + "/site.yaml")
    let site = try #require(result.site)
    let cloudInit = try #require(try site.machine("w").cloudInit)
    #expect(cloudInit.sshKeys == ["ssh-ed25519 AAAAC3 a", "ssh-rsa AAAAB3 b", "ssh-rsa AAAAB3 c"])
    #expect(cloudInit.parts == [.document("#!/bin/sh\ntrue\n")])
    let homeless = SpecLoader(environment: [:]).load(directory.path + "/site.yaml")
    #expect(homeless.diagnostics.map(\.message) == ["there is no home directory for '~/b.pub'"])
  }

  @Test("files have a content, and a mode and an owner that the guest knows")
  func files() throws {
    let files = try spec(
      "{files: {/b: {content: x, mode: 644}, /a: {content: \"\", mode: 0755, owner: root:adm}}}"
    )
    .files
    #expect(files.map(\.path) == ["/a", "/b"] && files.map(\.mode) == ["0755", "0644"])
    #expect(
      cloudInit("{files: {1️⃣a: {content: x}, /b: 2️⃣{}, /c: {content: x, source: 3️⃣y}, /d: {source: 4️⃣/no/such}}}")
        == [
          "1️⃣ 'a' is not an absolute path | help: it is a file in the guest, so it starts with /",
          "2️⃣ 'content' is missing in cloud_init.files./b | help: write the text, or source: and a file of this machine",
          "3️⃣ a file has either 'content' or 'source'",
          "4️⃣ cannot read '/no/such' | help: check that the file is there and that you may read it",
        ])
    #expect(
      cloudInit("{files: {/a: {content: x, mode: 1️⃣rw, owner: 2️⃣a b}}}") == [
        "1️⃣ 'rw' is not a file's mode | help: write it in octal, such as 0644",
        "2️⃣ 'a b' is not a file's owner | help: write user or user:group, such as root:adm",
      ])
  }

  @Test("a document says in its first line what it is")
  func documents() {
    #expect(
      cloudInit("{user_data: [1️⃣\"packages: [a]\", 2️⃣5]}") == [
        "1️⃣ cloud-init cannot tell what this is | help: its first line is one of: #cloud-config, #!/bin/sh, #cloud-boothook, #include, #part-handler, ## template: jinja",
        "2️⃣ user data must be a string, not 5 | help: quote it: \"5\"",
      ])
  }

  @Test("a password is a hash or a secret, and no output shows either")
  func passwords() throws {
    let text = """
      variables: {pw: {env: PW, secret: true}}
      vms:
        w:
          memory: 1GiB
          cloud_init: {users: {a: {password: "${var.pw}"}, b: {password: $6$salt$abcdefgh}, c: {password: 1️⃣plain}}}

      """
    let marked = MarkedSpec(header + text)
    let result = marked.load(environment: ["PW": "hidden"])
    #expect(
      result.diagnostics.map(marked.text) == [
        "1️⃣ this password stands in the spec in clear text | help: write its hash, as mkpasswd prints it, or take it from a variable with secret: true"
      ])
    #expect(result.secrets == ["$6$salt$abcdefgh", "hidden", "plain"])
    let site = try #require(result.site)
    let users = try #require(try site.machine("w").cloudInit).users
    #expect(users.map(\.password) == [.text("hidden"), .hash("$6$salt$abcdefgh"), .text("plain")])
    #expect(
      cloudInit("{users: {a: {password: 1️⃣\"\"}}}") == [
        "1️⃣ 'password' is empty | help: leave it out: nobody can log in with one then"
      ])
  }

  @Test("a static address is one of its network's, and not DHCP's to give away")
  func addresses() throws {
    #expect(
      cloudInit("{}", nics: "{lan: {address: 10.0.0.5}, dmz: {address: 192.0.2.9/24, gateway: 192.0.2.1}}")
        == [])
    #expect(
      cloudInit("{}", nics: "{lan: {address: 1️⃣10.0.1.5}}") == [
        "1️⃣ 10.0.1.5 is not an address of network 'lan', which is 10.0.0.0/24"
      ])
    #expect(
      cloudInit("{}", nics: "{lan: {address: 1️⃣10.0.0.5/25}}") == [
        "1️⃣ 10.0.0.5/25 is not an address of network 'lan', which is 10.0.0.0/24"
      ])
    #expect(
      cloudInit("{}", nics: "{lan: {address: 1️⃣10.0.0.1}}") == ["1️⃣ 10.0.0.1 is the gateway of network 'lan'"])
    #expect(
      cloudInit("{}", nics: "{lan: {address: 1️⃣10.0.0.150}}") == [
        "1️⃣ 10.0.0.150 is in the DHCP range of network 'lan', 10.0.0.100 – 10.0.0.199, which may give it to another guest | help: use one outside of it, or ip: to have DHCP reserve it"
      ])
    #expect(
      cloudInit("{}", nics: "{dmz: {address: 1️⃣192.0.2.9}}") == [
        "1️⃣ '192.0.2.9' lacks the length of its prefix, since network 'dmz' has no cidr | help: such as 192.0.2.9/24"
      ])
    #expect(
      cloudInit("{}", nics: "{dmz: {address: 192.0.2.9/24, gateway: 1️⃣192.0.3.1}}") == [
        "1️⃣ the gateway 192.0.3.1 is not an address of 192.0.2.0/24"
      ])
    #expect(
      cloudInit("{}", nics: "{dmz: {address: 1️⃣192.0.2.9/33}}") == [
        "1️⃣ '192.0.2.9/33' is not an address with the length of its prefix | help: write one such as 10.10.0.5/24"
      ])
    #expect(
      cloudInit("{}", nics: "{out: {address: 1️⃣10.0.2.5/24}}") == [
        "1️⃣ network 'out' of mode user has its own addresses | help: leave out 'address': its guests get one by DHCP"
      ])
    #expect(
      cloudInit("{}", nics: "{lan: {ip: 10.0.0.5, address: 1️⃣10.0.0.6}}") == [
        "1️⃣ a NIC has either 'ip' or 'address' of IPv4 | help: ip: is given by DHCP, address: by cloud-init"
      ])
    #expect(
      cloudInit("{}", nics: "{lan: {gateway: 1️⃣10.0.0.1}}") == [
        "1️⃣ 'gateway' goes with an 'address', and there is none | help: without one, the guest asks DHCP for all of it"
      ])
    #expect(
      cloudInit("{network: 1️⃣none}", nics: "{lan: {2️⃣address: 10.0.0.5}}") == [
        "2️⃣ cloud-init does not give the guest this address | help: leave it out, or write network: auto | 1️⃣ the network is configured otherwise"
      ])
  }

  @Test("a static address needs cloud-init, and is given once; it counts up")
  func addressesOfSpecs() throws {
    let networks = "networks: {lan: {mode: nat, cidr: 10.0.0.0/24}}\n"
    #expect(
      findings(in: networks + "vms: {w: {memory: 1GiB, nics: {lan: {address: 1️⃣10.0.0.5}}}}\n") == [
        "1️⃣ 'address' is given by cloud-init, and this VM has none | help: add cloud_init: {}, or use ip: where the network has DHCP"
      ])
    #expect(
      findings(
        in: networks
          + "vms: {a: {memory: 1GiB, nics: {lan: {ip: 1️⃣10.0.0.5}}}, b: {memory: 1GiB, cloud_init: {}, nics: {lan: {address: 2️⃣10.0.0.5/24}}}}\n"
      ).map { $0.replacing("the first is here", with: "first") } == [
        "2️⃣ two NICs on network 'lan' have the address 10.0.0.5 | 1️⃣ first"
      ])
    let site = try site(
      networks + "vms: {w: {count: 2, memory: 1GiB, cloud_init: {}, nics: {lan: {address: 10.0.0.5/24+}}}}\n")
    #expect(site.machines.map { $0.nics[0].addresses.first?.description } == ["10.0.0.5/24", "10.0.0.6/24"])
  }

  @Test("no disk takes the name of the seed's drive")
  func seedDrive() {
    #expect(
      findings(in: "vms: {w: {memory: 1GiB, cloud_init: {}, disks: {1️⃣seed: {size: 1GiB}}}}\n") == [
        "1️⃣ the drive of cloud_init is called 'seed' | help: give this disk another name"
      ])
    #expect(findings(in: "vms: {w: {memory: 1GiB, disks: {seed: {size: 1GiB}}}}\n") == [])
  }
}
