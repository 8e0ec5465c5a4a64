import FoundationEssentials
import Glibc
import Libvirt
import Testing

/// Documents and hosts that several suites use.
enum Fixtures {
  /// A libvirtd with QEMU on this machine, `nil` to go without.
  static let daemonURI = getenv("VIRTFORM_TEST_URI").map { String(cString: $0) }

  /// A file that is removed when the last reference goes.
  final class TemporaryFile: Sendable {
    let path: String

    init(_ name: String, _ bytes: [UInt8] = []) throws {
      path = "/tmp/virtform-\(getpid())-\(UUID().uuidString)-\(name)"
      let file = try #require(fopen(path, "w"))
      defer { fclose(file) }
      fwrite(bytes, 1, bytes.count, file)
    }

    deinit { unlink(path) }
  }

  /// A host of the test driver with nothing on it, which only this connection sees.
  static func emptyHost() async throws -> Connection {
    let file = try TemporaryFile("node.xml", Array("<node/>".utf8))
    return try await Connection.open("test://\(file.path)", access: .readWrite)
  }

  static func domain(_ name: String, uuid: String? = nil) -> XMLElement {
    XMLElement("domain", ["type": "test"]) {
      XMLElement("name", text: name)
      uuid.map { XMLElement("uuid", text: $0) }
      XMLElement("memory", ["unit": "KiB"], text: "65536")
      XMLElement("os") { XMLElement("type", text: "hvm") }
    }
  }

  static func network(_ name: String) -> XMLElement {
    XMLElement("network") {
      XMLElement("name", text: name)
      XMLElement("bridge", ["name": "virbr7"])
      XMLElement("ip", ["address": "10.9.8.1", "prefix": "24"])
    }
  }

  static func pool(_ name: String) -> XMLElement {
    XMLElement("pool", ["type": "dir"]) {
      XMLElement("name", text: name)
      XMLElement("target") { XMLElement("path", text: "/virtform/\(name)") }
    }
  }

  static func volume(_ name: String, bytes: Int) -> XMLElement {
    XMLElement("volume") {
      XMLElement("name", text: name)
      XMLElement("capacity", ["unit": "bytes"], text: "\(bytes)")
    }
  }
}
