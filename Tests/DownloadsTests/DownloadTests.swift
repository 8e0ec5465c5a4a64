import FoundationEssentials
import Glibc
import TestLab
import Testing

@testable import Downloads

/// The downloader against a server on loopback that does what servers do.
@Suite("Downloads")
final class DownloadTests: Sendable {
  private let server: HTTPServer
  private let directory = "/tmp/virtform-downloads-\(UUID().uuidString)"
  private let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }

  init() throws {
    server = try HTTPServer()
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    server["/f"] = .init(bytes)
  }

  deinit {
    server.close()
    try? FileManager.default.removeItem(atPath: directory)
  }

  private var partial: String { "\(directory)/f.part" }
  private var content: [UInt8]? { FileManager.default.contents(atPath: partial).map(Array.init) }

  private func download(_ path: String = "/f", stallSeconds: Int = 60) -> Download {
    Download(
      url: server.url(path), partial: partial, limits: .init(connectSeconds: 5, stallSeconds: stallSeconds))
  }

  /// The error of a download that must fail, with its help.
  private func failure(_ download: Download) async -> String {
    do {
      _ = try await download.run()
      Issue.record("it did not fail")
      return ""
    } catch let error as DownloadError {
      return (error.description + (error.help.map { " | \($0)" } ?? ""))
        .replacing("127.0.0.1:\(server.port)", with: "server")
    } catch {
      return "\(error)"
    }
  }

  private func expectRanges(_ ranges: [String?], _ place: SourceLocation = #_sourceLocation) {
    #expect(server.takeRequests().map { $0.headers["range"] } == ranges, sourceLocation: place)
  }

  @Test("the whole file arrives, with what the server says of its version")
  func whole() async throws {
    server["/f"]?.lastModified = "Wed, 01 Jan 2025 00:00:00 GMT"
    let outcome = try await download().run()
    #expect(outcome == .complete(.init(etag: "\"1\"", lastModified: "Wed, 01 Jan 2025 00:00:00 GMT")))
    #expect(content == bytes)
    expectRanges([nil])
  }

  @Test("an empty file is a file")
  func empty() async throws {
    server["/f"] = .init([])
    #expect(try await download().run() == .complete(.init(etag: "\"1\"", lastModified: nil)))
    #expect(content == [])
  }

  @Test("a connection that breaks is an error, and the next run goes on from there")
  func resumed() async throws {
    server["/f"]?.cutsAfter = 100_000
    #expect(
      await failure(download())
        == "cannot download 'http://server/f': the connection broke before the end | run it again: it goes on after the 100000 bytes that are there"
    )
    server["/f"]?.cutsAfter = nil
    _ = try await download().run()
    #expect(content == bytes)
    let requests = server.takeRequests()
    #expect(requests.map { $0.headers["range"] } == [nil, "bytes=100000-"])
    #expect(requests[1].headers["if-range"] == "\"1\"")
  }

  @Test(
    "another version on the server, one without a version and a server without ranges start anew",
    arguments: ["changed", "weak", "none", "no ranges"])
  func startedAnew(_ case: String) async throws {
    if `case` == "weak" { server["/f"]?.etag = "W/\"1\"" }
    if `case` == "none" { server["/f"]?.etag = nil }
    server["/f"]?.cutsAfter = 100_000
    _ = await failure(download())
    server["/f"]?.cutsAfter = nil
    let other = [UInt8](bytes.reversed())
    server["/f"]?.bytes = other
    if `case` == "changed" { server["/f"]?.etag = "\"2\"" }
    if `case` == "no ranges" { server["/f"]?.takesRanges = false }
    _ = try await download().run()
    #expect(content == other)
    expectRanges([nil, ["changed", "no ranges"].contains(`case`) ? "bytes=100000-" : nil])
  }

  @Test(
    "a part of another version is not put behind what is there, though the server sends it",
    arguments: [true, false])
  func otherVersion(hasTags: Bool) async throws {
    if !hasTags {
      server["/f"]?.etag = nil
      server["/f"]?.lastModified = "Wed, 01 Jan 2025 00:00:00 GMT"
    }
    server["/f"]?.cutsAfter = 100_000
    _ = await failure(download())
    let other = [UInt8](bytes.reversed())
    server["/f"]?.cutsAfter = nil
    server["/f"]?.bytes = other
    server["/f"]?.obeysIfRange = false
    if hasTags {
      server["/f"]?.etag = "\"2\""
    } else {
      server["/f"]?.lastModified = "Thu, 02 Jan 2025 00:00:00 GMT"
    }
    _ = try await download().run()
    #expect(content == other)
    expectRanges([nil, "bytes=100000-", nil])
  }

  @Test("a file that was whole already, and a range that is not there, are fetched anew")
  func rangeGone() async throws {
    _ = try await download().run()
    _ = try await download().run()
    #expect(content == bytes)
    expectRanges([nil, "bytes=300000-", nil])
  }

  @Test("a server that sends another part is not believed")
  func otherPart() async throws {
    server["/f"]?.cutsAfter = 100_000
    _ = await failure(download())
    server["/f"]?.cutsAfter = nil
    server["/f"]?.shift = 5
    #expect(await failure(download()).contains("the server sends another part than it was asked for"))
    #expect(content == Array(bytes.prefix(100_000)))
  }

  @Test("a version that is known is not fetched again")
  func notModified() async throws {
    let known = Validators(etag: "\"1\"", lastModified: nil)
    #expect(try await download().run(unless: known) == .notModified)
    server["/f"]?.etag = "\"2\""
    #expect(
      try await download().run(unless: known) == .complete(.init(etag: "\"2\"", lastModified: nil)))
    #expect(content == bytes)
  }

  @Test("redirects are followed, but not for ever, nor to what is no web server")
  func redirects() async throws {
    server["/old"] = .init([])
    server["/old"]?.location = server.url("/f")
    _ = try await download("/old").run()
    #expect(content == bytes)
    server["/loop"] = .init([])
    server["/loop"]?.location = server.url("/loop")
    #expect(
      await failure(download("/loop"))
        == "cannot download 'http://server/loop': it redirects without an end | run it again: it goes on after the 300000 bytes that are there"
    )
    download().discard()
    server["/file"] = .init([])
    server["/file"]?.location = "file:///etc/passwd"
    #expect(
      await failure(download("/file"))
        == "cannot download 'http://server/file': it redirects to what is no HTTPS or HTTP")
    #expect(content == [])
  }

  @Test("a status that is no success is an error, and its text is not the file")
  func statuses() async throws {
    #expect(
      await failure(download("/none"))
        == "cannot download 'http://server/none': the server answers 404 (there is no such file) | check the URL"
    )
    for (status, text) in [
      (403, "403 (it may not be read) | check the URL"),
      (401, "401 (it may not be read) | user and password belong in ~/.netrc"),
      (503, "503 (the server is in trouble) | try again later"),
    ] {
      server["/f"]?.status = status
      #expect(await failure(download()) == "cannot download 'http://server/f': the server answers \(text)")
    }
    #expect(content == [])
  }

  @Test("a server that stops to answer is given up, and one that is not there is told")
  func silence() async throws {
    server["/f"]?.stallsAfter = 1000
    #expect(
      await failure(download(stallSeconds: 1))
        == "cannot download 'http://server/f': the server has stopped to answer | run it again: it goes on after the 1000 bytes that are there"
    )
    download().discard()
    server.close()
    #expect(await failure(download()) == "cannot download 'http://server/f': no connection to the server")
  }
}
