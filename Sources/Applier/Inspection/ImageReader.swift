import Crypto
import Glibc
public import Planner
public import SpecModel

/// Reads the files of a site's images.
public enum ImageReader {
  /// An image whose file is not what the spec says.
  public struct Failure: Error, Sendable {
    public let diagnostics: [Diagnostic]
  }

  /// The content of each image that some VM uses, by the image's name.
  public static func contents(of site: Site) async throws(Failure) -> [ResourceName: ImageContent] {
    let used = usedImages(site)
    let results = await concurrently(site.images.filter { used.contains($0.name) }) { image in
      (image, try? await content(of: image.file))
    }
    let diagnostics = Diagnostics()
    var contents: [ResourceName: ImageContent] = [:]
    for (image, content) in results {
      let location = site.origins.location(of: image.path + "source")
      guard let content else {
        diagnostics.error("cannot read the image '\(image.file)'", at: location)
        continue
      }
      if let expected = image.sha256, expected != content.sha256 {
        diagnostics.error(
          "the image '\(image.file)' is not the one that the spec names: its SHA-256 is \(content.sha256)",
          at: site.origins.location(of: image.path + "sha256"))
      }
      contents[image.name] = content
    }
    if diagnostics.hasErrors { throw Failure(diagnostics: diagnostics.sorted) }
    return contents
  }

  private static func usedImages(_ site: Site) -> Set<ResourceName> {
    var used: Set<ResourceName> = []
    for machine in site.machines {
      used.formUnion([machine.kernel, machine.initrd].compactMap { $0 })
      for disk in machine.disks {
        if case .own(_, let image?, _, _) = disk.source { used.insert(image) }
      }
    }
    return used
  }

  /// SHA-256 and length of a file. Lets other tasks run between its pieces.
  static func content(of path: String) async throws -> ImageContent {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ValueError("cannot open '\(path)': \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var hash = SHA256()
    var length: UInt64 = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      guard count >= 0 else { throw ValueError("cannot read '\(path)': \(String(cString: strerror(errno)))") }
      if count == 0 { break }
      hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      length += UInt64(count)
      await Task.yield()
    }
    let digest = hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return ImageContent(sha256: digest, length: ByteCount(rawValue: length))
  }
}
