import Downloads
import FoundationEssentials
import Glibc
public import Planner
public import SpecModel

/// Brings the images of a site to this machine, in the format that hosts get.
public struct ImageStore: Sendable {
  /// What goes on with an image.
  public enum Event: Sendable {
    /// Bytes that are there, and how many there will be; nil if the server does not say.
    case downloading(UInt64, of: UInt64?)
    case decompressing
    case converting
    case done
  }

  /// An image that is not what the spec says, or that cannot be had.
  public struct Failure: Error, Sendable {
    public let diagnostics: [Diagnostic]
    /// True if each image is at fault by what the spec says of it; else it may be had at another time.
    public let isOfSpec: Bool
  }

  private let cache: ImageCache
  private let limits: Download.Limits
  private let progress: @Sendable (ImageSpec, Event) -> Void

  public init(cache: ImageCache, progress: @escaping @Sendable (ImageSpec, Event) -> Void = { _, _ in }) {
    self.init(cache: cache, limits: .init(), progress: progress)
  }

  init(
    cache: ImageCache, limits: Download.Limits, progress: @escaping @Sendable (ImageSpec, Event) -> Void
  ) {
    self.cache = cache
    self.limits = limits
    self.progress = progress
  }

  /// The content of each image that some VM uses, by the image's name.
  public func contents(of site: Site) async throws(Failure) -> [ResourceName: ImageContent] {
    let used = Self.usedImages(site)
    let results = await concurrently(site.images.filter { used.contains($0.name) }) { image in
      let result: Result<ImageContent, any Error>
      do { result = .success(try await content(of: image)) } catch { result = .failure(error) }
      progress(image, .done)
      return (image, result)
    }
    let diagnostics = Diagnostics()
    var contents: [ResourceName: ImageContent] = [:]
    var isOfSpec = true
    for (image, result) in results {
      switch result {
      case .success(let content): contents[image.name] = content
      case .failure(let failure as Mismatch):
        diagnostics.error(failure.description, at: site.origins.location(of: image.path + failure.key))
      case .failure(let failure):
        let fault = failure as? ValueError
        if fault == nil { isOfSpec = false }
        diagnostics.error(
          "image '\(image.name)': \(fault?.message ?? "\(failure)")",
          at: site.origins.location(of: image.path + "source"),
          help: fault?.help ?? (failure as? ImageError)?.help)
      }
    }
    if diagnostics.hasErrors { throw Failure(diagnostics: diagnostics.sorted, isOfSpec: isOfSpec) }
    return contents
  }

  private static func usedImages(_ site: Site) -> Set<ResourceName> {
    var used: Set<ResourceName> = []
    for machine in site.machines {
      used.formUnion([machine.kernel, machine.initrd].compactMap { $0 })
      for disk in machine.disks {
        switch disk.source {
        case .own(_, let image?, _, _), .cdrom(let image?, _): used.insert(image)
        case .own, .cdrom, .hostMedium, .shared, .existing, .path: break
        }
      }
    }
    return used
  }

  /// The source has another digest than the spec names.
  private struct Mismatch: Error, CustomStringConvertible {
    let description: String
    /// Where the spec is at fault.
    let key: String
  }

  func content(of image: ImageSpec) async throws -> ImageContent {
    var (file, digest) = try await source(of: image)
    if let compression = image.compression {
      (file, digest) = try await made(of: digest, as: "\(compression)", image, .decompressing) { partial in
        try await ImageTool(compression).run(["-dc", "--", file], output: partial)
      }
    }
    if image.sourceFormat.isConverted {
      let recipe = ["\(image.sourceFormat)"] + (image.member.map { [FileDigest.sha256(of: $0)] } ?? [])
      (file, digest) = try await made(of: digest, as: recipe.joined(separator: "-"), image, .converting) {
        partial in try await convert(file, image, to: partial)
      }
    }
    return ImageContent(
      sha256: digest.sha256, length: digest.length, file: file,
      virtualSize: try ImageHeader(file: file, stated: image.format).virtualSize)
  }

  // MARK: Sources

  private func source(of image: ImageSpec) async throws -> (file: String, digest: FileDigest) {
    switch image.source {
    case .file(let path):
      guard let digest = try? await FileDigest(of: path) else {
        throw ValueError("cannot read the image '\(path)'")
      }
      if let expected = image.sha256, expected != digest.sha256 {
        throw Mismatch(
          description:
            "the image '\(path)' is not the one that the spec names: its SHA-256 is \(digest.sha256)",
          key: "sha256")
      }
      return (path, digest)
    case .url(let url):
      let file = try await downloaded(url, image)
      return (file, try await FileDigest(of: file))
    }
  }

  private func downloaded(_ url: String, _ image: ImageSpec) async throws -> String {
    let key = "url-\(FileDigest.sha256(of: url))"
    return try await cache.locked(key) {
      if let sha256 = image.sha256, let file = await cache.file(withDigest: sha256) { return file }
      let download = Download(url: url, partial: cache.partial(key), limits: limits)
      var known = cache.entry(key)
      if let sha256 = known?.sha256, await cache.file(withDigest: sha256) == nil { known = nil }
      let isPinned = image.sha256 != nil
      do {
        let outcome = try await download.run(unless: isPinned ? nil : known?.validators) {
          progress(image, .downloading($0, of: $1))
        }
        let validators: Validators
        switch (outcome, known) {
        case (.complete(let received), _): validators = received
        case (.notModified, let known?): return cache.path(ofDigest: known.sha256)
        case (.notModified, nil): throw ImageError("cannot download '\(url)': the server sends nothing")
        }
        let found = try await FileDigest(of: download.partial).sha256
        if let wanted = image.sha256, wanted != found {
          download.discard()
          throw Mismatch(
            description:
              "what '\(url)' gave is not what the spec names: SHA-256 \(wanted) is wanted, \(found) "
              + "was found; it was dropped", key: "source")
        }
        let file = try cache.keep(download.partial, as: found)
        download.discard()
        try cache.write(
          .init(sha256: found, etag: validators.etag, lastModified: validators.lastModified), key)
        return file
      } catch let error as DownloadError {
        throw ImageError(error.description, help: error.help)
      }
    }
  }

  // MARK: Conversion

  /// What `make` makes of a source, unless that was done before.
  private func made(
    of source: FileDigest, as recipe: String, _ image: ImageSpec, _ event: Event,
    _ make: (String) async throws -> Void
  ) async throws -> (String, FileDigest) {
    let key = "made-\(source.sha256)-\(recipe)"
    return try await cache.locked(key) {
      if let known = cache.entry(key), let file = await cache.file(withDigest: known.sha256) {
        return (file, try await FileDigest(of: file))
      }
      progress(image, event)
      let partial = cache.partial(key)
      unlink(partial)
      do {
        try await make(partial)
        let digest = try await FileDigest(of: partial)
        let file = try cache.keep(partial, as: digest.sha256)
        try cache.write(.init(sha256: digest.sha256), key)
        return (file, digest)
      } catch {
        unlink(partial)
        throw error
      }
    }
  }

  /// The format is always stated: a probed one would be whatever the content says.
  private func convert(_ file: String, _ image: ImageSpec, to partial: String) async throws {
    var (file, format) = (file, image.sourceFormat)
    let disk = partial + ".disk"
    defer { unlink(disk) }
    if format == .ova {
      try await ImageTool.tar.run(
        ["--force-local", "-xOf", file, "--", try await member(of: file, image)], output: disk)
      (file, format) = (disk, .vmdk)
    }
    if format == .vmdk { try VMDKHeader.check(file) }
    try await ImageTool.qemuImg.run(
      ["convert", "-q", "-f", format.rawValue, "-O", "qcow2", "file:\(file)", "file:\(partial)"])
  }

  /// The name of the disk in an OVA, which is a tar archive (DMTF DSP0243).
  private func member(of file: String, _ image: ImageSpec) async throws -> String {
    // A name with a colon is no host to ask for the file.
    let names = try await ImageTool.tar.run(["--force-local", "-tf", file]).split(separator: "\n")
      .map(String.init)
    if let name = names.first(where: { $0.hasPrefix("/") || $0.split(separator: "/").contains("..") }) {
      throw ValueError("the OVA has a member that leads out of it: '\(name)'")
    }
    let disks = names.filter { $0.lowercased().hasSuffix(".vmdk") }
    if let wanted = image.member {
      guard disks.contains(wanted) else {
        throw ValueError(
          "the OVA has no disk '\(wanted)'", help: "it has \(disks.joined(separator: ", "))")
      }
      return wanted
    }
    guard let only = disks.first else { throw ValueError("the OVA has no *.vmdk in it") }
    guard disks.count == 1 else {
      throw ValueError(
        "the OVA has several disks", help: "name one: disk: \(disks.joined(separator: ", or disk: "))")
    }
    return only
  }
}
