/// Values in an order, each found by its name at once.
struct NamedList<Value: Sendable>: Sendable {
  private(set) var all: [Value] = []
  private var index: [ResourceName: Int] = [:]

  init() {}

  init(_ values: [Value], by name: (Value) -> ResourceName) {
    all = values
    index.reserveCapacity(values.count)
    for position in values.indices { index[name(values[position])] = position }
  }

  subscript(name: ResourceName) -> Value? { index[name].map { all[$0] } }

  mutating func append(_ value: Value, as name: ResourceName) {
    index[name] = all.count
    all.append(value)
  }
}
