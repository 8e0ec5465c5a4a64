import FoundationEssentials
import Glibc
import Subprocess

/// A web server on loopback that speaks TLS: `openssl s_server`, which hands out the files of a directory. It sends neither
/// versions nor lengths.
public final class TLSServer: Sendable {
  public let port: UInt16
  private let directory: String
  private let program: Task<Void, Never>

  /// True where it can be run.
  public static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

  /// The certificate of the CA that vouches for the server, whose name is 127.0.0.1.
  public var authority: String { "\(directory)/ca.pem" }
  /// That of one which does not.
  public var otherAuthority: String { "\(directory)/other.pem" }

  private static let certificates = """
    ec="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    for name in ca other; do
      openssl req -x509 $ec -keyout $name.key -out $name.pem -days 2 -subj "/CN=CA called $name"
    done
    openssl req $ec -keyout key.pem -out request.pem -subj /CN=server -addext subjectAltName=IP:127.0.0.1
    openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out cert.pem
    """

  /// - Parameter directory: has the files, and gets the certificates.
  public init(in directory: String) async throws {
    self.directory = directory
    let made = try await Lab.run("/bin/sh", ["-ec", Self.certificates], in: directory)
    guard made.status == 0 else { throw Lab.Failure(description: "no certificates: \(made.errors)") }
    let port = try Self.freePort()
    self.port = port
    program = Task {
      let arguments = [
        "s_server", "-WWW", "-quiet", "-accept", "127.0.0.1:\(port)", "-cert", "cert.pem", "-key", "key.pem",
      ]
      _ = try? await Subprocess.run(
        .path("/usr/bin/openssl"), arguments: Arguments(arguments), workingDirectory: .init(directory),
        output: .discarded, error: .discarded)
    }
    for _ in 0..<100 {
      if Self.accepts(port) { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    program.cancel()
    throw Lab.Failure(description: "openssl s_server does not listen")
  }

  public func url(_ path: String, host: String = "127.0.0.1") -> String { "https://\(host):\(port)\(path)" }

  /// Ends the server.
  public func close() async {
    program.cancel()
    await program.value
  }

  deinit { program.cancel() }

  private static func freePort() throws -> UInt16 {
    var port: UInt16 = 0
    withSocket { descriptor, address, length in
      guard bind(descriptor, address, length) == 0 else { return }
      var length = length
      guard getsockname(descriptor, address, &length) == 0 else { return }
      port = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        UInt16(bigEndian: $0.pointee.sin_port)
      }
    }
    guard port > 0 else {
      throw Lab.Failure(description: "no free port: \(String(cString: strerror(errno)))")
    }
    return port
  }

  private static func accepts(_ port: UInt16) -> Bool {
    var isAccepted = false
    withSocket(port) { descriptor, address, length in isAccepted = connect(descriptor, address, length) == 0 }
    return isAccepted
  }

  private static func withSocket(
    _ port: UInt16 = 0, _ body: (Int32, UnsafeMutablePointer<sockaddr>, socklen_t) -> Void
  ) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { Glibc.close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
