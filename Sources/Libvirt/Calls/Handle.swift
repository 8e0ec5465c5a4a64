/// A pointer to one of libvirt's reference counted objects.
///
/// `@unchecked Sendable`: libvirt's objects may be used from any thread, except while the last reference is
/// given back. The one owner of a handle is a final class which gives it back in its `deinit`, and every call
/// holds that owner until it has returned.
struct Handle: @unchecked Sendable {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) {
    self.pointer = pointer
  }
}
