/// Moves, then bytes. Where bytes count more, they take the place of each other.
struct Cost: Comparable, Sendable {
  var moves = 0
  var bytes = 0

  static func < (left: Cost, right: Cost) -> Bool {
    left.moves == right.moves ? left.bytes < right.bytes : left.moves < right.moves
  }

  static func + (left: Cost, right: Cost) -> Cost {
    Cost(moves: left.moves + right.moves, bytes: left.bytes + right.bytes)
  }

  static func - (left: Cost, right: Cost) -> Cost {
    Cost(moves: left.moves - right.moves, bytes: left.bytes - right.bytes)
  }
}
