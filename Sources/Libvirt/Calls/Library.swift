internal import CLibvirt
import Glibc

/// libvirt's state for the whole process.
enum Library {
  /// What came of `virInitialize`, done once, with all that has to precede the first connection.
  private static let initialization: LibvirtError? = {
    guard virInitialize() == 0 else { return LibvirtError(lastOf: "virInitialize") }
    // Without a handler of its own, libvirt writes every error to stderr.
    virSetErrorFunc(nil) { _, _ in }
    return EventLoop.start() ? nil : LibvirtError(.noThread, call: "virEventRegisterImpl")
  }()

  /// Silences libvirt's error printer and starts its event loop, which keepalive and streams need.
  static func initialize() throws(LibvirtError) {
    if let error = initialization { throw error }
  }
}
