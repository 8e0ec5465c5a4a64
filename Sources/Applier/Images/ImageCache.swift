import Downloads
import FoundationEssentials
import Glibc
import SpecModel

/// A directory with the images that were downloaded, decompressed or converted. It may be deleted at any time.
///
/// `sha256-DIGEST` is a whole file, whose name says what is in it. It comes there by a rename, and is read before it is
/// believed. `KEY.is` says for what it was made of (a URL, or a source in another format) which file that is. What is
/// being made is `KEY.part`; who makes it holds a lock on `KEY.lock`.
public struct ImageCache: Sendable {
  public let directory: String

  public init(directory: String) { self.directory = directory }

  /// - Parameter environment: `VIRTFORM_HOME`, `XDG_CACHE_HOME` and `HOME`, in this order, say where it lies.
  public init(environment: [String: String]) {
    if let home = environment["VIRTFORM_HOME"], !home.isEmpty {
      let isAbsolute = home.hasPrefix("/")
      directory =
        (isAbsolute ? home : "\(FileManager.default.currentDirectoryPath)/\(home)") + "/cache/images"
      return
    }
    let cache = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    directory = (cache ?? "\(environment["HOME"] ?? "/root")/.cache") + "/virtform/images"
  }

  /// What is known of a file that was made before.
  struct Entry: Codable {
    /// SHA-256 of the file.
    var sha256: String
    /// What the server said of it.
    var etag: String?
    var lastModified: String?

    var validators: Validators { Validators(etag: etag, lastModified: lastModified) }
  }

  func path(ofDigest sha256: String) -> String { "\(directory)/sha256-\(sha256)" }

  func partial(_ key: String) -> String { "\(directory)/\(key).part" }

  /// Runs `body` while no other run, nor another image of this one, works on `key`.
  func locked<Value>(_ key: String, _ body: () async throws -> Value) async throws -> Value {
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw ImageError("cannot make the directory of the image cache, '\(directory)': \(error)")
    }
    // The file stays: were it deleted, two runs could hold a lock of this name.
    let path = "\(directory)/\(key).lock"
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw ImageError("cannot write '\(path)': \(String(cString: strerror(errno)))")
    }
    // Closing it gives up the lock, and so does the end of the process.
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else {
        throw ImageError("cannot lock '\(path)': \(String(cString: strerror(errno)))")
      }
      try await Task.sleep(for: .milliseconds(100))
    }
    return try await body()
  }

  /// The whole file with this content; one that is damaged is removed.
  func file(withDigest sha256: String) async -> String? {
    let path = path(ofDigest: sha256)
    guard access(path, F_OK) == 0 else { return nil }
    if let digest = try? await FileDigest(of: path), digest.sha256 == sha256 { return path }
    unlink(path)
    return nil
  }

  /// Gives what is whole its final name; returns it.
  func keep(_ partial: String, as sha256: String) throws -> String {
    let path = path(ofDigest: sha256)
    guard rename(partial, path) == 0 else {
      throw ImageError("cannot write '\(path)': \(String(cString: strerror(errno)))")
    }
    return path
  }

  // MARK: Entries

  func entry(_ key: String) -> Entry? {
    FileManager.default.contents(atPath: "\(directory)/\(key).is").flatMap {
      try? JSONDecoder().decode(Entry.self, from: $0)
    }
  }

  func write(_ entry: Entry, _ key: String) throws {
    do {
      try JSONEncoder().encode(entry).write(to: URL(filePath: "\(directory)/\(key).is"), options: .atomic)
    } catch {
      throw ImageError("cannot write to the image cache, '\(directory)': \(error)")
    }
  }
}
