import Glibc

extension UnsafeMutablePointer {
  /// Frees what a C function has allocated for its caller.
  func freeFromC() { free(self) }
}
