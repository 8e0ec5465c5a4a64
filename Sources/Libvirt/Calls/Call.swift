internal import CLibvirt
import Glibc

/// One call of libvirt under way on a thread of its connection; turns C results into Swift's.
///
/// libvirt keeps the last error for each thread, so results are checked where the call was made.
struct Call {
  /// The connection's `virConnectPtr`, which is valid until the call returns.
  let connection: OpaquePointer
  /// The name of the C function, for errors.
  let function: String
  /// Told of what arrives, by a call that takes long.
  var activity: CallActivity?

  /// Throws the last error if a function returned a negative number.
  @discardableResult
  func check(_ result: Int32) throws -> Int32 {
    if result < 0 { throw lastError() }
    return result
  }

  /// Throws the last error if a function returned no object.
  func check(_ result: OpaquePointer?) throws -> OpaquePointer {
    guard let result else { throw lastError() }
    return result
  }

  /// The object that a lookup returned, or `nil` if its error was the code that says there is none.
  func found(_ result: OpaquePointer?, unless code: LibvirtError.Code) throws -> OpaquePointer? {
    if let result { return result }
    let error = lastError()
    if error.code == code { return nil }
    throw error
  }

  /// What `get` returns, or `nil` if `isGone` says of its error that there is no such object any more.
  func present<Value>(unless isGone: (LibvirtError) -> Bool, _ get: () throws -> Value) throws -> Value? {
    do {
      return try get()
    } catch let error as LibvirtError where isGone(error) {
      return nil
    }
  }

  /// A string that libvirt allocated for the caller, which is freed here.
  func string(_ result: UnsafeMutablePointer<CChar>?) throws -> String {
    guard let result else { throw lastError() }
    defer { free(result) }
    return String(cString: result)
  }

  /// A document that libvirt allocated for the caller, which is freed here.
  func document(_ result: UnsafeMutablePointer<CChar>?) throws -> XMLElement {
    guard let result else { throw lastError() }
    defer { free(result) }
    return try XMLElement(parsing: UnsafeRawBufferPointer(start: result, count: strlen(result)))
  }

  /// A document of the persistent definition, from a getter which is asked again without its flag if the
  /// driver has but one document and so does not know the flag.
  func inactiveDocument(
    flag: UInt32, _ get: (_ flags: UInt32) -> UnsafeMutablePointer<CChar>?
  ) throws -> XMLElement {
    do {
      return try document(get(flag))
    } catch let error as LibvirtError where error.code == .invalidArgument {
      return try document(get(0))
    }
  }

  /// The objects of an array that libvirt allocated for the caller. The array is freed here, the objects are
  /// handed on.
  func list<Object>(
    _ fetch: (_ array: UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>) -> Int32,
    _ make: (OpaquePointer) -> Object
  ) throws -> [Object] {
    var array: UnsafeMutablePointer<OpaquePointer?>?
    let count = try check(fetch(&array))
    defer { free(array) }
    return UnsafeBufferPointer(start: array, count: Int(count)).compactMap { $0.map(make) }
  }

  /// The error of the call just made on this thread.
  func lastError() -> LibvirtError {
    var error = LibvirtError(lastOf: function)
    if virConnectIsAlive(connection) == 0 { error.isConnectionFailure = true }
    return error
  }
}
