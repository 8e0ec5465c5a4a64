internal import CLibvirt
import FoundationEssentials

extension UUID {
  /// The UUID that a getter of libvirt writes into its buffer (`VIR_UUID_BUFLEN`, 16 bytes).
  init(reading get: (UnsafeMutablePointer<UInt8>) -> Int32) {
    var bytes: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    withUnsafeMutableBytes(of: &bytes) { buffer in
      guard let start = buffer.baseAddress else { return }
      _ = get(start.assumingMemoryBound(to: UInt8.self))
    }
    self.init(uuid: bytes)
  }

  /// Calls a function of libvirt with the 16 bytes.
  func withBytes<Result>(_ body: (UnsafePointer<UInt8>?) -> Result) -> Result {
    withUnsafeBytes(of: uuid) { body($0.baseAddress?.assumingMemoryBound(to: UInt8.self)) }
  }
}
