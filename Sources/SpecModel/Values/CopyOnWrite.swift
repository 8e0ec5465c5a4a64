/// A value that the copies of its holder share until one of them changes it: copying a holder of many such values costs
/// little, whatever they hold.
@propertyWrapper
public struct CopyOnWrite<Value> {
  private final class Storage {
    var value: Value
    init(_ value: Value) { self.value = value }
  }

  private var storage: Storage

  public init(wrappedValue: Value) { storage = Storage(wrappedValue) }

  public var wrappedValue: Value {
    _read { yield storage.value }
    _modify {
      if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.value) }
      yield &storage.value
    }
  }
}

/// Its storage is changed only while nobody else has it.
extension CopyOnWrite: @unchecked Sendable where Value: Sendable {}

extension CopyOnWrite: Equatable where Value: Equatable {
  public static func == (a: Self, b: Self) -> Bool {
    a.storage === b.storage || a.storage.value == b.storage.value
  }
}

extension CopyOnWrite: Hashable where Value: Hashable {
  public func hash(into hasher: inout Hasher) { hasher.combine(storage.value) }
}

/// It is seen as what it holds.
extension CopyOnWrite: CustomReflectable {
  public var customMirror: Mirror { Mirror(reflecting: storage.value) }
}
