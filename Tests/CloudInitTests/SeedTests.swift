import SpecModel
import Testing

@testable import CloudInit

@Suite struct SeedTests {
  @Test("a seed without a word names the guest after its VM and has every NIC ask DHCP")
  func empty() throws {
    let seed = try seed("{}", nics: "{lan: {}, dmz: {}}")
    #expect(seed.documents.map(\.name) == ["meta-data", "network-config", "user-data"])
    #expect(
      try seed.text("meta-data") == """
        {
          "instance-id" : "4d6e",
          "local-hostname" : "web"
        }

        """)
    #expect(
      try seed.text("network-config") == """
        {
          "ethernets" : {
            "dmz" : {
              "dhcp4" : true,
              "match" : {
                "macaddress" : "52:54:00:00:00:02"
              }
            },
            "lan" : {
              "dhcp4" : true,
              "match" : {
                "macaddress" : "52:54:00:00:00:01"
              }
            }
          },
          "version" : 2
        }

        """)
    #expect(try seed.text("user-data") == "#cloud-config\n{\n\n}\n")
  }

  @Test("a static address has its network's gateway and name server, or those that the NIC names")
  func addresses() throws {
    let config = try seed(
      "{}",
      nics:
        "{lan: {address: 10.10.0.5}, back: {address: 10.20.0.5/24}, dmz: {address: 192.0.2.5/25, gateway: 192.0.2.1, nameservers: [192.0.2.2, 192.0.2.3]}}"
    ).text("network-config")
    #expect(
      config == """
        {
          "ethernets" : {
            "back" : {
              "addresses" : [
                "10.20.0.5/24"
              ],
              "match" : {
                "macaddress" : "52:54:00:00:00:02"
              },
              "nameservers" : {
                "addresses" : [
                  "10.20.0.1"
                ]
              }
            },
            "dmz" : {
              "addresses" : [
                "192.0.2.5/25"
              ],
              "match" : {
                "macaddress" : "52:54:00:00:00:03"
              },
              "nameservers" : {
                "addresses" : [
                  "192.0.2.2",
                  "192.0.2.3"
                ]
              },
              "routes" : [
                {
                  "metric" : 100,
                  "to" : "0.0.0.0/0",
                  "via" : "192.0.2.1"
                }
              ]
            },
            "lan" : {
              "addresses" : [
                "10.10.0.5/24"
              ],
              "match" : {
                "macaddress" : "52:54:00:00:00:01"
              },
              "nameservers" : {
                "addresses" : [
                  "10.10.0.1"
                ]
              },
              "routes" : [
                {
                  "to" : "0.0.0.0/0",
                  "via" : "10.10.0.1"
                }
              ]
            }
          },
          "version" : 2
        }

        """)
    let none = try seed("{}", nics: "{lan: {address: 10.10.0.5, gateway: none, nameservers: []}}")
    #expect(try !none.text("network-config").contains("routes"))
    #expect(try !none.text("network-config").contains("nameservers"))
  }

  @Test("an address of each family has its own gateway, and DHCP is asked for what nobody gave")
  func dualStack() throws {
    func config(_ nics: String) throws -> String {
      try seed("{}", nics: nics).text("network-config").filter { !$0.isWhitespace }
    }
    let both = try config(
      "{six: {address: [\"fd00:10::5\", 10.30.0.5]}, six2: {network: six, ip: \"fd00:10::6\"}}")
    #expect(
      both.contains(
        #""six":{"addresses":["10.30.0.5/24","fd00:10::5/64"],"match":{"macaddress":"52:54:00:00:00:01"},"nameservers":{"addresses":["10.30.0.1","fd00:10::1"]},"routes":[{"to":"0.0.0.0/0","via":"10.30.0.1"},{"to":"::/0","via":"fd00:10::1"}]}"#
      ), "\(both)")
    #expect(both.contains(#""six2":{"dhcp4":true,"dhcp6":true,"#), "\(both)")
    let one = try config(
      "{dmz: {address: \"2001:db8::5/64\", gateway: \"2001:db8::1\"}, only: {address: \"fd00:11::7\"}, only2: {network: only}}"
    )
    #expect(
      one.contains(
        #""dmz":{"addresses":["2001:db8::5/64"],"match":{"macaddress":"52:54:00:00:00:01"},"routes":[{"to":"::/0","via":"2001:db8::1"}]}"#
      ), "\(one)")
    #expect(one.contains(#""metric":100,"to":"::/0","via":"fd00:11::1""#), "\(one)")
    #expect(one.contains(#""only2":{"dhcp6":true,"#), "\(one)")
    let reserved = try config("{six: {ip: 10.30.0.9, address: \"fd00:10::5\", gateway: none}}")
    #expect(
      reserved.contains(#""six":{"addresses":["fd00:10::5/64"],"dhcp4":true,"match""#)
        && !reserved.contains("routes"), "\(reserved)")
  }

  @Test("the network may be left to the guest")
  func noNetwork() throws {
    #expect(
      try seed("{network: none}", nics: "{lan: {}}").documents.map(\.name) == ["meta-data", "user-data"])
  }

  @Test("another instance is another guest to cloud-init; further meta-data stands beside it")
  func instances() throws {
    #expect(
      try seed("{instance: 2, hostname: shop, meta_data: {role: db, rank: 1}}").text("meta-data") == """
        {
          "instance-id" : "4d6e-2",
          "local-hostname" : "shop",
          "rank" : 1,
          "role" : "db"
        }

        """)
  }

  @Test("every word becomes the cloud-config that it stands for")
  func words() throws {
    let text = try seed(
      """
      {fqdn: web.example.org, ssh_keys: [ssh-ed25519 AAAAC3 me], users: {ann: {sudo: true, groups: [adm], password: $6$salt$abcdefghij},
            bob: {sudo: "ALL=(ALL) /bin/ls", shell: /bin/sh, password: plain, ssh_keys: [ssh-rsa AAAAB3 bob]}},
            packages: [nginx], files: {/etc/motd: {content: "hi\\n", mode: 644, owner: ann}, /etc/a: {content: ""}},
            run: [date, [touch, /tmp/a b]]}
      """
    ).text("user-data")
    #expect(
      text == """
        #cloud-config
        {
          "fqdn" : "web.example.org",
          "hostname" : "web",
          "package_update" : true,
          "packages" : [
            "nginx"
          ],
          "runcmd" : [
            "date",
            [
              "touch",
              "/tmp/a b"
            ]
          ],
          "ssh_authorized_keys" : [
            "ssh-ed25519 AAAAC3 me"
          ],
          "users" : [
            "default",
            {
              "groups" : [
                "adm"
              ],
              "lock_passwd" : false,
              "name" : "ann",
              "passwd" : "$6$salt$abcdefghij",
              "shell" : "/bin/bash",
              "sudo" : "ALL=(ALL) NOPASSWD:ALL"
            },
            {
              "lock_passwd" : false,
              "name" : "bob",
              "plain_text_passwd" : "plain",
              "shell" : "/bin/sh",
              "ssh_authorized_keys" : [
                "ssh-rsa AAAAB3 bob"
              ],
              "sudo" : "ALL=(ALL) /bin/ls"
            }
          ],
          "write_files" : [
            {
              "content" : "",
              "path" : "/etc/a"
            },
            {
              "content" : "hi\\n",
              "defer" : true,
              "owner" : "ann",
              "path" : "/etc/motd",
              "permissions" : "0644"
            }
          ]
        }

        """)
  }

  @Test("maps of user data are laid over the spec's own words: lists are appended, values replaced")
  func merging() throws {
    let text = try seed(
      "{packages: [a], user_data: [{packages: [b], package_update: false, ntp: {enabled: true}}, {ntp: {servers: [x]}, n: 1.5, z: ~, m: 0644}]}"
    ).text("user-data")
    #expect(
      text == """
        #cloud-config
        {
          "m" : "0644",
          "n" : 1.5,
          "ntp" : {
            "enabled" : true,
            "servers" : [
              "x"
            ]
          },
          "package_update" : false,
          "packages" : [
            "a",
            "b"
          ],
          "z" : null
        }

        """)
  }

  @Test("a document alone is the user data as it is")
  func document() throws {
    #expect(try seed("{user_data: \"#!/bin/sh\\necho hi\\n\"}").text("user-data") == "#!/bin/sh\necho hi\n")
  }

  @Test("several documents become one of several parts, and the spec's own words the last of them")
  func parts() throws {
    let text = try seed("{user_data: [\"#!/bin/sh\\necho hi\\n\", {a: 1}]}").text("user-data")
    #expect(
      text == """
        Content-Type: multipart/mixed; boundary="virtform"
        MIME-Version: 1.0

        --virtform
        Content-Type: text/plain; charset="utf-8"
        MIME-Version: 1.0
        Content-Transfer-Encoding: base64

        IyEvYmluL3NoCmVjaG8gaGkK
        --virtform
        Content-Type: text/plain; charset="utf-8"
        MIME-Version: 1.0
        Content-Transfer-Encoding: base64
        Merge-Type: list(append)+dict(no_replace,recurse_array)+str()

        I2Nsb3VkLWNvbmZpZwp7CiAgImEiIDogMQp9Cg==
        --virtform--

        """)
  }

  @Test("characters that JSON takes raw and YAML does not are escaped")
  func characters() throws {
    let text = try seed("{run: [\"a\\x7f\\u2028\\ufeff\\té/😀\"]}").text("user-data")
    #expect(text.contains(#""a\u007f\u2028\ufeff\té/😀""#), "\(text)")
  }

  @Test("the digest and the traces are those of the documents")
  func digests() throws {
    let (one, same, other) = (try seed("{run: [a]}"), try seed("{run: [a]}"), try seed("{run: [b]}"))
    #expect(one.digest == same.digest && one.digest != other.digest && one.digest.count == 64)
    #expect(one.traces["meta-data"] == other.traces["meta-data"])
    #expect(one.traces["user-data"] != other.traces["user-data"])
    #expect(one.traces.values.allSatisfy { $0.wholeMatch(of: /set \([0-9a-f]{4}\)/) != nil })
    #expect(one.length % 2048 == 0)
  }
}
