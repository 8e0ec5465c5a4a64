import FoundationEssentials
import TestLab
import Testing

@testable import Downloads

/// https, with a server and CAs of the test's own.
@Suite("Downloads by https", .enabled(if: TLSServer.isAvailable, "needs openssl"))
final class TLSTests: Sendable {
  private let directory = "/tmp/virtform-tls-\(UUID().uuidString)"
  private let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }

  init() throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(filePath: "\(directory)/f"))
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private func download(_ url: String, _ trust: Download.Trust) -> Download {
    Download(url: url, partial: "\(directory)/part", limits: .init(connectSeconds: 5), trust: trust)
  }

  private func failure(_ download: Download) async -> DownloadError? {
    do {
      _ = try await download.run()
      Issue.record("it did not fail")
      return nil
    } catch { return error as? DownloadError }
  }

  @Test("a server whose CA is named is trusted, any other is not, nor one that has another name")
  func trust() async throws {
    let server = try await TLSServer(in: directory)
    let url = server.url("/f")
    let named = Download.Trust(bundle: server.authority)
    #expect(try await download(url, named).run() == .complete(.init(etag: nil, lastModified: nil)))
    #expect(FileManager.default.contents(atPath: "\(directory)/part").map(Array.init) == bytes)

    let start = "cannot download '\(url)': the server's certificate is not trusted ("
    let other = server.otherAuthority
    let helps: [String?: String] = [
      nil: "a CA of your own goes into a file that SSL_CERT_FILE names",
      other: "its CA is not among those in '\(other)', which CURL_CA_BUNDLE or SSL_CERT_FILE names",
    ]
    for (bundle, help) in helps {
      let error = await failure(download(url, .init(bundle: bundle)))
      #expect(
        error?.description.hasPrefix(start) == true && error?.help == help, "\(error?.description ?? "")")
    }
    let misnamed = await failure(download(server.url("/f", host: "localhost"), named))
    #expect(misnamed?.description.contains("is not trusted (") == true, "\(misnamed?.description ?? "")")
    #expect(misnamed?.description.contains("localhost'") == true, "\(misnamed?.description ?? "")")

    let missing = await failure(download(url, .init(bundle: "\(directory)/none.pem")))
    #expect(
      missing?.description.hasPrefix("cannot download '\(url)': the certificates of CAs cannot be read (")
        == true,
      "\(missing?.description ?? "")")
    await server.close()
  }
}
